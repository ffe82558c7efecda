package web

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/view"
)

// Bounds of what is shown at once as it came.
const (
	rawPiece = 64 << 10 // bytes of text
	dumped   = 16 << 10 // bytes of a hex dump
)

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
		one, err := rawOfSide(r, it, side, bodies, t)
		if err != nil {
			return nil, err
		}
		p.Sides = append(p.Sides, one)
	}
	return p, nil
}

// rawOfSide is a piece of one side, from a byte of its content on.
func rawOfSide(r *http.Request, it inspect.Item, side inspect.Side, bodies *inspect.Contents, t string) (rawSide, error) {
	m, from, mask := it.Message(side), fromOf(r), maskOf(r)
	out := rawSide{Side: side.String()}
	out.Head, _ = rawLines(mask.Head(m.Head), 0)
	kept := keptOf(m, bodies.At(side))
	piece, err := io.ReadAll(io.NewSectionReader(kept, from, rawPiece))
	if err != nil {
		return out, err
	}
	lines, n := rawLines(piece, from)
	maskLines(lines, mask)
	out.Lines = lines
	if next := from + int64(n); next < kept.Size() {
		out.Next = furtherOf(r, it.ID, t, url.Values{"side": {out.Side}, "from": {strconv.FormatInt(next, 10)}})
	} else if len(m.Tail) > 0 {
		out.Missing = m.Size - kept.Size() - int64(len(m.Tail))
		out.Tail, _ = rawLines(m.Tail, m.Size-int64(len(m.Tail)))
		maskLines(out.Tail, mask)
	}
	if hides(out.Head) || hides(out.Lines) || hides(out.Tail) {
		out.Reveal = revealed(it.ID, t)
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

// rawLines is bytes as lines, and how many of them: text as it came but for what cannot be seen, which is escaped; anything else as a hex dump. from is the
// offset of the first.
func rawLines(b []byte, from int64) (lines []view.Line, n int) {
	if bytes.ContainsRune(b, 0) || !utf8.Valid(b[:max(len(b)-utf8.UTFMax, 0)]) {
		b = b[:min(len(b), dumped)]
		for row := range slices.Chunk(b, view.HexRow) {
			lines = append(lines, view.HexLine(row, from+int64(n)))
			n += len(row)
		}
		return lines, n
	}
	for line := range strings.Lines(string(b)) {
		if len(lines) == mostLines {
			break
		}
		n += len(line)
		text := strings.ReplaceAll(strings.TrimRight(line, "\r\n"), "\t", "    ")
		lines = append(lines, view.Line{{Text: view.Sanitize(text)}})
	}
	return lines, n
}
