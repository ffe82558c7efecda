package tui

import (
	"bytes"
	"io"
	"math"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/view"
	"github.com/adit-tunnel/adit/tui/pane"
)

const (
	chunkBytes = 64 << 10  // of content in a chunk, about
	pageBytes  = 256 << 10 // of content that is here at once, about
	lastPage   = math.MaxInt
)

// chunk is a part of a document: lines that are ready, or a piece of content that is read when it comes near the screen.
type chunk struct {
	lines []pane.Text
	piece *view.Piece // nil: they are ready
}

// bytes is how much content a chunk has.
func (c *chunk) bytes() int64 {
	if c.piece == nil {
		return 0
	}
	return c.piece.To - c.piece.From
}

// weight is how much of memory a chunk takes, about.
func (c *chunk) weight() int64 { return max(c.bytes(), int64(len(c.lines))) }

// contentChunks divides content.
func contentChunks(body io.ReaderAt, size int64) []chunk {
	pieces := view.Pieces(body, size, chunkBytes)
	chunks := make([]chunk, len(pieces))
	for i := range pieces {
		chunks[i].piece = &pieces[i]
	}
	return chunks
}

// read returns the lines of a chunk.
func (c *chunk) read(mask *view.Mask) ([]pane.Text, error) {
	if c.piece == nil {
		return c.lines, nil
	}
	lines, err := c.piece.Lines(mask)
	texts := make([]pane.Text, len(lines))
	for i, l := range lines {
		texts[i].Line = l
	}
	return texts, err
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
		size := chunks[i].bytes()
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
