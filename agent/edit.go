package agent

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/adit-tunnel/adit/http1"
	"github.com/adit-tunnel/adit/inspect"
)

// editedHead is a recorded head with e's changes, framed for size bytes of content. Lines that are not changed stay as they came. host is for a head that
// has lost its own.
func editedHead(old *http1.Request, e *inspect.Edit, dropCookies bool, host string, size int64) (*http1.Request, error) {
	method, target := cmp.Or(e.Method, string(old.Method)), cmp.Or(e.Target, string(old.Path))
	switch {
	case strings.ContainsFunc(method, unsaid):
		return nil, &inspect.EditError{Key: "method", Text: fmt.Sprintf("%q is no method", method)}
	case strings.ContainsFunc(target, unsaid):
		return nil, &inspect.EditError{Key: "target", Text: fmt.Sprintf("%q holds what must be percent-encoded", target)}
	case target[0] != '/' && target != "*":
		return nil, &inspect.EditError{Key: "target", Text: fmt.Sprintf("%q does not begin with /", target)}
	}
	fields, err := editedFields(old, e)
	if err != nil {
		return nil, err
	}
	if dropCookies {
		fields = slices.DeleteFunc(slices.Clone(fields), is("Cookie"))
	}
	raw := appendFramed([]byte(method+" "+target+" HTTP/1.1\r\n"), fields, host, size)
	return parseEdited(raw)
}

// unsaid are the characters that cannot stand in a request line's words.
func unsaid(r rune) bool { return r <= ' ' || r >= 0x7f }

// editedFields are the lines of the head but for its framing.
func editedFields(old *http1.Request, e *inspect.Edit) ([]http1.Field, error) {
	if e.Fields == nil {
		return old.Fields, nil
	}
	var out []http1.Field
	for _, f := range e.Fields {
		switch {
		case f.Name == "" || strings.ContainsFunc(f.Name, func(r rune) bool { return unsaid(r) || r == ':' }):
			return nil, &inspect.EditError{Key: "fields", Text: fmt.Sprintf("%q is no name of a field", f.Name)}
		case strings.ContainsAny(f.Value, "\r\n\x00"):
			return nil, &inspect.EditError{Key: "fields", Text: fmt.Sprintf("the value of %s has a line end or a NUL in it", f.Name)}
		}
		out = append(out, http1.Field{Name: []byte(f.Name), Line: []byte(f.Name + ": " + f.Value + "\r\n")})
	}
	return out, nil
}

// is says whether a field has that name.
func is(name string) func(http1.Field) bool {
	return func(f http1.Field) bool { return bytes.EqualFold(f.Name, []byte(name)) }
}

// appendFramed writes the fields with one Content-Length, where the first word about length was, and a Host.
func appendFramed(dst []byte, fields []http1.Field, host string, size int64) []byte {
	if !slices.ContainsFunc(fields, is("Host")) {
		dst = append(dst, "Host: "+host+"\r\n"...)
	}
	length, framed := strconv.FormatInt(size, 10), false
	for _, f := range fields {
		switch {
		case framed && (is("Content-Length")(f) || is("Transfer-Encoding")(f)):
		case is("Content-Length")(f) && string(f.Value) == length:
			dst, framed = append(dst, f.Line...), true
		case is("Content-Length")(f) || is("Transfer-Encoding")(f):
			dst, framed = append(dst, "Content-Length: "+length+"\r\n"...), true
		case is("Trailer")(f): // they stand behind chunks only
		default:
			dst = append(dst, f.Line...)
		}
	}
	if !framed && size > 0 {
		dst = append(dst, "Content-Length: "+length+"\r\n"...)
	}
	return append(dst, "\r\n"...)
}

// parseEdited reads the head as strictly as any that comes in, and takes out what would be for one connection only.
func parseEdited(raw []byte) (*http1.Request, error) {
	head := &http1.Request{Head: http1.Head{Wire: true}}
	n, err := head.Parse(raw)
	switch {
	case errors.Is(err, http1.ErrMethod), errors.Is(err, http1.ErrConnect):
		return nil, &inspect.EditError{Key: "method", Text: err.Error()}
	case errors.Is(err, http1.ErrTarget), errors.Is(err, http1.ErrFragment), errors.Is(err, http1.ErrAsterisk):
		return nil, &inspect.EditError{Key: "target", Text: err.Error()}
	case err != nil:
		return nil, &inspect.EditError{Key: "fields", Text: err.Error()}
	case n != len(raw):
		return nil, &inspect.EditError{Key: "fields", Text: "the head is too large"}
	}
	head.DropHopByHop(false)
	sent := &http1.Request{Head: http1.Head{Wire: true}}
	if _, err := sent.Parse(head.Append(nil, nil)); err != nil {
		return nil, &inspect.EditError{Key: "fields", Text: err.Error()}
	}
	return sent, nil
}
