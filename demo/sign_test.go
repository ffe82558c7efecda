package demo

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// The verifiers below are written from the providers' documentation alone, and share nothing with what signs.

func mac(h func() hash.Hash, key, text string) []byte {
	m := hmac.New(h, []byte(key))
	io.WriteString(m, text)
	return m.Sum(nil)
}

// githubVerifies: "sha256=" and the hex HMAC of the body.
func githubVerifies(key, header, body string) bool {
	got, err := hex.DecodeString(strings.TrimPrefix(header, "sha256="))
	return err == nil && strings.HasPrefix(header, "sha256=") && hmac.Equal(got, mac(sha256.New, key, body))
}

// stripeVerifies: elements separated by commas, t and one or more v1, each the hex HMAC of t, a dot and the body; t within five minutes.
func stripeVerifies(key, header, body string, now time.Time) bool {
	var t string
	var v1 []string
	for e := range strings.SplitSeq(header, ",") {
		switch name, value, _ := strings.Cut(e, "="); name {
		case "t":
			t = value
		case "v1":
			v1 = append(v1, value)
		}
	}
	unix, err := strconv.ParseInt(t, 10, 64)
	if err != nil || now.Sub(time.Unix(unix, 0)).Abs() > 5*time.Minute {
		return false
	}
	return slices.Contains(v1, hex.EncodeToString(mac(sha256.New, key, t+"."+body)))
}

// twilioVerifies: base64 of the HMAC-SHA1 of the full URL, followed by each field of the form and its value in the order of the names.
func twilioVerifies(key, header, target, body string) bool {
	form, err := url.ParseQuery(body)
	if err != nil {
		return false
	}
	text := target
	names := make([]string, 0, len(form))
	for name := range form {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		text += name + form.Get(name)
	}
	return header == base64.StdEncoding.EncodeToString(mac(sha1.New, key, text))
}

// TestVerifiers: the verifiers agree with examples that the providers have published.
func TestVerifiers(t *testing.T) {
	const github = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
	if !githubVerifies("It's a Secret to Everybody", github, "Hello, World!") || githubVerifies("It's a Secret to Everybody", github, "Hello, World?") {
		t.Error("GitHub")
	}
	const form = "CallSid=CA1234567890ABCDE&Caller=%2B14158675309&Digits=1234&From=%2B14158675309&To=%2B18005551212"
	if !twilioVerifies("12345", "RSOYDt4T1cUTdK1PDd93/VVr8B8=", "https://mycompany.com/myapp.php?foo=1&bar=2", form) {
		t.Error("Twilio")
	}
}

// TestWebhooksAreSigned: every sample webhook verifies as its provider's would, for the URL it is sent to.
func TestWebhooksAreSigned(t *testing.T) {
	const base = "http://quiet-otter.tunnel.test:8080"
	seen := map[string]int{}
	for n, m := range slices.Concat(quick, tour) {
		q, err := m(t.Context(), base, n)
		if err != nil {
			t.Fatal(err)
		}
		var body []byte
		if q.Body != nil {
			if body, err = io.ReadAll(q.Body); err != nil {
				t.Fatal(err)
			}
		}
		provider, verified := verify(q, string(body))
		if seen[provider]++; !verified {
			t.Errorf("%s %s: %v", q.Method, q.URL, q.Header)
		}
	}
	for _, provider := range []string{"github", "stripe", "twilio"} {
		if seen[provider] == 0 {
			t.Errorf("no webhook of %s", provider)
		}
	}
}

// verify checks a request by its path; what is no webhook has nothing to check.
func verify(q *http.Request, body string) (provider string, ok bool) {
	provider, found := strings.CutPrefix(q.URL.Path, "/webhooks/")
	if !found {
		return "", true
	}
	switch provider {
	case "github":
		return provider, githubVerifies(Secret, q.Header.Get("X-Hub-Signature-256"), body) && q.Header.Get("X-GitHub-Event") != ""
	case "stripe":
		return provider, stripeVerifies(Secret, q.Header.Get("Stripe-Signature"), body, time.Now())
	case "twilio":
		return provider, twilioVerifies(Secret, q.Header.Get("X-Twilio-Signature"), q.URL.String(), body)
	}
	return provider, false
}
