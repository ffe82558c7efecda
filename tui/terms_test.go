package tui

import (
	"testing"

	"github.com/adit-tunnel/adit/inspect"
)

func TestAddTerm(t *testing.T) {
	for _, c := range []struct {
		filter, term string
		negate       bool
		want         string
	}{
		{"", termOf("path", "/a b"), false, `path:="/a b"`},
		{"", "status:5xx", true, "not status:5xx"},
		{" stripe ", termOf("method", "POST"), false, "stripe method:=POST"},
		{"a or b", "status:5xx", false, "(a or b) status:5xx"},
		{"a", "b or c", true, "a not (b or c)"},
		{"a", "b c", true, "a not (b c)"},
		{"not a", termOf("header.x-event", `say "hi"\`), false, `not a header.x-event:="say \"hi\"\\"`},
		{"a status:5xx", "status:5xx", false, "a status:5xx"}, // it is there already
		{"status:5xx", "status:5xx", true, "status:5xx not status:5xx"},
		{"", termOf("body.$.a", ""), false, `body.$.a:=""`},
		{"", termOf("path", "/*"), false, "path:=/*"}, // behind = a star is a star
	} {
		got, err := addTerm(c.filter, c.term, c.negate)
		if err != nil || got != c.want {
			t.Errorf("addTerm(%q, %q, %v) = %q, %v; want %q", c.filter, c.term, c.negate, got, err, c.want)
		}
	}
	if _, err := addTerm("a (", "b", false); err == nil {
		t.Error("a filter with a mistake is added to")
	}
}

// FuzzAddTerm: whatever there is, the sum is both together, or an error.
func FuzzAddTerm(f *testing.F) {
	f.Add("a or b", "path", "/a b", false)
	f.Add("not (a b)", "header.x", `"\`, true)
	f.Add("(((a))) or (b", "host", "", true)
	f.Add("\u2003a", "body.$.a[0]", "\u2003(", false)
	f.Fuzz(func(t *testing.T, filter, key, value string, negate bool) {
		term := termOf(key, value)
		got, err := addTerm(filter, term, negate)
		had, errHad := inspect.ParseFilter(filter)
		more, errMore := inspect.ParseFilter(term)
		if err != nil || errHad != nil || errMore != nil {
			if err == nil {
				t.Fatalf("%q and %q make %q", filter, term, got)
			}
			return
		}
		sum, err := inspect.ParseFilter(got)
		if err != nil {
			t.Fatalf("%q and %q make %q: %v", filter, term, got, err)
		}
		if want := together(had, more, negate); sum.String() != want.String() && got != filter {
			t.Fatalf("%q and %q make %q, want %q", filter, term, sum, want)
		}
	})
}

// together is what addTerm has to come to.
func together(had, more *inspect.Filter, negate bool) *inspect.Filter {
	if more == nil {
		return had
	}
	var all inspect.And
	if had != nil {
		if and, ok := had.Root.(inspect.And); ok {
			all = append(all, and...)
		} else {
			all = append(all, had.Root)
		}
	}
	switch and, ok := more.Root.(inspect.And); {
	case negate:
		all = append(all, inspect.Not{Node: more.Root})
	case ok:
		all = append(all, and...)
	default:
		all = append(all, more.Root)
	}
	if len(all) == 1 {
		return &inspect.Filter{Root: all[0]}
	}
	return &inspect.Filter{Root: all}
}
