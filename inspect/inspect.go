// Package inspect is the vocabulary of what can be seen: exchanges, the state of the agent, and events. It holds no look and no
// storage: inspect/capture makes exchanges from passing bytes, inspect/store keeps them, inspect/view words them, and the faces (tui,
// inspect/web, plain lines) show them. A face knows adit only through the five small interfaces at the end of faces.go.
package inspect

import (
	"bytes"
	"fmt"
	"io"
	"net/netip"
	"sort"
	"time"
)

// ID names an exchange, the same from the relay's access log to the dashboard: a UUIDv7 in its usual spelling.
type ID string

// State is how far an exchange is.
type State uint8

const (
	Pending     State = iota // no final response yet
	Open                     // the response's head has come, its content is still flowing (or an upgraded connection is open)
	Done                     // whole
	Failed                   // no response from the local service, or one that was cut; Failure says why
	Interrupted              // adit itself was killed before the exchange ended: what is known is what had been kept until then
)

// String returns the state in lower case, as it is written in lines and in the API.
func (s State) String() string {
	switch s {
	case Pending:
		return "pending"
	case Open:
		return "open"
	case Done:
		return "done"
	case Failed:
		return "failed"
	case Interrupted:
		return "interrupted"
	}
	return "unknown"
}

// Kind is what was carried.
type Kind uint8

const (
	HTTP Kind = iota // a request and its response
	TCP              // a connection of a tcp endpoint
	TLS              // a connection of a tls endpoint
)

// String returns the kind in lower case, as it is written in lines and in the API.
func (k Kind) String() string {
	switch k {
	case TCP:
		return "tcp"
	case TLS:
		return "tls"
	}
	return "http"
}

// NotKept says of the connections of a kind that there is nothing to read of what passed.
func (k Kind) NotKept() string {
	return "adit counts the bytes of " + k.String() + " connections and keeps none of them"
}

// ConnectionError says that what was asked for needs a request, and that what it was asked for is a connection.
type ConnectionError struct{ Kind Kind }

// Error says so, and why.
func (e *ConnectionError) Error() string {
	return "a " + e.Kind.String() + " connection is no request: adit counts its bytes and keeps none of them"
}

// Exchange is one recorded request with its response or failure. It is immutable once recorded: a later state of the same
// exchange is a new value with the same ID. Share it freely, change nothing in it.
type Exchange struct {
	ID       ID
	Kind     Kind   // TCP and TLS: Request has nothing but the Host a TLS hello named and Size, what the visitor sent; Response, once it stands, only Size
	Place    uint64 // among all that are recorded, from Placer; 0: behind those that were recorded before it
	Endpoint string // the endpoint's name
	Start    time.Time
	Duration time.Duration // from Start to the end, or until now when recorded as Pending or Open
	Wait     time.Duration // from the last request byte sent to the response's head
	Connect  time.Duration // time to dial the local service; 0: a kept connection
	Tries    int           // how often the request was written to the local service
	Client   netip.AddrPort
	State    State
	Request  Request
	Response *Response // nil: none has come
	Failure  *Failure  // what went wrong, with Failed
	ReplayOf ID        // the exchange this is a replay of
	Edited   bool      // with ReplayOf: what was sent is not what had been recorded
	Resigned bool      // with ReplayOf: it was signed anew
	To       string    // with ReplayOf: URL of what it went to, "": where its endpoint leads
	Upgraded bool      // 101: bytes both ways followed
}

// IsConnection says that it is a connection of a tcp or tls endpoint: its bytes were counted and none kept, so that there is no request to read or to send again.
func (x *Exchange) IsConnection() bool { return x.Kind != HTTP }

// NeedRequest is a *ConnectionError for a connection.
func (x *Exchange) NeedRequest() error {
	if x.IsConnection() {
		return &ConnectionError{x.Kind}
	}
	return nil
}

// Ended says that no later state follows.
func (x *Exchange) Ended() bool { return x.State >= Done }

// Lasted is how long the exchange took, or has taken by now.
func (x *Exchange) Lasted(now time.Time) time.Duration {
	if x.Ended() {
		return x.Duration
	}
	return max(x.Duration, now.Sub(x.Start))
}

