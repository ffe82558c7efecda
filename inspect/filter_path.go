package inspect

import (
	"encoding/json"
	"strconv"
	"strings"
)

// step is one step of a path within JSON: a member, an element, or any of either.
type step struct {
	name  string
	index int // of an element; -1: a member
	any   bool
}

// maxSteps bounds a path.
const maxSteps = 64

// parseSteps reads $.a.b[0]["c d"][*].
func parseSteps(path string) (steps []step, wrong string) {
	const help = "a path within JSON looks like $.data.items[0].id, with [*] for any element"
	rest, ok := strings.CutPrefix(path, "$")
	if !ok {
		return nil, help
	}
	steps = []step{}
	for rest != "" {
		var s step
		if s, rest, ok = nextStep(rest); !ok {
			return nil, help
		}
		if steps = append(steps, s); len(steps) > maxSteps {
			return nil, "a path within JSON has at most " + strconv.Itoa(maxSteps) + " steps"
		}
	}
	return steps, ""
}

func nextStep(path string) (s step, rest string, ok bool) {
	if name, dotted := strings.CutPrefix(path, "."); dotted {
		n := strings.IndexAny(name, ".[")
		if n < 0 {
			n = len(name)
		}
		return step{name: name[:n], index: -1, any: name[:n] == "*"}, name[n:], n > 0
	}
	if inner, quoted := strings.CutPrefix(path, `["`); quoted {
		n := stringEnd([]byte(inner))
		if n < 0 || !strings.HasPrefix(inner[n:], `"]`) || json.Unmarshal([]byte(`"`+inner[:n]+`"`), &s.name) != nil {
			return s, "", false
		}
		s.index = -1
		return s, inner[n+2:], true
	}
	inner, rest, closed := strings.Cut(path, "]")
	inner, opened := strings.CutPrefix(inner, "[")
	if !closed || !opened {
		return s, "", false
	}
	if inner == "*" {
		return step{any: true}, rest, true
	}
	n, err := strconv.ParseUint(inner, 10, 31)
	return step{index: int(n)}, rest, err == nil
}
