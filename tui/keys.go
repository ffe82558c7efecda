package tui

import (
	"slices"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/adit-tunnel/adit/inspect/view"
)

// where is a set of places that can have the keyboard: the panes, and the sheets over them.
type where uint16

const (
	onList    where = 1 << iota
	onDetail        // the pane of one exchange
	onActions       // a list of actions: the help, the palette
	onFilter        // the line in which the list's filter is typed
	onLine          // another line that is typed
	onMenu
	onText    // lines to read: the log, a QR code
	onRun     // the table of what came of a run
	onForm    // fields that are typed in
	onArea    // a text of several lines that is typed
	onPreview // what will be sent

	onPanes  = onList | onDetail
	onTyping = onActions | onFilter | onLine | onForm | onArea // where letters are text
	onAll    = where(1<<16 - 1)
)

// placeNames are what the places are called.
var placeNames = []struct {
	at   where
	name string
}{{onList, "list"}, {onDetail, "request"}, {onFilter, "filter"}, {onLine, "typed line"}, {onMenu, "menu"}, {onText, "log and QR code"}, {onRun, "results"}, {onForm, "form"},
	{onArea, "typed text"}, {onPreview, "what will be sent"}, {onActions, "help and palette"}}

// String names the places.
func (w where) String() string {
	if w == onAll {
		return "everywhere"
	}
	var names []string
	for _, p := range placeNames {
		if w&p.at != 0 {
			names = append(names, p.name)
		}
	}
	return strings.Join(names, ", ")
}

// action is something that the person can have done. The table of actions is all there is to know about keys: what they do, the footer, the help, the
// palette and docs/keys.md are made from it.
type action struct {
	id     string // stable: configurations name it
	on     where
	keys   string // as Bubble Tea names them, the one to show first; separated by spaces. Configurations can change them (Keys)
	does   string // for palette and help; it names no key
	footer string // what the footer calls it; "" is not in the footer
	with   string // id of the action whose line in help and footer tells of this one, too: its opposite
	both   string // what that line of the help says then, instead of does
	run    func(*model) tea.Cmd

	// label, when set, is what the footer of a place calls it by the state; "" leaves it out.
	label func(m *model, at where) string
	// arg names what may be typed behind the action in the palette, which take gets then; its error is shown, and the line stays.
	arg  string
	take func(m *model, arg string) (tea.Cmd, error)
}

// actionTable returns the actions in the order in which footer and help show them.
func actionTable() []action {
	return slices.Concat(listActions(), detailActions(), replayActions(), keepActions(), headActions(), sheetActions(), appActions())
}

// at is where key does the action: nowhere unless it is one of the action's, and not where it is text, or the letter of a choice.
func (a *action) at(key string) where {
	switch {
	case !slices.Contains(strings.Fields(a.keys), key):
		return 0
	case isText(key):
		return a.on &^ (onTyping | onMenu)
	}
	return a.on
}

// press does what the table says, or hands the key to the sheet on top.
func (m *model) press(k tea.KeyMsg) tea.Cmd {
	at, key := m.where(), pressed(k)
	for i := range m.actions {
		if a := &m.actions[i]; a.at(key)&at != 0 {
			cmd := a.run(m)
			if !strings.HasPrefix(a.id, "list.") { // what is open is selected: a range would go there
				m.span = span{}
			}
			return cmd
		}
	}
	if k.Type == tea.KeyEsc && k.Alt { // esc twice, read at once
		k.Alt = false
		first := m.press(k)
		m.arrange()
		return tea.Sequence(first, m.press(k))
	}
	if s := m.top(); s != nil {
		return s.typed(m, k)
	}
	m.astray(key)
	return nil
}

// astray says where a key works that does nothing in the pane that has the keyboard.
func (m *model) astray(key string) {
	text := " does nothing here; " + m.keyOf("help") + " shows the keys"
	for i := range m.actions {
		a := &m.actions[i]
		if at := a.at(key) & onPanes; at != 0 {
			text = " works in the " + at.String() + ": " + a.does
		}
	}
	m.say(m.look.Note.Render, view.Sanitize(keyName(key))+text)
}

// onKey takes keys. Those that were read at once come as one message; pasted text is not meant as keys.
func (m *model) onKey(k tea.KeyMsg) tea.Cmd {
	letters := k.Type == tea.KeyRunes
	if m.where()&onTyping != 0 && (k.Paste || (letters || k.Type == tea.KeySpace) && !k.Alt) {
		return m.top().typed(m, visible(k))
	}
	if k.Paste {
		return nil
	}
	if !letters || len(k.Runes) < 2 {
		return m.press(k)
	}
	var cmds []tea.Cmd
	for i, r := range k.Runes {
		if m.where()&onTyping != 0 { // one of them has opened it: the rest is what is typed
			return tea.Sequence(append(cmds, m.onKey(tea.KeyMsg{Type: tea.KeyRunes, Runes: k.Runes[i:], Alt: k.Alt}))...)
		}
		cmds = append(cmds, m.press(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune{r}, Alt: k.Alt}))
		m.arrange()
	}
	return tea.Sequence(cmds...)
}

// visible is typed or pasted text without what is not seen, or what a terminal acts on.
func visible(k tea.KeyMsg) tea.KeyMsg {
	k.Runes = slices.DeleteFunc(slices.Clone(k.Runes), func(r rune) bool {
		shown := "a" + string(r) // a mark stands on a letter
		return !strings.ContainsRune("\r\n\t", r) && view.Sanitize(shown) != shown
	})
	return k
}

// useKeys takes a table with other keys.
func (m *model) useKeys(table []action) {
	m.actions = table
	if quit := m.keyOf("quit.now"); quit != "ctrl+c" {
		m.look.Quit = quit
	}
}

// action finds an action by its id; nil when there is none.
func (m *model) action(id string) *action {
	for i := range m.actions {
		if m.actions[i].id == id {
			return &m.actions[i]
		}
	}
	return nil
}
