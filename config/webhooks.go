package config

import (
	"context"
	"slices"
	"strings"
	"time"
)

// WebhookProviders are the services whose webhook secrets may be written down, by the names they have in inspect/sign, which knows how each of them signs.
var WebhookProviders = []string{
	"aftership", "alchemy", "autodesk", "bitbucket", "bolt", "box", "buildkite", "calendly", "castle", "chargify", "circleci", "clerk", "coinbase", "contentful",
	"discord", "docusign", "dropbox", "facebook_graph_api", "facebook_messenger", "frameio", "github", "gitlab", "heroku", "hubspot", "instagram", "intercom",
	"launch_darkly", "line", "linear", "mailgun", "microsoft_teams", "modern_treasury", "mux", "notion", "paddle", "pagerduty", "pusher", "sendgrid", "sentry",
	"shopify", "slack", "square", "standard-webhooks", "stripe", "svix", "telegram", "terraform", "tiktok", "twilio", "twitter", "typeform", "webex", "whatsapp",
	"worldline", "xero", "zendesk", "zoom",
}

// OwnWebhook is the provider that the person describes.
const OwnWebhook = "hmac"

const webhookKey = "webhook_secrets"

// webhookOptions are one for each provider, and those of OwnWebhook's form.
func webhookOptions() (out []Option) {
	for _, p := range WebhookProviders {
		out = append(out, webhookOption(p, webhookKey+"."+p))
	}
	out = append(out, webhookOption(OwnWebhook, webhookKey+"."+OwnWebhook+".secret"))
	for _, o := range []Option{
		{Name: "header", check: checkFieldName, Usage: "with hmac, a service that signs in a way of its own: header field with the signature"},
		{Name: "prefix", Usage: "what stands in front of it there, such as sha256="},
		{Name: "algorithm", Values: []string{"sha1", "sha256", "sha512"}, Usage: "sha256 when nothing is written"},
		{Name: "encoding", Values: []string{"hex", "base64"}, Usage: "hex when nothing is written"},
		{Name: "content", Usage: "what is signed, of {body}, {ts}, {id}, {method}, {url}, {path} and {form}: {body}, or with a time {ts}.{body}"},
		{Name: "timestamp_header", check: checkFieldName, Usage: "header field with the time of signing"},
		{Name: "timestamp_unit", Values: []string{"s", "ms", "rfc3339"}, Usage: "s when nothing is written"},
		{Name: "id_header", check: checkFieldName, Usage: "header field with the request's id"},
		{Name: "tolerance", Kind: Duration, Usage: "how old a signed time may be: 5m when nothing is written"},
	} {
		key := webhookKey + "." + OwnWebhook + "." + o.Name
		o.Name, o.Hidden, o.live, o.V2, o.V3 = formName(o.Name), true, true, own(key), own(key)
		out = append(out, o)
	}
	return out
}

func webhookOption(provider, key string) Option {
	return Option{Name: webhookName(provider), Hidden: true, V2: own(key), V3: own(key), Kind: Strings, Secret: true, provider: provider, live: true,
		check: checkToken, Usage: "secret that webhooks of this provider are signed with, or several, the newest first (docs/webhooks.md)"}
}

// webhookName is the name of the option that has a provider's secrets; formName of one that says how OwnWebhook signs.
func webhookName(provider string) string {
	return "webhook-secret-" + strings.ReplaceAll(provider, "_", "-")
}
func formName(key string) string {
	return "webhook-" + OwnWebhook + "-" + strings.ReplaceAll(key, "_", "-")
}

// WebhookKey is the key of a provider's secrets in the file; "" when it is none that is known.
func WebhookKey(provider string) string {
	for i := range Options {
		if o := &Options[i]; o.provider != "" && o.provider == provider {
			return o.V3[0]
		}
	}
	return ""
}

// Webhook is a provider whose webhooks come, with its secrets.
type Webhook struct {
	Provider string
	Secrets  []string     // the newest first; references until Resolve has looked them up
	Form     *WebhookForm // with OwnWebhook
	Problem  string       // what of Secrets could not be looked up, for the person; "" nothing
}

// WebhookForm is how OwnWebhook signs; what is empty has the usual value.
type WebhookForm struct {
	Header, Prefix, Algorithm, Encoding, Content string
	TimestampHeader, TimestampUnit, IDHeader     string
	Tolerance                                    time.Duration
}

// webhooks are those that have a secret.
func (l *loader) webhooks() (out []Webhook) {
	form := WebhookForm{
		Header: l.form("header"), Prefix: l.form("prefix"), Algorithm: l.form("algorithm"), Encoding: l.form("encoding"), Content: l.form("content"),
		TimestampHeader: l.form("timestamp_header"), TimestampUnit: l.form("timestamp_unit"), IDHeader: l.form("id_header"),
	}
	form.Tolerance, _ = time.ParseDuration(l.form("tolerance"))
	for _, p := range append(slices.Clone(WebhookProviders), OwnWebhook) {
		secrets := slices.DeleteFunc(slices.Clone(l.strings(webhookName(p))), func(s string) bool { return s == "" })
		if len(secrets) == 0 {
			continue
		}
		w := Webhook{Provider: p, Secrets: secrets}
		if p == OwnWebhook {
			if w.Form = &form; form.Header == "" {
				v := l.origin[settingKey(webhookName(p))]
				l.add(v.at(), "", "%s needs to know in which field the signature stands: %s.%s.header", v.key, webhookKey, OwnWebhook)
			}
		}
		out = append(out, w)
	}
	return out
}

func (l *loader) form(key string) string { return l.get(formName(key)) }

// ResolveWebhooks replaces references to webhook secrets by what they name. One that cannot be looked up is left out, and Problem says why.
func (c *Config) ResolveWebhooks(ctx context.Context, o SecretOptions) {
	for i := range c.Webhooks {
		w := &c.Webhooks[i]
		v := c.origin[settingKey(webhookName(w.Provider))]
		var found []string
		for _, ref := range w.Secrets {
			secret, err := v.secret(ctx, ref, o)
			if err != nil {
				w.Problem = "its secret could not be looked up: " + err.Error()
				continue
			}
			found = append(found, secret)
		}
		w.Secrets = found
	}
}

// WebhookMistake is what is wrong with a provider's secret, or, named by its key, with a part of OwnWebhook's form, as a mistake in the place where it was written.
func (c *Config) WebhookMistake(provider, key string, wrong error) error {
	name := webhookName(provider)
	if key != "" {
		name = formName(key)
	}
	v, ok := c.origin[settingKey(name)]
	if !ok {
		v = c.origin[settingKey(webhookName(provider))]
	}
	return v.wrong("%v", wrong)
}
