package capture

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
)

const (
	byteOrderMark = "\xef\xbb\xbf"

	// maxDepth is how deep values may lie in each other.
	maxDepth = 1000
)

// step is one part of a path.
type step struct {
	name  string // of a member of an object
	index int    // in an array; -1: it is no index
	all   bool   // all members, or all elements
}

// path leads to values in JSON content.
type path []step

var pathStep = regexp.MustCompile(`^(?:\.([^.\[\]"'\s]+)|\[(?:(\*)|([0-9]{1,9})|"([^"]+)"|'([^']+)')\])`)

// parsePath reads what docs/config.md says about paths.
func parsePath(text string) (path, error) {
	rest, ok := text, len(text) > 1 && text[0] == '$'
	if ok {
		rest = text[1:]
	}
	var p path
	for ok && rest != "" {
		m := pathStep.FindStringSubmatch(rest)
		if m == nil {
			return nil, fmt.Errorf("%q is no path such as $.card.number", text)
		}
		s := step{name: m[1] + m[4] + m[5], index: -1, all: m[2] != "" || m[1] == "*"}
		if m[3] != "" {
			s.index, _ = strconv.Atoi(m[3])
		}
		p, rest = append(p, s), rest[len(m[0]):]
	}
	if len(p) == 0 {
		return nil, fmt.Errorf("%q is no path such as $.card.number", text)
	}
	return p, nil
}

// json returns JSON text with hidden in place of what the paths lead to, and all else as it is; text may be several values, one behind the other. The error says
// that it is no JSON, or lies too deep.
func (r *Redaction) json(text []byte) (clean []byte, changed bool, err error) {
	w := walk{text: text}
	if bytes.HasPrefix(text, []byte(byteOrderMark)) {
		w.at = len(byteOrderMark)
	}
	for w.space(); w.at < len(text); w.space() {
		if err := w.value(r.paths, 0); err != nil {
			return nil, false, err
		}
	}
	if w.copied == 0 {
		return text, false, nil
	}
	return append(w.out, text[w.copied:]...), true, nil
}

var (
	errNoJSON = errors.New("no JSON")
	errDeep   = errors.New("JSON that lies too deep")
)

// walk goes through text once.
type walk struct {
	text   []byte
	at     int
	out    []byte
	copied int // text[:copied] is in out, or was replaced
}

// value goes past one value; paths lead on from it.
func (w *walk) value(paths []path, depth int) error {
	if depth > maxDepth {
		return errDeep
	}
	for _, p := range paths {
		if len(p) == 0 {
			return w.hide(depth)
		}
	}
	switch w.peek() {
	case '{':
		return w.object(paths, depth)
	case '[':
		return w.array(paths, depth)
	case '"':
		_, err := w.str()
		return err
	}
	return w.word()
}

// hide replaces the value.
func (w *walk) hide(depth int) error {
	from := w.at
	if err := w.value(nil, depth); err != nil {
		return err
	}
	w.out = append(append(w.out, w.text[w.copied:from]...), `"`+hidden+`"`...)
	w.copied = w.at
	return nil
}

func (w *walk) object(paths []path, depth int) error {
	return w.list('}', func(int) error {
		name, err := w.str()
		if err != nil {
			return err
		}
		if w.space(); w.peek() != ':' {
			return errNoJSON
		}
		w.at++
		w.space()
		below, err := members(paths, name)
		if err != nil {
			return err
		}
		return w.value(below, depth+1)
	})
}

func (w *walk) array(paths []path, depth int) error {
	return w.list(']', func(i int) error { return w.value(elements(paths, i), depth+1) })
}

// list goes past what stands between brackets, with commas in between.
func (w *walk) list(end byte, each func(i int) error) error {
	w.at++
	w.space()
	if w.peek() == end {
		w.at++
		return nil
	}
	for i := 0; ; i++ {
		if err := each(i); err != nil {
			return err
		}
		w.space()
		switch c := w.peek(); {
		case c == end:
			w.at++
			return nil
		case c != ',':
			return errNoJSON
		}
		w.at++
		w.space()
	}
}

// str goes past a string and returns it with its quotes.
func (w *walk) str() ([]byte, error) {
	if w.peek() != '"' {
		return nil, errNoJSON
	}
	for i := w.at + 1; i < len(w.text); i++ {
		switch w.text[i] {
		case '\\':
			i++
		case '"':
			s := w.text[w.at : i+1]
			w.at = i + 1
			return s, nil
		}
	}
	return nil, errNoJSON
}

// word goes past a number, true, false or null. How a number is spelled does not matter here: it holds nothing that could be hidden.
func (w *walk) word() error {
	from := w.at
	for w.at < len(w.text) && (w.text[w.at]|0x20 >= 'a' && w.text[w.at]|0x20 <= 'z' || w.text[w.at] >= '+' && w.text[w.at] <= '9' && w.text[w.at] != ',') {
		w.at++
	}
	switch word := w.text[from:w.at]; {
	case string(word) == "true", string(word) == "false", string(word) == "null":
	case len(word) == 0 || word[0] != '-' && (word[0] < '0' || word[0] > '9'):
		return errNoJSON
	}
	return nil
}

// peek is the byte that comes next; 0: none does.
func (w *walk) peek() byte {
	if w.at < len(w.text) {
		return w.text[w.at]
	}
	return 0
}

func (w *walk) space() {
	for w.at < len(w.text) {
		switch w.text[w.at] {
		case ' ', '\t', '\r', '\n':
			w.at++
		default:
			return
		}
	}
}

// members are the paths that lead on into the member of that name, which is as it is written.
func members(paths []path, quoted []byte) (below []path, err error) {
	if len(paths) == 0 {
		return nil, nil
	}
	name := quoted[1 : len(quoted)-1]
	if bytes.IndexByte(name, '\\') >= 0 {
		var plain string
		if json.Unmarshal(quoted, &plain) != nil {
			return nil, errNoJSON
		}
		name = []byte(plain)
	}
	for _, p := range paths {
		if p[0].all || p[0].index < 0 && p[0].name == string(name) {
			below = append(below, p[1:])
		}
	}
	return below, nil
}

// elements are the paths that lead on into the i-th element.
func elements(paths []path, i int) (below []path) {
	for _, p := range paths {
		if p[0].all || p[0].index == i {
			below = append(below, p[1:])
		}
	}
	return below
}
