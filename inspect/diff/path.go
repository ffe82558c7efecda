package diff

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// step is one step of a path within JSON: a member, an element, or any of either.
type step struct {
	name  string
	index int  // of an element; -1: a member
	any   bool // any member, or any element
	deep  bool // it may be anywhere below
}

// maxSteps bounds a path.
const maxSteps = maxDepth + 1

// parsePath reads $.a.b[0]["c d"][*]..id; what is in quotes is as Go and JSON write strings. Never nil without an error.
func parsePath(path string) ([]step, error) {
	rest, steps, deep := strings.TrimPrefix(path, "$"), []step{}, 0
	for rest != "" {
		s, n, err := readStep(rest)
		if err != nil {
			return nil, err
		}
		if s.deep {
			deep++
		}
		switch steps, rest = append(steps, s), rest[n:]; {
		case len(steps) > maxSteps:
			return nil, fmt.Errorf("a path has at most %d steps", maxSteps)
		case deep > 1:
			return nil, errors.New("a path has at most one \"..\"")
		}
	}
	return steps, nil
}

var errStep = errors.New("a path within JSON looks like $.data.items[0].id, with [*] for any element and .. for any depth")

// readStep reads the first step of a path, and how long it is.
func readStep(path string) (s step, n int, err error) {
	if name, dotted := strings.CutPrefix(path, "."); dotted {
		name, s.deep = strings.CutPrefix(name, ".")
		n = strings.IndexAny(name, ".[")
		if n < 0 {
			n = len(name)
		}
		s.name, s.index, s.any = name[:n], -1, name[:n] == "*"
		if n == 0 {
			return s, 0, errStep
		}
		return s, len(path) - len(name) + n, nil
	}
	inner, opened := strings.CutPrefix(path, "[")
	if quoted, err := strconv.QuotedPrefix(inner); opened && err == nil && quoted[0] == '"' && strings.HasPrefix(inner[len(quoted):], "]") {
		s.name, err = strconv.Unquote(quoted)
		s.index = -1
		return s, len(quoted) + 2, err
	}
	inner, _, closed := strings.Cut(inner, "]")
	if !opened || !closed {
		return s, 0, errStep
	}
	if s.any = inner == "*"; !s.any {
		index, err := strconv.ParseUint(inner, 10, 31)
		if err != nil {
			return s, 0, errStep
		}
		s.index = int(index)
	}
	return s, len(inner) + 2, nil
}

// covers says that a rule's path means what is at path, or something that this is within. A nil rule means nothing.
func covers(rule, path []step) bool {
	switch {
	case rule == nil:
		return false
	case len(rule) == 0:
		return true
	case len(path) == 0:
		return false
	case rule[0].deep:
		for i := range path {
			if rule[0].means(path[i]) && covers(rule[1:], path[i+1:]) {
				return true
			}
		}
		return false
	}
	return rule[0].means(path[0]) && covers(rule[1:], path[1:])
}

// means says that a rule's step is the one of a path.
func (s step) means(o step) bool {
	if s.index < 0 != (o.index < 0) {
		return false
	}
	return s.any || s.name == o.name && s.index == o.index
}

// spelled is a path as a rule has it: for any element where it has a certain one.
func spelled(path []step) string {
	var b strings.Builder
	b.WriteByte('$')
	for _, s := range path {
		if s.index < 0 {
			b.WriteString(member(s.name))
		} else {
			b.WriteString("[*]")
		}
	}
	return b.String()
}
