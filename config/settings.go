package config

import (
	"errors"
	"io/fs"
	"slices"

	"go.yaml.in/yaml/v3"
)

// Setting is a key of a file of plain settings, and what stands behind it.
type Setting struct {
	Key    string
	Values []string
	Where  string // PATH:LINE
}

// ReadSettings reads a file of plain settings: "version: 1" and keys of keys, each with one value, or with a list where lists says so. A key without a value
// is as if it did not stand there. All mistakes are returned at once, each with its line.
func ReadSettings(path string, keys []string, lists func(key string) bool) ([]Setting, error) {
	data, err := ReadFile(path)
	if err != nil {
		return nil, err
	}
	return parseSettings(path, data, keys, lists)
}

func parseSettings(path string, data []byte, keys []string, lists func(key string) bool) ([]Setting, error) {
	r := &reader{file: path}
	if len(data) > maxFile {
		r.add(path, "", "the file is larger than %d KiB", maxFile>>10)
		return nil, join(r.mistakes)
	}
	doc, err := oneDocument(data)
	if err != nil {
		line, text := yamlMistake(data, err)
		r.add(r.place(line), "", "%s", text)
		return nil, join(r.mistakes)
	}
	if doc == nil || len(doc.Content) == 0 {
		r.add(r.place(1), "", "the file is empty; it begins with \"version: 1\"")
		return nil, join(r.mistakes)
	}
	top := plain(doc.Content[0])
	if top.Kind != yaml.MappingNode {
		r.add(r.place(top.Line), "", "must hold keys and values, such as \"version: 1\"")
		return nil, join(r.mistakes)
	}
	var all []Setting
	version := false
	r.pairs(top, func(key, val *yaml.Node) {
		switch {
		case key.Value == "version":
			if version = true; val.Value != "1" {
				r.add(r.place(key.Line), "version", "%q is no version that this program knows; it knows 1", val.Value)
			}
		case !slices.Contains(keys, key.Value):
			r.add(r.place(key.Line), "", "unknown key %q%s", key.Value, hint(key.Value, keys))
		case isEmpty(val):
		default:
			if values, ok := r.settingValues(key, val, lists(key.Value)); ok {
				all = append(all, Setting{key.Value, values, r.place(key.Line)})
			}
		}
	})
	if !version {
		r.add(r.place(top.Line), "version", "is missing; write \"version: 1\"")
	}
	return all, join(r.mistakes)
}

// settingValues reads what stands behind a key.
func (r *reader) settingValues(key, val *yaml.Node, list bool) (values []string, ok bool) {
	nodes := []*yaml.Node{val}
	if val.Kind == yaml.SequenceNode {
		if !list {
			r.add(r.place(val.Line), key.Value, "must be one value, and is a list")
			return nil, false
		}
		nodes = val.Content
	}
	for _, n := range nodes {
		if n = plain(n); n.Kind != yaml.ScalarNode {
			r.add(r.place(n.Line), key.Value, "must be %s", map[bool]string{true: "a list of texts", false: "one value"}[list])
			return nil, false
		}
		if isEmpty(n) || n.Value == "" && len(nodes) > 1 {
			r.add(r.place(n.Line), key.Value, "an element of the list is empty")
			return nil, false
		}
		values = append(values, n.Value)
	}
	return values, true
}

// Wrong is the error for a setting whose value cannot be had.
func (s Setting) Wrong(err error) error {
	return &KeyError{Where: s.Where, Key: s.Key, Text: err.Error()}
}

// IsMissing says that an error of ReadSettings means that there is no such file.
func IsMissing(err error) bool { return errors.Is(err, fs.ErrNotExist) }
