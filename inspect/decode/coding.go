package decode

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"
)

// decoders open a decoder for each coding. What they return may be an io.Closer.
var decoders = map[string]func(io.Reader) (io.Reader, error){
	"gzip":    openGzip,
	"x-gzip":  openGzip,
	"deflate": openDeflate,
	"br":      func(r io.Reader) (io.Reader, error) { return brotli.NewReader(r), nil },
	"zstd":    openZstd,
}

func openGzip(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) }

// openDeflate takes what the standard says, zlib, and what some servers send, the bare compressed bytes.
func openDeflate(r io.Reader) (io.Reader, error) {
	b := bufio.NewReader(r)
	head, err := b.Peek(2)
	if err != nil && err != io.EOF {
		return nil, err
	}
	if len(head) == 2 && head[0]&0x0f == 8 && (int(head[0])<<8|int(head[1]))%31 == 0 {
		return zlib.NewReader(b)
	}
	return flate.NewReader(b), nil
}

// zstdDecoders keeps decoders, which are dear to make: a stream may have thousands of short messages. They decode in the goroutine that reads, and hold
// nothing that has to be freed.
var zstdDecoders = sync.Pool{New: func() any {
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow))
	if err != nil {
		return err
	}
	return d
}}

func openZstd(r io.Reader) (io.Reader, error) {
	switch d := zstdDecoders.Get().(type) {
	case *zstd.Decoder:
		return &lent{d}, d.Reset(r)
	case error:
		return nil, d
	}
	return nil, errUnknown
}

// lent is a decoder that goes back when it is closed.
type lent struct{ *zstd.Decoder }

func (l *lent) Close() error {
	if err := l.Reset(nil); err == nil {
		zstdDecoders.Put(l.Decoder)
	}
	return nil
}

// coded decodes one coding. It opens its decoder when it is first read, since opening reads.
type coded struct {
	coding string
	from   io.Reader
	open   func(io.Reader) (io.Reader, error)
	in     io.Reader
	err    error
}

// Read decodes. A decoder that panics on what a stranger has sent is a decoder that failed.
func (c *coded) Read(p []byte) (n int, err error) {
	if c.err != nil {
		return 0, c.err
	}
	defer func() {
		if e := recover(); e != nil {
			n, err, c.in = 0, fmt.Errorf("the decoder failed: %v", e), nil
		}
		if inner := (*CodingError)(nil); err != nil && err != io.EOF && !errors.As(err, &inner) {
			err = &CodingError{c.coding, err}
		}
		c.err = err
	}()
	if c.in == nil {
		first := bufio.NewReader(c.from)
		if _, err := first.Peek(1); err == io.EOF {
			return 0, io.EOF // nothing, as in the answer to HEAD, is no damaged content
		}
		in, err := c.open(first)
		if err != nil {
			return 0, endedEarly(err)
		}
		c.in = in
	}
	return c.in.Read(p)
}

// endedEarly is the error of content that ends within a decoder's first bytes.
func endedEarly(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// Close frees what the decoder holds.
func (c *coded) Close() error {
	if in, ok := c.in.(io.Closer); ok {
		return in.Close()
	}
	return nil
}
