// Package sign knows how providers sign their webhooks: one table, by which a signature is verified or made anew. A replay uses it, and so can whoever stands in
// front of a service. It reads plain values, keeps nothing and asks nobody.
//
//	p := sign.Lookup("stripe")
//	r := &sign.Request{Method: "POST", URL: "https://example.com/hook", Header: header.Values, Body: body}
//	result := p.Verify(r, []string{secret}, time.Now())     // valid, stale, wrong or unsigned
//	fields, err := p.Sign(r, secret, time.Now())            // what stands in place of the old signature
//
// An ordinary provider is a line of the table (table.go): where the signature stands, how it is written, what is signed.
package sign

import (
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Request is a request as its sender saw it. Nothing of it is changed or kept.
type Request struct {
	Method string
	URL    string                     // the public one, with its query: some sign it
	Header func(name string) []string // all values of a header field, whose name may be in any case
	Body   []byte                     // whole, as it came
}

// Field is a header field to be set. One with an empty Value is to be left out.
type Field struct{ Name, Value string }

// State is what a signature is worth.
type State string

// The states.
const (
	Unsigned State = "unsigned" // there is none
	Valid    State = "valid"
	Stale    State = "stale" // right, but made further from now than the provider's receivers take
	Wrong    State = "wrong" // made with another secret or of something else, or not to be read
)

// Result is what Verify found.
type Result struct {
	State  State
	Signed time.Time // when it says it was signed; zero: it does not say
	Reason string    // why it is not valid, in lower case; nothing of the request stands in it. "" with Valid
}

// Verify compares the signatures of r with what each of secrets gives, in constant time; one that fits is enough. now is when r came.
//
// Of several kinds of signatures that r has, the strongest counts.
func (p *Provider) Verify(r *Request, secrets []string, now time.Time) Result {
	s := p.found(r)[0]
	c := s.read(r)
	if !c.present {
		return Result{State: Unsigned, Reason: "there is no " + s.place()}
	}
	return s.verify(r, c, secrets, now)
}

func (s *Scheme) verify(r *Request, c claim, secrets []string, now time.Time) Result {
	if c.problem != "" {
		return Result{State: Wrong, Reason: c.problem}
	}
	signed, err := s.stamp(c)
	if err != nil {
		return Result{State: Wrong, Reason: err.Error()}
	}
	wrong := Result{State: Wrong, Signed: signed}
	contents, err := s.contents(r, c.ts, c.id)
	if err != nil {
		wrong.Reason = err.Error()
		return wrong
	}
	if !s.fits(contents, c.sigs, secrets) {
		wrong.Reason = "it was made with another secret, or of something else"
		return wrong
	}
	if late := now.Sub(signed); !signed.IsZero() && late.Abs() > s.Tolerance {
		return Result{State: Stale, Signed: signed, Reason: fmt.Sprintf("it says it was signed %s, and %s is what is taken", ago(late), s.Tolerance)}
	}
	return Result{State: Valid, Signed: signed}
}

// fits says whether one of the signatures is that of one of the contents with one of the secrets.
func (s *Scheme) fits(contents [][]byte, sigs, secrets []string) bool {
	ok := false
	for _, secret := range secrets {
		for _, content := range contents {
			ok = s.matches(secret, content, sigs) || ok
		}
	}
	return ok
}

// ago says how far a moment is from now, the past being positive.
func ago(d time.Duration) string {
	if d < 0 {
		return (-d).Round(time.Second).String() + " from now"
	}
	return d.Round(time.Second).String() + " before"
}

// Why requests of a provider cannot be signed here.
var (
	ErrCannot = errors.New("only the provider can sign its requests")
	ErrToken  = errors.New("the signature is the secret itself, which says nothing of the request and is not to be spread; send it again as it is")
)

// Sign returns the fields that make r, in place of those it has, a request that the provider has signed at now: the signature, and where the provider signs
// them its time and the request's id, which is a new one, so that receivers who know the old one take it. Every kind of signature that r has is made anew, the
// usual kind when it has none. The error is ErrCannot or ErrToken where no secret helps.
func (p *Provider) Sign(r *Request, secret string, now time.Time) ([]Field, error) {
	if err := p.CheckSecret(secret); err != nil {
		return nil, err
	}
	var out []Field
	for _, s := range p.found(r) {
		switch {
		case s.Algorithm == "token":
			return nil, ErrToken
		case !s.canSign():
			return nil, ErrCannot
		}
		fields, err := s.sign(r, secret, now)
		if err != nil {
			return nil, err
		}
		out = append(out, fields...)
	}
	return out, nil
}

func (s *Scheme) sign(r *Request, secret string, now time.Time) (out []Field, err error) {
	ts, id := s.writeStamp(now), ""
	if s.ID != "" {
		id = newID(r.first(s.ID))
		out = append(out, Field{s.ID, id})
	}
	if s.Stamp != "" {
		out = append(out, Field{s.Stamp, ts})
	}
	if err := s.freshBody(r, now); err != nil {
		return nil, err
	}
	contents, err := s.contents(r, ts, id)
	if err != nil {
		return nil, err
	}
	sig, err := s.mac(secret, contents[0])
	if err != nil {
		return nil, err
	}
	out = append(out, Field{s.Field, s.write(ts, encodings[s.Encoding].encode(sig))})
	for _, also := range s.Also {
		out = append(out, Field{also, ""})
	}
	return out, nil
}

// freshBody refuses a time in the content that nobody would take: only who edits the content can change it.
func (s *Scheme) freshBody(r *Request, now time.Time) error {
	if s.inBody == "" {
		return nil
	}
	signed, err := s.stamp(s.readBody(r.Body))
	if err == nil && now.Sub(signed).Abs() <= s.Tolerance {
		return nil
	}
	return fmt.Errorf("the time of signing stands in the content; edit %s there, to %s for now, and sign that", s.inBody, s.writeStamp(now))
}

// newID is an id in the manner of an old one: what stands in front of the last "_" stays.
func newID(old string) string {
	prefix := "msg_"
	if i := strings.LastIndexByte(old, '_'); i >= 0 && i < 16 {
		prefix = old[:i+1]
	}
	return prefix + rand.Text()
}

// first is the first value of a field, "" when there is none.
func (r *Request) first(name string) string {
	if all := r.Header(name); len(all) > 0 {
		return strings.TrimSpace(all[0])
	}
	return ""
}
