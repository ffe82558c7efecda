package pane

import (
	"strconv"
	"strings"
)

// Tab is a way to look at the open exchange.
type Tab int

// The tabs, in their order. The zero value is the first.
const (
	Overview Tab = iota
	Request
	Response
	Raw
	Timing
	Messages
	Replays
	Diff
	Notes
	tabCount
)

// Tabs is how many there are.
const Tabs = int(tabCount)

// tabNames are how the tabs are called, and how where there is less room.
var tabNames = [Tabs][2]string{
	{"overview", "overview"}, {"request", "request"}, {"response", "response"}, {"raw", "raw"}, {"timing", "time"},
	{"messages", "msgs"}, {"replays", "replays"}, {"diff", "diff"}, {"notes", "notes"},
}

// String is the tab's name.
func (t Tab) String() string { return tabNames[t][0] }

// TabSet is a set of tabs.
type TabSet uint16

// With is the set with t when has is true.
func (s TabSet) With(t Tab, has bool) TabSet {
	if has {
		return s | 1<<t
	}
	return s
}

func (s TabSet) has(t Tab) bool { return s&(1<<t) != 0 }

// tabStyles are the ways to write the bar, the widest first: names, short names, the open tab's alone, numbers.
const tabStyles = 4

// tabWord is a tab within the bar.
func tabWord(t, open Tab, style int) string {
	number := strconv.Itoa(int(t) + 1)
	switch {
	case style < 2:
		return number + " " + tabNames[t][style]
	case style == 2 && t == open:
		return number + " " + tabNames[t][0]
	}
	return number
}

// tabWords are the tabs of a bar of w cells, and the blanks between them.
func tabWords(open Tab, w int) (words [Tabs]string, between int) {
	for _, between := range []int{2, 1} {
		for style := range tabStyles {
			used := between * (Tabs - 1)
			for t := range tabCount {
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

// TabBar draws the tabs in one line: the open one stands out, and those without content stand back.
func (l Look) TabBar(open Tab, full TabSet) string {
	words, between := tabWords(open, l.Width)
	var b strings.Builder
	for t, word := range words {
		if t > 0 {
			b.WriteString(blank(between))
		}
		style := l.Plain
		switch {
		case Tab(t) == open:
			style = l.Selected
		case !full.has(Tab(t)):
			style = l.Quiet
		}
		b.WriteString(style.Render(word))
	}
	return Clip(b.String(), l.Width)
}

// TabAt is the tab that is drawn at a cell of the bar.
func (l Look) TabAt(open Tab, x int) (Tab, bool) {
	words, between := tabWords(open, l.Width)
	at := 0
	for t, word := range words {
		if x >= at && x < at+len(word) {
			return Tab(t), true
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
