package view

import (
	"bufio"
	"errors"
	"io"
	"strings"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/decode"
)

// Whole reads all that was kept of a message's content without its coding, raw. The caller closes it. body is as with Open.
func Whole(m *inspect.Message, body io.ReaderAt) (io.ReadCloser, error) {
	return decode.Reader(decode.Codings(m.Head), m.Content(body))
}

// Printed reads r as it may be written to a terminal: text line by line with its secrets masked, other content as a hex dump. It holds one line at a time.
func Printed(r io.Reader, mask Mask) io.Reader {
	b := bufio.NewReaderSize(r, 64<<10)
	head, _ := b.Peek(b.Size()) // an error comes again when it is read
	return &printed{in: b, mask: mask, hex: !decode.IsText(head)}
}

type printed struct {
	in   *bufio.Reader
	mask Mask
	hex  bool
	at   int64  // bytes that were read
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
	if errors.Is(p.err, bufio.ErrBufferFull) {
		p.err = nil
	}
	for _, l := range RawText(p.mask.Text(string(data))) {
		p.out += l.String()
	}
	if strings.HasSuffix(string(data), "\n") {
		p.out += "\n"
	}
}
