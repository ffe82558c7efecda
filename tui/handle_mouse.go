package tui

import (
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/tui/pane"
)

// wheelLines is how far a notch of the wheel scrolls.
const wheelLines = 3

// mouse is who has the mouse: while the dashboard has it, a terminal selects text only with a modifier.
type mouse struct {
	never bool // it stays the terminal's: drawn inline, the dashboard does not know where on the screen it is
	taken bool
	freed bool // the person has given it back to the terminal
}

// mouseMode has the terminal send what the mouse does, when the dashboard has it. A program that had the terminal in between has ended that.
func (m *model) mouseMode() tea.Cmd {
	if !m.mouse.taken {
		return nil
	}
	return tea.EnableMouseCellMotion
}

// outside gives the terminal to a command for as long as it runs, and takes the mouse again afterwards.
func (m *model) outside(c tea.ExecCommand, done tea.ExecCallback) tea.Cmd {
	return tea.Sequence(tea.Exec(c, done), m.mouseMode())
}

// toggleMouse gives the mouse to the terminal, so that one can select text, or takes it.
func (m *model) toggleMouse() tea.Cmd {
	if m.mouse.never {
		m.say(m.look.Note.Render, "the mouse is the terminal's")
		return nil
	}
	m.mouse.taken = !m.mouse.taken
	if m.mouse.freed = !m.mouse.taken; m.mouse.freed {
		return tea.DisableMouse
	}
	return m.mouseMode()
}

// onMouse takes what the mouse does: the wheel scrolls what is under it, and a click does what is there.
func (m *model) onMouse(e tea.MouseMsg) tea.Cmd {
	if e.Action != tea.MouseActionPress {
		return nil
	}
	switch e.Button {
	case tea.MouseButtonWheelUp:
		return m.wheel(e, tea.KeyUp, -1)
	case tea.MouseButtonWheelDown:
		return m.wheel(e, tea.KeyDown, 1)
	case tea.MouseButtonLeft:
		return m.click(e.X, e.Y)
	}
	return nil
}

// wheel scrolls; on a sheet it is like the keys with the arrows.
func (m *model) wheel(e tea.MouseMsg, key tea.KeyType, by int) tea.Cmd {
	switch {
	case m.top() != nil:
		var cmds []tea.Cmd
		for range wheelLines {
			cmds = append(cmds, m.press(tea.KeyMsg{Type: key}))
		}
		return tea.Batch(cmds...)
	case m.boxes.detail.has(e.X, e.Y):
		m.detail.scroll(by * wheelLines)
		return nil
	}
	m.rows.move(by * wheelLines)
	return m.older()
}

// click does what is at that cell. What lies over the panes is for the keyboard.
func (m *model) click(x, y int) tea.Cmd {
	list, detail := m.boxes.list, m.boxes.detail
	switch {
	case m.top() != nil:
		return nil
	case list.has(x, y):
		m.focus = onList
		return m.clickList(x-list.left, y-list.top)
	case detail.has(x, y):
		m.clickDetail(x-detail.left, y-detail.top)
		return nil
	case y >= m.room():
		return m.clickFooter(x)
	}
	return m.clickHead(y)
}

// clickDetail opens a tab, or moves the cursor. Lines and cells are those of the pane's box.
func (m *model) clickDetail(x, y int) {
	d := &m.detail
	m.focus = onDetail
	switch {
	case y >= d.fixed:
		d.moveTo(d.top + y - d.fixed)
	case y == 1:
		m.clickTab(x)
	}
}

// has says that a cell is within the box.
func (b box) has(x, y int) bool {
	return x >= b.left && x < b.left+b.width && y >= b.top && y < b.top+b.height
}

// clickFooter goes to what has come, when that stands there.
func (m *model) clickFooter(x int) tea.Cmd {
	if right := m.position(); m.focus == onList && right != "" && x >= m.look.Width-pane.Width(right) {
		return m.newest()
	}
	return nil
}

// clickHead copies the URL on that line.
func (m *model) clickHead(y int) tea.Cmd {
	if e, ok := m.endpointAt(y); ok && e.URL != "" {
		return m.copy("the URL", e.URL)
	}
	return nil
}

// endpointAt is the endpoint that a line of the head shows. The head begins each with the same label.
func (m *model) endpointAt(y int) (inspect.Endpoint, bool) {
	if y < 0 || y >= len(m.boxes.head) || m.boxes.head[y].Rank != pane.RankForwarding {
		return inspect.Endpoint{}, false
	}
	at := -1
	for _, l := range m.boxes.head[:y+1] {
		if l.Rank == pane.RankForwarding && strings.HasPrefix(l.Text, pane.Forwarding) {
			at++
		}
	}
	if at < 0 || at >= len(m.status.Endpoints) {
		return inspect.Endpoint{}, false
	}
	return m.status.Endpoints[at], true
}
