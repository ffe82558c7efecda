package pane

import "slices"

// Entry is an action in the help or the palette.
type Entry struct {
	Group string // heading that it stands below
	Press string // its keys
	Does  string
	ID    string // what it is typed as
	Here  bool   // it works in the place in question;
	Where string // and if not, where it does
}

const (
	paletteRows = 12  // entries that the palette shows at once
	doesColumn  = 56  // cells for what they do, so that their names stand below each other,
	namesFrom   = 110 // in this width or more
)

// Palette draws entries, one a line: what it does, its name, and at the right its keys; and of them the part around the chosen one. There are at most
// room lines.
func (l Look) Palette(list []Entry, chosen, room int) []string {
	lines := l.noEntry(list)
	for i, e := range list {
		lines = append(lines, l.entry(e, i == chosen))
	}
	if room < 2 {
		return around(lines, chosen, room)
	}
	return append([]string{l.Heading("Actions")}, around(lines, chosen, min(room-1, paletteRows))...)
}

func (l Look) entry(e Entry, chosen bool) string {
	right := e.Press
	if !e.Here {
		right = "in: " + e.Where
	}
	does := e.Does + "  "
	if l.Width >= namesFrom {
		does = Pad(does, doesColumn)
	}
	switch {
	case chosen:
		return l.Selected.Render(Pad(Ends("› "+does+e.ID, right, l.Width), l.Width))
	case !e.Here:
		return l.Quiet.Render(Ends("  "+does+e.ID, right, l.Width))
	}
	return Ends("  "+does+l.Quiet.Render(e.ID), l.Key.Render(right), l.Width)
}

// helpIndent is how many cells stand before what a key does.
const helpIndent = 2 + keyColumn

// Help draws entries below their headings, in two columns when one is too long and they fit; and of them the part around the chosen one. There are at
// most room lines.
func (l Look) Help(list []Entry, chosen, room int) []string {
	lines, _, at := l.grouped(list, chosen)
	half := l
	half.Width = l.Width / 2
	wide := func(e Entry) bool { return helpIndent+Width(e.Does)+2 > half.Width }
	if len(lines) > room && !slices.ContainsFunc(list, wide) {
		var heads []int
		lines, heads, at = half.grouped(list, chosen)
		lines, at = half.columns(lines, split(len(lines), heads, room), at)
	}
	return around(append(l.noEntry(list), lines...), at, room)
}

// grouped draws the entries below their headings, and says in which lines the headings are, and the chosen one.
func (l Look) grouped(list []Entry, chosen int) (lines []string, heads []int, at int) {
	for i, e := range list {
		if i == 0 || e.Group != list[i-1].Group {
			if i > 0 {
				lines = append(lines, "")
			}
			heads = append(heads, len(lines))
			lines = append(lines, l.Title.Render(Clip(e.Group, l.Width)))
		}
		if i == chosen {
			at = len(lines)
		}
		lines = append(lines, l.Choice(Key{e.Press, e.Does}, keyColumn, i == chosen))
	}
	return lines, heads, at
}

// split is the line that the second column begins with: the heading at which both fit, or else the one in the middle.
func split(lines int, heads []int, room int) int {
	for _, h := range heads {
		if h > 0 && h <= room && lines-h <= room {
			return h
		}
	}
	return (lines + 1) / 2
}

// columns puts the lines from second on beside those before, each l.Width wide; at is a line's place, before and after.
func (l Look) columns(lines []string, second, at int) ([]string, int) {
	left, right := lines[:second], lines[second:]
	rows := make([]string, max(len(left), len(right)))
	for i := range rows {
		rows[i] = blank(l.Width)
		if i < len(left) {
			rows[i] = Pad(left[i], l.Width)
		}
		if i < len(right) {
			rows[i] += right[i]
		}
	}
	if at >= second {
		at -= second
	}
	return rows, at
}

// noEntry says that there is none.
func (l Look) noEntry(list []Entry) []string {
	if len(list) > 0 {
		return nil
	}
	return []string{l.Quiet.Render(Clip("No action matches.", l.Width))}
}

// around is the part of lines, at most room, that has line at in its middle as far as there are lines.
func around(lines []string, at, room int) []string {
	room = max(room, 0)
	first := max(min(at-room/2, len(lines)-room), 0)
	return lines[first:min(first+room, len(lines))]
}
