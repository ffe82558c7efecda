package tui

import (
	"strings"
	"unicode"

	"github.com/adit-tunnel/adit/inspect"
)

// Conditions that a key makes of what is seen, and how they join the filter that is there.

// termOf is the condition that key has exactly this value: "path", "header.x-github-event", "body.$.data.id".
func termOf(key, value string) string {
	if value == "" || needsQuotes(value) {
		value = inspect.Quote(value)
	}
	return key + ":=" + value
}

// needsQuotes says that text means something else, or ends early, when it is written as a value.
func needsQuotes(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(`"()\`, r) })
}

// addTerm is the filter that takes what filter takes and term, too, or with negate not. A condition that is there already is not added
// again. The error is a *inspect.FilterError: of one of the two, or when both together are more than a filter may be.
func addTerm(filter, term string, negate bool) (string, error) {
	had, err := inspect.ParseFilter(filter)
	if err != nil {
		return "", err
	}
	more, err := inspect.ParseFilter(term)
	if err != nil || more == nil {
		return filter, err
	}
	filter, term = strings.TrimSpace(filter), strings.TrimSpace(term)
	if negate {
		more, term = &inspect.Filter{Root: inspect.Not{Node: more.Root}}, "not "+within(term, more.Root, true)
	} else {
		term = within(term, more.Root, false)
	}
	if had == nil {
		return term, nil
	}
	if holds(had.Root, more) {
		return filter, nil
	}
	sum := within(filter, had.Root, false) + " " + term
	_, err = inspect.ParseFilter(sum)
	return sum, err
}

// within is text, of which the parser has made n, as it stands within an and; tight: behind a not.
func within(text string, n inspect.Node, tight bool) string {
	_, or := n.(inspect.Or)
	_, and := n.(inspect.And)
	if or || tight && and {
		return "(" + text + ")"
	}
	return text
}

// holds says that n has the condition already.
func holds(n inspect.Node, f *inspect.Filter) bool {
	same := func(n inspect.Node) bool { return (&inspect.Filter{Root: n}).String() == f.String() }
	and, _ := n.(inspect.And)
	for _, c := range and {
		if same(c) {
			return true
		}
	}
	return same(n)
}
