package pane

import (
	"strconv"
	"strings"
)

// Facet is a way to look at an exchange: a tab of the detail pane.
type Facet int

// The facets, in their order. The zero value is the first.
const (
	Overview Facet = iota
	Request
	Response
	Raw
	Timing
	Messages
	Replays
	Diff
	Notes
	facetCount
)

// Facets is how many there are.
const Facets = int(facetCount)

// facetNames are how the tabs are called, and how where there is less room.
var facetNames = [Facets][2]string{
	{"overview", "overview"}, {"request", "request"}, {"response", "response"}, {"raw", "raw"}, {"timing", "time"},
	{"messages", "msgs"}, {"replays", "replays"}, {"diff", "diff"}, {"notes", "notes"},
}

// String is the tab's name.
func (t Facet) String() string { return facetNames[t][0] }

// FacetSet is a set of tabs.
type FacetSet uint16

// With is the set with t when has is true.
func (s FacetSet) With(t Facet, has bool) FacetSet {
	if has {
		return s | 1<<t
	}
	return s
}

func (s FacetSet) has(t Facet) bool { return s&(1<<t) != 0 }

// tabStyles are the ways to write the bar, the widest first: names, short names, the open tab's alone, numbers.
const tabStyles = 4

// tabWord is a tab within the bar.
func tabWord(t, open Facet, style int) string {
	number := strconv.Itoa(int(t) + 1)
	switch {
	case style < 2:
		return number + " " + facetNames[t][style]
	case style == 2 && t == open:
		return number + " " + facetNames[t][0]
	}
	return number
}

// tabWords are the tabs of a bar of w cells, and the blanks between them.
func tabWords(open Facet, w int) (words [Facets]string, between int) {
	for _, between := range []int{2, 1} {
		for style := range tabStyles {
			used := between * (Facets - 1)
			for t := range facetCount {
				words[t] = tabWord(t, open, style)
				used += len(words[t])
			}
			if used <= w && (between == 1 || style < 1) {
				return words, between
			}
		}
	}
	return words, 1
}

// FacetBar draws the tabs in one line: the open one stands out, and those without content stand back.
func (l Look) FacetBar(open Facet, full FacetSet) string {
	words, between := tabWords(open, l.Width)
	var b strings.Builder
	for t, word := range words {
		if t > 0 {
			b.WriteString(blank(between))
		}
		switch style := l.Plain; {
		case Facet(t) == open:
			b.WriteString(l.Selected.Render(word))
		case !full.has(Facet(t)):
			b.WriteString(l.Quiet.Render(word))
		default:
			b.WriteString(style.Render(word))
		}
	}
	return Clip(b.String(), l.Width)
}

// FacetAt is the tab that is drawn at a cell of the bar.
func (l Look) FacetAt(open Facet, x int) (Facet, bool) {
	words, between := tabWords(open, l.Width)
	at := 0
	for t, word := range words {
		if x >= at && x < at+len(word) {
			return Facet(t), true
		}
		at += len(word) + between
	}
	return 0, false
}

// DetailTitle is the line over the tabs: the pane's Focus, the request and its outcome, as the list has them.
func (l Look) DetailTitle(r Row, focus string) string {
	outcome, style := l.outcome(r)
	return Ends(l.Title.Render(focus+r.Method+" "+r.Path), style.Render(outcome), l.Width)
}
