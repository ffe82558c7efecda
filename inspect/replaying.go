package inspect

import (
	"context"
	"time"
)

// Replayer sends recorded requests again, through the same forwarding path as a visitor's. The original is never changed.
type Replayer interface {
	// Replay returns as soon as the request is on its way, with the ID of the new exchange, which has ReplayOf. ctx bounds the call, not the exchange. The
	// error is or wraps an *EditError when r is wrong, and a *Failure when the request cannot be sent again.
	Replay(ctx context.Context, id ID, r Resend) (ID, error)
	// Prepare says what Replay would send, and sends nothing. Its errors are those of Replay.
	Prepare(ctx context.Context, id ID, r Resend) (Prepared, error)
	// Verdict says what the signature of a recorded webhook is worth. No face sees the secret that it was checked with. The error wraps ErrNotFound when
	// there is no such exchange.
	Verdict(ctx context.Context, id ID) (Verdict, error)
}

// Resend says how a recorded request is sent again. The zero value sends it as it was, to where its endpoint forwards.
type Resend struct {
	Edit        *Edit  // what is changed; nil: nothing
	To          string // where it goes instead, as a person writes an upstream: "3000", "localhost:3000", "https://staging.example.com"; never from captured data
	Resign      bool   // it gets a fresh signature of its provider, with the secret that is configured
	DropCookies bool   // without its Cookie fields
}

// Prepared is a request that is ready to be sent.
type Prepared struct {
	To   string // URL of what it goes to
	Head []byte // as it is sent, start line and final empty line included
	Size int64  // bytes of content
}

// Verdict is what a webhook's signature is worth.
type Verdict struct {
	Provider string // "stripe"; "" when the request carries no signature that is known
	State    SignatureState
	Signed   time.Time // when it says it was signed; zero: it does not say
	Text     string    // for the person, beside provider and state: what was found, and what to do when it is not valid; "" there is no more to say. Safe to show
	CanSign  bool      // a replay can be signed anew
}

// String is all of it in a line, the state first: "stale (stripe): the secret is right, but …".
func (v Verdict) String() string {
	text := string(v.State)
	switch {
	case text == "":
		return v.Text
	case v.Provider != "":
		text += " (" + v.Provider + ")"
	}
	if v.Text != "" {
		text += ": " + v.Text
	}
	return text
}

// SignatureState is how a signature stands.
type SignatureState string

// The states of a signature.
const (
	Unsigned  SignatureState = ""
	NoSecret  SignatureState = "no secret" // none is configured for the provider
	Valid     SignatureState = "valid"
	Stale     SignatureState = "stale"       // right, but older than its receivers take
	Wrong     SignatureState = "wrong"       // made with another secret, or of something else
	Unchecked SignatureState = "not checked" // content that is signed was not kept whole, or was redacted
)

// Edit is a change of a recorded request before it is sent again. What is empty or nil stays as it was recorded; Content-Length and Host follow what
// is sent: a Content-Length among Fields is replaced by the true one, Host is added when it is not there, and chunked content is sent as one length,
// without its trailers.
type Edit struct {
	Method string
	Target string  // origin-form: /path?query
	Fields []Field // all header fields in order, nil: as recorded
	Body   []byte  // empty but not nil: no content. Not to be changed until the exchange has ended
}

// Field is a header field as it is sent.
type Field struct{ Name, Value string }

// EditError says what cannot be sent. Key is "method", "target", "fields", "to" or "resign", Text begins in lower case.
type EditError struct{ Key, Text string }

// Error returns the key and the text.
func (e *EditError) Error() string { return e.Key + ": " + e.Text }
