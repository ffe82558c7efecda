package tui

import (
	"fmt"
	"slices"
	"strings"

	"github.com/charmbracelet/bubbles/textinput"
	tea "github.com/charmbracelet/bubbletea"

	"github.com/adit-tunnel/adit/tui/pane"
)

// actionSheet is a list of actions which what is typed narrows, and of which one is done: the help or the palette.
type actionSheet struct {
	opener string // id of the action that opens it
	ask    string // stands before what is typed
	input  textinput.Model
	below  where  // the place it was opened from, where actions are done
	at     int    // the offer that is chosen
	wrong  string // why it was not done
	offers func(m *model, typed string, below where) []offer
	draw   func(m *model, offers []offer, chosen, room int) []string
}

// offer is an action that can be chosen.
type offer struct {
	*action
	group string // what it stands below in the help,
	press string // and its keys there
	here  bool   // it works in the place below
	arg   string // what is typed behind it
}

// actionLimit is how much may be typed, in characters: an action, and a filter behind it.
const actionLimit = filterLimit + 100

// layActions lays a list of actions on top.
func (m *model) layActions(s *actionSheet) tea.Cmd {
	s.below = m.where()
	s.input = newInput("type to find, "+m.keyOf("actions.take")+" does it, "+m.keyOf("actions.drop")+" closes", "", actionLimit)
	m.lay(s)
	return nil
}

func (*actionSheet) where() where { return onActions }

// line is what is typed, and which of the offers is chosen.
func (s *actionSheet) line(m *model) string {
	n := len(s.offers(m, s.input.Value(), s.below))
	place := fmt.Sprintf("%d of %d", min(s.at+1, n), n)
	width := max(m.look.Width-pane.Width(place)-1, 1)
	return pane.Ends(m.inputLine(s.ask, &s.input, width), m.look.Quiet.Render(place), m.look.Width)
}

// body is the list, and below it why the chosen action was not done.
func (s *actionSheet) body(m *model, room int) []string {
	wrong := m.mistake(s.wrong, m.look.Width)
	wrong = wrong[:min(len(wrong), room)]
	return append(s.draw(m, s.offers(m, s.input.Value(), s.below), s.at, room-len(wrong)), wrong...)
}

// typed narrows the list. The key that has opened it closes it as long as nothing is typed.
func (s *actionSheet) typed(m *model, k tea.KeyMsg) (cmd tea.Cmd) {
	had := s.input.Value()
	if opener := m.action(s.opener); had == "" && slices.Contains(strings.Fields(opener.keys), pressed(k)) {
		return m.lift()
	}
	if s.input, cmd = s.input.Update(k); s.input.Value() != had {
		s.at, s.wrong = 0, ""
	}
	return cmd
}

func (m *model) actionUp() tea.Cmd       { return m.moveInActions(-1) }
func (m *model) actionDown() tea.Cmd     { return m.moveInActions(1) }
func (m *model) actionPageUp() tea.Cmd   { return m.moveInActions(1 - m.room()) }
func (m *model) actionPageDown() tea.Cmd { return m.moveInActions(m.room() - 1) }

func (m *model) moveInActions(by int) tea.Cmd {
	if s, ok := m.top().(*actionSheet); ok {
		last := len(s.offers(m, s.input.Value(), s.below)) - 1
		s.at, s.wrong = max(min(s.at+by, last), 0), ""
	}
	return nil
}

// takeAction does what is chosen in the place below, with what is typed behind it; where that cannot be, the list stays and says why.
func (m *model) takeAction() tea.Cmd {
	s, ok := m.top().(*actionSheet)
	if !ok {
		return nil
	}
	offers := s.offers(m, s.input.Value(), s.below)
	if len(offers) == 0 {
		return nil
	}
	o := offers[min(s.at, len(offers)-1)]
	if !o.here {
		s.wrong = o.id + " works elsewhere: " + o.on.String()
		return nil
	}
	m.lift()
	if o.arg == "" {
		return o.run(m)
	}
	cmd, err := o.take(m, o.arg)
	if err != nil {
		s.wrong = err.Error()
		m.lay(s)
	}
	return cmd
}
