package web

import (
	"net/http"
	"strconv"
	"unicode/utf8"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/view"
)

// messageJSON is one message of a stream: of a WebSocket, of server-sent events, of gRPC, or a piece of another upgraded connection.
type messageJSON struct {
	Nth     int     `json:"nth"`  // from 1, in the order they passed
	Side    string  `json:"side"` // who sent it: request or response
	Kind    string  `json:"kind"` // as view.Message has it
	Name    string  `json:"name"` // of an event
	ID      string  `json:"id"`   // of an event
	AfterMS float64 `json:"after_ms"`
	Offset  int64   `json:"offset"`  // where it begins in that side's content
	Size    int64   `json:"size"`    // of its payload as it passed
	Text    *string `json:"text"`    // the payload, decompressed, its first MiB; null when it is no UTF-8
	Payload []byte  `json:"payload"` // the same in base64, when it is no UTF-8
	Note    string  `json:"note"`    // what is wrong with it, or missing of it
}

// messages pages through what passed on a stream, oldest first.
func (s *Server) messages(w http.ResponseWriter, r *http.Request) *apiError {
	p, problem := paramsOf(r, "after", "limit")
	if problem != nil {
		return problem
	}
	after, problem := p.number("after", 0)
	if problem != nil {
		return problem
	}
	limit, problem := p.limit()
	if problem != nil {
		return problem
	}
	it, problem := s.item(r, r.PathValue("id"))
	if problem != nil {
		return problem
	}
	bodies := s.contents(r, it)
	defer bodies.Close()
	w.Header().Set("Content-Type", "application/json")
	out := s.newList(w, "messages")
	nth, last, next := uint64(0), uint64(0), (*string)(nil)
	for m := range view.Messages(it.Exchange, bodies.At(inspect.RequestSide), bodies.At(inspect.ResponseSide)) {
		if nth++; nth <= after {
			continue
		}
		if nth > after+uint64(limit) {
			next = nullable(strconv.FormatUint(last, 10))
			break
		}
		if last = nth; !out.add(messageOf(int(nth), m)) || r.Context().Err() != nil {
			return nil
		}
	}
	out.end(map[string]any{"next": next})
	return nil
}

func messageOf(nth int, m view.Message) messageJSON {
	out := messageJSON{
		Nth: nth, Side: m.Side.String(), Kind: m.Kind, Name: m.Name, ID: m.ID, AfterMS: msOf(m.After), Offset: m.Offset, Size: m.Size, Note: m.Note,
	}
	if text := string(m.Payload); utf8.ValidString(text) {
		out.Text = &text
	} else {
		out.Payload = m.Payload
	}
	return out
}
