package tui

import (
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/tui/pane"
)

// screen is what the dashboard shows.
type screen int

const (
	listScreen screen = iota
	detailScreen
	helpScreen
	filterScreen // the list, and the line in which its filter is typed
)

// model is the dashboard's state. Only Update changes it.
type model struct {
	look   pane.Look // Width is the terminal's
	height int
	clock  func() time.Time
	now    time.Time // when the last message came

	status  inspect.Status
	kept    inspect.Keeping // how the store is
	loaded  bool            // the store has been read
	rows    window
	detail  detail
	screen  screen
	under   screen // what the help lies on
	helpTop int    // first line of the help seen
	toast   toast
	prompt  prompt
	waiting map[inspect.ID]struct{} // replays that have not ended

	head     []pane.Line // of the list screen, fitted to the height
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
		prompt:  newPrompt(),
		waiting: map[inspect.ID]struct{}{},
		work:    work{source: s},
	}
}

var _ tea.Model = (*model)(nil)

// Init starts the two commands that never end: reading the store, and the beat that counts down.
func (m *model) Init() tea.Cmd { return tea.Batch(m.work.next(), m.work.beat()) }

// Update hands a message to its handler and lays the screen out again.
func (m *model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	m.now = m.clock()
	cmd := m.handle(msg)
	m.arrange()
	return m, cmd
}

// handle is the router: one handler for each family of messages.
func (m *model) handle(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		return m.onResize(msg)
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
