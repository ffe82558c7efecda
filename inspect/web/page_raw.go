package web

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/view"
)

// rawPiece is how many bytes of content are shown at once as they came.
const rawPiece = 64 << 10

// rawPanel is an exchange as it passed: heads and content byte by byte.
type rawPanel struct {
	Sides []rawSide
}

type rawSide struct {
	Side     string
	Head     []view.Line
	Lines    []view.Line
	Next     *further
	Tail     []view.Line // the end of content whose middle was not kept
	Missing  int64       // bytes in between
	Download string
}

func (s *Server) rawPanel(r *http.Request, it inspect.Item, t string) (any, error) {
	p := &rawPanel{}
	for _, side := range []inspect.Side{inspect.RequestSide, inspect.ResponseSide} {
		m, only := it.Message(side), r.URL.Query().Get("side")
		if m == nil || only != "" && only != side.String() {
			continue
		}
		one := rawSide{Side: side.String()}
		if err := s.rawOfSide(r, it.ID, side, m, &one, t); err != nil {
			return nil, err
		}
		p.Sides = append(p.Sides, one)
	}
	return p, nil
}

func (s *Server) rawOfSide(r *http.Request, id inspect.ID, side inspect.Side, m *inspect.Message, out *rawSide, t string) error {
	body, err := s.keptBody(r.Context(), id, side, m)
	if err != nil {
		return err
	}
	defer body.Close()
	from := min(fromOf(r), body.Size())
	piece := make([]byte, min(rawPiece, body.Size()-from))
	if n, err := body.ReadAt(piece, from); err != nil && !errors.Is(err, io.EOF) {
		return err
	} else {
		piece = piece[:n]
	}
	out.Head = rawLines(m.Head, 0)
	out.Lines = rawLines(piece, from)
	if next := from + int64(len(piece)); next < body.Size() {
		out.Next = furtherOf(id, t, url.Values{"side": {side.String()}, "from": {strconv.FormatInt(next, 10)}})
	} else if len(m.Tail) > 0 {
		out.Tail, out.Missing = rawLines(m.Tail, m.Size-int64(len(m.Tail))), m.Size-m.Kept-int64(len(m.Tail))
	}
	if m.Kept > 0 {
		out.Download = uriOf(id) + "/" + side.String() + "/body"
	}
	return nil
}

// rawLines is bytes as lines: text as it came but for what cannot be seen, which is escaped; anything else as a hex dump. from is the offset of the first.
func rawLines(b []byte, from int64) (lines []view.Line) {
	if !bytes.ContainsRune(b, 0) && utf8.Valid(b[:max(len(b)-utf8.UTFMax, 0)]) {
		for line := range strings.Lines(string(b)) {
			lines = append(lines, view.Line{{Text: view.Sanitize(strings.TrimRight(line, "\r\n"))}})
		}
		return lines
	}
	for ; len(b) > 0; from += 16 {
		row := b[:min(16, len(b))]
		text := bytes.Map(func(r rune) rune {
			if r < ' ' || r > '~' {
				return '.'
			}
			return r
		}, latin(row))
		lines = append(lines, view.Line{{Class: "offset", Text: fmt.Sprintf("%08x  ", from)}, {Text: fmt.Sprintf("%-49s", fmt.Sprintf("% x", row))}, {Class: "comment", Text: string(text)}})
		b = b[len(row):]
	}
	return lines
}

// latin makes each byte a character of its own.
func latin(b []byte) []byte {
	out := make([]byte, len(b))
	for i, c := range b {
		if out[i] = c; c >= utf8.RuneSelf {
			out[i] = '.'
		}
	}
	return out
}
