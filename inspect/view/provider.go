package view

import (
	"bytes"
	"strings"
)

// Webhook is what a well-known sender of webhooks tells about itself in its header fields. It is a name to show, not a proof: the
// signature has not been verified. Both parts are safe to show.
type Webhook struct {
	Provider string // "GitHub"
	Event    string // "push"; "" when the fields do not tell
}

// providers maps the field that gives a sender away to its name, and to the field that names the event. The first that is there wins, so the
// special ones come before those that others have copied.
var providers = []struct{ field, name, event string }{
	{"X-Gitea-Event", "Gitea", "X-Gitea-Event"}, // sends GitHub's fields as well
	{"X-Gogs-Event", "Gogs", "X-Gogs-Event"},
	{"X-GitHub-Event", "GitHub", "X-GitHub-Event"},
	{"X-Gitlab-Event", "GitLab", "X-Gitlab-Event"},
	{"X-Hook-UUID", "Bitbucket", "X-Event-Key"},
	{"Stripe-Signature", "Stripe", ""},
	{"X-Twilio-Signature", "Twilio", ""},
	{"X-Twilio-Email-Event-Webhook-Signature", "SendGrid", ""},
	{"X-Slack-Signature", "Slack", ""},
	{"X-Shopify-Hmac-Sha256", "Shopify", "X-Shopify-Topic"},
	{"X-Wc-Webhook-Signature", "WooCommerce", "X-Wc-Webhook-Topic"},
	{"X-Square-Hmacsha256-Signature", "Square", ""},
	{"Paypal-Transmission-Sig", "PayPal", ""},
	{"Paddle-Signature", "Paddle", ""},
	{"X-Signature-Ed25519", "Discord", ""},
	{"X-Telegram-Bot-Api-Secret-Token", "Telegram", ""},
	{"X-Hubspot-Signature-V3", "HubSpot", ""},
	{"X-Hubspot-Signature", "HubSpot", ""},
	{"X-Zm-Signature", "Zoom", ""},
	{"Linear-Signature", "Linear", "Linear-Event"},
	{"X-Docusign-Signature-1", "DocuSign", ""},
	{"X-Dropbox-Signature", "Dropbox", ""},
	{"Typeform-Signature", "Typeform", ""},
	{"Calendly-Webhook-Signature", "Calendly", ""},
	{"Sentry-Hook-Signature", "Sentry", "Sentry-Hook-Resource"},
	{"X-Pagerduty-Signature", "PagerDuty", ""},
	{"X-Zendesk-Webhook-Signature", "Zendesk", ""},
	{"Circleci-Signature", "CircleCI", "Circleci-Event-Type"},
	{"X-Buildkite-Event", "Buildkite", "X-Buildkite-Event"},
	{"Heroku-Webhook-Hmac-SHA256", "Heroku", ""},
	{"X-Xero-Signature", "Xero", ""},
	{"X-Mandrill-Signature", "Mailchimp", ""},
	{"X-Amz-Sns-Message-Type", "Amazon SNS", "X-Amz-Sns-Message-Type"},
	{"X-Cc-Webhook-Signature", "Coinbase", ""},
	{"X-Twitter-Webhooks-Signature", "Twitter", ""},
	{"Svix-Signature", "Svix", ""},
	{"Webhook-Signature", "Standard Webhooks", ""},
	{"X-Hub-Signature-256", "Meta", ""}, // without GitHub's own field
}

// telling is the index in providers by the field's name in lower case; of two with one name the first.
var telling = func() map[string]int {
	m := map[string]int{}
	for i := len(providers) - 1; i >= 0; i-- {
		m[strings.ToLower(providers[i].field)] = i
	}
	return m
}()

// WebhookOf recognises a sender by the fields of a recorded request head; the zero value is nobody known. It is called for every exchange, and
// allocates for those only whose sender is known.
func WebhookOf(head []byte) Webhook {
	first := len(providers)
	var lower [64]byte
	for line := range bytes.SplitSeq(head, []byte("\n")) {
		name, _, ok := bytes.Cut(line, []byte(":"))
		if !ok || len(name) > len(lower) {
			continue
		}
		if i, ok := telling[string(appendLower(lower[:0], name))]; ok {
			first = min(first, i)
		}
	}
	if first == len(providers) {
		return Webhook{}
	}
	w := Webhook{Provider: providers[first].name}
	if event := providers[first].event; event != "" {
		w.Event = Sanitize(Get(Headers(head), event))
	}
	return w
}

// appendLower appends ASCII letters in lower case, and the rest as it is: names of fields are ASCII.
func appendLower(b, name []byte) []byte {
	for _, c := range name {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		b = append(b, c)
	}
	return b
}
