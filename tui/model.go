package tui

import (
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/tui/pane"
)

// model is the dashboard's state. Only Update changes it.
type model struct {
	look   pane.Look // Width is the terminal's
	height int
	clock  func() time.Time
	now    time.Time // when the last message came

	status inspect.Status
	kept   inspect.Keeping // how the store is
	loaded bool            // the store has been read

	rows   window
	marks  marks
	prompt prompt // what the list is filtered by
	detail detail
	layout layout
	focus  where   // the pane that has the keyboard when no sheet has: onList or onDetail
	sheets []sheet // what lies over the panes; the last one is on top

	toast   toast
	waiting map[inspect.ID]struct{} // replays that have not ended

	maskAll bool // nothing captured is readable, for presenting

	actions  []action
	boxes    boxes // how arrange has shared the screen out
	work     work
	panicked *PanicError
}

// toast is a word to the person that goes by itself.
type toast struct {
	text  string
	style func(...string) string
	until time.Time
}

const toastFor = 5 * time.Second

func newModel(look pane.Look, s Source, clock func() time.Time) *model {
	return &model{
		look:    look,
		clock:   clock,
		now:     clock(),
		status:  s.Observer.Status(),
		rows:    newWindow(),
		marks:   marks{},
		prompt:  newPrompt(),
		focus:   onList,
		waiting: map[inspect.ID]struct{}{},
		actions: actionTable(),
		work:    work{source: s},
	}
}

var _ tea.Model = (*model)(nil)

// Init starts the two commands that never end: reading the store, and the beat that counts down.
func (m *model) Init() tea.Cmd { return tea.Batch(m.work.next(), m.work.beat()) }

// Update hands a message to its handler, lays the screen out again, and has read what the detail pane is to show now.
func (m *model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	m.now = m.clock()
	cmd := m.handle(msg)
	m.arrange()
	if open := m.fillDetail(); open != nil {
		cmd = tea.Batch(cmd, open)
	}
	return m, cmd
}

// handle is the router: one handler for each family of messages.
func (m *model) handle(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.look.Width, m.height = msg.Width, msg.Height
	case tea.KeyMsg:
		return m.onKey(msg)
	case changes:
		return m.onChanges(msg)
	case beat:
		return m.onBeat(msg)
	case found:
		return m.onFound(msg)
	case opened:
		return m.onOpened(msg)
	case replayed:
		return m.onReplayed(msg)
	case copied:
		return m.onCopied(msg)
	case *PanicError:
		m.panicked = msg
		return tea.Quit
	}
	return nil
}

// say shows a toast.
func (m *model) say(style func(...string) string, text string) {
	m.toast = toast{text, style, m.now.Add(toastFor)}
}