// AsOf is the exchange with the Duration that it has by now, if it goes on. As long as there is no response, nobody knows what the time is spent on: then it
// is the same.
func (x *Exchange) AsOf(now time.Time) *Exchange {
	if x.Ended() || x.Response == nil {
		return x
	}
	later := *x
	later.Duration = x.Lasted(now)
	return &later
}

// Size is how many bytes of content have passed, both sides together: what faces list and sort by, and filters compare.
func (x *Exchange) Size() int64 {
	if x.Response == nil {
		return x.Request.Size
	}
	return x.Request.Size + x.Response.Size
}

// Message returns what has been recorded of one side; nil: no response has come.
func (x *Exchange) Message(s Side) *Message {
	switch {
	case s == RequestSide:
		return &x.Request.Message
	case x.Response == nil:
		return nil
	}
	return &x.Response.Message
}

// UpgradeHead is the head of the response that upgraded the connection, which says what the content of both sides is; nil: there is none.
func (x *Exchange) UpgradeHead() []byte {
	if !x.Upgraded || x.Response == nil {
		return nil
	}
	return x.Response.Head
}

// Side is one of the two messages of an exchange.
type Side uint8

const (
	RequestSide Side = iota
	ResponseSide
)

// String returns "request" or "response".
func (s Side) String() string {
	if s == ResponseSide {
		return "response"
	}
	return "request"
}

// Request is the recorded request as the local service got it.
type Request struct {
	Method string
	Target string // origin-form
	Host   string
	Message
}

// Response is the recorded response as the local service sent it (or as the agent made it: Made).
type Response struct {
	Status int
	Reason string
	Made   bool
	Message
}

// Message is a recorded head with as much of its content as the budget allowed. Content is kept as it came: with its content coding, and for an upgraded
// connection everything that side has sent.
type Message struct {
	Head     []byte   // as bytes, start line and final empty line included; nil when the budget had no room even for it (Dropped)
	Body     []byte   // content without transfer coding, from its beginning; at most the capture's budget, or nothing in what Reader.List returns
	Kept     int64    // content bytes kept from the beginning: Body's, or more, which Reader.Body reads
	Tail     []byte   // the last bytes of content of which the middle was not kept
	Size     int64    // content bytes that passed; more than Kept when detail was dropped
	Trailers []byte   // trailer lines
	Dropped  bool     // something that passed is missing here (budget): the end of the content, trailers or the head; Size counts it all
	Whole    bool     // the end of the content has been seen
	Withheld bool     // with Dropped: the content was not recorded, since what is to be replaced in it could not be looked for
	Redacted bool     // values in the head, the trailers or the content were replaced before anything was recorded; Size counts what stands here
	Passed   []Passed // when content passed, for streams only (events, upgraded connections); growing in both fields
}

// Complete says that head and content have ended and were kept to the last byte, so that the message can be sent again.
func (m *Message) Complete() bool {
	return m.Whole && !m.Dropped && len(m.Head) > 0 && m.Kept == m.Size
}

// Content reads the Kept bytes of content. body has those that memory does not hold (Reader.Body); nil: what is in memory is all there is.
func (m *Message) Content(body io.ReaderAt) io.Reader {
	if body == nil || m.Kept <= int64(len(m.Body)) {
		return bytes.NewReader(m.Body)
	}
	return io.NewSectionReader(body, 0, m.Kept)
}

// Passed says when content of a stream had passed.
type Passed struct {
	Offset int64         // bytes of content that had passed before
	After  time.Duration // since the exchange's start
}

// PassedAt says when the byte of content at that offset passed, counted from the exchange's start; ok is false when that is not known.
func (m *Message) PassedAt(offset int64) (after time.Duration, ok bool) {
	n := sort.Search(len(m.Passed), func(i int) bool { return m.Passed[i].Offset > offset })
	if n == 0 || offset >= m.Size {
		return 0, false
	}
	return m.Passed[n-1].After, true
}

// Failure is an error as a person needs it.
type Failure struct {
	Code   int    // stable number
	Name   string // e.g. LOCAL_REFUSED
	Text   string
	Remedy string
}

// Error returns what happened and what to do about it.
func (f *Failure) Error() string { return f.Text + " " + f.Remedy }

// CodeText is the number with the name, as it is looked up: "ADIT-2001 LOCAL_REFUSED".
func (f *Failure) CodeText() string { return fmt.Sprintf("ADIT-%d %s", f.Code, f.Name) }
