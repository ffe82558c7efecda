package inspect

import (
	"encoding/json"
	"fmt"
	"iter"
	"strings"
)

// JSONPath names values within JSON: $.data.items[0].id, $["any key"], [*] for any element and .* for any member. The zero value is the whole.
type JSONPath struct {
	text  string
	steps []step
}

// ParseJSONPath reads a path. The error is an *InputError.
func ParseJSONPath(text string) (JSONPath, error) {
	text = strings.TrimSpace(text)
	steps, wrong := parseSteps(text)
	if wrong != "" {
		return JSONPath{}, &InputError{Text: wrong}
	}
	return JSONPath{text, steps}, nil
}

// ParseJSONPaths reads several. The error wraps an *InputError and names the text.
func ParseJSONPaths(texts []string) (paths []JSONPath, err error) {
	for _, text := range texts {
		path, err := ParseJSONPath(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", text, err)
		}
		paths = append(paths, path)
	}
	return paths, nil
}

// String is the path as it was written.
func (p JSONPath) String() string { return p.text }

// Values yields what the path leads to, as it is spelled in data, of which nothing is copied. Several JSON texts one behind the other are all looked into; what is
// cut off at the end is yielded as far as it is there, and what is no JSON yields nothing.
func (p JSONPath) Values(data []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		scan := jsonScan{data: data, is: func(value []byte) bool { return !yield(value) }}
		scan.anyValue(p.steps)
	}
}

// Covers says that the path leads to where q leads, or to something around it; where one of them takes anything, that it may.
func (p JSONPath) Covers(q JSONPath) bool {
	if len(p.steps) > len(q.steps) {
		return false
	}
	for i, s := range p.steps {
		if t := q.steps[i]; !s.any && !t.any && (s.name != t.name || s.index != t.index) {
			return false
		}
	}
	return true
}

// JSONStep is a member's name as a path has it: plainly, or in brackets when it would not be one word.
func JSONStep(name string) string {
	plain := name != "" && name != "*" && strings.IndexFunc(name, func(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune(`."[]()*'\`, r) }) < 0
	if plain {
		return "." + name
	}
	quoted, _ := json.Marshal(name) // a string always can be
	return "[" + string(quoted) + "]"
}
