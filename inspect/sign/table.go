package sign

import (
	"fmt"
	"slices"
	"time"
)

// Forms that several providers share.
var (
	stripeLike = Scheme{Form: "t={ts},v1={sig}", List: ",", Content: "{ts}.{body}"}
	svixLike   = Scheme{Form: "v1,{sig}", List: " ", Encoding: "base64", Content: "{id}.{ts}.{body}", Key: "base64"}
)

// table is every provider that is known, by its ID. Those that share fields with others stand with what tells them apart; of several that nothing tells apart,
// the first is the likeliest.
var table = []Provider{
	one("aftership", Scheme{Field: "aftership-hmac-sha256", Encoding: "base64"}),
	one("alchemy", Scheme{Field: "X-Alchemy-Signature"}),
	one("autodesk", Scheme{Field: "x-adsk-signature", Form: "sha1hash={sig}", Algorithm: "sha1"}),
	one("bitbucket", Scheme{Field: "X-Hub-Signature", Form: "sha256={sig}"}).marked("X-Event-Key", ""),
	one("bolt", Scheme{Field: "X-Bolt-Hmac-Sha256", Encoding: "base64"}),
	one("box", Scheme{Field: "BOX-SIGNATURE-PRIMARY", Also: []string{"BOX-SIGNATURE-SECONDARY"}, Encoding: "base64", Content: "{body}{ts}",
		Stamp: "BOX-DELIVERY-TIMESTAMP", Unit: "rfc3339", Tolerance: 10 * time.Minute}),
	one("buildkite", Scheme{Field: "X-Buildkite-Signature", Form: "timestamp={ts},signature={sig}", List: ",", Content: "{ts}.{body}"},
		Scheme{Field: "X-Buildkite-Token", Algorithm: "token"}),
	one("calendly", stripeLike.in("Calendly-Webhook-Signature", 3*time.Minute)),
	one("castle", Scheme{Field: "X-Castle-Signature", Encoding: "base64"}),
	one("chargify", Scheme{Field: "X-Chargify-Webhook-Signature-Hmac-Sha-256"}),
	one("circleci", Scheme{Field: "circleci-signature", Form: "v1={sig}", List: ","}),
	one("svix", svixLike.fields("svix")),
	one("clerk", svixLike.fields("svix")),
	one("coinbase", Scheme{Field: "X-CC-Webhook-Signature"}),
	one("contentful", Scheme{Field: "X-Contentful-Signature", Stamp: "X-Contentful-Timestamp", Unit: "ms", Tolerance: 30 * time.Second,
		Content: "{method}{path}, the fields it names, {body}", canon: contentful}),
	one("discord", Scheme{Field: "X-Signature-Ed25519", Algorithm: "ed25519", Content: "{ts}{body}", Stamp: "X-Signature-Timestamp", Tolerance: forever}),
	one("docusign", Scheme{Field: "X-DocuSign-Signature-1", Also: numbered("X-DocuSign-Signature-", 2, 10), Encoding: "base64"}),
	one("dropbox", Scheme{Field: "X-Dropbox-Signature"}),
	one("github", hub256, hub1).marked("X-GitHub-Event", ""),
	one("facebook_graph_api", hub256, hub1).marked("User-Agent: facebook", ""),
	one("facebook_messenger", hub256, hub1).marked("User-Agent: facebook", `"page"`),
	one("instagram", hub256, hub1).marked("User-Agent: facebook", `"instagram"`),
	one("whatsapp", hub256, hub1).marked("User-Agent: facebook", `"whatsapp_business_account"`),
	one("frameio", Scheme{Field: "X-Frameio-Signature", Form: "v0={sig}", Content: "v0:{ts}:{body}", Stamp: "X-Frameio-Request-Timestamp"}),
	one("gitlab", Scheme{Field: "X-Gitlab-Token", Algorithm: "token"}),
	one("heroku", Scheme{Field: "Heroku-Webhook-Hmac-SHA256", Encoding: "base64"}),
	one("hubspot", Scheme{Field: "X-HubSpot-Signature-v3", Encoding: "base64", Stamp: "X-HubSpot-Request-Timestamp", Unit: "ms",
		Content: "{method}{url}{body}{ts}", canon: hubspot}),
	one("intercom", hub1).marked("", `"notification_event"`),
	one("launch_darkly", Scheme{Field: "X-LD-Signature"}),
	one("line", Scheme{Field: "X-Line-Signature", Encoding: "base64"}),
	one("linear", Scheme{Field: "Linear-Signature", Unit: "ms", Tolerance: time.Minute, inBody: "webhookTimestamp", readBody: linearBody}),
	one("mailgun", Scheme{Content: "{ts}{id}", inBody: "signature", readBody: mailgunBody}),
	one("microsoft_teams", Scheme{Field: "Authorization", Form: "HMAC {sig}", Encoding: "base64", Key: "base64"}).anybodys(),
	one("modern_treasury", Scheme{Field: "X-Signature"}).anybodys(),
	one("mux", stripeLike.in("Mux-Signature", 0)),
	one("notion", Scheme{Field: "X-Notion-Signature", Form: "sha256={sig}"}),
	one("paddle", Scheme{Field: "Paddle-Signature", Form: "ts={ts};h1={sig}", List: ";", Content: "{ts}:{body}", Tolerance: 5 * time.Second}),
	one("pagerduty", Scheme{Field: "X-PagerDuty-Signature", Form: "v1={sig}", List: ","}),
	one("pusher", Scheme{Field: "X-Pusher-Signature"}),
	one("sendgrid", Scheme{Field: "X-Twilio-Email-Event-Webhook-Signature", Algorithm: "ecdsa", Encoding: "base64", Content: "{ts}{body}",
		Stamp: "X-Twilio-Email-Event-Webhook-Timestamp", Tolerance: forever}),
	one("sentry", Scheme{Field: "Sentry-Hook-Signature"}),
	one("shopify", Scheme{Field: "X-Shopify-Hmac-Sha256", Encoding: "base64"}),
	one("slack", Scheme{Field: "X-Slack-Signature", Form: "v0={sig}", Content: "v0:{ts}:{body}", Stamp: "X-Slack-Request-Timestamp"}),
	one("square", Scheme{Field: "X-Square-Hmacsha256-Signature", Encoding: "base64", Content: "{url}{body}"}),
	one("standard-webhooks", svixLike.fields("webhook")),
	one("stripe", stripeLike.in("Stripe-Signature", 0)),
	one("telegram", Scheme{Field: "X-Telegram-Bot-Api-Secret-Token", Algorithm: "token"}),
	one("terraform", Scheme{Field: "X-TFE-Notification-Signature", Algorithm: "sha512"}),
	one("tiktok", Scheme{Field: "TikTok-Signature", Form: "t={ts},s={sig}", List: ",", Content: "{ts}.{body}"}),
	one("twilio", Scheme{Field: "X-Twilio-Signature", Algorithm: "sha1", Encoding: "base64", Content: "{url}{form}", canon: twilio}),
	one("twitter", Scheme{Field: "X-Twitter-Webhooks-Signature", Form: "sha256={sig}", Encoding: "base64"}),
	one("typeform", Scheme{Field: "Typeform-Signature", Form: "sha256={sig}", Encoding: "base64"}),
	one("webex", Scheme{Field: "X-Spark-Signature", Algorithm: "sha1"}),
	one("worldline", Scheme{Field: "X-GCS-Signature", Encoding: "base64"}),
	one("xero", Scheme{Field: "x-xero-signature", Encoding: "base64"}),
	one("zendesk", Scheme{Field: "X-Zendesk-Webhook-Signature", Encoding: "base64", Content: "{ts}{body}", Stamp: "X-Zendesk-Webhook-Signature-Timestamp", Unit: "rfc3339"}),
	one("zoom", Scheme{Field: "x-zm-signature", Form: "v0={sig}", Content: "v0:{ts}:{body}", Stamp: "x-zm-request-timestamp"}),
}

