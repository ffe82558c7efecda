package decode

import (
	"bytes"
	"io"
	"iter"
)

const maxComment = 4 << 10

// Event is a block of an event stream, as servers send it (text/event-stream in the HTML standard). Payload is its data, the lines joined by "\n".
type Event struct {
	Piece
	Name    string // "" is "message" for a browser
	ID      string // as this block has set it
	Retry   string // milliseconds to wait before connecting anew, as it was written
	Comment string // lines that begin with a colon, joined by "\n", at most 4 KiB: many servers keep the connection alive with them
	Told    bool   // a browser tells its page of it: it has data, and has ended
}

// Events lists the events of a stream whose content codings have been taken off. Blocks without data are listed, too: comments, a new ID. The last one has
// an Err when the recording ends before the empty line that ends it.
func Events(content io.Reader) iter.Seq[Event] {
	return func(yield func(Event) bool) {
		s := newSource(content)
		if mark, _ := s.in.Peek(3); string(mark) == "\xef\xbb\xbf" {
			s.take(3, 0)
		}
		for !s.ended() {
			e, some := s.event()
			if some && !yield(e) {
				return
			}
		}
	}
}

// event reads up to an empty line, or the end. some is false for a block without any field.
func (s *source) event() (e Event, some bool) {
	e.Offset = s.at
	e.Err = errEnds
	hasData := false
	for !s.ended() {
		line, cut := s.line()
		e.End, e.Cut = s.at, e.Cut || cut
		if len(line) == 0 {
			e.Err = nil
			break
		}
		some = true
		if e.field(line, hasData) {
			hasData = true
		}
	}
	e.Told = hasData && e.Err == nil
	return e, some
}

// field takes a line; more says that there was a line of data before, data that this is one.
func (e *Event) field(line []byte, more bool) (data bool) {
	name, value, _ := bytes.Cut(line, []byte(":"))
	value = bytes.TrimPrefix(value, []byte(" "))
	switch string(name) {
	case "data":
		e.Size += int64(len(value))
		if more {
			e.Size++
			value = append([]byte("\n"), value...)
		}
		room := MaxPiece - len(e.Payload)
		e.Payload, e.Cut = append(e.Payload, value[:min(room, len(value))]...), e.Cut || len(value) > room
		return true
	case "event":
		e.Name = string(value)
	case "id":
		e.ID = string(value)
	case "retry":
		e.Retry = string(value)
	case "":
		if e.Comment != "" {
			value = append([]byte("\n"), value...)
		}
		e.Comment += string(value[:min(maxComment-len(e.Comment), len(value))])
	}
	return false
}

// line reads a line that ends with CR, LF, both, or the recording, and returns it without that; cut says that the line is longer than what is returned.
func (s *source) line() (line []byte, cut bool) {
	for {
		c, err := s.in.ReadByte()
		if err != nil {
			return line, cut
		}
		s.at++
		switch {
		case c == '\r':
			if next, _ := s.in.Peek(1); len(next) > 0 && next[0] == '\n' {
				s.take(1, 0)
			}
			return line, cut
		case c == '\n':
			return line, cut
		case len(line) == MaxPiece:
			cut = true
		default:
			line = append(line, c)
		}
	}
}
