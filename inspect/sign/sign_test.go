package sign_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/inspect/sign"
)

var now = time.Unix(1_764_000_000, 0)

// sample is a request that has whatever a provider needs but a signature, with a secret of its shape. Bodies tell Linear's time.
func sample(id string) (r *sign.Request, h http.Header, secret string) {
	h = http.Header{"Content-Type": {"application/json"}}
	r = &sign.Request{Method: "POST", URL: "https://example.com/hook?a=1", Header: h.Values, Body: fmt.Appendf(nil, `{"n":1.50,"webhookTimestamp":%d}`, now.UnixMilli())}
	secret = "a secret of " + id
	switch id {
	case "svix", "clerk", "standard-webhooks":
		secret = "whsec_" + base64.StdEncoding.EncodeToString([]byte(secret))
	case "microsoft_teams":
		secret = base64.StdEncoding.EncodeToString([]byte(secret))
	case "contentful":
		h.Set("X-Contentful-Signed-Headers", "content-type,x-contentful-timestamp")
	case "twilio":
		h.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Body = []byte("b=2&a=x+y&b=1&b=2")
	}
	return r, h, secret
}

// signed is a sample with its signature. Where only the provider can sign, the test does.
func signed(t *testing.T, p *sign.Provider) (r *sign.Request, h http.Header, secret string) {
	t.Helper()
	r, h, secret = sample(p.ID)
	stamp := strconv.FormatInt(now.Unix(), 10)
	switch p.ID {
	case "gitlab", "telegram":
		h.Set(p.Fields()[0], secret)
	case "discord":
		public, private, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		h.Set("X-Signature-Timestamp", stamp)
		h.Set("X-Signature-Ed25519", hex.EncodeToString(ed25519.Sign(private, append([]byte(stamp), r.Body...))))
		return r, h, hex.EncodeToString(public)
	case "sendgrid":
		return signedECDSA(t, r, h, stamp)
	case "mailgun":
		mac := hmacSHA256(secret, stamp+"0123")
		r.Body = fmt.Appendf(nil, `{"signature":{"timestamp":%q,"token":"0123","signature":%q}}`, stamp, mac)
	default:
		fields, err := p.Sign(r, secret, now)
		if err != nil {
			t.Fatalf("%s: %v", p.ID, err)
		}
		set(h, fields)
	}
	return r, h, secret
}

func signedECDSA(t *testing.T, r *sign.Request, h http.Header, stamp string) (*sign.Request, http.Header, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(append([]byte(stamp), r.Body...))
	sig, err := ecdsa.SignASN1(rand.Reader, key, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	h.Set("X-Twilio-Email-Event-Webhook-Timestamp", stamp)
	h.Set("X-Twilio-Email-Event-Webhook-Signature", base64.StdEncoding.EncodeToString(sig))
	return r, h, base64.StdEncoding.EncodeToString(der)
}

func set(h http.Header, fields []sign.Field) {
	for _, f := range fields {
		if h.Del(f.Name); f.Value != "" {
			h.Set(f.Name, f.Value)
		}
	}
}

// TestProviders: each provider's own signature is valid, and nothing that somebody changed is.
func TestProviders(t *testing.T) {
	for _, id := range sign.Providers() {
		t.Run(id, func(t *testing.T) {
			p := sign.Lookup(id)
			check := func(what string, want sign.State, change func(r *sign.Request, h http.Header, secrets *[]string)) {
				t.Helper()
				r, h, secret := signed(t, p)
				secrets := []string{secret}
				change(r, h, &secrets)
				if got := p.Verify(r, secrets, now); got.State != want || (got.Reason == "") != (want == sign.Valid) {
					t.Errorf("%s: %+v, want %s", what, got, want)
				}
			}
			check("as it was signed", sign.Valid, func(*sign.Request, http.Header, *[]string) {})
			check("an older secret beside a new one", sign.Valid, func(_ *sign.Request, _ http.Header, s *[]string) { *s = append([]string{other(id)}, *s...) })
			check("another secret", sign.Wrong, func(_ *sign.Request, _ http.Header, s *[]string) { *s = []string{other(id)} })
			check("no secret", sign.Wrong, func(_ *sign.Request, _ http.Header, s *[]string) { *s = nil })
			check("an empty secret", sign.Wrong, func(_ *sign.Request, _ http.Header, s *[]string) { *s = []string{""} })
			if id == "mailgun" {
				check("another token", sign.Wrong, func(r *sign.Request, _ http.Header, _ *[]string) {
					r.Body = []byte(strings.Replace(string(r.Body), "0123", "0124", 1))
				})
				check("no signature", sign.Unsigned, func(r *sign.Request, _ http.Header, _ *[]string) { r.Body = []byte("{}") })
				return
			}
			if !slices.Contains([]string{"gitlab", "telegram"}, id) {
				check("other content", sign.Wrong, func(r *sign.Request, _ http.Header, _ *[]string) {
					r.Body = []byte(strings.NewReplacer("1", "2").Replace(string(r.Body)))
				})
			}
			for _, v := range []string{"", "x", "v1,%%%==;t=abc", strings.Repeat("v1=0,", 5000), "t=\xff,v1=\x00"} {
				check(fmt.Sprintf("garbage %.20q", v), sign.Wrong, func(_ *sign.Request, h http.Header, _ *[]string) { h.Set(p.Fields()[0], v) })
			}
			check("a truncated signature", sign.Wrong, func(_ *sign.Request, h http.Header, _ *[]string) {
				h.Set(p.Fields()[0], h.Get(p.Fields()[0])[:len(h.Get(p.Fields()[0]))-6])
			})
			check("no signature", sign.Unsigned, func(_ *sign.Request, h http.Header, _ *[]string) {
				for _, f := range p.Fields() {
					h.Del(f)
				}
			})
		})
	}
}

// other is a secret that is right in shape and wrong.
func other(id string) string {
	switch id {
	case "discord":
		return strings.Repeat("0", 64)
	case "svix", "clerk", "standard-webhooks", "microsoft_teams":
		return "b3RoZXI="
	}
	return "other"
}

// TestTimes: a right signature is stale when its time is far from now, in the past as in the future, and wrong when the time was changed, is missing, is none,
// or stands there twice.
func TestTimes(t *testing.T) {
	stamped := 0
	for _, id := range sign.Providers() {
		p := sign.Lookup(id)
		limit := p.Tolerance()
		if limit == 0 {
			continue
		}
		stamped++
		r, h, secret := signed(t, p)
		for _, c := range []struct {
			after time.Duration
			want  sign.State
		}{{limit, sign.Valid}, {-limit, sign.Valid}, {limit + time.Second, sign.Stale}, {-limit - time.Second, sign.Stale}, {1 << 62, sign.Stale}} {
			got := p.Verify(r, []string{secret}, now.Add(c.after))
			if got.State != c.want || !got.Signed.Equal(now) {
				t.Errorf("%s, %s later: %+v, want %s, signed at %s", id, c.after, got, c.want, now)
			}
		}
		fields := slices.DeleteFunc(slices.Sorted(mapsKeys(h)), func(f string) bool { return !strings.Contains(strings.ToLower(f), "timestamp") })
		for _, f := range fields {
			value := h.Get(f)
			for _, bad := range [][]string{nil, {""}, {"soon"}, {"-5"}, {"99999999999999999999"}, {value, value + "0"}, {"1764000001"}} {
				h[f] = bad
				if got := p.Verify(r, []string{secret}, now); got.State != sign.Wrong {
					t.Errorf("%s, %s %q: %+v, want wrong", id, f, bad, got)
				}
			}
			h.Set(f, value)
		}
	}
	if stamped < 15 {
		t.Errorf("only %d providers have times", stamped)
	}
}

func mapsKeys(h http.Header) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range h {
			if !yield(k) {
				return
			}
		}
	}
}

