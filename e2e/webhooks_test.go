package e2e

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// signature is Stripe's, of a body at a time.
func signature(secret, body string, at time.Time) string {
	m := hmac.New(sha256.New, []byte(secret))
	fmt.Fprintf(m, "%d.%s", at.Unix(), body)
	return fmt.Sprintf("t=%d,v1=%s", at.Unix(), hex.EncodeToString(m.Sum(nil)))
}

// verifies is a receiver of Stripe's webhooks: 200 for a fresh one, 401 for one that is not signed with the secret, 410 for an old one.
func verifies(secret string) http.HandlerFunc {
	return func(w http.ResponseWriter, q *http.Request) {
		body, _ := io.ReadAll(q.Body)
		have := q.Header.Get("Stripe-Signature")
		stamp, _, _ := strings.Cut(strings.TrimPrefix(have, "t="), ",")
		n, _ := strconv.ParseInt(stamp, 10, 64)
		switch at := time.Unix(n, 0); {
		case have != signature(secret, string(body), at):
			w.WriteHeader(http.StatusUnauthorized)
		case time.Since(at).Abs() > 5*time.Minute:
			w.WriteHeader(http.StatusGone)
		}
	}
}

// webhooks is an agent that knows a secret of Stripe's, in front of a receiver that does.
type webhooks struct {
	*shell
	base   string // of the local API
	secret string // path
}

const stripeSecret = "whsec_never-shown"

func newWebhooks(t *testing.T) *webhooks {
	dir := t.TempDir()
	w := &webhooks{shell: &shell{t: t, env: cleanEnv(t)}, secret: filepath.Join(dir, "secret")}
	w.know(stripeSecret)
	file := filepath.Join(dir, "adit.yml")
	text := fmt.Sprintf("version: 3\nagent:\n  webhook_secrets: {stripe: \"file:secret\", github: \"env:NOT_SET\", hmac: {secret: \"file:secret\", header: X-Hash}}\nendpoints:\n  - {name: web, upstream: {url: %s}}\n",
		service(t, verifies(stripeSecret)))
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	w.agent = start(t, w.env, "start", "--all", "--config", file, "--no-tui", "--web-addr", "127.0.0.1:0", "--log-level", "debug")
	w.url, w.base = w.agent.ready(), w.agent.api()
	return w
}