// The two signatures of WebSub, which GitHub and Facebook send side by side.
var (
	hub256 = Scheme{Field: "X-Hub-Signature-256", Form: "sha256={sig}"}
	hub1   = Scheme{Field: "X-Hub-Signature", Form: "sha1={sig}", Algorithm: "sha1"}
)

// one is a provider with its ways to sign, the strongest first.
func one(id string, schemes ...Scheme) Provider {
	p := Provider{ID: id}
	for _, s := range schemes {
		s.fill()
		p.schemes = append(p.schemes, s)
	}
	return p
}

func (p Provider) marked(field, says string) Provider {
	p.mark, p.says = field, says
	return p
}

func (p Provider) anybodys() Provider {
	p.vague = true
	return p
}

func (s Scheme) in(field string, tolerance time.Duration) Scheme {
	s.Field, s.Tolerance = field, tolerance
	return s
}

// fields are the three of Svix and of Standard Webhooks.
func (s Scheme) fields(prefix string) Scheme {
	s.Field, s.Stamp, s.ID = prefix+"-signature", prefix+"-timestamp", prefix+"-id"
	return s
}

func numbered(name string, from, to int) (out []string) {
	for i := from; i <= to; i++ {
		out = append(out, fmt.Sprint(name, i))
	}
	return out
}

// Providers returns the IDs of all that are known, in alphabetical order.
func Providers() []string {
	out := make([]string, 0, len(table))
	for i := range table {
		out = append(out, table[i].ID)
	}
	slices.Sort(out)
	return out
}

// Lookup finds a provider by its ID; nil when there is none.
func Lookup(id string) *Provider {
	for i := range table {
		if table[i].ID == id {
			return &table[i]
		}
	}
	return nil
}
