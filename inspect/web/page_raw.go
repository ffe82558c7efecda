package web

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"strconv"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/view"
)

// rawPiece is how many bytes are shown at once as they came, about, unless they are more lines than mostLines.
const rawPiece = 32 << 10

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
	Reveal   string // where the secrets are shown that are hidden, "": none is
}

func (s *Server) rawPanel(r *http.Request, it inspect.Item, t string) (any, error) {
	bodies := s.contents(r, it)
	defer bodies.Close()
	p := &rawPanel{}
	for _, side := range []inspect.Side{inspect.RequestSide, inspect.ResponseSide} {
		only := r.URL.Query().Get("side")
		if it.Message(side) == nil || only != "" && only != side.String() {
			continue
		}
		one, err := s.rawOfSide(r, it, side, bodies, t)
		if err != nil {
			return nil, err
		}
		p.Sides = append(p.Sides, one)
	}
	return p, nil
}

// rawOfSide is a piece of one side, that with a byte of its content, from one of the piece's lines on.
func (s *Server) rawOfSide(r *http.Request, it inspect.Item, side inspect.Side, bodies *inspect.Contents, t string) (rawSide, error) {
	m, mask := it.Message(side), s.maskOf(r)
	out := rawSide{Side: side.String(), Head: view.RawText(string(mask.Head(m.Head)))}
	kept := keptOf(m, bodies.At(side))
	pieces := view.Pieces(kept, kept.Size(), rawPiece)
	n, line := min(fromOf(r)/rawPiece, int64(len(pieces))), numberOf(r, "line")
	if n < int64(len(pieces)) {
		lines, err := pieces[n].Lines(mask)
		if err != nil {
			return out, err
		}
		out.Lines = lines[min(line, int64(len(lines))):]
	}
	next := func(from, line int64) *further {
		return furtherOf(r, it.ID, t, url.Values{"side": {out.Side}, "from": {strconv.FormatInt(from, 10)}, "line": {strconv.FormatInt(line, 10)}})
	}
	switch {
	case len(out.Lines) > mostLines:
		out.Lines, out.Next = out.Lines[:mostLines], next(n*rawPiece, line+mostLines)
	case n+1 < int64(len(pieces)):
		out.Next = next((n+1)*rawPiece, 0)
	case len(m.Tail) > 0:
		out.Missing = m.Size - kept.Size() - int64(len(m.Tail))
		end := view.Tail(m)
		out.Tail, _ = end.Lines(mask) // memory can be read
		out.Tail = out.Tail[max(len(out.Tail)-mostLines, 0):]
	}
	if hides(out.Head) || hides(out.Lines) || hides(out.Tail) {
		out.Reveal = s.revealed(it.ID, t)
	}
	if kept.Size() > 0 {
		out.Download = uriOf(it.ID) + "/" + out.Side + "/body"
	}
	return out, nil
}

// keptOf reads what was kept of a message's content. body has what memory does not hold; nil: there is no more.
func keptOf(m *inspect.Message, body io.ReaderAt) *io.SectionReader {
	if body != nil {
		return io.NewSectionReader(body, 0, m.Kept)
	}
	return io.NewSectionReader(bytes.NewReader(m.Body), 0, int64(len(m.Body)))
}
