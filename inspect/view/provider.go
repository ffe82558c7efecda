package view

import "strings"

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

// WebhookOf recognises a sender by the fields of a recorded request head; the zero value is nobody known.
func WebhookOf(head []byte) Webhook {
	fs := Headers(head)
	for _, p := range providers {
		for _, f := range fs {
			if !strings.EqualFold(f.Name, p.field) {
				continue
			}
			w := Webhook{Provider: p.name}
			if p.event != "" {
				w.Event = Sanitize(Get(fs, p.event))
			}
			return w
		}
	}
	return Webhook{}
}
