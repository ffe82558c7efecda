package http1

import (
	"bytes"
	"strconv"
)

// Token is what Chunks found.
type Token uint8

const (
	More  Token = iota // all of b was used and more bytes are needed
	Chunk              // a chunk of Size bytes begins
	Data               // content of the open chunk
	Last               // the last chunk and the trailer section: the body is over
)

// Chunks decodes the chunked transfer coding (RFC 9112, 7.1) without I/O. The zero value is ready; a used one after Reset.
// It copies nothing but trailer lines, and allocates only for those.
type Chunks struct {
	state  chunkState
	digits int    // of the size, so far
	line   int    // bytes of the size line, so far
	size   uint64 // so far
	left   uint64 // of the chunk's content, to come
	err    *Error // what Next has failed with

	trailers []byte // lines so far
	fields   int    // whole lines in trailers
	begin    int    // where the unfinished line begins in trailers
}

type chunkState uint8

const (
	inSize      chunkState = iota // hexadecimal digits
	inExtension                   // up to CR
	atSizeLF                      // the CR of the size line has been read
	inData                        // content
	atDataCR                      // the CRLF behind content
	atDataLF                      //
	atTrailer                     // a trailer line or the empty line begins
	inTrailer                     // within a trailer line
	atLastLF                      // the CR of the empty line has been read
	atEnd                         // all read
)

// Next takes bytes from the front of b: n says how many are used up. With Data, data is content within b, as much as b has of the open
// chunk; with Last, data is the trailer lines as they came (they pass CheckTrailers; without the final empty line; nil if none) and stays
// valid until Reset; with Chunk, size is the chunk's size (≥ 1) and extensions have been dropped. Lines may arrive in any number of
// pieces. After Last, Next returns it again; after an error, which is an *Error, the same error.
//
// Lines must end in CRLF, in extensions too (a bare LF there is CVE-2025-22871), and a size is nothing but up to
// 16 hexadecimal digits: no white space around it, not even the bad white space RFC 9112, 7.1.1, has before an extension.
func (c *Chunks) Next(b []byte) (t Token, n int, data []byte, size uint64, err error) {
	if c.err == nil && c.state < atTrailer && c.state != inData {
		if n, c.err = c.sizeLine(b); c.err == nil && c.state == inData {
			return Chunk, n, nil, c.left, nil
		}
	}
	switch {
	case c.err != nil:
		return More, n, nil, 0, c.err
	case c.state == inData:
		return c.content(b)
	case c.state < atTrailer:
		return More, n, nil, 0, nil
	}
	m, e := c.trailerLines(b[n:])
	if c.err = e; e != nil {
		return More, n, nil, 0, e
	}
	if n += m; c.state != atEnd {
		return More, n, nil, 0, nil
	}
	if len(c.trailers) > 0 {
		data = c.trailers[:len(c.trailers):len(c.trailers)]
	}
	return Last, n, data, 0, nil
}

// content takes what b has of the open chunk.
func (c *Chunks) content(b []byte) (Token, int, []byte, uint64, error) {
	if len(b) == 0 {
		return More, 0, nil, 0, nil
	}
	n := len(b)
	if uint64(n) >= c.left {
		n = int(c.left)
		c.state = atDataCR
	}
	c.left -= uint64(n)
	return Data, n, b[:n:n], 0, nil
}

// sizeLine reads from the CRLF behind the content before it to the end of the size line: then the state is inData or atTrailer.
func (c *Chunks) sizeLine(b []byte) (int, *Error) {
	for i, ch := range b {
		if e := c.step(ch); e != nil {
			return i, e
		}
		if c.state == inData || c.state == atTrailer {
			return i + 1, nil
		}
	}
	return len(b), nil
}

// step reads one byte of framing.
func (c *Chunks) step(ch byte) *Error {
	switch c.state {
	case atDataCR:
		if ch != '\r' {
			return ErrChunkEnd
		}
		c.state = atDataLF
		return nil
	case atDataLF:
		if ch != '\n' {
			return ErrChunkEnd
		}
		c.state = inSize
		return nil
	}
	if c.line++; c.line > MaxChunkLine || c.line == MaxChunkLine && c.state != atSizeLF {
		return ErrChunkLine
	}
	switch c.state {
	case inSize:
		return c.sizeByte(ch)
	case inExtension:
		return c.extensionByte(ch)
	}
	return c.endLine(ch)
}

// sizeByte reads a digit, or what may follow the last one.
func (c *Chunks) sizeByte(ch byte) *Error {
	if d := hexDigit(ch); d >= 0 {
		c.size = c.size<<4 | uint64(d)
		if c.digits++; c.digits > 16 || c.size > MaxChunk {
			return ErrChunkRange
		}
		return nil
	}
	switch {
	case c.digits == 0:
		return ErrChunkSize
	case ch == '\r':
		c.state = atSizeLF
	case ch == ';':
		c.state = inExtension
	case ch == '\n':
		return ErrBareLF
	default:
		return ErrChunkSize
	}
	return nil
}

// extensionByte reads on to the CR. The grammar of extensions does not matter: none of them may hold CR or LF, and all are dropped.
func (c *Chunks) extensionByte(ch byte) *Error {
	switch {
	case ch == '\n':
		return ErrBareLF
	case ch == '\r':
		c.state = atSizeLF
	case class[ch]&isText == 0:
		return ErrChunkExtension
	}
	return nil
}

// endLine reads the LF of a size line.
func (c *Chunks) endLine(ch byte) *Error {
	if ch != '\n' {
		return ErrBareCR
	}
	c.left, c.state = c.size, inData
	if c.size == 0 {
		c.state = atTrailer
	}
	c.digits, c.line, c.size = 0, 0, 0
	return nil
}

// trailerLines reads on to the end of the empty line.
func (c *Chunks) trailerLines(b []byte) (n int, e *Error) {
	for n < len(b) && c.state != atEnd {
		switch {
		case c.state == atLastLF && b[n] != '\n':
			return n, ErrBareCR
		case c.state == atLastLF:
			n, c.state = n+1, atEnd
		case c.state == atTrailer && b[n] == '\r':
			n, c.state = n+1, atLastLF
		default:
			c.state = inTrailer
			m, e := c.trailerPiece(b[n:])
			if e != nil {
				return n, e
			}
			n += m
		}
	}
	return n, nil
}

// trailerPiece takes what b has of the current line.
func (c *Chunks) trailerPiece(b []byte) (int, *Error) {
	n := bytes.IndexByte(b, '\n') + 1
	whole := n > 0
	if !whole {
		n = len(b)
	}
	if n > MaxTrailers-len(c.trailers) {
		return 0, ErrTrailersLarge
	}
	c.trailers = append(c.trailers, b[:n]...)
	if !whole {
		return n, nil
	}
	if c.fields++; c.fields > MaxFields {
		return 0, ErrTrailersLarge
	}
	if _, e := checkTrailer(c.trailers[c.begin:]); e != nil {
		return 0, e
	}
	c.begin, c.state = len(c.trailers), atTrailer
	return n, nil
}

// Reset makes c ready for another body. The trailers returned before are no longer valid.
func (c *Chunks) Reset() { *c = Chunks{trailers: c.trailers[:0]} }

// AppendChunkSize writes a chunk-size line. With size 0 it is the last chunk, which trailer lines and an empty line follow.
func AppendChunkSize(dst []byte, size uint64) []byte {
	return append(strconv.AppendUint(dst, size, 16), '\r', '\n')
}
