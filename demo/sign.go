package demo

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// Secret is shared between sender and receiver, as it would be between a provider and an app.
const Secret = "whsec_demo_4f2a91"

// Providers are those that sign with it.
var Providers = []string{"github", "stripe", "twilio"}

func hexHMAC(parts ...string) string {
	m := hmac.New(sha256.New, []byte(Secret))
	for _, p := range parts {
		m.Write([]byte(p))
	}
	return hex.EncodeToString(m.Sum(nil))
}

func equal(a, b string) bool { return hmac.Equal([]byte(a), []byte(b)) }

// githubSignature is the value of X-Hub-Signature-256 (docs.github.com, "Validating webhook deliveries").
func githubSignature(body []byte) string { return "sha256=" + hexHMAC(string(body)) }

// stripeSignature is the value of Stripe-Signature (docs.stripe.com, "Verify webhook signatures manually"): the timestamp is signed with the
// body.
func stripeSignature(unix int64, body []byte) string {
	return fmt.Sprintf("t=%d,v1=%s", unix, hexHMAC(fmt.Sprint(unix), ".", string(body)))
}

func stripeVerified(header string, body []byte) bool {
	t, v1, ok := strings.Cut(header, ",v1=")
	return ok && equal(v1, hexHMAC(strings.TrimPrefix(t, "t="), ".", string(body)))
}

// twilioSignature is the value of X-Twilio-Signature (twilio.com/docs, "Validating Signatures from Twilio"): the URL and the form's
// fields in order of name, signed with SHA-1.
func twilioSignature(target string, form url.Values) string {
	m := hmac.New(sha1.New, []byte(Secret))
	m.Write([]byte(target))
	names := make([]string, 0, len(form))
	for n := range form {
		names = append(names, n)
	}
	slices.Sort(names)
	for _, n := range names {
		m.Write([]byte(n + form.Get(n)))
	}
	return base64.StdEncoding.EncodeToString(m.Sum(nil))
}
