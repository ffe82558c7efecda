package sign

import (
	"math"
	"slices"
	"strings"
	"time"
)

// Scheme is one way to sign a request. What is left out has the usual value: a hexadecimal HMAC-SHA256 of the content, alone in its field.
type Scheme struct {
	Field     string        // header field with the signature
	Also      []string      // fields that may have further ones, made with other secrets
	Form      string        // how it is written there: "sha256={sig}"; with List its parts: "t={ts},v1={sig}"
	List      string        // what stands between the parts, which may come in any order and several times
	Algorithm string        // sha256, sha1 or sha512: an HMAC; token: the secret itself; ed25519 or ecdsa: the secret is a public key
	Encoding  string        // hex or base64
	Content   string        // what is signed, of {method}, {url}, {path}, {form}, {ts}, {id} and {body}
	Stamp     string        // header field with the time of signing, when it is not in Field
	Unit      string        // of the time: s, ms or rfc3339
	ID        string        // header field with the request's id
	Tolerance time.Duration // how far from now a time may be; with a time and 0: five minutes
	Key       string        // how the secret is the key: text or base64 (behind whsec_, if that is there)

	inBody   string                                                    // name of what stands in the content and not in the head
	readBody func(body []byte) claim                                   // with inBody: reads it
	canon    func(r *Request, ts string) (content [][]byte, err error) // makes it when a template cannot; one of them is signed, the first by us
}

// forever is the tolerance where what the provider publishes for receivers looks at no time, though one is signed.
const forever = time.Duration(math.MaxInt64)

// usualTolerance is how far from now a signed time may be, where the provider says nothing else.
const usualTolerance = 5 * time.Minute

// fill sets what was left out.
func (s *Scheme) fill() {
	set := func(v *string, usual string) {
		if *v == "" {
			*v = usual
		}
	}
	set(&s.Form, "{sig}")
	set(&s.Algorithm, "sha256")
	set(&s.Encoding, "hex")
	set(&s.Content, "{body}")
	set(&s.Unit, "s")
	set(&s.Key, "text")
	if s.Tolerance == 0 {
		s.Tolerance = usualTolerance
	}
}

// stamped says that a signature has a time.
func (s *Scheme) stamped() bool {
	return s.Stamp != "" || strings.Contains(s.Form, "{ts}") || s.inBody != ""
}

// canSign says that the secret is enough to make a signature, and is not given away with it.
func (s *Scheme) canSign() bool { return hashes[s.Algorithm] != nil && s.Field != "" }

// place names the field with the signature.
func (s *Scheme) place() string {
	if s.Field == "" {
		return "signature in the content"
	}
	return s.Field
}

// Provider is one that signs requests, in one way or in several.
type Provider struct {
	ID      string // as ngrok's verify-webhook has it, where that knows it
	mark    string // header field that tells its requests from others with the same signature; "Name: text" when its value has a text in it
	says    string // likewise a text in the content
	vague   bool   // its field is anybody's: nothing is its own
	schemes []Scheme
}

// CanSign says whether Sign can make the signatures that r has.
func (p *Provider) CanSign(r *Request) bool {
	for _, s := range p.found(r) {
		if !s.canSign() {
			return false
		}
	}
	return true
}

// found are the ways in which r is signed, the usual one when it is not.
func (p *Provider) found(r *Request) (out []*Scheme) {
	for i := range p.schemes {
		if s := &p.schemes[i]; s.read(r).present {
			out = append(out, s)
		}
	}
	if out == nil {
		out = []*Scheme{&p.schemes[0]}
	}
	return out
}

// Tolerance is how far from its time a signature is taken; 0: for ever, since it has none, or nobody looks at it.
func (p *Provider) Tolerance() time.Duration {
	if s := &p.schemes[0]; s.stamped() && s.Tolerance != forever {
		return s.Tolerance
	}
	return 0
}

// Fields names the header fields that may have a signature.
func (p *Provider) Fields() []string {
	var out []string
	for i := range p.schemes {
		out = append(append(out, p.schemes[i].Field), p.schemes[i].Also...)
	}
	return slices.DeleteFunc(out, func(f string) bool { return f == "" })
}
