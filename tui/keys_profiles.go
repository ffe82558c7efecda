package tui

import "strings"

// profile is keys that people know from other programs.
type profile struct {
	also    map[string]string // keys that do the same as those of the table, wherever those work
	instead map[string]string // the keys of actions that have others altogether, by their ids
}

var profiles = map[string]profile{
	"default": {},
	"vim": {
		instead: map[string]string{
			"detail.up":   "up k ctrl+y",
			"detail.down": "down j ctrl+e",
			"text.up":     "up k ctrl+y",
			"text.down":   "down j ctrl+e",
			"pane.other":  "tab shift+tab ctrl+w",
		},
	},
	"emacs": {
		also: map[string]string{
			"up": "ctrl+p", "down": "ctrl+n", "pgup": "alt+v", "pgdown": "ctrl+v", "home": "alt+<", "end": "alt+>", "esc": "ctrl+g", ":": "alt+x",
		},
		instead: map[string]string{
			"filter.open":     "ctrl+s /",
			"find.open":       "ctrl+s /",
			"view.save":       "alt+s",
			"filter.row-up":   "alt+p",
			"filter.row-down": "alt+n",
			"area.editor":     "alt+e", // ctrl+e is the end of the line
		},
	},
}

// keysOf are the action's keys in the profile.
func (p profile) keysOf(a *action) string {
	if keys, ok := p.instead[a.id]; ok {
		return keys
	}
	var keys []string
	for key := range strings.FieldsSeq(a.keys) {
		keys = append(keys, key)
		if also, ok := p.also[key]; ok {
			keys = append(keys, also)
		}
	}
	return strings.Join(keys, " ")
}
