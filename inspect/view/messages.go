package view

import (
	"io"
	"iter"
	"time"

	"github.com/adit-tunnel/adit/inspect"
)

// Message is one message of a stream: of a WebSocket, of server-sent events, of gRPC, or a piece of an upgraded connection as it passed.
type Message struct {
	Side    inspect.Side  // who sent it
	Kind    string        // "text", "binary", "ping", "pong", "close", "event", "message", "bytes"
	Name    string        // of an event
	ID      string        // of an event
	After   time.Duration // since the exchange's start, when its last byte had passed; 0: not recorded
	Offset  int64         // where it begins in that side's content
	Size    int64         // of its payload, decompressed
	Payload []byte        // raw: at most 64 KiB of it
	Note    string        // what is wrong with it or missing of it; safe to show
}

// Messages yields what passed on a stream, both sides in the order it passed. request and response read the Kept bytes of each side; nil: what is in
// memory. It yields nothing when the exchange is no stream.
func Messages(x *inspect.Exchange, request, response io.ReaderAt) iter.Seq[Message] {
	return func(yield func(Message) bool) {}
}

// Open lays out a message's payload.
func (m *Message) Open(l Limits) Content {
	return Content{}
}