// TestResign: what has been signed long ago, and changed since, is signed anew: time, id and all kinds of signatures.
func TestResign(t *testing.T) {
	r, h, secret := signed(t, sign.Lookup("svix"))
	old := h.Get("svix-id")
	later := now.Add(24 * time.Hour)
	r.Body = []byte("{}")
	p := sign.Lookup("svix")
	fields, err := p.Sign(r, secret, later)
	if err != nil {
		t.Fatal(err)
	}
	set(h, fields)
	if got := p.Verify(r, []string{secret}, later); got.State != sign.Valid || h.Get("svix-id") == old || !strings.HasPrefix(h.Get("svix-id"), "msg_") {
		t.Errorf("%+v with %v", got, h)
	}

	github := sign.Lookup("github")
	r, h, secret = sample("github")
	h.Set("X-Hub-Signature", "sha1=00")
	h.Set("X-Hub-Signature-256", "sha256=00")
	if fields, err = github.Sign(r, secret, now); err != nil || len(fields) != 2 || fields[1].Name != "X-Hub-Signature" || len(fields[1].Value) != len("sha1=")+40 {
		t.Errorf("both of GitHub's: %v, %v", fields, err)
	}

	box := sign.Lookup("box")
	r, h, secret = signed(t, box)
	h.Set("Box-Signature-Secondary", "AAAA")
	if fields, err = box.Sign(r, secret, now); err != nil || !slices.Contains(fields, sign.Field{Name: "BOX-SIGNATURE-SECONDARY"}) {
		t.Errorf("Box's second signature stays: %v, %v", fields, err)
	}

	linear := sign.Lookup("linear")
	r, _, secret = signed(t, linear)
	if _, err = linear.Sign(r, secret, later); err == nil || !strings.Contains(err.Error(), strconv.FormatInt(later.UnixMilli(), 10)) {
		t.Errorf("Linear's time is in the content: %v", err)
	}
	for _, id := range []string{"gitlab", "telegram", "discord", "sendgrid", "mailgun"} {
		r, _, secret := signed(t, sign.Lookup(id))
		if _, err := sign.Lookup(id).Sign(r, secret, now); err == nil || sign.Lookup(id).CanSign(r) {
			t.Errorf("%s was signed, or says that it could be", id)
		}
	}
}

func sha256Hex(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

func hmacSHA256(secret, text string) string {
	m := hmac.New(sha256.New, []byte(secret))
	m.Write([]byte(text))
	return hex.EncodeToString(m.Sum(nil))
}
