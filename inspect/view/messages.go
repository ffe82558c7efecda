package view

import (
	"fmt"
	"io"
	"iter"
	"strconv"
	"time"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/decode"
)

// Message is one message of a stream: of a WebSocket, of an event stream, of a gRPC call, or a piece of another upgraded connection as it passed.
type Message struct {
	Side    inspect.Side  // who sent it
	Kind    string        // "text", "binary", "ping", "pong", "close" of a WebSocket; "event", "comment"; "message", "trailers" of gRPC; "bytes"
	Name    string        // of an event; of a close its code. Safe to show
	ID      string        // of an event. Safe to show
	After   time.Duration // since the exchange's start, when its last byte had passed; 0: not known
	Offset  int64         // where it begins in that side's content
	Size    int64         // of its payload as it passed
	Payload []byte        // raw, decompressed: at most 1 MiB of it
	Note    string        // what is wrong with it, or missing of it. Safe to show

	media string // what the payload is, when that is known
}

// Open lays out the payload.
func (m *Message) Open(l Limits) Content {
	l = l.orDefault()
	o := opener{painter: painter{room: l.Lines}, cut: m.Note != ""}
	c := Content{}
	data := m.Payload[:min(len(m.Payload), l.Bytes)]
	switch {
	case m.Kind == "binary" || m.Kind == "bytes":
		if !o.special(&c, nil, data) {
			o.bytes(&c, data)
		}
		o.take(&c)
	default:
		o.lay(&c, m.media, data)
	}
	if m.Note != "" {
		c.Notes = append(c.Notes, m.Note)
	}
	if len(data) < len(m.Payload) {
		c.More = true
	}
	return c
}

// Messages yields what passed on a stream, both sides in the order in which it passed, as far as that is known. request and response read the Kept bytes of
// each side (inspect.Reader.Body); nil: what is in memory is all there is. It yields nothing when the exchange is no stream.
func Messages(x *inspect.Exchange, request, response io.ReaderAt) iter.Seq[Message] {
	r := x.Message(inspect.ResponseSide)
	switch {
	case decode.IsWebSocket(x.UpgradeHead()):
		return merge(
			socketMessages(inspect.RequestSide, &x.Request.Message, r.Head, request),
			socketMessages(inspect.ResponseSide, r, r.Head, response))
	case x.Upgraded && r != nil:
		return merge(pieces(inspect.RequestSide, &x.Request.Message, request), pieces(inspect.ResponseSide, r, response))
	case r != nil && IsEvents(r):
		return events(r, response)
	case isGRPC(mediaOf(&x.Request.Message)):
		answers := func(func(Message) bool) {}
		if r != nil && isGRPC(mediaOf(r)) {
			answers = grpcMessages(inspect.ResponseSide, r, response)
		}
		return merge(grpcMessages(inspect.RequestSide, &x.Request.Message, request), answers)
	}
	return func(func(Message) bool) {}
}

// IsEvents says that a response is a stream of server-sent events.
func IsEvents(m *inspect.Message) bool { return mediaOf(m) == "text/event-stream" }

// IsGRPC says that a message is one of gRPC.
func IsGRPC(m *inspect.Message) bool { return isGRPC(mediaOf(m)) }

// Charset is the character set that a message says its content is in, raw; "" when it says nothing.
func Charset(m *inspect.Message) string {
	_, params := mediaType(Get(Headers(m.Head), "Content-Type"))
	return params["charset"]
}

func mediaOf(m *inspect.Message) string {
	media, _ := mediaType(Get(Headers(m.Head), "Content-Type"))
	return media
}

// merge yields the messages of both sides by their time.
func merge(a, b iter.Seq[Message]) iter.Seq[Message] {
	return func(yield func(Message) bool) {
		nextA, stopA := iter.Pull(a)
		defer stopA()
		nextB, stopB := iter.Pull(b)
		defer stopB()
		x, okX := nextA()
		y, okY := nextB()
		for okX || okY {
			if okX && (!okY || x.After <= y.After) {
				if !yield(x) {
					return
				}
				x, okX = nextA()
				continue
			}
			if !yield(y) {
				return
			}
			y, okY = nextB()
		}
	}
}

func socketMessages(side inspect.Side, m *inspect.Message, answer []byte, body io.ReaderAt) iter.Seq[Message] {
	return func(yield func(Message) bool) {
		for s := range decode.WebSocket(answer, m.Content(body)) {
			out := messageOf(side, m, s.Piece)
			out.Kind = s.Opcode.String()
			if s.Opcode == decode.OpClose && s.Code != 0 {
				out.Name, out.Payload = strconv.Itoa(int(s.Code)), []byte(s.Reason)
			}
			if !yield(out) {
				return
			}
		}
	}
}

func events(m *inspect.Message, body io.ReaderAt) iter.Seq[Message] {
	return func(yield func(Message) bool) {
		codings := decode.Codings(m.Head)
		r, err := decode.Reader(codings, m.Content(body))
		if err != nil {
			yield(Message{Side: inspect.ResponseSide, Kind: "event", Note: Sanitize(err.Error())})
			return
		}
		defer r.Close()
		for e := range decode.Events(r) {
			out := messageOf(inspect.ResponseSide, m, e.Piece)
			out.Kind, out.Name, out.ID = "event", Sanitize(e.Name), Sanitize(e.ID)
			if !e.Told && e.Comment != "" {
				out.Kind, out.Payload = "comment", []byte(e.Comment)
			}
			if len(codings) > 0 {
				out.After = 0 // offsets are those of the decoded stream: when they passed is not known
			}
			if !yield(out) {
				return
			}
		}
	}
}

func grpcMessages(side inspect.Side, m *inspect.Message, body io.ReaderAt) iter.Seq[Message] {
	return func(yield func(Message) bool) {
		for g := range decode.GRPC(Get(Headers(m.Head), "Grpc-Encoding"), m.Content(body)) {
			out := messageOf(side, m, g.Piece)
			out.Kind, out.media = "message", "application/protobuf"
			if g.Trailers {
				out.Kind, out.media = "trailers", "text/plain"
			}
			if !yield(out) {
				return
			}
		}
	}
}

// pieces yields content as it passed, where that was recorded.
func pieces(side inspect.Side, m *inspect.Message, body io.ReaderAt) iter.Seq[Message] {
	return func(yield func(Message) bool) {
		r := m.Content(body)
		at, size := int64(0), m.Kept
		for i := 0; at < size; {
			for i < len(m.Passed) && m.Passed[i].Offset <= at {
				i++
			}
			end := min(size, at+decode.MaxPiece)
			if i < len(m.Passed) {
				end = min(end, m.Passed[i].Offset)
			}
			payload, err := io.ReadAll(io.LimitReader(r, end-at))
			p := messageOf(side, m, decode.Piece{Offset: at, End: end, Size: end - at, Payload: payload, Err: err})
			if p.Kind = "bytes"; !yield(p) || err != nil {
				return
			}
			at = end
		}
	}
}

// messageOf has what all pieces of a stream have.
func messageOf(side inspect.Side, m *inspect.Message, p decode.Piece) Message {
	out := Message{Side: side, Offset: p.Offset, Size: p.Size, Payload: p.Payload}
	out.After, _ = m.PassedAt(max(p.End-1, p.Offset))
	switch {
	case p.Err != nil:
		out.Note = Sanitize(p.Err.Error())
	case p.Cut:
		out.Note = fmt.Sprintf("the first %s of it", Size(int64(len(p.Payload))))
	}
	return out
}
