package config

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestYAMLMistakes: the line is the one to look at, wherever the parser gave up.
func TestYAMLMistakes(t *testing.T) {
	for text, want := range map[string]string{
		"version: 2\ntunnels:\n  a:\n    addr: 1\n   b: 2\n":        "f:5: did not find expected key; is this line indented",
		"version: 3\nendpoints:\n  - name: a\n - name: b\n":         "f:4: did not find expected",
		"version: 2\ntunnels:\n  a:\n    x: {b: [::1/128]}\n":       "f:4: did not find expected node content",
		"version: 2\nlog: [a, b\nlog_level: info\n":                 "f:2: did not find expected ',' or ']'",
		"version: 2\nlog: \"abc\nlog_level: info\n":                 "f:2: found unexpected end of stream",
		"version: 2\nlog: a: b\nlog_level: info\n":                  "f:2: mapping values are not allowed",
		"version: 2\ntunnels:\n\ta:\n":                              "f:3: found character that cannot start any token; lines are indented by spaces",
		"version: 2\nauthtoken: @x\nlog: a":                         "f:2: found character that cannot start any token",
		"version: 2\nlog_level\nlog: a\n":                           "f:2: could not find expected ':'",
		"version: 2\nmetadata: a*b\nauthtoken: *b\nlog_level: *b\n": "f:3: what begins with * stands for an anchor",
		"version: 2\n# one\n---\nversion: 3\n":                      "f:3: a second document",
		"version: 2\nlog: {a":                                       "f:2: did not find expected ',' or '}'",
	} {
		_, wrong := readFile("f", []byte(text))
		if len(wrong) != 1 || !strings.HasPrefix(wrong[0].Error(), want) {
			t.Errorf("%q: %v, want %s", text, wrong, want)
		}
		if _, err := ParseDocument("f", []byte(text)); !strings.Contains(want, "second") && (err == nil || !strings.HasPrefix(err.Error(), want)) {
			t.Errorf("edited: %q: %v, want %s", text, err, want)
		}
	}
}

// TestYAMLMistakeInLargeFile: finding it takes no longer than reading it a few times.
func TestYAMLMistakeInLargeFile(t *testing.T) {
	text := "version: 3\n" + strings.Repeat("# a comment as people write them, to fill the file\n", maxFile/60) + "agent:\n  log: x\n web_addr: y\n"
	begin := time.Now()
	_, wrong := readFile("f", []byte(text))
	if want := fmt.Sprintf("f:%d: ", strings.Count(text, "\n")); len(wrong) != 1 || !strings.HasPrefix(wrong[0].Error(), want) {
		t.Errorf("%v, want %s", wrong, want)
	}
	t.Log(time.Since(begin))
}
