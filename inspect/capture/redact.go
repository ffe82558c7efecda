package capture

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// hidden stands for what is not recorded.
const hidden = "[redacted]"

// Redaction says which values are never recorded: of header fields and trailers by name, of JSON content by path. "[redacted]" stands in their place. It is
// immutable; nil redacts nothing.
//
// With paths, JSON content is recorded only when it is whole, has been read, and fits the budget of a side; until then it is not seen, and it never goes to a
// file unread. Content is JSON when its type says so or when it begins like it; what then cannot be read is not recorded. Content in gzip is recorded as it
// came when nothing of it has to be replaced, else not at all; nor are other codings, event streams and upgraded connections. What stands in forms, in XML, in
// targets or in the names of fields is not looked for.
type Redaction struct {
	fields []string // in lower case
	paths  []path
}

// framing are the fields without which a recorded message means something else, or cannot be read.
var framing = []string{"host", "content-length", "transfer-encoding", "content-type", "content-encoding"}

// NewRedaction makes one of the names of fields, in any case, and paths such as $.card.number, $.items[*].token, $[0] and $["a name"]. The error says what is
// wrong with one of them. Nothing to redact gives nil.
func NewRedaction(fields, paths []string) (*Redaction, error) {
	if len(fields)+len(paths) == 0 {
		return nil, nil
	}
	r := &Redaction{}
	for _, f := range fields {
		f = strings.ToLower(f)
		if f == "" || strings.ContainsFunc(f, func(c rune) bool { return c <= ' ' || c >= 0x7f || c == ':' }) || slices.Contains(framing, f) {
			return nil, fmt.Errorf("redact: %q is no field whose value could be left out", f)
		}
		r.fields = append(r.fields, f)
	}
	for _, text := range paths {
		p, err := parsePath(text)
		if err != nil {
			return nil, fmt.Errorf("redact: %w", err)
		}
		r.paths = append(r.paths, p)
	}
	return r, nil
}

// reads says that content must be read before it is recorded.
func (r *Redaction) reads() bool { return r != nil && len(r.paths) > 0 }

// lines returns a head or trailers without the values that must not be recorded: raw itself when there are none.
func (r *Redaction) lines(raw []byte) (lines []byte, redacted bool) {
	if r == nil || len(r.fields) == 0 {
		return raw, false
	}
	for line := range bytes.Lines(raw) {
		name, _, ok := bytes.Cut(line, []byte(":"))
		if ok && r.hides(name) {
			lines = append(append(lines, name...), ": "+hidden+"\r\n"...)
			redacted = true
		} else {
			lines = append(lines, line...)
		}
	}
	return lines, redacted
}

func (r *Redaction) hides(name []byte) bool {
	return slices.ContainsFunc(r.fields, func(f string) bool { return isName(name, f) })
}

// isName compares a field's name without case.
func isName(name []byte, lower string) bool {
	return len(name) == len(lower) && bytes.EqualFold(name, []byte(lower))
}

// field is the value of the first field of that name in lower case; nil when there is none.
func field(head []byte, lower string) []byte {
	for len(head) > 0 {
		line := head
		if i := bytes.IndexByte(head, '\n'); i >= 0 {
			line, head = head[:i], head[i+1:]
		} else {
			head = nil
		}
		if n := len(lower); len(line) > n && line[n] == ':' && isName(line[:n], lower) {
			return bytes.TrimSpace(line[n+1:])
		}
	}
	return nil
}

// media is the type of the content, without parameters; "" when nothing is said about it.
func media(head []byte) []byte {
	text, _, _ := bytes.Cut(field(head, "content-type"), []byte(";"))
	return bytes.TrimSpace(text)
}

func isMedia(head []byte, lower string) bool { return isName(media(head), lower) }
