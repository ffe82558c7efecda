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

// providers maps the field that gives a sender away to its name, and to what names the event: the first member of the content that is there, or else a field.
// "a+b" is member a with b behind it, "+b" the field with b behind it. The first provider that is there wins, so the special ones come before those that
// others have copied.
var providers = []struct{ field, name, event, members string }{
	{"X-Forgejo-Event", "Forgejo", "X-Forgejo-Event", "+action"}, // sends Gitea's fields as well
	{"X-Gitea-Event", "Gitea", "X-Gitea-Event", "+action"},       // sends GitHub's fields as well
	{"X-Gogs-Event", "Gogs", "X-Gogs-Event", ""},
	{"X-GitHub-Event", "GitHub", "X-GitHub-Event", "+action"},
	{"X-Gitlab-Event", "GitLab", "X-Gitlab-Event", "object_kind+object_attributes.action"},
	{"X-Hook-UUID", "Bitbucket", "X-Event-Key", ""},
	{"Stripe-Signature", "Stripe", "", "type"},
	{"X-Twilio-Email-Event-Webhook-Signature", "SendGrid", "", "event"},
	{"X-Twilio-Signature", "Twilio", "", "MessageStatus SmsStatus CallStatus EventType"},
	{"X-Slack-Signature", "Slack", "", "command event.type type"},
	{"X-Shopify-Hmac-Sha256", "Shopify", "X-Shopify-Topic", ""},
	{"X-Wc-Webhook-Signature", "WooCommerce", "X-Wc-Webhook-Topic", ""},
	{"X-Square-Hmacsha256-Signature", "Square", "", "type"},
	{"Paypal-Transmission-Sig", "PayPal", "", "event_type"},
	{"Paddle-Signature", "Paddle", "", "event_type"},
	{"X-Signature-Ed25519", "Discord", "", "event.type data.name"},
	{"X-Telegram-Bot-Api-Secret-Token", "Telegram", "", "*"}, // the update is named by its one member besides update_id,
	{"X-Hubspot-Signature-V3", "HubSpot", "", "subscriptionType"},
	{"X-Hubspot-Signature", "HubSpot", "", "subscriptionType"},
	{"X-Zm-Signature", "Zoom", "", "event"},
	{"Linear-Signature", "Linear", "Linear-Event", "+action"},
	{"X-Docusign-Signature-1", "DocuSign", "", "event"},
	{"X-Dropbox-Signature", "Dropbox", "", ""},
	{"Typeform-Signature", "Typeform", "", "event_type"},
	{"Calendly-Webhook-Signature", "Calendly", "", "event"},
	{"Sentry-Hook-Signature", "Sentry", "Sentry-Hook-Resource", "+action"},
	{"X-Pagerduty-Signature", "PagerDuty", "", "event.event_type"},
	{"X-Zendesk-Webhook-Signature", "Zendesk", "", "type"},
	{"Circleci-Signature", "CircleCI", "Circleci-Event-Type", ""},
	{"X-Buildkite-Event", "Buildkite", "X-Buildkite-Event", ""},
	{"Heroku-Webhook-Hmac-SHA256", "Heroku", "", "resource+action"},
	{"X-Xero-Signature", "Xero", "", "events.eventCategory+events.eventType"},
	{"X-Mandrill-Signature", "Mailchimp", "", ""},
	{"X-Amz-Sns-Message-Type", "Amazon SNS", "X-Amz-Sns-Message-Type", ""},
	{"X-Cc-Webhook-Signature", "Coinbase", "", "event.type"},
	{"Twitch-Eventsub-Message-Signature", "Twitch", "Twitch-Eventsub-Subscription-Type", ""},
	{"X-Line-Signature", "LINE", "", "events.type"},
	{"X-Twitter-Webhooks-Signature", "Twitter", "", ""},
	{"Plaid-Verification", "Plaid", "", "webhook_code"},
	{"X-Vercel-Signature", "Vercel", "", "type"},
	{"X-Razorpay-Signature", "Razorpay", "", "event"},
	{"X-Notion-Signature", "Notion", "", "type"},
	{"X-Trello-Webhook", "Trello", "", "action.type"},
	{"X-Atlassian-Webhook-Identifier", "Atlassian", "", "webhookEvent"},
	{"Aeg-Event-Type", "Azure Event Grid", "Aeg-Event-Type", "eventType type"},
	{"Svix-Signature", "Svix", "", "type"},
	{"Webhook-Id", "Standard Webhooks", "", "type"},
	{"Webhook-Signature", "GoCardless", "", "events.resource_type+events.action"}, // without the ID that Standard Webhooks sends along
	{"Ce-Type", "CloudEvents", "Ce-Type", ""},
	{"X-Hub-Signature-256", "Meta", "", "object"}, // without GitHub's own field
}

// telling is the index in providers by the field's name in lower case; of two with one name the first.
var telling = func() map[string]int {
	m := map[string]int{}
	for i := len(providers) - 1; i >= 0; i-- {
		m[strings.ToLower(providers[i].field)] = i
	}
	return m
}()

// endings says, by the length of a name, with which letters telling ones of that length end. Most others need not be looked up, then.
var endings = func() (all [64]uint32) {
	for name := range telling {
		all[len(name)] |= letter(name[len(name)-1])
	}
	return all
}()

// letter is a bit for a letter, whatever its case.
func letter(c byte) uint32 { return 1 << (c & 31) }

// WebhookOf recognises a sender by the fields of a recorded request head; the zero value is nobody known. It is called for every exchange, and
// allocates for those only whose sender is known. Label looks for the event in the content as well.
func WebhookOf(head []byte) Webhook {
	i := providerOf(head)
	if i < 0 {
		return Webhook{}
	}
	w := Webhook{Provider: providers[i].name}
	if event := providers[i].event; event != "" {
		w.Event = Sanitize(Get(Headers(head), event))
	}
	return w
}

// providerOf is the index in providers, -1 for nobody known.
func providerOf(head []byte) int {
	first := len(providers)
	var lower [len(endings)]byte
	for line := range bytes.SplitSeq(head, []byte("\n")) {
		name, _, ok := bytes.Cut(line, []byte(":"))
		if !ok || len(name) == 0 || len(name) >= len(endings) || endings[len(name)]&letter(name[len(name)-1]) == 0 {
			continue
		}
		if i, ok := telling[string(appendLower(lower[:0], name))]; ok {
			first = min(first, i)
		}
	}
	if first == len(providers) {
		return -1
	}
	return first
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
