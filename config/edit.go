package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// Document is the text of a configuration file that is to be changed in places. What is not changed keeps its bytes: comments,
// order, indentation and line ends. The zero value is not usable; see ParseDocument.
type Document struct {
	path string
	text []byte
	root *yaml.Node // nil: nothing but comments
}

// ParseDocument reads text. path is only named in errors, which say FILE:LINE where the text is no YAML, or no map of keys and
// values. The document keeps text.
func ParseDocument(path string, text []byte) (*Document, error) {
	if len(text) > maxFile { // perhaps not all of it was read
		return nil, tooLarge(path)
	}
	if !utf8.Valid(text) {
		return nil, fmt.Errorf("%s: the file is no UTF-8 text", path)
	}
	var doc yaml.Node
	err := yaml.NewDecoder(bytes.NewReader(text)).Decode(&doc)
	switch {
	case errors.Is(err, io.EOF):
		return &Document{path: path, text: text}, nil
	case err != nil:
		line, what := yamlMistake(text, err)
		return nil, fmt.Errorf("%s:%d: %s", path, line, what)
	}
	d := &Document{path: path, text: text, root: doc.Content[0]}
	if isEmpty(d.root) && d.root.Value == "" {
		d.root = nil // "---" and nothing behind it
		return d, nil
	}
	if d.root.Kind != yaml.MappingNode {
		return nil, fmt.Errorf("%s:%d: the file must hold keys and values, such as \"version: 3\"", path, d.root.Line)
	}
	return d, nil
}

// Bytes is the text as it stands. The document keeps it.
func (d *Document) Bytes() []byte { return d.text }

// Get is the value at keys as written, or "" when nothing or more than one value stands there.
func (d *Document) Get(keys ...string) string {
	n := d.find(keys...)
	if n == nil || n.Kind != yaml.ScalarNode || isEmpty(n) {
		return ""
	}
	return n.Value
}

// Has says that something is written at keys, if only null.
func (d *Document) Has(keys ...string) bool { return d.find(keys...) != nil }

func (d *Document) find(keys ...string) *yaml.Node {
	n := d.root
	for _, k := range keys {
		if n == nil || n.Kind != yaml.MappingNode {
			return nil
		}
		_, n = pair(n, k)
	}
	return n
}

// pair is the key node and the value node of name in m; nil when it is not there.
func pair(m *yaml.Node, name string) (key, value *yaml.Node) {
	for i := 0; i+1 < len(m.Content); i += 2 {
		if m.Content[i].Value == name {
			return m.Content[i], m.Content[i+1]
		}
	}
	return nil, nil
}

// Set writes value, a string, at keys; what is missing on the way is added. The error says FILE:LINE and why the text cannot be
// changed in place; the document is then as it was. No error holds the value.
func (d *Document) Set(value string, keys ...string) error { return d.set(scalar(value), value, keys) }

// set writes the YAML that means value.
func (d *Document) set(written, value string, keys []string) error {
	s, err := d.place(written, keys)
	if err != nil {
		return err
	}
	text := s.apply(d.text)
	// Where a value ends in YAML is a long story, and place knows the common part of it. That nothing but the wanted change has
	// come about is therefore not trusted but read.
	changed, err := ParseDocument(d.path, text)
	if err != nil || !changedOnly(d.root, changed.root, keys, value) {
		return d.byHand(s.line, fmt.Sprintf("%s cannot be written in place here", strings.Join(keys, ".")))
	}
	*d = *changed
	return nil
}

func (d *Document) byHand(line int, what string) error {
	return fmt.Errorf("%s:%d: %s\n  write it by hand: adit config edit", d.path, line, what)
}

// changedOnly says that b is a but for what stands at keys, and that this is value in b.
func changedOnly(a, b *yaml.Node, keys []string, value string) bool {
	if len(keys) == 0 {
		return b.Kind == yaml.ScalarNode && b.Value == value && b.Anchor == ""
	}
	if b == nil || b.Kind != yaml.MappingNode {
		return false
	}
	var before []*yaml.Node
	if a != nil {
		if a.Kind != yaml.MappingNode && !isEmpty(a) || a.Anchor != b.Anchor {
			return false
		}
		before = a.Content
	}
	found, only := false, true
	eachPair(b, func(key, v *yaml.Node) {
		var old *yaml.Node
		if len(before) > 1 && same(before[0], key) {
			old, before = before[1], before[2:]
		}
		if key.Value == keys[0] {
			only = only && !found && changedOnly(old, v, keys[1:], value)
			found = true
		} else {
			only = only && old != nil && same(old, v)
		}
	})
	return found && only && len(before) == 0
}

// same says that two trees mean the same, whatever their comments and their styles.
func same(a, b *yaml.Node) bool {
	if a.Kind != b.Kind || a.Tag != b.Tag || a.Value != b.Value || a.Anchor != b.Anchor || len(a.Content) != len(b.Content) {
		return false
	}
	for i := range a.Content {
		if !same(a.Content[i], b.Content[i]) {
			return false
		}
	}
	return true
}
