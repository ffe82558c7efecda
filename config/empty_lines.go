package config

import (
	"bytes"
	"strings"

	"go.yaml.in/yaml/v3"
)

// A YAML tree knows nothing of empty lines. Where one stood, a comment of ours stands in the tree while it is written, and makes place for it again.

// emptyLine is that comment: nobody writes it.
const emptyLine = "#\ue000"

// markEmptyLines puts the comment over every key and element below n that had an empty line above it in the source; what begins a section there
// or here goes without.
func markEmptyLines(n *yaml.Node, source []string) {
	step := 1
	if n.Kind == yaml.MappingNode {
		step = 2
	}
	if n.Style&yaml.FlowStyle != 0 || n.Kind == yaml.ScalarNode {
		return
	}
	for i, c := range n.Content {
		if i > 0 && i%step == 0 && c.Line != n.Line && emptyAbove(source, c.Line) {
			c.HeadComment = strings.TrimSuffix(emptyLine+"\n"+c.HeadComment, "\n")
		}
		markEmptyLines(c, source)
	}
}

// emptyAbove says that above a line of the source, and the comments that belong to it, one is empty.
func emptyAbove(source []string, line int) bool {
	for at := line - 2; at >= 0 && at < len(source); at-- {
		if text := strings.TrimSpace(source[at]); !strings.HasPrefix(text, "#") {
			return text == ""
		}
	}
	return false
}

// emptyMarked makes empty lines of the comments, and never two in a row where the writer made one itself.
func emptyMarked(text []byte) []byte {
	var out [][]byte
	for _, line := range bytes.Split(text, []byte("\n")) {
		if string(bytes.TrimSpace(line)) != emptyLine {
			out = append(out, line)
		} else if len(out) > 0 && len(bytes.TrimSpace(out[len(out)-1])) > 0 {
			out = append(out, nil)
		}
	}
	return bytes.Join(out, []byte("\n"))
}
