package view

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/decode"
)

// Whole reads all that was kept of a message's content without its coding, raw. The caller closes it. body is as with Open.
func Whole(m *inspect.Message, body io.ReaderAt) (io.ReadCloser, error) {
	return decode.Reader(decode.Codings(m.Head), m.Content(body))
}

const (
	printBytes = 64 << 10 // what is printed together of a line
	pathBytes  = 1 << 20  // within which is looked for what paths lead to
)

// Printed reads r as it may be written to a terminal: text line by line with its secrets masked, other content as a hex dump. It holds one line at a time, or
// with Paths 1 MiB: of JSON that is larger the rest is masked.
func Printed(r io.Reader, mask Mask) io.Reader {
	paths := len(mask.Paths) > 0 && !mask.Off
	size := printBytes
	if paths {
		size = pathBytes
	}
	b := bufio.NewReaderSize(r, size)
	head, err := b.Peek(size) // an error comes again when it is read
	p := &printed{in: b, mask: mask, hex: !decode.IsText(head)}
	if paths && looksLikeJSON(head) {
		p.in, p.mask.Paths = withoutPathsIn(b, head, err == nil, mask), nil
	}
	return p
}

// withoutPathsIn is what b holds, without what Paths lead to: that is told by all that is before it, so that what comes later is not shown.
func withoutPathsIn(b *bufio.Reader, head []byte, more bool, mask Mask) *bufio.Reader {
	text := mask.withoutPaths(string(head))
	_, _ = b.Discard(len(head)) // it is there
	var rest io.Reader = b
	if more {
		rest = strings.NewReader("\n" + Masked)
	}
	return bufio.NewReaderSize(io.MultiReader(strings.NewReader(text), rest), printBytes)
}

type printed struct {
	in   *bufio.Reader
	mask Mask
	hex  bool
	at   int64  // bytes that were read
	rest []byte // of a long line: text behind the border that it was printed up to
	out  string // what is printed and not taken yet
	err  error
}

func (p *printed) Read(b []byte) (int, error) {
	for p.out == "" {
		if p.err != nil {
			return 0, p.err
		}
		p.next()
	}
	n := copy(b, p.out)
	p.out = p.out[n:]
	return n, nil
}

// next prints a line. One that is longer than the buffer is printed in pieces.
func (p *printed) next() {
	var data []byte
	if p.hex {
		row := make([]byte, HexRow)
		var n int
		if n, p.err = io.ReadFull(p.in, row); errors.Is(p.err, io.ErrUnexpectedEOF) {
			p.err = io.EOF
		}
		if data = row[:n]; n > 0 && !p.mask.All {
			p.out = HexLine(data, p.at).String() + "\n"
		}
		p.at += int64(n)
		return
	}
	data, p.err = p.in.ReadSlice('\n')
	data, p.rest = append(p.rest, data...), nil
	if errors.Is(p.err, bufio.ErrBufferFull) {
		p.err = nil
		border := lastBorder(data)
		data, p.rest = data[:border], data[border:]
	}
	for _, l := range RawText(p.mask.Text(string(data))) {
		p.out += l.String()
	}
	if strings.HasSuffix(string(data), "\n") {
		p.out += "\n"
	}
}

// lastBorder is the last one of borders near the end of text, or else where its last character begins, if that is not whole.
func lastBorder(text []byte) int {
	from := max(len(text)-pieceFind, 0)
	for _, end := range []byte(borders) {
		if i := bytes.LastIndexByte(text[from:], end); i >= 0 {
			return from + i + 1
		}
	}
	for back := range min(utf8.UTFMax, len(text)) {
		if at := len(text) - back - 1; utf8.RuneStart(text[at]) && !utf8.FullRune(text[at:]) {
			return at
		}
	}
	return len(text)
}
