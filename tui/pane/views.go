package pane

import "strings"

// ViewTab is one of several views of the list.
type ViewTab struct {
	Name   string
	Count  string // how many it has
	Chosen bool
}

// ViewTabs draws tabs in a line, the chosen one in brackets. Where not all have room, those around the chosen one are seen.
func (l Look) ViewTabs(tabs []ViewTab) string {
	var b strings.Builder
	for _, t := range l.layViews(tabs) {
		style := l.Quiet
		if t.tab >= 0 && tabs[t.tab].Chosen {
			style = l.Title
		}
		b.WriteString(style.Render(t.text))
	}
	return Clip(b.String(), l.Width)
}

// ViewTabAt is the tab at a cell of their line.
func (l Look) ViewTabAt(tabs []ViewTab, x int) (tab int, ok bool) {
	for _, t := range l.layViews(tabs) {
		if x -= Width(t.text); x < 0 {
			return t.tab, t.tab >= 0
		}
	}
	return 0, false
}

const (
	betweenViews = " │ "
	moreViews    = " … "
)

// viewText is a part of the line of tabs; tab is -1 between them.
type viewText struct {
	text string
	tab  int
}

func (l Look) layViews(tabs []ViewTab) (line []viewText) {
	texts, chosen := make([]string, len(tabs)), 0
	for i, t := range tabs {
		texts[i] = strings.TrimSpace(Clip(t.Name, 24) + " " + t.Count)
		if t.Chosen {
			texts[i], chosen = "["+texts[i]+"]", i
		}
	}
	first, last := aroundView(texts, chosen, l.Width-2*Width(moreViews))
	if first > 0 {
		line = append(line, viewText{moreViews, -1})
	}
	for i := first; i <= last; i++ {
		if i > first {
			line = append(line, viewText{betweenViews, -1})
		}
		line = append(line, viewText{texts[i], i})
	}
	if last < len(tabs)-1 {
		line = append(line, viewText{moreViews, -1})
	}
	return line
}

// aroundView are the tabs that have room together with the chosen one: those before it, then those behind it.
func aroundView(texts []string, chosen, room int) (first, last int) {
	if len(texts) == 0 {
		return 0, -1
	}
	first, last = chosen, chosen
	room -= Width(texts[chosen])
	for first > 0 && room >= Width(betweenViews+texts[first-1]) {
		first--
		room -= Width(betweenViews + texts[first])
	}
	for last < len(texts)-1 && room >= Width(betweenViews+texts[last+1]) {
		last++
		room -= Width(betweenViews + texts[last])
	}
	return first, last
}
