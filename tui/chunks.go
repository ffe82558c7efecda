package tui

import (
	"bytes"
	"errors"
	"io"
	"math"
	"unicode/utf8"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/view"
	"github.com/adit-tunnel/adit/tui/pane"
)

const (
	chunkBytes = 64 << 10  // of content in a chunk, about
	pageBytes  = 256 << 10 // of content that is here at once, about
	borderFind = 16 << 10  // within which a chunk is moved to begin with a line
	lastPage   = math.MaxInt
)

// chunk is a piece of a document: lines that are ready, or a range of content that is read when it comes near the screen.
type chunk struct {
	lines    []pane.Text
	body     io.ReaderAt // nil: they are ready
	from, to int64       // before it is moved to the lines' borders
	size     int64       // of all content
	hex      bool
	within   bool // it begins within content that may be JSON: what a path leads to cannot be told
}

// weight is how much of memory a chunk takes, about.
func (c *chunk) weight() int64 {
	if c.body == nil {
		return int64(len(c.lines))
	}
	return c.to - c.from
}

// contentChunks divides content.
func contentChunks(body io.ReaderAt, size int64) []chunk {
	head := make([]byte, min(size, 4<<10))
	n, _ := body.ReadAt(head, 0) // what cannot be read is told when it is seen
	hex := !view.IsText(head[:n])
	json := bytes.IndexAny(bytes.TrimLeft(head[:n], " \t\r\n"), "{[") == 0
	chunks := make([]chunk, 0, size/chunkBytes+1)
	for from := int64(0); from < size; from += chunkBytes {
		chunks = append(chunks, chunk{body: body, from: from, to: min(from+chunkBytes, size), size: size, hex: hex, within: json && from > 0})
	}
	return chunks
}

// read returns the lines of a chunk.
func (c *chunk) read(mask *view.Mask) ([]pane.Text, error) {
	if c.body == nil {
		return c.lines, nil
	}
	from, err := c.border(c.from)
	if err != nil {
		return nil, err
	}
	to, err := c.border(c.to)
	if err != nil {
		return nil, err
	}
	data := make([]byte, max(to-from, 0))
	if _, err := c.body.ReadAt(data, from); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	lines := view.RawBytes
	switch {
	case c.hex && mask.All, !c.hex && c.within && len(mask.Paths) > 0 && !mask.Off:
		return []pane.Text{{Line: view.Line{{Class: view.ClassString, Text: view.Masked}}}}, nil
	case !c.hex:
		lines = func(data []byte, _ int64) []view.Line { return view.RawText(mask.Text(string(data))) }
	}
	texts := make([]pane.Text, 0, len(data)/32)
	for _, l := range lines(data, from) {
		texts = append(texts, pane.Text{Line: l})
	}
	return texts, nil
}

// border moves the border between two chunks of text to where a line begins, or else behind a comma or an ampersand, lest a name be cut from its value; or to a
// character.
func (c *chunk) border(at int64) (int64, error) {
	if c.hex || at <= 0 || at >= c.size {
		return min(at, c.size), nil
	}
	before := min(at, utf8.UTFMax)
	data := make([]byte, min(before+borderFind, before+c.size-at))
	if _, err := c.body.ReadAt(data, at-before); err != nil && !errors.Is(err, io.EOF) {
		return 0, err
	}
	for _, end := range []byte("\n,& ") {
		if i := bytes.IndexByte(data[before-1:], end); i >= 0 {
			return at + int64(i), nil
		}
	}
	return at - int64(view.Within(data, int(before))), nil
}

// pageOf is which chunks are here together when the first one is page: as many as there is room for.
func pageOf(chunks []chunk, page int) (from, to int) {
	if from = min(page, len(chunks)-1); from < 0 {
		return 0, 0
	}
	room := int64(pageBytes)
	if page == lastPage {
		for from = len(chunks); from > 0 && (room > 0 || from == len(chunks)); from-- {
			room -= chunks[from-1].weight()
		}
		return from, len(chunks)
	}
	for to = from; to < len(chunks) && (room > 0 || to == from); to++ {
		room -= chunks[to].weight()
	}
	return from, to
}

// assemble reads the chunks of a document that are wanted.
func assemble(chunks []chunk, page int, mask *view.Mask) (doc document, err error) {
	from, to := pageOf(chunks, page)
	doc.page = from
	for i := range chunks {
		size := int64(0)
		if chunks[i].body != nil {
			size = chunks[i].to - chunks[i].from
		}
		switch {
		case i < from:
			doc.before += size
		case i >= to:
			doc.after += max(size, 1) // lines behind it are something, too
		default:
			lines, err := chunks[i].read(mask)
			if err != nil {
				return doc, err
			}
			doc.here += size
			doc.starts = append(doc.starts, len(doc.lines))
			doc.lines = append(doc.lines, lines...)
		}
	}
	return doc, nil
}

// bodyOf reads what was kept of a message's content.
func bodyOf(m *inspect.Message, body io.ReaderAt) io.ReaderAt {
	if body == nil || m.Kept <= int64(len(m.Body)) {
		return bytes.NewReader(m.Body)
	}
	return body
}
