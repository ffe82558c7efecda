package tui

import (
	"slices"
	"strings"

	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"

	"github.com/adit-tunnel/adit/tui/pane"
)

// where is a set of screens.
type where uint8

const (
	onList   = where(1) << listScreen
	onDetail = where(1) << detailScreen
	onHelp   = where(1) << helpScreen
	onFilter = where(1) << filterScreen
	onAll    = onList | onDetail | onHelp | onFilter
)

// action is a key, the screens it works on, and what it does. The table below is all there is to know about keys: handlers, footer and help
// are made from it. Of a pair of keys, like up and down, the first is described for both.
type action struct {
	on     where
	bind   key.Binding
	footer string // what the footer calls it; "" is not in the footer
	run    func(*model) tea.Cmd
}

func bind(keys, shown, does string) key.Binding {
	return key.NewBinding(key.WithKeys(strings.Fields(keys)...), key.WithHelp(shown, does))
}

// actionTable returns the keys in the order in which footer and help show them.
func actionTable() []action {
	return []action{
		{onList, bind("up k", "↑ ↓", "select a request (also k j)"), "select", (*model).rowUp},
		{onList, bind("down j", "", ""), "", (*model).rowDown},
		{onList, bind("enter right l", "enter", "open the selected request"), "open", (*model).openSelected},
		{onDetail, bind("esc q left h backspace", "esc", "back to the list (also q)"), "back", (*model).back},
		{onDetail, bind("up k", "↑ ↓", "scroll (also k j)"), "scroll", (*model).lineUp},
		{onDetail, bind("down j enter", "", ""), "", (*model).lineDown},
		{onDetail, bind("tab shift+tab", "tab", "from request to response and back"), "response", (*model).nextSection},
		{onList | onDetail, bind("r", "r", "replay: send the request again"), "replay", (*model).replaySelected},
		{onFilter, bind("enter", "enter", "keep what is typed"), "keep", (*model).keepFilter},
		{onFilter, bind("esc", "esc", "back to the list as it was"), "cancel", (*model).dropFilter},
		{onFilter, bind("up", "↑ ↓", "select a request meanwhile"), "select", (*model).rowUp},
		{onFilter, bind("down", "", ""), "", (*model).rowDown},
		{onList, bind("pgup ctrl+b", "pgup pgdn", "a page up, a page down"), "", (*model).pageUp},
		{onList, bind("pgdown ctrl+f", "", ""), "", (*model).pageDown},
		{onList, bind("home g", "g", "the oldest request"), "", (*model).oldest},
		{onList, bind("end G", "G", "the newest, and follow (also end)"), "", (*model).newest},
		{onList, bind("esc", "esc", "away with the filter; then as G"), "", (*model).clearFilter},
		{onDetail, bind("pgup ctrl+b b", "pgup pgdn", "a page up, a page down (also space)"), "", (*model).scrollPageUp},
		{onDetail, bind("pgdown ctrl+f space", "", ""), "", (*model).scrollPageDown},
		{onDetail, bind("home g", "g G", "the beginning, the end"), "", (*model).scrollHome},
		{onDetail, bind("end G", "", ""), "", (*model).scrollEnd},
		{onHelp, bind("esc q ? enter", "esc", "close this help"), "close", (*model).closeHelp},
		{onHelp, bind("up k", "↑ ↓", "scroll"), "scroll", (*model).helpUp},
		{onHelp, bind("down j", "", ""), "", (*model).helpDown},
		{onList | onDetail, bind("?", "?", "this help"), "help", (*model).openHelp},
		{onList, bind("/", "/", "filter the list, and find in earlier runs"), "filter", (*model).openFilter},
		{onAll, bind("ctrl+r", "ctrl+r", "try to reconnect now"), "", (*model).reconnect},
		{onAll, bind("ctrl+z", "ctrl+z", "suspend; fg brings it back"), "", (*model).suspend},
		{onList, bind("q", "q", "quit"), "quit", (*model).quit},
		{onAll, bind("ctrl+c", "ctrl+c", "quit, from everywhere"), "", (*model).quit},
	}
}

// actions is the table; it never changes.
var actions = actionTable()

func (s screen) bit() where { return 1 << s }

// onKey does what the table says. Keys that were read at once come as one message; pasted text is not meant as keys.
func (m *model) onKey(k tea.KeyMsg) tea.Cmd {
	if m.screen == filterScreen && (k.Paste || k.Type == tea.KeyRunes || k.Type == tea.KeySpace) {
		return m.typeFilter(k)
	}
	if k.Paste {
		return nil
	}
	if k.Type != tea.KeyRunes || len(k.Runes) < 2 {
		return m.press(k)
	}
	var cmds []tea.Cmd
	for _, r := range k.Runes {
		cmds = append(cmds, m.press(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune{r}, Alt: k.Alt}))
		m.arrange()
	}
	return tea.Sequence(cmds...)
}

func (m *model) press(k tea.KeyMsg) tea.Cmd {
	name := k.String()
	if name == " " {
		name = "space"
	}
	for i := range actions {
		if a := &actions[i]; a.on&m.screen.bit() != 0 && slices.Contains(a.bind.Keys(), name) {
			return a.run(m)
		}
	}
	if m.screen == filterScreen {
		return m.typeFilter(k)
	}
	return nil
}

// footerKeys is the footer of a screen.
func footerKeys(s screen) []pane.Key {
	var keys []pane.Key
	for _, a := range actions {
		if a.on&s.bit() == 0 || a.footer == "" {
			continue
		}
		keys = append(keys, pane.Key{Press: a.bind.Help().Key, Does: a.footer})
	}
	return keys
}

// helpGroups is the help: the keys of each screen, then those that work everywhere.
func helpGroups() []pane.HelpGroup {
	groups := []pane.HelpGroup{{Name: "List"}, {Name: "Request"}, {Name: "Filter"}, {Name: "Everywhere"}}
	for _, a := range actions {
		k := pane.Key{Press: a.bind.Help().Key, Does: a.bind.Help().Desc}
		if k.Does == "" { // told with its counterpart
			continue
		}
		switch {
		case a.on&^onHelp == onList:
			groups[0].Keys = append(groups[0].Keys, k)
		case a.on&^onHelp == onDetail:
			groups[1].Keys = append(groups[1].Keys, k)
		case a.on == onFilter:
			groups[2].Keys = append(groups[2].Keys, k)
		case a.on != onHelp:
			groups[3].Keys = append(groups[3].Keys, k)
		}
	}
	return groups
}