// know changes the secret that adit is told.
func (w *webhooks) know(secret string) {
	w.t.Helper()
	if err := os.WriteFile(w.secret, []byte(secret+"\n"), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

// send sends a webhook and returns the answer's status and the exchange's ID.
func (w *webhooks) send(path, body string, fields map[string]string) (status int, id string) {
	w.t.Helper()
	q, err := http.NewRequest(http.MethodPost, w.url+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	for name, value := range fields {
		q.Header.Set(name, value)
	}
	status, _ = fetch(w.t, q)
	var list struct{ Exchanges []exchange }
	eventually(w.t, "the webhook is recorded", func() bool {
		_, body := get(w.t, w.base+"/api/v1/exchanges?filter="+url.QueryEscape("path:"+path+" status:done"))
		decode(w.t, body, &list)
		return len(list.Exchanges) == 1 && list.Exchanges[0].Committed
	})
	return status, list.Exchanges[0].ID
}

// sendOld sends one that Stripe signed yesterday.
func (w *webhooks) sendOld(path, body string) (id string) {
	w.t.Helper()
	status, id := w.send(path, body, map[string]string{"Stripe-Signature": signature(stripeSecret, body, time.Now().Add(-24*time.Hour))})
	if v := w.verdict(id); status != http.StatusGone || v.State != "stale" || v.Provider != "stripe" || !v.CanSign {
		w.t.Fatalf("%s: %d, %+v", path, status, v)
	}
	return id
}

// verdict is what the API says of an exchange's signature.
func (w *webhooks) verdict(id string) (v struct {
	Provider, State, Text string
	CanSign               bool `json:"can_sign"`
}) {
	w.t.Helper()
	_, body := get(w.t, w.base+"/api/v1/exchanges/"+id+"/signature")
	decode(w.t, body, &v)
	return v
}

// replay sends one again, waits for its end, and returns the status and the new ID.
func (w *webhooks) replay(id, how string) (status int, made string) {
	w.t.Helper()
	code, body := post(w.t, "POST", w.base+"/api/v1/exchanges/"+id+"/replay", how)
	var answer struct{ ID string }
	decode(w.t, body, &answer)
	if code != http.StatusAccepted {
		w.t.Fatalf("replay %s: %d %s", how, code, body)
	}
	eventually(w.t, "the replay is over", func() bool {
		_, body := get(w.t, w.base+"/api/v1/exchanges/"+answer.ID)
		var x exchange
		decode(w.t, body, &x)
		if x.Status != nil {
			status = *x.Status
		}
		return x.State == "done" && x.Committed
	})
	return status, answer.ID
}

// TestWebhooks: yesterday's webhook is refused when it is sent again, and taken when it is signed anew, whatever its size; what is not known is said; a secret that
// changes counts when the configuration is read again; and no secret is anywhere but in memory.
func TestWebhooks(t *testing.T) {
	w := newWebhooks(t)
	id := w.sendOld("/old", `{"id":"evt_1"}`)
	for how, want := range map[string]struct {
		status int
		state  string
	}{
		`{}`:              {http.StatusGone, "stale"},
		`{"resign":true}`: {http.StatusOK, "valid"},
		`{"resign":true,"target":"/other","body":"changed"}`: {http.StatusOK, "valid"},
		`{"body":"changed"}`: {http.StatusUnauthorized, "wrong"},
	} {
		status, made := w.replay(id, how)
		if v := w.verdict(made); status != want.status || v.State != want.state {
			t.Errorf("%s: %d, %+v; want %d and %s", how, status, v, want.status, want.state)
		}
	}
	if out, _ := w.run(0, "request", id, "--api", w.api()); !strings.Contains(out, "stale (stripe): the secret is right, but the signature was made ") {
		t.Errorf("the shell does not tell of the signature:\n%s", out)
	}
	_, own := w.send("/own", "{}", map[string]string{"X-Hash": "00"})
	if out, _ := w.run(0, "request", own, "--api", w.api()); !strings.Contains(out, "wrong (hmac): it was made with another secret") {
		t.Errorf("the shell does not tell of a signature whose field only the configuration knows:\n%s", out)
	}
	if out, _ := w.run(1, "replay", "path:/old", "--resign", "--api", w.api()); !strings.Contains(out, "status 410 → 200") {
		t.Errorf("signed anew from the shell:\n%s", out)
	}
	id = w.sendOld("/large", strings.Repeat("large ", 500_000))
	if status, made := w.replay(id, `{"resign":true}`); status != http.StatusOK || w.verdict(made).State != "valid" {
		t.Errorf("a large one: %d, %+v", status, w.verdict(made))
	}

	_, id = w.send("/github", "{}", map[string]string{"X-GitHub-Event": "push", "X-Hub-Signature-256": "sha256=00"})
	if v := w.verdict(id); v.State != "no secret" || v.CanSign || !strings.Contains(v.Text, "env:NOT_SET") {
		t.Errorf("GitHub's, whose secret is missing: %+v", v)
	}
	w.agent.waitFor(w.agent.stderr, `webhooks of github: its secret could not be looked up: .*adit.yml:3: webhook_secrets.github: env:NOT_SET: `)

	_, id = w.send("/fresh", "{}", map[string]string{"Stripe-Signature": signature(stripeSecret, "{}", time.Now())})
	if v := w.verdict(id); v.State != "valid" {
		t.Errorf("a fresh one: %+v", v)
	}
	w.know("whsec_another")
	w.agent.signal(syscall.SIGHUP)
	eventually(t, "the other secret counts", func() bool { return w.verdict(id).State == "wrong" })
	w.hidden()
}

// hidden looks for the secret wherever it must not be.
func (w *webhooks) hidden() {
	w.t.Helper()
	shown, _ := w.run(0, "config", "show", "--config", filepath.Join(filepath.Dir(w.secret), "adit.yml"))
	w.run(0, "export", "-o", filepath.Join(homeOf(w.env), "all.har"))
	all := map[string]string{"config show": shown, "stdout": w.agent.stdout.text(), "stderr": w.agent.stderr.text()}
	err := filepath.WalkDir(homeOf(w.env), func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		all[path] = string(data)
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	if len(all) < 6 {
		w.t.Errorf("there is little to look at: %d", len(all))
	}
	for where, text := range all {
		if strings.Contains(text, stripeSecret) {
			w.t.Errorf("%s holds the secret", where)
		}
	}
}
