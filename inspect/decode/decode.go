// Package decode makes of recorded bytes what they stood for: content without its content codings (Reader, Content), text in UTF-8 (Text), and the
// messages of streams (WebSocket, Events, GRPC). It is for what looks at a recording; what passes and what is kept stays as it was sent.
//
// The bytes were written by strangers, and may be cut off anywhere. So all of it is bounded in memory and work, what came before a mistake is given, and
// the mistake is an error that says where it was.
package decode

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Bounds of decoding.
const (
	maxCodings = 4       // on top of each other
	maxWindow  = 8 << 20 // bytes that a zstd decoder may refer back to (RFC 9659)
	maxBetween = 8 << 20 // bytes that go from one coding to the next: a few can become gigabytes there, of which none comes out
)

// ErrLimit says that there is more content than was asked for.
var ErrLimit = errors.New("the content goes on")

// CodingError says which content coding failed.
type CodingError struct {
	Coding string // as it was named
	Err    error
}

// Error returns the coding and what was wrong.
func (e *CodingError) Error() string { return e.Coding + ": " + e.Err.Error() }

// Unwrap returns what was wrong.
func (e *CodingError) Unwrap() error { return e.Err }

var (
	errUnknown = errors.New("this content coding is not known")
	errTooMany = fmt.Errorf("more than %d content codings", maxCodings)
	errBetween = fmt.Errorf("more than %d MiB come out of one coding for the next", maxBetween>>20)
)

// Codings lists the content codings of a recorded head in the order in which they were applied, in lower case, without identity.
func Codings(head []byte) []string {
	var all []string
	for c := range strings.SplitSeq(fieldOf(head, "Content-Encoding"), ",") {
		if c = strings.ToLower(strings.TrimSpace(c)); c != "" && c != "identity" {
			all = append(all, c)
		}
	}
	return all
}

// Content decodes content, at most limit bytes of it. With an error, data is what came before: ErrLimit when there is more, a *CodingError when a coding
// is not known or the content is damaged or cut off, or what r returned.
func Content(codings []string, r io.Reader, limit int64) (data []byte, err error) {
	d, err := Reader(codings, r)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	var b bytes.Buffer
	switch n, err := io.Copy(&b, io.LimitReader(d, limit+1)); {
	case n > limit:
		return b.Bytes()[:limit], ErrLimit
	default:
		return b.Bytes(), err
	}
}

// Reader decodes content while it is read. The codings are those of Codings: gzip, x-gzip, deflate, br and zstd. The caller closes it; r stays open.
func Reader(codings []string, r io.Reader) (io.ReadCloser, error) {
	if len(codings) > maxCodings {
		return nil, &CodingError{strings.Join(codings[:maxCodings], ", ") + ", …", errTooMany}
	}
	stack := &stack{Reader: r}
	for i := len(codings) - 1; i >= 0; i-- {
		open, known := decoders[codings[i]]
		if !known {
			return nil, &CodingError{codings[i], errUnknown}
		}
		if len(stack.close) > 0 {
			stack.Reader = &bounded{stack.Reader, maxBetween}
		}
		stack.Reader = &coded{coding: codings[i], from: stack.Reader, open: open}
		stack.close = append(stack.close, stack.Reader.(io.Closer))
	}
	return stack, nil
}

// stack is decoders on top of each other.
type stack struct {
	io.Reader
	close []io.Closer
}

func (s *stack) Close() error {
	for _, c := range s.close {
		c.Close()
	}
	return nil
}

// bounded fails when more than left bytes are read.
type bounded struct {
	io.Reader
	left int
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left == 0 {
		return 0, errBetween
	}
	n, err := b.Reader.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}

// fieldOf is the value of all fields of that name in a recorded head, joined with commas; "" if there is none.
func fieldOf(head []byte, name string) string {
	var values []string
	_, lines, _ := bytes.Cut(head, []byte("\n"))
	for line := range bytes.SplitSeq(lines, []byte("\n")) {
		if len(line) > len(name) && line[len(name)] == ':' && strings.EqualFold(string(line[:len(name)]), name) {
			values = append(values, string(bytes.Trim(line[len(name)+1:], " \t\r")))
		}
	}
	return strings.Join(values, ", ")
}
