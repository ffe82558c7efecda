package sign_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/inspect/sign"
)

// vendors runs testdata/vendors: what providers publish to sign and verify.
type vendors struct {
	t       *testing.T
	tasks   io.Writer
	answers *bufio.Scanner
}

// newVendors installs it, as far as npm's lock file says it may be, and starts it.
func newVendors(t *testing.T) *vendors {
	for _, program := range []string{"node", "npm"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%s is not installed", program)
		}
	}
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(filepath.Join("testdata", "vendors"))); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute) // not the test's, which ends before vendors.mjs is waited for
	t.Cleanup(cancel)
	install := exec.CommandContext(ctx, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline")
	install.Dir, install.WaitDelay = dir, time.Second
	if out, err := install.CombinedOutput(); err != nil {
		t.Logf("%s", out)
		t.Skipf("npm cannot install the providers' packages: %v", err)
	}
	run := exec.CommandContext(ctx, "node", "vendors.mjs")
	run.Dir, run.WaitDelay, run.Stderr = dir, time.Second, t.Output()
	tasks, err := run.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	answers, err := run.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = tasks.Close()
		if err := run.Wait(); err != nil {
			t.Errorf("vendors.mjs: %v", err)
		}
	})
	return &vendors{t: t, tasks: tasks, answers: bufio.NewScanner(answers)}
}

// task is what vendors.mjs is asked, and what it answers.
type task struct {
	Do       string            `json:"do,omitempty"`
	Provider string            `json:"provider,omitempty"`
	Secret   string            `json:"secret,omitempty"`
	URL      string            `json:"url,omitempty"`
	Body     string            `json:"body"`
	Time     int64             `json:"time,omitempty"`
	Headers  map[string]string `json:"headers,omitempty"`
	Good     *bool             `json:"good,omitempty"`
	Error    string            `json:"error,omitempty"`
}

func (v *vendors) ask(q task) (a task) {
	v.t.Helper()
	text, err := json.Marshal(q)
	if err == nil {
		_, err = v.tasks.Write(append(text, '\n'))
	}
	if err != nil || !v.answers.Scan() {
		v.t.Fatalf("vendors.mjs gives no answer: %v, %v", err, v.answers.Err())
	}
	if err := json.Unmarshal(v.answers.Bytes(), &a); err != nil || a.Error != "" {
		v.t.Fatalf("%s %s: %v, %s", q.Do, q.Provider, err, a.Error)
	}
	return a
}

// agree fails the test unless the provider's code takes q or not, and ours finds the state.
func (v *vendors) agree(what string, q task, taken bool, state sign.State) {
	v.t.Helper()
	q.Do = "verify"
	theirs, ours := *v.ask(q).Good, sign.Lookup(q.Provider).Verify(q.request(), []string{q.Secret}, time.Now())
	if theirs != taken || ours.State != state {
		v.t.Errorf("%s, %s: the provider's code says %v, ours %+v; want %v and %s", q.Provider, what, theirs, ours, taken, state)
	}
}

func (q *task) request() *sign.Request {
	h := http.Header{}
	for name, value := range q.Headers {
		h.Set(name, value)
	}
	return &sign.Request{Method: "POST", URL: q.URL, Header: h.Values, Body: []byte(q.Body)}
}

// with is q with further fields.
func (q task) with(headers map[string]string) task {
	q.Headers = maps.Clone(q.Headers)
	maps.Copy(q.Headers, headers)
	return q
}

// signedThere is q as the provider's code signs it.
func (v *vendors) signedThere(q task, at time.Time) task {
	v.t.Helper()
	q.Do, q.Time = "sign", at.Unix()
	a := v.ask(q)
	if a.Secret != "" {
		q.Secret = a.Secret
	}
	return q.with(a.Headers)
}

// signedHere is q as the table signs it.
func (v *vendors) signedHere(q task, at time.Time) task {
	v.t.Helper()
	fields, err := sign.Lookup(q.Provider).Sign(q.request(), q.Secret, at)
	if err != nil {
		v.t.Fatalf("%s: %v", q.Provider, err)
	}
	headers := map[string]string{}
	for _, f := range fields {
		headers[strings.ToLower(f.Name)] = f.Value
	}
	return q.with(headers)
}

