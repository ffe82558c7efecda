package edit

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/adit-tunnel/adit/inspect"
)

// ErrEmpty says that there is no request in a text.
var ErrEmpty = errors.New("there is no request: nothing is sent")

// LineError says what is wrong with a text. Line counts from 1.
type LineError struct {
	Line int
	Text string
}

// Error returns the line and what is wrong with it.
func (e *LineError) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Text) }

// Parse reads a text that Text has written and a person has changed. Method, Target and Fields of what it returns are always set; Body is nil when the content
// stays as it was recorded. The error is ErrEmpty or a *LineError; what can not be sent is found later, when it is to be.
func Parse(text []byte) (*inspect.Edit, error) {
	r := reader{rest: text, e: &inspect.Edit{Fields: []inspect.Field{}}}
	for r.next() {
		if err := r.head(); err != nil {
			return nil, err
		}
		if r.ended {
			break
		}
	}
	if r.e.Method == "" {
		return nil, ErrEmpty
	}
	content := bytes.TrimSuffix(r.rest, []byte("\n"))
	switch {
	case !r.stays:
		r.e.Body = append([]byte{}, content...)
	case len(bytes.TrimSpace(content)) > 0:
		return nil, &LineError{r.n + 1, "there is content, though it is to stay as it was: delete the line above that says so, or this"}
	}
	return r.e, nil
}

// reader reads a text line by line, up to the empty one.
type reader struct {
	rest  []byte
	line  string
	n     int // its number
	e     *inspect.Edit
	stays bool // the content is as it was recorded
	ended bool // the empty line has come
}

func (r *reader) next() bool {
	if len(r.rest) == 0 {
		return false
	}
	line, rest, _ := bytes.Cut(r.rest, []byte("\n"))
	r.line, r.rest = strings.TrimSuffix(string(line), "\r"), rest
	r.n++
	return true
}

// head reads a line.
func (r *reader) head() error {
	switch blank := strings.TrimSpace(r.line) == ""; {
	case strings.HasPrefix(r.line, comment):
		r.stays = r.stays || strings.HasPrefix(r.line, stays)
	case blank && r.e.Method == "":
	case blank:
		r.ended = true
	case r.e.Method == "":
		return r.request()
	default:
		return r.field()
	}
	return nil
}

// request reads the request line; the version may be left out.
func (r *reader) request() error {
	words := strings.Fields(r.line)
	switch {
	case len(words) == 3 && words[2] != "HTTP/1.1" && words[2] != "HTTP/1.0":
		return &LineError{r.n, fmt.Sprintf("%q is no version that is sent: leave it out, or write HTTP/1.1", words[2])}
	case len(words) != 2 && len(words) != 3:
		return &LineError{r.n, fmt.Sprintf("%q is no request line: write a method and a path, such as POST /hook?a=1, and spaces in it as %%20", r.line)}
	}
	r.e.Method, r.e.Target = words[0], words[1]
	return nil
}

func (r *reader) field() error {
	name, value, ok := strings.Cut(r.line, ":")
	switch {
	case !ok:
		return &LineError{r.n, fmt.Sprintf("%q has no colon: write a field as Name: value, and an empty line before the content", r.line)}
	case name == "" || strings.ContainsAny(name, " \t"):
		return &LineError{r.n, fmt.Sprintf("%q is no name of a field", name)}
	}
	r.e.Fields = append(r.e.Fields, inspect.Field{Name: name, Value: strings.Trim(value, " \t")})
	return nil
}
