package pane

import "strings"

// Key is a key and what it does, as the footer and the help show it.
type Key struct{ Press, Does string }

// Keys draws keys in one line of at most w cells; those that do not fit are left out whole.
func (l Look) Keys(keys []Key, w int) string {
	var b strings.Builder
	used, between := 0, 3
	if l.Width < wideFrom {
		between = 2
	}
	for _, k := range keys {
		sep := 0
		if used > 0 {
			sep = between
		}
		need := sep + Width(k.Press) + 1 + Width(k.Does)
		if used+need > w {
			break
		}
		used += need
		b.WriteString(blank(sep) + l.Key.Render(k.Press) + " " + l.Quiet.Render(k.Does))
	}
	return b.String()
}

// Help draws all keys, one a line, under the names of the screens they belong to.
func (l Look) Help(groups []HelpGroup) []string {
	var lines []string
	for _, g := range groups {
		if len(lines) > 0 {
			lines = append(lines, "")
		}
		lines = append(lines, l.Theme.Title.Render(Clip(g.Name, l.Width)))
		for _, k := range g.Keys {
			lines = append(lines, Clip("  "+l.Key.Render(Pad(k.Press, 12))+k.Does, l.Width))
		}
	}
	return lines
}

// HelpGroup is a part of the help.
type HelpGroup struct {
	Name string
	Keys []Key
}

// Choice draws a line of a menu.
func (l Look) Choice(k Key, chosen bool) string {
	if chosen {
		return l.Selected.Render(Pad("› "+Pad(k.Press, 12)+k.Does, l.Width))
	}
	return Clip("  "+l.Key.Render(Pad(k.Press, 12))+k.Does, l.Width)
}
