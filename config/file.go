package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v3"
)

// FileVersion is the version of the file's shape: ngrok's third.
const FileVersion = "3"

// readFile adds the layer of one YAML file. It is read as a node tree, so that every mistake can name its line.
func (l *loader) readFile(path string, data []byte) {
	var doc yaml.Node
	err := yaml.NewDecoder(bytes.NewReader(data)).Decode(&doc)
	if errors.Is(err, io.EOF) {
		return // nothing but comments
	}
	if err != nil {
		l.mistake("%s: %s", path, strings.TrimPrefix(err.Error(), "yaml: "))
		return
	}
	root := doc.Content[0]
	if root.Kind != yaml.MappingNode {
		l.mistake("%s:%d: the file must hold keys and values, such as \"version: 3\"", path, root.Line)
		return
	}
	var version bool
	eachPair(root, func(key, value *yaml.Node) {
		switch key.Value {
		case "version":
			version = true
			if value.Value != FileVersion {
				l.mistake("%s:%d: version %q is not read here; write \"version: 3\"", path, value.Line, value.Value)
			}
		case "agent":
			l.agent(path, value)
		default:
			l.mistake("%s:%d: unknown key %q%s", path, key.Line, key.Value, hint(key.Value, []string{"version", "agent"}))
		}
	})
	if !version {
		l.mistake("%s: the line \"version: 3\" is missing", path)
	}
}

func (l *loader) agent(path string, node *yaml.Node) {
	if isEmpty(node) {
		return
	}
	if node.Kind != yaml.MappingNode {
		l.mistake("%s:%d: agent must hold keys and values", path, node.Line)
		return
	}
	seen := map[string]int{}
	eachPair(node, func(key, value *yaml.Node) {
		s := settingByFile(key.Value)
		switch {
		case s == nil:
			l.mistake("%s:%d: unknown key %q below agent%s", path, key.Line, key.Value, hint(key.Value, fileNames()))
		case seen[key.Value] > 0:
			l.mistake("%s:%d: %s stands already in line %d", path, key.Line, key.Value, seen[key.Value])
		case value.Kind != yaml.ScalarNode:
			l.mistake("%s:%d: %s must be one value", path, value.Line, key.Value)
		default:
			seen[key.Value] = key.Line
			if isEmpty(value) {
				return
			}
			l.set(fmt.Sprintf("file %s:%d", path, key.Line), s, value.Value)
		}
	})
}

// isEmpty says that nothing stands behind a key, or null.
func isEmpty(n *yaml.Node) bool { return n.Tag == "!!null" }

func eachPair(m *yaml.Node, f func(key, value *yaml.Node)) {
	for i := 0; i+1 < len(m.Content); i += 2 {
		f(m.Content[i], m.Content[i+1])
	}
}