// at is q with the time in its content.
func (q task) at(t time.Time) task {
	q.Body = strings.ReplaceAll(q.Body, "NOW", fmt.Sprint(t.UnixMilli()))
	return q
}

// vendorCase is a webhook, with what the provider's code is able to.
type vendorCase struct {
	task
	signs   bool // it can sign
	forever bool // it looks at no time
	secret  bool // what it signs with can be had here, too
}

// TestVendors: what a provider's own code signs is valid here; what is signed here is valid there; and of what somebody has changed, or kept for a day, both say
// the same.
func TestVendors(t *testing.T) {
	v := newVendors(t)
	const text, hook = `{"id":"evt_1","text":"héllo ☃ \u0000 & <b>","n":1.50}`, "https://hooks.example/hook?x=1"
	const svix = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz"
	json, form := map[string]string{"content-type": "application/json"}, map[string]string{"content-type": "application/x-www-form-urlencoded"}
	hashed := hook + "&bodySHA256=" + sha256Hex(text)
	for _, c := range []vendorCase{
		{task{Provider: "github", Secret: "s3cret", URL: hook, Body: text, Headers: json}, true, true, true},
		{task{Provider: "stripe", Secret: "whsec_abc", URL: hook, Body: text, Headers: json}, true, false, true},
		{task{Provider: "twilio", Secret: "token", URL: hook, Body: "To=%2B1&From=%2B2&Body=a+b%26c&Empty=", Headers: form}, true, true, true},
		{task{Provider: "twilio", Secret: "token", URL: hashed, Body: text, Headers: json}, true, true, true},
		{task{Provider: "svix", Secret: svix, URL: hook, Body: text, Headers: json}, true, false, true},
		{task{Provider: "standard-webhooks", Secret: svix, URL: hook, Body: text, Headers: json}, true, false, true},
		{task{Provider: "slack", Secret: "8f742231b10e", URL: hook, Body: "token=a&text=b+1", Headers: form}, false, false, true},
		{task{Provider: "paddle", Secret: "pdl_ntfset_1", URL: hook, Body: text, Headers: json}, false, false, true},
		{task{Provider: "linear", Secret: "lin_wh_1", URL: hook, Body: `{"webhookTimestamp":NOW,"n":1}`, Headers: json}, false, false, true},
		{task{Provider: "sendgrid", Secret: "p256", URL: hook, Body: text, Headers: json}, true, true, false},
		{task{Provider: "sendgrid", Secret: "secp256k1", URL: hook, Body: text, Headers: json}, true, true, false},
		{task{Provider: "discord", URL: hook, Body: `{"type":1}`, Headers: json}, true, true, false},
	} {
		now := time.Now()
		yesterday := now.Add(-24 * time.Hour)
		good, old := c.at(now), c.at(yesterday)
		if c.secret {
			good = v.signedHere(good, now)
			v.agree("signed here", good, true, sign.Valid)
		}
		switch {
		case c.signs:
			good, old = v.signedThere(c.at(now), now), v.signedThere(old, yesterday)
			v.agree("signed there", good, true, sign.Valid)
		case c.Provider == "linear": // which is signed here with a fresh time in the content alone
			old = old.with(map[string]string{"linear-signature": hmacSHA256(c.Secret, old.Body)})
		default:
			old = v.signedHere(old, yesterday)
		}
		v.judgeChanged(c, good, old)
	}
}

// judgeChanged has both judge what is not as the provider sent it, or not any more.
func (v *vendors) judgeChanged(c vendorCase, good, old task) {
	v.t.Helper()
	state := sign.Stale
	if c.forever {
		state = sign.Valid
	}
	v.agree("a day old", old, c.forever, state)
	changed := good
	changed.Body = strings.Replace(good.Body, "1", "2", 1)
	v.agree("other content", changed, false, sign.Wrong)
	if c.secret {
		changed = good
		changed.Secret = "whsec_b3RoZXI="
		v.agree("another secret", changed, false, sign.Wrong)
	}
	for name, value := range good.Headers {
		if strings.Contains(name, "signature") && !strings.HasSuffix(name, "timestamp") {
			v.agree("a signature that is cut", good.with(map[string]string{name: value[:len(value)-6]}), false, sign.Wrong)
			v.agree("a signature of another form", good.with(map[string]string{name: "v1,%%%==;t=abc"}), false, sign.Wrong)
		}
	}
}
