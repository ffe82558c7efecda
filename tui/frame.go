package tui

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/view"
	"github.com/adit-tunnel/adit/tui/pane"
)

const (
	leastRows   = 5 // rows of the list that the head makes room for
	footerFrom  = 4 // lines of terminal from which on there is a footer
	nameFrom    = 8 // lines of terminal from which on the other screens have the name on top
	footerLines = 1
)

// room is how many lines there are above the footer.
func (m *model) room() int {
	if m.height < footerFrom {
		return m.height
	}
	return m.height - footerLines
}

// arrange shares the lines out between the parts of the screen. It runs after every message, so that View only draws.
func (m *model) arrange() {
	room := m.room()
	head := append(m.look.Head(m.status, m.now), m.look.ListTitle(m.note())...)
	m.head = pane.Fit(head, room-min(leastRows, max(room/3, 1)))
	m.rows.resize(room - len(m.head))
	m.detail.lay(room - len(m.name()))
	m.helpTop = max(min(m.helpTop, len(m.look.Help(helpGroups()))-(room-len(m.name()))), 0)
}

// note is what stands beside the list's title.
func (m *model) note() string {
	var notes []string
	if m.status.Dropped > 0 {
		notes = append(notes, fmt.Sprintf("%d not recorded", m.status.Dropped))
	}
	if n := m.kept.Summaries + m.kept.NotStored; n > 0 { // they came too fast
		notes = append(notes, fmt.Sprintf("%d not kept whole", n))
	}
	if m.kept.Waiting > 0 {
		notes = append(notes, fmt.Sprintf("%d not listed yet", m.kept.Waiting))
	}
	if m.prompt.filter != nil {
		notes = append(notes, m.found())
	}
	row, selected := m.rows.selected()
	if selected && row.ReplayOf != "" {
		notes = append(notes, m.origin(row))
	}
	if i, _ := m.rows.find(row.Seq); selected && len(m.rows.rows) > m.rows.height {
		notes = append(notes, fmt.Sprintf("%d of %d", i+1, len(m.rows.rows)))
	}
	return strings.Join(notes, ", ")
}

// found is the filter and how much it has found so far.
func (m *model) found() string {
	n := strconv.Itoa(len(m.rows.rows))
	if !m.prompt.all {
		n += "+"
	}
	return n + " match " + view.Sanitize(pane.Clip(m.prompt.filter.String(), max(m.look.Width/2, 8)))
}

// origin names the row that a replay is a replay of.
func (m *model) origin(replay pane.Row) string {
	if o, ok := m.rows.lookup(replay.ReplayOf); ok {
		return "↻ of " + m.look.Clock(o.Start)
	}
	return "↻ of one no longer listed"
}

// View draws the screen: exactly the terminal's lines, the footer on the last one.
func (m *model) View() string {
	if m.look.Width <= 0 || m.height <= 0 {
		return ""
	}
	var lines []string
	switch m.screen {
	case detailScreen:
		lines = append(m.name(), m.detail.lines()...)
	case helpScreen:
		lines = append(m.name(), m.look.Help(helpGroups())[m.helpTop:]...)
	default:
		lines = m.viewList()
	}
	room := m.room()
	lines = lines[:min(len(lines), room)]
	for len(lines) < room {
		lines = append(lines, "")
	}
	if m.screen == filterScreen && m.prompt.wrong != nil {
		wrong := m.mistake()
		wrong = wrong[max(len(wrong)-room, 0):]
		copy(lines[room-len(wrong):], wrong)
	}
	if room < m.height {
		lines = append(lines, m.footer())
	}
	return strings.Join(lines, "\n")
}

func (m *model) viewList() []string {
	lines := make([]string, 0, m.height)
	for _, l := range m.head {
		lines = append(lines, l.Text)
	}
	if len(m.rows.rows) == 0 {
		if !m.loaded {
			return lines
		}
		if m.prompt.filter != nil {
			return append(lines, m.look.Quiet.Render("Nothing matches the filter. esc shows everything again."))
		}
		empty, _ := m.empty()
		return append(lines, empty...)
	}
	for _, r := range m.rows.visible() {
		lines = append(lines, m.look.Row(r, r.Seq == m.rows.sel, m.now))
	}
	return lines
}

// empty is what stands in the list's place, and whether the main keys are in it: where there is no room for them they stay in the footer.
func (m *model) empty() (lines []string, withKeys bool) {
	if len(m.status.Endpoints) == 0 && m.status.State == inspect.Online {
		return m.look.NoEndpoint(m.status.Web), false
	}
	return m.look.Empty(firstURL(m.status), m.look.Keys(mainKeys(), m.look.Width), m.rows.height)
}

// mainKeys are the three keys that matter; the footer of an empty list has the others.
func mainKeys() []pane.Key { return footerKeys(listScreen)[:3] }

func firstURL(st inspect.Status) string {
	for _, e := range st.Endpoints {
		if e.URL != "" {
			return e.URL
		}
	}
	return ""
}

// name is the top of the screens other than the list.
func (m *model) name() []string {
	if m.height < nameFrom {
		return nil
	}
	return []string{m.look.Name(), ""}
}

// mistake says what is wrong with the filter, and points at the character below; or counts to it, when only a part of the filter is seen.
func (m *model) mistake() []string {
	wrong := m.prompt.wrong
	lines := pane.Words(view.Sanitize(wrong.Text), m.look.Width)
	if pane.Width(promptMark+wrong.In)+1 <= m.look.Width {
		lines = append(lines, strings.Repeat(" ", pane.Width(promptMark+wrong.In[:wrong.At]))+"^")
	} else {
		lines = pane.Words(view.Sanitize(wrong.Error()), m.look.Width)
	}
	for i := range lines {
		lines[i] = m.look.Bad.Render(lines[i])
	}
	return lines
}

// promptMark stands before the filter that is typed.
const promptMark = "/"

// footer draws the toast or the keys at the left, and where one is at the right.
func (m *model) footer() string {
	if m.screen == filterScreen {
		m.prompt.input.Width = max(m.look.Width-pane.Width(promptMark)-1, 1)
		m.prompt.input.PlaceholderStyle = m.look.Quiet
		return m.look.Key.Render(promptMark) + m.prompt.input.View()
	}
	right, room := m.position(), m.look.Width
	if right != "" {
		room -= pane.Width(right) + 2
		right = m.look.Note.Render(right)
	}
	keys := footerKeys(m.screen)
	if _, shown := m.empty(); shown && m.screen == listScreen && len(m.rows.rows) == 0 {
		keys = keys[3:]
	}
	left := m.look.Keys(keys, room)
	if m.toast.text != "" {
		left = m.toast.style(pane.Clip(m.toast.text, room))
	}
	return pane.Ends(left, right, m.look.Width)
}

func (m *model) position() string {
	switch m.screen {
	case listScreen:
		if n := m.rows.unseen(); n > 0 {
			return fmt.Sprintf("↓ %d new", n)
		}
	case detailScreen:
		if more := m.detail.length() - m.detail.height; more > 0 {
			return fmt.Sprintf("%d%%", m.detail.top*100/more)
		}
	}
	return ""
}
