package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"sort"
	"strings"

	"go.yaml.in/yaml/v3"
)

// oneDocument parses data; nil when there is nothing but comments.
func oneDocument(data []byte) (*yaml.Node, error) {
	var doc yaml.Node
	d := yaml.NewDecoder(bytes.NewReader(data))
	err := d.Decode(&doc)
	if errors.Is(err, io.EOF) {
		return nil, nil
	}
	if err == nil {
		err = nothingMore(d)
	}
	if err != nil {
		return nil, err
	}
	return &doc, nil
}

// nothingMore refuses a second document (---): nobody would read it.
func nothingMore(d *yaml.Decoder) error {
	var more yaml.Node
	err := d.Decode(&more)
	switch {
	case errors.Is(err, io.EOF):
		return nil
	case err != nil:
		return err
	}
	return &secondDocument{more.Line}
}

type secondDocument struct{ line int }

func (e *secondDocument) Error() string {
	return "a second document (---) stands here; a configuration is one"
}

// yamlMistake says where the error of parsing data stands, and words it. What the parser says may hold a password, and is left out where it does.
func yamlMistake(data []byte, err error) (line int, text string) {
	var second *secondDocument
	if errors.As(err, &second) {
		return second.line, err.Error()
	}
	text = strings.TrimPrefix(err.Error(), "yaml: ")
	if n, _ := fmt.Sscanf(text, "line %d: ", &line); n == 1 {
		_, text, _ = strings.Cut(text, ": ")
	}
	if strings.HasPrefix(text, "unknown anchor") {
		text = "what begins with * stands for an anchor (&), and there is none of that name; a text that begins so needs quotes"
	}
	return mistakenLine(data, err), text + yamlHints[text]
}

// yamlHints say what most often stands behind words of the parser.
var yamlHints = map[string]string{
	"did not find expected key":                   "; is this line indented as those it belongs to?",
	"did not find expected '-' indicator":         "; is this line indented as those it belongs to?",
	"found character that cannot start any token": "; lines are indented by spaces, not tabs, and a text that begins with a sign needs quotes",
}

// mistakenLine is the line from which on data cannot be parsed for that reason. The parser itself may name the one in which the whole mapping began.
func mistakenLine(data []byte, reason error) int {
	var ends []int // of lines
	for i, b := range data {
		if b == '\n' {
			ends = append(ends, i+1)
		}
	}
	return 1 + sort.Search(len(ends), func(i int) bool {
		_, err := oneDocument(data[:ends[i]])
		return err != nil && err.Error() == reason.Error()
	})
}
