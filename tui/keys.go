package tui

import (
	"slices"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/adit-tunnel/adit/tui/pane"
)

// where is a set of places that can have the keyboard: the panes, and the sheets over them.
type where uint16

const (
	onList   where = 1 << iota
	onDetail       // the pane of one exchange
	onHelp
	onFilter // the line in which the list's filter is typed
	onLine   // another line that is typed
	onMenu

	onPanes = onList | onDetail
	onAll   = where(1<<16 - 1)
)

// action is something that the person can have done. The table of actions is all there is to know about keys: what they do, the footer, the help and
// the palette are made from it.
type action struct {
	id     string // stable: configurations name it
	on     where
	keys   string // as Bubble Tea names them, the one to show first; separated by spaces
	does   string // for the help
	footer string // what the footer calls it; "" is not in the footer
	with   string // id of the action whose line in help and footer tells of this one, too: its opposite
	run    func(*model) tea.Cmd
}

// actionTable returns the actions in the order in which footer and help show them.
func actionTable() []action {
	return slices.Concat(listActions(), detailActions(), replayActions(), trustActions(), sheetActions(), appActions())
}

// press does what the table says, or hands the key to the sheet on top.
func (m *model) press(k tea.KeyMsg) tea.Cmd {
	at, name := m.where(), pressed(k)
	for i := range m.actions {
		if a := &m.actions[i]; a.on&at != 0 && slices.Contains(strings.Fields(a.keys), name) {
			return a.run(m)
		}
	}
	if s := m.top(); s != nil {
		return s.typed(m, k)
	}
	return nil
}

// pressed is the name of a key in the table.
func pressed(k tea.KeyMsg) string {
	if name := k.String(); name != " " {
		return name
	}
	return "space"
}

// onKey takes keys. Those that were read at once come as one message; pasted text is not meant as keys.
func (m *model) onKey(k tea.KeyMsg) tea.Cmd {
	typing := m.where()&(onFilter|onLine) != 0
	if typing && (k.Paste || k.Type == tea.KeyRunes || k.Type == tea.KeySpace) {
		return m.top().typed(m, k)
	}
	if k.Paste {
		return nil
	}
	if k.Type != tea.KeyRunes || len(k.Runes) < 2 {
		return m.press(k)
	}
	var cmds []tea.Cmd
	for i, r := range k.Runes {
		if m.where()&(onFilter|onLine) != 0 { // one of them has opened it: the rest is what is typed
			return tea.Sequence(append(cmds, m.onKey(tea.KeyMsg{Type: tea.KeyRunes, Runes: k.Runes[i:], Alt: k.Alt}))...)
		}
		cmds = append(cmds, m.press(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune{r}, Alt: k.Alt}))
		m.arrange()
	}
	return tea.Sequence(cmds...)
}

// keyNames are how keys are shown that have no name of one character.
var keyNames = map[string]string{"up": "↑", "down": "↓", "left": "←", "right": "→", "pgup": "pgup", "pgdown": "pgdn"}

func keyName(key string) string {
	if shown, ok := keyNames[key]; ok {
		return shown
	}
	return key
}

// shown is how the action's key is called, together with that of its opposite.
func (m *model) shown(a *action) string {
	key, _, _ := strings.Cut(a.keys, " ")
	name := keyName(key)
	for i := range m.actions {
		if b := &m.actions[i]; b.with == a.id {
			key, _, _ := strings.Cut(b.keys, " ")
			name += " " + keyName(key)
		}
	}
	return name
}

// footerKeys is the footer of a place.
func (m *model) footerKeys(at where) []pane.Key {
	var keys []pane.Key
	for i := range m.actions {
		if a := &m.actions[i]; a.on&at != 0 && a.footer != "" && a.keys != "" {
			keys = append(keys, pane.Key{Press: m.shown(a), Does: a.footer})
		}
	}
	return keys
}

// keysOf is the key of one action, for where the footer has it only at times; none when it has no key.
func (m *model) keysOf(id, does string) []pane.Key {
	for i := range m.actions {
		if a := &m.actions[i]; a.id == id && a.keys != "" {
			return []pane.Key{{Press: m.shown(a), Does: does}}
		}
	}
	return nil
}

// helpGroups is the help: the keys of each place, then those that work everywhere.
func (m *model) helpGroups() []pane.HelpGroup {
	groups := []pane.HelpGroup{{Name: "List"}, {Name: "Request"}, {Name: "Both"}, {Name: "Filter, menus, lines"}, {Name: "Everywhere"}}
	for i := range m.actions {
		a := &m.actions[i]
		if a.with != "" || a.keys == "" {
			continue
		}
		k := pane.Key{Press: m.shown(a), Does: a.does}
		switch {
		case a.on == onAll:
			groups[4].Keys = append(groups[4].Keys, k)
		case a.on == onList:
			groups[0].Keys = append(groups[0].Keys, k)
		case a.on == onDetail:
			groups[1].Keys = append(groups[1].Keys, k)
		case a.on&onPanes == onPanes:
			groups[2].Keys = append(groups[2].Keys, k)
		case a.on != onHelp:
			groups[3].Keys = append(groups[3].Keys, k)
		}
	}
	return groups
}
