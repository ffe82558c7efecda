package agent

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/sign"
)

const (
	stripeSecret = "whsec_stripe"
	twilioSecret = "twilio-token"
	ownSecret    = "own-secret"
)

var ownScheme = &sign.Scheme{Field: "X-Own", Form: "v={sig}", Stamp: "X-Own-Time"}

// knowing gives the agent of w secrets.
func (w *world) knowing() {
	w.t.Helper()
	err := w.a.SetWebhooks([]Webhook{
		{Provider: "stripe", Secrets: []string{stripeSecret, "whsec_older"}}, {Provider: "twilio", Secrets: []string{twilioSecret}},
		{Provider: "gitlab", Secrets: []string{"gitlab-token"}}, {Provider: "linear", Secrets: []string{"linear-secret"}},
		{Provider: sign.HMAC, Scheme: ownScheme, Secrets: []string{ownSecret}}, {Provider: "slack", Problem: "its secret could not be looked up: env:SLACK"},
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// signedAs puts a request into the store that the provider signed at a time, and that came ten minutes ago, by https from outside though http is what the relay
// speaks.
func (w *world) signedAs(id inspect.ID, provider *sign.Provider, secret, head, body string, at time.Time) *inspect.Exchange {
	w.t.Helper()
	x := w.recordedAs(id, head+"\n", body, "")
	h := http.Header{}
	for line := range strings.SplitSeq(head, "\n") {
		if name, value, ok := strings.Cut(line, ": "); ok {
			h.Add(name, value)
		}
	}
	_, target, _ := strings.Cut(head, " ")
	target, _, _ = strings.Cut(target, " ")
	fields, err := provider.Sign(&sign.Request{Method: "POST", URL: "https://a.example" + target, Header: h.Values, Body: []byte(body)}, secret, at)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, f := range fields {
		head += f.Name + ": " + f.Value + "\n"
	}
	x.Request.Head = []byte(strings.ReplaceAll(head+"\n", "\n", "\r\n"))
	x.Start = time.Now().Add(-10 * time.Minute)
	return x
}

func posted(target, body, fields string) string {
	return fmt.Sprintf("POST %s HTTP/1.1\nHost: localhost:3000\nX-Forwarded-Proto: https\nX-Forwarded-Host: a.example\nContent-Length: %d\n%s", target, len(body), fields)
}

// TestVerdict: what a recorded webhook is worth, in a state and in words that hold no secret and nothing of the request.
func TestVerdict(t *testing.T) {
	w := newWorld(t, echo)
	w.ready()
	stripe, twilio, slack := sign.Lookup("stripe"), sign.Lookup("twilio"), sign.Lookup("slack")
	own, err := sign.New(*ownScheme)
	if err != nil {
		t.Fatal(err)
	}
	came := time.Now().Add(-10 * time.Minute)
	const body, form = `{"id":"evt"}`, "From=%2B1&Body=hi"
	hook, formHead := posted("/hook?a=1", body, ""), posted("/sms", form, "Content-Type: application/x-www-form-urlencoded\n")
	w.signedAs("fresh", stripe, stripeSecret, hook, body, came.Add(-12*time.Second))
	w.signedAs("older secret", stripe, "whsec_older", hook, body, came)
	w.signedAs("stale", stripe, stripeSecret, hook, body, came.Add(-41*time.Minute))
	w.signedAs("wrong", stripe, "whsec_other", hook, body, came)
	w.signedAs("redacted", stripe, "whsec_other", hook, body, came).Request.Redacted = true
	w.signedAs("cut", stripe, stripeSecret, hook, body, came).Request.Size = 99
	w.signedAs("url", twilio, twilioSecret, formHead, form, came)
	w.signedAs("own", own, ownSecret, hook, body, came)
	w.signedAs("problem", slack, "x", hook, body, came)
	w.signedAs("unknown", sign.Lookup("github"), "x", hook, body, came)
	w.recordedAs("token", posted("/", "", "X-Gitlab-Token: gitlab-token\n")+"\n", "", "").Start = came
	w.recordedAs("plain", hook+"\n", body, "")
	w.recordedAs("line", "", "", "")
	w.knowing()
	for _, c := range []struct {
		id       inspect.ID
		provider string
		state    inspect.SignatureState
		text     string
		canSign  bool
	}{
		{"fresh", "stripe", inspect.Valid, "made 12 s before it came; by now receivers refuse it, who take 5 min; sign it anew to send it again", true},
		{"older secret", "stripe", inspect.Valid, "made less than a second before it came", true},
		{"stale", "stripe", inspect.Stale, "the secret is right, but the signature was made 41 min before it came, and receivers take 5 min; sign it anew", true},
		{"wrong", "stripe", inspect.Wrong, "made with another secret, or of something else", true},
		{"redacted", "stripe", inspect.Unchecked, "redacted", true},
		{"cut", "stripe", inspect.Unchecked, "not kept whole", true},
		{"url", "twilio", inspect.Valid, "", true},
		{"own", "hmac", inspect.Valid, "", true},
		{"problem", "slack", inspect.NoSecret, "its secret could not be looked up: env:SLACK", false},
		{"unknown", "github", inspect.NoSecret, "ADIT_WEBHOOK_SECRET_GITHUB", false},
		{"token", "gitlab", inspect.Valid, "", false},
		{"plain", "", inspect.Unsigned, "no signature that is known", false},
		{"line", "", inspect.Unchecked, "only its line", false},
	} {
		v, err := w.a.Verdict(t.Context(), c.id)
		if err != nil || v.Provider != c.provider || v.State != c.state || v.CanSign != c.canSign || !strings.Contains(v.Text, c.text) {
			t.Errorf("%s: %+v, %v; want %s %s, %q", c.id, v, err, c.provider, c.state, c.text)
		}
		for _, secret := range []string{stripeSecret, "whsec_older", twilioSecret, ownSecret, "gitlab-token", "evt"} {
			if strings.Contains(v.Text, secret) {
				t.Errorf("%s: %q holds %s", c.id, v.Text, secret)
			}
		}
	}
	if _, err := w.a.Verdict(t.Context(), "none"); !errors.Is(err, inspect.ErrNotFound) {
		t.Errorf("of nothing: %v", err)
	}
	if err := w.a.SetWebhooks([]Webhook{{Provider: "nobody"}, {Provider: "svix", Secrets: []string{"no base64!"}}, {Provider: sign.HMAC, Scheme: &sign.Scheme{}}}); err == nil ||
		!strings.Contains(err.Error(), `"nobody"`) || !strings.Contains(err.Error(), "svix: the secret is not base64") || !strings.Contains(err.Error(), "hmac: header") {
		t.Errorf("%v", err)
	}
}

// TestResign: a replay that is signed anew is valid when it comes, with its changes, through the same way as any; one that is not is stale.
func TestResign(t *testing.T) {
	w := newWorld(t, echo)
	w.ready()
	w.knowing()
	const body, form = `{"id":"evt"}`, "From=%2B1&Body=hi"
	long := strings.Repeat("x", 900<<10)
	day := time.Now().Add(-24 * time.Hour)
	w.signedAs("stripe", sign.Lookup("stripe"), stripeSecret, posted("/hook?a=1", body, ""), body, day)
	w.signedAs("long", sign.Lookup("stripe"), "whsec_other", posted("/hook?a=1", long, ""), long, day)
	w.signedAs("chunked", sign.Lookup("stripe"), stripeSecret, "POST /hook HTTP/1.1\nHost: a.example\nTransfer-Encoding: chunked\n", body, day)
	w.signedAs("redacted", sign.Lookup("stripe"), "whsec_other", posted("/hook?a=1", body, ""), body, day).Request.Redacted = true
	w.signedAs("twilio", sign.Lookup("twilio"), twilioSecret, posted("/sms", form, "Content-Type: application/x-www-form-urlencoded\n"), form, day)
	own, err := sign.New(*ownScheme)
	if err != nil {
		t.Fatal(err)
	}
	w.signedAs("own", own, ownSecret, posted("/", body, ""), body, day)
	for _, c := range []struct {
		id     inspect.ID
		resend inspect.Resend
		want   inspect.SignatureState
	}{
		{"stripe", inspect.Resend{}, inspect.Stale},
		{"stripe", inspect.Resend{Resign: true}, inspect.Valid},
		{"stripe", inspect.Resend{Resign: true, Edit: &inspect.Edit{Method: "PUT", Target: "/b", Body: []byte("other")}}, inspect.Valid},
		{"stripe", inspect.Resend{Resign: true, Edit: &inspect.Edit{Fields: []inspect.Field{{Name: "X", Value: "1"}}}}, inspect.Valid},
		{"stripe", inspect.Resend{Edit: &inspect.Edit{Body: []byte("other")}}, inspect.Wrong},
		{"long", inspect.Resend{Resign: true}, inspect.Valid},
		{"chunked", inspect.Resend{Resign: true}, inspect.Valid},
		{"redacted", inspect.Resend{Resign: true}, inspect.Valid},
		{"twilio", inspect.Resend{Resign: true, Edit: &inspect.Edit{Target: "/sms?b", Body: []byte("From=2")}}, inspect.Valid},
		{"own", inspect.Resend{Resign: true}, inspect.Valid},
	} {
		ready, err := w.a.Prepare(t.Context(), c.id, c.resend)
		if err != nil {
			t.Errorf("%s %+v: %v", c.id, c.resend, err)
			continue
		}
		id, err := w.a.Replay(t.Context(), c.id, c.resend)
		if err != nil {
			t.Errorf("%s %+v: %v", c.id, c.resend, err)
			continue
		}
		x := w.over(id)
		v, err := w.a.Verdict(t.Context(), id)
		if err != nil || v.State != c.want || x.Edited != (c.resend != inspect.Resend{}) {
			t.Errorf("%s %+v: %+v, %v, edited %v; want %s", c.id, c.resend, v, err, x.Edited, c.want)
		}
		if lines := strings.Count(string(ready.Head), "\n"); lines != strings.Count(string(x.Request.Head), "\n") {
			t.Errorf("%s: %q was shown, %q sent", c.id, ready.Head, x.Request.Head)
		}
	}
}

// TestResignRefused: what cannot be signed says why.
func TestResignRefused(t *testing.T) {
	w := newWorld(t, echo)
	w.ready()
	w.knowing()
	body := fmt.Sprintf(`{"webhookTimestamp":%d}`, time.Now().UnixMilli())
	w.recordedAs("plain", posted("/", "", "")+"\n", "", "")
	w.recordedAs("unknown", posted("/", "", "X-GitHub-Event: push\nX-Hub-Signature-256: sha256=00\n")+"\n", "", "")
	w.recordedAs("token", posted("/", "", "X-Gitlab-Token: x\n")+"\n", "", "")
	w.signedAs("linear", sign.Lookup("linear"), "linear-secret", posted("/", body, ""), body, time.Now())
	w.signedAs("stripe", sign.Lookup("stripe"), stripeSecret, posted("/", "{}", ""), "{}", time.Now())
	for _, c := range []struct {
		id   inspect.ID
		edit *inspect.Edit
		want string
	}{
		{"plain", nil, "no signature that is known"},
		{"unknown", nil, "ADIT_WEBHOOK_SECRET_GITHUB"},
		{"token", nil, "send it again as it is"},
		{"linear", &inspect.Edit{Body: []byte(`{"webhookTimestamp":1}`)}, "edit webhookTimestamp there"},
		{"stripe", &inspect.Edit{Body: make([]byte, maxSigned+1)}, "more than 10.0 MiB"},
		{"linear", nil, ""},
	} {
		_, err := w.a.Prepare(t.Context(), c.id, inspect.Resend{Resign: true, Edit: c.edit})
		var wrong *inspect.EditError
		if ok := errors.As(err, &wrong); ok != (c.want != "") || ok && (wrong.Key != "resign" || !strings.Contains(wrong.Text, c.want)) || !ok && err != nil {
			t.Errorf("%s: %v; want %s", c.id, err, cmp.Or(c.want, "none"))
		}
	}
}
