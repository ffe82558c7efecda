package pane

import "strings"

// Key is a key and what it does, as the footer and menus show it.
type Key struct{ Press, Does string }

// Keys draws keys in one line of at most w cells. Those that do not fit are left out whole; the last one stays as long as it fits at all.
func (l Look) Keys(keys []Key, w int) string {
	if len(keys) == 0 {
		return ""
	}
	between := 3
	if l.Width < wideFrom {
		between = 2
	}
	last := keys[len(keys)-1]
	rest := w - last.width()
	if rest < 0 {
		return ""
	}
	var b strings.Builder
	for _, k := range keys[:len(keys)-1] {
		if rest -= k.width() + between; rest < 0 {
			break
		}
		b.WriteString(l.key(k) + blank(between))
	}
	return b.String() + l.key(last)
}

func (k Key) width() int { return Width(k.Press) + 1 + Width(k.Does) }

func (l Look) key(k Key) string { return l.Key.Render(k.Press) + " " + l.Quiet.Render(k.Does) }

// keyColumn is how many cells the keys have in front of what they do: "ctrl+u ctrl+d" and a space.
const keyColumn = 14

// Choice draws a line of a menu.
func (l Look) Choice(k Key, column int, chosen bool) string {
	if chosen {
		return l.Selected.Render(Pad("› "+Pad(k.Press, column)+k.Does, l.Width))
	}
	return Clip("  "+l.Key.Render(Pad(k.Press, column))+k.Does, l.Width)
}
