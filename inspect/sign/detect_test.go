package sign_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/adit-tunnel/adit/inspect/sign"
)

// TestDetect: whose signature it is, is seen from the head, and from the content where the head is not enough.
func TestDetect(t *testing.T) {
	for _, c := range []struct {
		head, body string
		want       string // IDs in order
	}{
		{"X-Hub-Signature-256: sha256=00\nX-GitHub-Event: push", "", "github"},
		{"X-Hub-Signature: sha256=00\nX-Event-Key: repo:push", "", "bitbucket"},
		{"X-Hub-Signature: sha1=00", `{"type":"notification_event"}`, "intercom"},
		{"X-Hub-Signature-256: sha256=00\nUser-Agent: facebookexternalua", `{"object":"instagram"}`, "instagram facebook_graph_api"},
		{"X-Hub-Signature-256: sha256=00\nUser-Agent: facebookplatform/1.0", `{"object":"whatsapp_business_account"}`, "whatsapp facebook_graph_api"},
		{"X-Hub-Signature-256: sha256=00", "", "github facebook_graph_api facebook_messenger instagram whatsapp"},
		{"X-Hub-Signature: sha256=00", "", "bitbucket"},
		{"X-Hub-Signature-256: no form at all\nX-GitHub-Event: push", "", "github"},
		{"Stripe-Signature: t=1,v1=00", "", "stripe"},
		{"Stripe-Signature:", "", "stripe"},
		{"webhook-id: a\nwebhook-timestamp: 1\nwebhook-signature: v1,AA==", "", "standard-webhooks"},
		{"svix-signature: v1,AA==", "", "svix clerk"},
		{"Authorization: HMAC AA==", "", "microsoft_teams"},
		{"Authorization: Bearer AA==", "", ""},
		{"X-Signature: 00", "", "modern_treasury"},
		{"Content-Type: application/json", `{"signature":{"timestamp":"1","token":"2","signature":"3"}}`, "mailgun"},
		{"Content-Type: application/json", `{"token":1}`, ""},
	} {
		h := http.Header{}
		for line := range strings.SplitSeq(c.head, "\n") {
			name, value, _ := strings.Cut(line, ":")
			h.Add(name, strings.TrimSpace(value))
		}
		var got []string
		for _, p := range sign.Detect(&sign.Request{Header: h.Values, Body: []byte(c.body)}) {
			got = append(got, p.ID)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%q %q: %v, want %s", c.head, c.body, got, c.want)
		}
	}
}

// TestTable: an ID stands once, and each provider's own request is known as its own.
func TestTable(t *testing.T) {
	ids := sign.Providers()
	if len(slices.Compact(slices.Clone(ids))) != len(ids) {
		t.Errorf("an ID stands twice: %v", ids)
	}
	for _, id := range ids {
		p := sign.Lookup(id)
		r, _, _ := signed(t, p)
		if !slices.Contains(sign.Detect(r), p) {
			t.Errorf("a request of %s is not known as its", id)
		}
	}
}

// FuzzSignature: whatever a sender writes is read in bounded time, and is not valid.
func FuzzSignature(f *testing.F) {
	for _, v := range []string{"t=1764000000,v1=00", "ts=1;h1=", "v1,AA== v1,", "sha256=", "v0=00", "HMAC AA==", strings.Repeat("v1=00,", 100), "\x00=;\xff"} {
		f.Add(v, "1764000000", []byte(`{"webhookTimestamp":1,"signature":{"token":"1","signature":"2"}}`))
	}
	f.Fuzz(func(t *testing.T, value, stamp string, body []byte) {
		for _, id := range sign.Providers() {
			p := sign.Lookup(id)
			h := http.Header{}
			for _, field := range p.Fields() {
				h.Set(field, value)
			}
			h.Set("X-Slack-Request-Timestamp", stamp)
			h.Set("Content-Type", stamp)
			h.Set("X-Contentful-Signed-Headers", value)
			r := &sign.Request{Method: "POST", URL: "https://h/" + stamp, Header: h.Values, Body: body}
			sign.Detect(r)
			if got := p.Verify(r, []string{"b3RoZXI="}, now); (got.State == sign.Valid || got.State == sign.Stale) && value != "b3RoZXI=" {
				t.Fatalf("%s takes %q: %+v", id, value, got)
			}
		}
	})
}
