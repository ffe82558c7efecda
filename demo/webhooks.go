package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"
)

// maker builds the n-th request for a public URL.
type maker func(ctx context.Context, base string, n int) (*http.Request, error)

// quick are the requests that are answered at once; the sender takes only these when it goes as fast as it can.
var quick = []maker{githubPush, stripePaid, twilioMessage, orderLookup, stripeFailed, githubIssue, orderMissing}

// tour is one round of everything.
var tour = []maker{githubPush, stripePaid, twilioMessage, stripeFailed, orderLookup, eventStream, githubIssue, largeUpload, slowReport, orderMissing}

// liveTurn is the place in the tour where a WebSocket is opened instead of a request sent.
const liveTurn = 6

func post(ctx context.Context, target, kind, body string) (*http.Request, error) {
	q, err := http.NewRequestWithContext(ctx, http.MethodPost, target, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	q.Header.Set("Content-Type", kind)
	return q, nil
}

func marshal(v any) string {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		panic(err) // only literals of this file are passed
	}
	return string(b)
}

type object = map[string]any

func githubHook(ctx context.Context, base, event string, payload object) (*http.Request, error) {
	body := marshal(payload)
	q, err := post(ctx, base+"/webhooks/github", "application/json", body)
	if err != nil {
		return nil, err
	}
	q.Header.Set("User-Agent", "GitHub-Hookshot/4f5a1e2")
	q.Header.Set("X-GitHub-Event", event)
	q.Header.Set("X-GitHub-Delivery", uuid.NewString())
	q.Header.Set("X-Hub-Signature-256", githubSignature([]byte(body)))
	return q, nil
}

func githubPush(ctx context.Context, base string, n int) (*http.Request, error) {
	return githubHook(ctx, base, "push", object{
		"ref": "refs/heads/main", "compare": fmt.Sprintf("https://github.com/acme/shop/compare/%07x", n*7919),
		"repository": object{"id": 35129377, "full_name": "acme/shop", "private": true},
		"pusher":     object{"name": "jane", "email": "jane@acme.example"},
		"commits": []object{{
			"id": fmt.Sprintf("%040x", n*104729), "message": "Round totals after tax, not before",
			"author": object{"name": "Jane Doe", "username": "jane"}, "added": []string{}, "modified": []string{"cart/total.go", "cart/total_test.go"},
		}},
	})
}

func githubIssue(ctx context.Context, base string, n int) (*http.Request, error) {
	return githubHook(ctx, base, "issues", object{
		"action":     "opened",
		"issue":      object{"number": 400 + n, "title": "Totals are off by one cent", "state": "open", "labels": []string{"bug"}},
		"repository": object{"id": 35129377, "full_name": "acme/shop"},
		"sender":     object{"login": "sam"},
	})
}

func stripeEvent(ctx context.Context, base, kind string, n int, data object) (*http.Request, error) {
	now := time.Now().Unix()
	body := marshal(object{
		"id": fmt.Sprintf("evt_1Q%014d", n), "object": "event", "api_version": "2026-09-30", "created": now, "type": kind,
		"livemode": false, "pending_webhooks": 1, "data": object{"object": data},
	})
	q, err := post(ctx, base+"/webhooks/stripe", "application/json; charset=utf-8", body)
	if err != nil {
		return nil, err
	}
	q.Header.Set("User-Agent", "Stripe/1.0 (+https://stripe.com/docs/webhooks)")
	q.Header.Set("Stripe-Signature", stripeSignature(now, []byte(body)))
	return q, nil
}

func stripePaid(ctx context.Context, base string, n int) (*http.Request, error) {
	return stripeEvent(ctx, base, "payment_intent.succeeded", n, object{
		"id": fmt.Sprintf("pi_3Q%014d", n), "amount": 12900, "currency": "eur", "status": "succeeded", "receipt_email": "jane@acme.example",
	})
}

func stripeFailed(ctx context.Context, base string, n int) (*http.Request, error) {
	return stripeEvent(ctx, base, "invoice.payment_failed", n, object{
		"id": fmt.Sprintf("in_1Q%014d", n), "amount_due": 4900, "currency": "eur", "attempt_count": 2, "customer": "cus_NffrFeUfNV2Hib",
	})
}

func twilioMessage(ctx context.Context, base string, n int) (*http.Request, error) {
	target := base + "/webhooks/twilio"
	form := url.Values{
		"MessageSid": {fmt.Sprintf("SM%032x", n)}, "AccountSid": {"AC9f1e2d3c4b5a69788796a5b4c3d2e1f0"},
		"From": {"+4915551234567"}, "To": {"+15557654321"}, "Body": {"Is order 1042 on its way? 🙂"}, "NumMedia": {"0"},
	}
	q, err := post(ctx, target, "application/x-www-form-urlencoded", form.Encode())
	if err != nil {
		return nil, err
	}
	q.Header.Set("User-Agent", "TwilioProxy/1.1")
	q.Header.Set("X-Twilio-Signature", twilioSignature(target, form))
	return q, nil
}

func get(ctx context.Context, target string) (*http.Request, error) {
	return http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
}

func orderLookup(ctx context.Context, base string, n int) (*http.Request, error) {
	return get(ctx, fmt.Sprintf("%s/orders/%d?expand=items", base, 1000+n%97))
}

func orderMissing(ctx context.Context, base string, _ int) (*http.Request, error) {
	return get(ctx, base+"/orders/0")
}

func eventStream(ctx context.Context, base string, _ int) (*http.Request, error) {
	q, err := get(ctx, base+"/events")
	if err == nil {
		q.Header.Set("Accept", "text/event-stream")
	}
	return q, err
}

func slowReport(ctx context.Context, base string, n int) (*http.Request, error) {
	return post(ctx, base+"/reports", "application/json", marshal(object{"kind": "monthly", "number": n, "format": "pdf"}))
}

func largeUpload(ctx context.Context, base string, n int) (*http.Request, error) {
	rows := strings.Repeat("2026-11-24T09:00:00Z,LAMP-02,1,89.00,EUR\n", 12000)
	q, err := http.NewRequestWithContext(ctx, http.MethodPut, fmt.Sprintf("%s/uploads/orders-%d.csv", base, n), strings.NewReader(rows))
	if err == nil {
		q.Header.Set("Content-Type", "text/csv")
	}
	return q, err
}
