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
	"slices"
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

// both says what the provider's code and what ours make of a request.
func (v *vendors) both(q task) (theirs bool, ours sign.Result) {
	v.t.Helper()
	q.Do = "verify"
	return *v.ask(q).Good, sign.Lookup(q.Provider).Verify(q.request(), []string{q.Secret}, time.Now())
}

func (q *task) request() *sign.Request {
	h := http.Header{}
	for name, value := range q.Headers {
		h.Set(name, value)
	}
	return &sign.Request{Method: "POST", URL: q.URL, Header: h.Values, Body: []byte(q.Body)}
}

// signOurs signs q in place of what was there.
func (q *task) signOurs(t *testing.T, at time.Time) {
	t.Helper()
	fields, err := sign.Lookup(q.Provider).Sign(q.request(), q.Secret, at)
	if err != nil {
		t.Fatalf("%s: %v", q.Provider, err)
	}
	q.Headers = maps.Clone(q.Headers)
	for _, f := range fields {
		q.Headers[strings.ToLower(f.Name)] = f.Value
	}
}

// TestVendors: what a provider's own code signs is valid here; what is signed here is valid there; and of what somebody has changed, or kept for a day, both say
// the same.
func TestVendors(t *testing.T) {
	v := newVendors(t)
	const jsonBody = `{"id":"evt_1","text":"héllo ☃ \u0000 & <b>","n":1.50}`
	const hook = "https://hooks.example/hook?x=1"
	json, form := map[string]string{"content-type": "application/json"}, map[string]string{"content-type": "application/x-www-form-urlencoded"}
	bodyHash := fmt.Sprintf("%s&bodySHA256=%s", hook, sha256Hex(jsonBody))
	for _, c := range []struct {
		task
		signs   bool // the provider's code can sign
		forever bool // it looks at no time
		weSign  bool
	}{
		{task{Provider: "github", Secret: "s3cret", URL: hook, Body: jsonBody, Headers: json}, true, true, true},
		{task{Provider: "stripe", Secret: "whsec_abc", URL: hook, Body: jsonBody, Headers: json}, true, false, true},
		{task{Provider: "twilio", Secret: "token", URL: hook, Body: "To=%2B1&From=%2B2&Body=a+b%26c&Empty=", Headers: form}, true, true, true},
		{task{Provider: "twilio", Secret: "token", URL: bodyHash, Body: jsonBody, Headers: json}, true, true, true},
		{task{Provider: "svix", Secret: "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz", URL: hook, Body: jsonBody, Headers: json}, true, false, true},
		{task{Provider: "standard-webhooks", Secret: "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz", URL: hook, Body: jsonBody, Headers: json}, true, false, true},
		{task{Provider: "slack", Secret: "8f742231b10e8888abcd99yyyzzz85a5", URL: hook, Body: "token=a&text=b+1", Headers: form}, false, false, true},
		{task{Provider: "paddle", Secret: "pdl_ntfset_1", URL: hook, Body: jsonBody, Headers: json}, false, false, true},
		{task{Provider: "linear", Secret: "lin_wh_1", URL: hook, Body: `{"webhookTimestamp":NOW,"n":1}`, Headers: json}, false, false, true},
		{task{Provider: "sendgrid", URL: hook, Body: jsonBody, Headers: json}, true, true, false},
		{task{Provider: "discord", URL: hook, Body: `{"type":1}`, Headers: json}, true, true, false},
	} {
		q, now := c.task, time.Now()
		q.Body = strings.ReplaceAll(q.Body, "NOW", fmt.Sprint(now.UnixMilli()))
		check := func(what string, q task, accepted bool, state sign.State) {
			t.Helper()
			if theirs, ours := v.both(q); theirs != accepted || ours.State != state {
				t.Errorf("%s, %s: the provider's code says %v, ours %+v; want %v and %s", q.Provider, what, theirs, ours, accepted, state)
			}
		}
		if c.weSign {
			q.signOurs(t, now)
			check("signed here", q, true, sign.Valid)
		}
		old := q
		if c.signs {
			signed := func(q task, at time.Time) task {
				q.Do, q.Time = "sign", at.Unix()
				a := v.ask(q)
				q.Headers = maps.Clone(q.Headers)
				maps.Copy(q.Headers, a.Headers)
				if a.Secret != "" {
					q.Secret = a.Secret
				}
				return q
			}
			q, old = signed(q, now), signed(q, now.Add(-24*time.Hour))
			check("signed there", q, true, sign.Valid)
		} else {
			old.Body = strings.ReplaceAll(c.task.Body, "NOW", fmt.Sprint(now.Add(-24*time.Hour).UnixMilli()))
			if q.Provider != "linear" { // whose time is in the content alone
				old.signOurs(t, now.Add(-24*time.Hour))
			} else {
				old.Headers = map[string]string{"linear-signature": hmacSHA256(q.Secret, old.Body)}
			}
		}
		stale := sign.Stale
		if sign.Lookup(q.Provider).Tolerance() == 0 {
			stale = sign.Valid
		}
		check("a day old", old, c.forever, stale)

		other := q
		other.Body = strings.Replace(q.Body, "1", "2", 1)
		check("other content", other, false, sign.Wrong)
		if c.weSign {
			other = q
			other.Secret = "whsec_b3RoZXI="
			check("another secret", other, false, sign.Wrong)
		}
		for _, name := range slices.Sorted(maps.Keys(q.Headers)) {
			if !strings.Contains(name, "signature") || strings.HasSuffix(name, "timestamp") {
				continue
			}
			for _, value := range []string{q.Headers[name][:len(q.Headers[name])-6], "v1,%%%==;t=abc"} {
				other = q
				other.Headers = maps.Clone(q.Headers)
				other.Headers[name] = value
				check("a signature of another form", other, false, sign.Wrong)
			}
		}
	}
}
