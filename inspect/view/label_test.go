package view

import (
	"strings"
	"testing"

	"github.com/adit-tunnel/adit/inspect"
)

// posted is an exchange whose request has those fields (joined by |) and content.
func posted(target, fields, body string) *inspect.Exchange {
	method := "POST"
	if strings.HasPrefix(target, "GET ") {
		method, target = "GET", target[4:]
	}
	head := method + " " + target + " HTTP/1.1\r\nHost: x\r\n" + strings.ReplaceAll(fields, "|", "\r\n") + "\r\n\r\n"
	return &inspect.Exchange{Request: inspect.Request{Method: method, Target: target, Message: inspect.Message{Head: []byte(head), Body: []byte(body)}}}
}

func TestLabel(t *testing.T) {
	for _, c := range []struct{ target, fields, body, want string }{
		{"/hook", "Stripe-Signature: t=1", `{"id":"evt","data":{"type":"not this"},"type":"invoice.paid"}`, "stripe · invoice.paid"},
		{"/hook", "Stripe-Signature: t=1", `{"type":"invoice.paid","data":{"cut":`, "stripe · invoice.paid"},
		{"/hook", "Stripe-Signature: t=1|Content-Encoding: gzip", "\x1f\x8b", "stripe"},
		{"/hook", "X-GitHub-Event: push", `{"ref":"x"}`, "github · push"},
		{"/hook", "X-GitHub-Event: pull_request", `{"action":"opened","a":1}`, "github · pull_request.opened"},
		{"/hook", "X-GitHub-Event: push|Content-Type: application/x-www-form-urlencoded", "payload=%7B%22action%22%3A%22x%22%7D", "github · push.x"},
		{"/hook", "X-Gitlab-Event: Push Hook", `{}`, "gitlab · Push Hook"},
		{"/hook", "X-Gitlab-Event: Merge Request Hook", `{"object_kind":"merge_request","user":{"id":1},"object_attributes":{"id":99,"action":"open"}}`, "gitlab · merge_request.open"},
		{"/hook", "X-GitHub-Event: issues|X-Gitea-Event: issues|X-Forgejo-Event: issues", `{"action":"opened","number":1}`, "forgejo · issues.opened"},
		{"/hook", "X-Shopify-Hmac-Sha256: x|X-Shopify-Topic: orders/create", `{}`, "shopify · orders/create"},
		{"/hook", "X-Slack-Signature: v0", `{"type":"event_callback","event":{"type":"app_mention"}}`, "slack · app_mention"},
		{"/hook", "X-Slack-Signature: v0", "token=x&command=%2Fdeploy&text=now", "slack · /deploy"},
		{"/hook", "X-Slack-Signature: v0", `{"challenge":"c","type":"url_verification"}`, "slack · url_verification"},
		{"/hook", "X-Slack-Signature: v0", "payload=%7B%22type%22%3A%22block_actions%22%7D", "slack · block_actions"},
		{"/hook", "X-Twilio-Signature: x", "SmsSid=1&MessageStatus=delivered", "twilio · delivered"},
		{"/hook", "X-Twilio-Signature: x|X-Twilio-Email-Event-Webhook-Signature: x", `[{"email":"a","event":"bounce"},{"event":"open"}]`, "sendgrid · bounce"},
		{"/hook", "Linear-Signature: x|Linear-Event: Issue", `{"action":"create","type":"Issue"}`, "linear · Issue.create"},
		{"/hook", "Sentry-Hook-Signature: x|Sentry-Hook-Resource: issue", `{"action":"created"}`, "sentry · issue.created"},
		{"/hook", "Paddle-Signature: x", `{"event_type":"transaction.paid"}`, "paddle · transaction.paid"},
		{"/hook", "X-Signature-Ed25519: x", `{"type":2,"data":{"name":"roll"}}`, "discord · roll"},
		{"/hook", "X-Telegram-Bot-Api-Secret-Token: x", `{"update_id":1,"edited_message":{"text":"a"}}`, "telegram · edited_message"},
		{"/hook", "Svix-Signature: v1", `{"type":"user.created"}`, "svix · user.created"},
		{"/hook", "Webhook-Id: msg_1|Webhook-Signature: v1", `{"data":{},"type":"a.b"}`, "standard webhooks · a.b"},
		{"/hook", "Webhook-Signature: 78e3", `{"events":[{"id":"EV1","action":"cancelled","resource_type":"mandates"},{"action":"x"}]}`, "gocardless · mandates.cancelled"},
		{"/hook", "X-Xero-Signature: x", `{"events": [ {"eventCategory":"INVOICE","eventType":"CREATE"}],"firstEventSequence":1}`, "xero · INVOICE.CREATE"},
		{"/hook", "Twitch-Eventsub-Message-Signature: sha256=1|Twitch-Eventsub-Subscription-Type: channel.follow", `{"subscription":{"type":"x"}}`, "twitch · channel.follow"},
		{"/hook", "X-Line-Signature: x", `{"destination":"U1","events":[{"type":"message","message":{"type":"text"}}]}`, "line · message"},
		{"/hook", "Aeg-Event-Type: Notification", `[{"id":"1","eventType":"Microsoft.Storage.BlobCreated"}]`, "azure event grid · Microsoft.Storage.BlobCreated"},
		{"/hook", "X-Twilio-Signature: x", "ToCountry=US&SmsMessageSid=SM1&SmsStatus=received&Body=hi", "twilio · received"},
		{"/hook", "X-Hubspot-Signature-V3: x", `[{"eventId":1,"subscriptionType":"contact.creation"}]`, "hubspot · contact.creation"},
		{"/hook", "X-Amz-Sns-Message-Type: Notification", `{}`, "amazon sns · Notification"},
		{"/hook", "X-Zm-Signature: v0", `{"event":"meeting.started"}`, "zoom · meeting.started"},
		{"/hook", "Stripe-Signature: x", `{"type":"\u001b[2J` + strings.Repeat("é", 200) + `"}`, `stripe · \x1b[2J` + strings.Repeat("é", 38) + "…"},
		{"/graphql", "Content-Type: application/json", `{"query":"# c\nquery Viewer($a: Int) { viewer }"}`, "graphql · query Viewer"},
		{"/graphql", "Content-Type: application/json", `{"query":"{ viewer }"}`, "graphql · query"},
		{"/graphql", "Content-Type: application/json", `{"operationName":"B","query":"query A { a } mutation B { b }"}`, "graphql · mutation B"},
		{"/graphql", "Content-Type: application/json", `{"operationName":"Known","extensions":{}}`, "graphql · Known"},
		{"/api/GraphQL", "", `[{"query":"mutation { x }"}]`, "graphql · mutation"},
		{"GET /graphql?query=query%20A%7Ba%7D", "", "", "graphql · query A"},
		{"/x", "Content-Type: application/graphql", "subscription S { s }", "graphql · subscription S"},
		{"/pkg.Service/Method", "Content-Type: application/grpc+proto", "", "grpc · pkg.Service/Method"},
		{"/mcp", "Content-Type: application/json", `{"jsonrpc":"2.0","id":1,"method":"tools/call"}`, "json-rpc · tools/call"},
		{"/x", "Content-Type: application/json", `{"method":"no"}`, ""},
		{"GET /", "", "", ""},
	} {
		if got := Label(posted(c.target, c.fields, c.body)); got != c.want {
			t.Errorf("%s with %s and %s is %q, want %q", c.target, c.fields, c.body, got, c.want)
		}
	}
}

func TestLabelOfNobodyAllocatesNothing(t *testing.T) {
	x := posted("/api/things?x=1", "Content-Type: application/json|User-Agent: x|Accept: */*", `{"name":"x","things":[1,2,3]}`)
	if n := testing.AllocsPerRun(100, func() { Label(x) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
