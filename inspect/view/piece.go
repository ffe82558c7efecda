package view

import (
	"bytes"
	"errors"
	"io"
	"unicode/utf8"

	"github.com/adit-tunnel/adit/inspect"
)

// pieceFind is within which a piece is moved to begin with a line.
const pieceFind = 16 << 10

// borders are where text may be cut, the best ones first: behind a line, or else a comma or an ampersand, lest a name be cut from its value.
const borders = "\n,& "

// Piece is a range of content that is shown as it came, or as a hex dump: content of any size can be read piece by piece.
type Piece struct {
	Body     io.ReaderAt
	From, To int64 // before it is moved to the lines' borders
	Size     int64 // of all content
	Hex      bool
	Within   bool // it begins within content that may be JSON: what a path leads to cannot be told
}

// Pieces divides content into pieces of so many bytes.
func Pieces(body io.ReaderAt, size, each int64) []Piece {
	head := make([]byte, min(size, 4<<10))
	n, _ := body.ReadAt(head, 0) // what cannot be read is told when it is seen
	hex := !IsText(head[:n])
	json := looksLikeJSON(head[:n])
	pieces := make([]Piece, 0, size/each+1)
	for from := int64(0); from < size; from += each {
		pieces = append(pieces, Piece{Body: body, From: from, To: min(from+each, size), Size: size, Hex: hex, Within: json && from > 0})
	}
	return pieces
}

// Tail is the end of content whose middle was not kept, as a piece.
func Tail(m *inspect.Message) Piece {
	size := int64(len(m.Tail))
	return Piece{Body: bytes.NewReader(m.Tail), To: size, Size: size, Hex: !IsText(m.Tail), Within: true}
}

// Lines reads a piece, with its secrets hidden. The error is of reading.
func (p *Piece) Lines(mask *Mask) ([]Line, error) {
	from, err := p.border(p.From)
	if err != nil {
		return nil, err
	}
	to, err := p.border(p.To)
	if err != nil {
		return nil, err
	}
	data := make([]byte, max(to-from, 0))
	if _, err := p.Body.ReadAt(data, from); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	switch {
	case p.Hex && mask.All, !p.Hex && p.Within && len(mask.Paths) > 0 && !mask.Off:
		return []Line{{{ClassString, Masked}}}, nil
	case p.Hex:
		return RawBytes(data, from), nil
	}
	return RawText(mask.Text(string(data))), nil
}

// border moves the border between two pieces of text to one of borders behind it, or else to a character.
func (p *Piece) border(at int64) (int64, error) {
	if p.Hex || at <= 0 || at >= p.Size {
		return min(at, p.Size), nil
	}
	before := min(at, utf8.UTFMax)
	data := make([]byte, min(before+pieceFind, before+p.Size-at))
	if _, err := p.Body.ReadAt(data, at-before); err != nil && !errors.Is(err, io.EOF) {
		return 0, err
	}
	for _, end := range []byte(borders) {
		if i := bytes.IndexByte(data[before-1:], end); i >= 0 {
			return at + int64(i), nil
		}
	}
	return at - int64(Within(data, int(before))), nil
}
