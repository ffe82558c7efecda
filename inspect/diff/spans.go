package diff

import (
	"unicode/utf8"

	"github.com/adit-tunnel/adit/inspect/view"
)

// around is how much of what both sides share is shown before and after the difference.
const around = 80

// changed marks what differs between two values: what is between the beginning and the end that they share.
func changed(where, was, now string) Change {
	begin := sharedPrefix(was, now)
	end := sharedSuffix(was[begin:], now[begin:])
	return Change{Kind: Changed, Where: view.Sanitize(where), Old: spans(was, begin, end), New: spans(now, begin, end)}
}

func spans(s string, begin, end int) []Span {
	var out []Span
	add := func(text string, marked bool) {
		if text != "" {
			out = append(out, Span{view.Sanitize(text), marked})
		}
	}
	before, middle, after := s[:begin], s[begin:len(s)-end], s[len(s)-end:]
	if len(before) > around {
		before = "…" + before[boundary(before, len(before)-around):]
	}
	if len(after) > around {
		after = after[:boundary(after, around)] + "…"
	}
	add(before, false)
	add(cut(middle), true)
	add(after, false)
	return out
}

// short is a value as it is shown when there is nothing to compare it with.
func short(s string) string { return view.Sanitize(cut(s)) }

func cut(s string) string {
	if len(s) > maxValue {
		return s[:boundary(s, maxValue)] + "…"
	}
	return s
}

// boundary is the beginning of the character at i, lest it be cut.
func boundary(s string, i int) int {
	for n := 0; i > 0 && n < utf8.UTFMax && !utf8.RuneStart(s[i]); n++ {
		i--
	}
	return i
}

func sharedPrefix(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	if n < len(a) && n < len(b) {
		return min(boundary(a, n), boundary(b, n))
	}
	return n
}

func sharedSuffix(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[len(a)-1-n] == b[len(b)-1-n] {
		n++
	}
	for n > 0 && !utf8.RuneStart(a[len(a)-n]) {
		n--
	}
	return n
}
