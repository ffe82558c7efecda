package policy

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Error is a mistake in a policy.
type Error struct {
	Line  int    // of the text, from 1
	Where string // in words, such as "on_http_request, rule 1, action 2 (basic-auth), realm"; "": the whole
	Text  string
}

// Error is one line: the line's number where there are several, where, and what is wrong.
func (e *Error) Error() string {
	s := e.Text
	if e.Where != "" {
		s = e.Where + ": " + s
	}
	if e.Line > 1 {
		s = fmt.Sprintf("line %d: %s", e.Line, s)
	}
	return s
}

// value is a part of the text, and where it stands.
type value struct {
	node  *yaml.Node
	where string
}

// errorf is a mistake at v.
func (v value) errorf(format string, args ...any) error {
	return &Error{Line: v.node.Line, Where: v.where, Text: fmt.Sprintf(format, args...)}
}

// at is where the part of v stands that is called so.
func (v value) at(part string) string {
	if v.where == "" {
		return part
	}
	return v.where + ", " + part
}

// parse reads one YAML document, which JSON is, too.
func parse(text string) (value, error) {
	d := yaml.NewDecoder(strings.NewReader(text))
	var doc, more yaml.Node
	switch err := d.Decode(&doc); {
	case errors.Is(err, io.EOF):
		return value{}, &Error{Text: "the policy is empty; it holds rules below on_tcp_connect or on_http_request"}
	case err != nil:
		return value{}, notYAML(err)
	}
	switch err := d.Decode(&more); {
	case err == nil:
		return value{}, &Error{Line: more.Line, Text: "a policy is one document; another one begins here"}
	case !errors.Is(err, io.EOF):
		return value{}, notYAML(err)
	}
	return value{node: doc.Content[0]}, nil
}

// notYAML keeps of the parser's error only the line: the rest may quote the text, and with it a password.
func notYAML(err error) error {
	e := &Error{Text: "this is neither YAML nor JSON"}
	_, _ = fmt.Sscanf(err.Error(), "yaml: line %d:", &e.Line)
	return e
}

// each calls f for the entries of an object, each of which may stand in it once.
func (v value) each(f func(key string, v value) error) error {
	if v.node.Kind != yaml.MappingNode {
		return v.errorf("this must hold keys and values")
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(v.node.Content); i += 2 {
		k, e := v.node.Content[i], value{node: v.node.Content[i+1]}
		if k.Kind != yaml.ScalarNode {
			return value{k, v.where}.errorf("a key must be a word")
		}
		e.where = v.at(word(k.Value))
		if seen[k.Value] {
			return value{k, e.where}.errorf("this key stands here already")
		}
		seen[k.Value] = true
		if err := f(k.Value, e); err != nil {
			return err
		}
	}
	return nil
}

// list returns the entries of a list, none when nothing stands there; item is what one is called.
func (v value) list(item string) ([]value, error) {
	if v.node.ShortTag() == "!!null" {
		return nil, nil
	}
	if v.node.Kind != yaml.SequenceNode {
		return nil, v.errorf("this must be a list")
	}
	all := make([]value, len(v.node.Content))
	for i, n := range v.node.Content {
		all[i] = value{n, v.at(item + " " + strconv.Itoa(i+1))}
	}
	return all, nil
}

// text returns a single value as it was written.
func (v value) text() (string, error) {
	if v.node.Kind != yaml.ScalarNode || v.node.ShortTag() == "!!null" {
		return "", v.errorf("this must be a text")
	}
	return v.node.Value, nil
}

// flag returns true or false.
func (v value) flag() (bool, error) {
	var b bool
	if v.node.Kind != yaml.ScalarNode || v.node.ShortTag() != "!!bool" || v.node.Decode(&b) != nil {
		return false, v.errorf("this must be true or false")
	}
	return b, nil
}

// quote shows a stranger's text in a message: on one line, without control characters, and not without end.
func quote(s string) string {
	const most = 64
	if len(s) > most {
		return strconv.Quote(s[:most]) + "…"
	}
	return strconv.Quote(s)
}

// word shows a key: as it is when it is one.
func word(s string) string {
	for _, c := range s {
		if c != '_' && c != '-' && (c < '0' || c > '9') && (c < 'a' || c > 'z') {
			return quote(s)
		}
	}
	if s == "" || len(s) > 64 {
		return quote(s)
	}
	return s
}
