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

	traffic  traffic // how busy it was lately
	rows     window
	total    uint64 // exchanges that have been recorded in this run
	marks    marks
	span     span   // the range that is being marked
	only     bool   // rows that are not marked are hidden,
	cleared  uint64 // and those up to this Seq
	prompt   prompt // what the list is filtered by
	views    views
	retried  time.Time // when reconnect was pressed last
	markedAt time.Time // when all that were shown were marked last
	without  time.Time // until then the next value that is chosen is left out

	columnsOn, columnsOff pane.Columns // that the person wants in any case, or not

	detail detail
	layout layout
	focus  where   // the pane that has the keyboard when no sheet has: onList or onDetail
	sheets []sheet // what lies over the panes; the last one is on top

	mouse     mouse
	inline    bool // drawn below what the terminal shows
	log       logLines
	toast     toast
	run       *run                         // the last one of several requests; nil: there was none
	options   options                      // of replays, as they were given last
	drafts    map[inspect.ID]*inspect.Edit // what was edited and not sent
	deletion  deletion
	exporting *exporting // nil: nothing is being exported

	maskAll   bool               // nothing captured is readable, for presenting
	maskPaths []inspect.JSONPath // values within JSON content that are masked, too, until a key shows them

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
	st := s.Observer.Status()
	return &model{
		look:     look,
		clock:    clock,
		now:      clock(),
		status:   st,
		traffic:  newTraffic(st),
		rows:     newWindow(),
		marks:    marks{},
		prompt:   newPrompt(),
		focus:    onList,
		drafts:   map[inspect.ID]*inspect.Edit{},
		deletion: deletion{going: map[inspect.ID]struct{}{}, gone: map[inspect.ID]struct{}{}},
		actions:  actionTable(),
		work:     work{source: s},
	}
}

var _ tea.Model = (*model)(nil)

// Init starts the commands that never end: reading the store, the beat that counts down, and waiting for what the terminal answers.
func (m *model) Init() tea.Cmd {
	return tea.Batch(m.work.next(), m.work.beat(), m.work.ground(), m.readViews())
}

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

// handle is the router of what comes from outside: one handler for each family of messages.
func (m *model) handle(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.look.Width, m.height = msg.Width, m.heightOf(msg.Height)
	case tea.MouseMsg:
		return m.onMouse(msg)
	case tea.KeyMsg:
		return m.onKey(msg)
	case changes:
		return m.onChanges(msg)
	case beat:
		return m.onBeat(msg)
	case logged:
		m.log.take(msg)
	case grounded:
		return m.onGround(msg)
	case continued:
		return m.outside(msg.again, func(error) tea.Msg { return nil })
	case *PanicError:
		m.panicked = msg
		return tea.Quit
	default:
		return m.handleResult(msg)
	}
	return nil
}

// handleResult is the router of what commands that keys have asked for have come to.
func (m *model) handleResult(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case found:
		return m.onFound(msg)
	case viewed:
		return m.onViewed(msg)
	case viewKept:
		return m.onViewKept(msg)
	case remembered:
		return m.onRemembered(msg)
	case valuesRead:
		return m.onValuesRead(msg)
	case opened:
		return m.onOpened(msg)
	case sought:
		return m.onSought(msg)
	case bodyRead:
		return m.onBodyRead(msg)
	case paging:
		return m.onPaging(msg)
	case paged:
		return m.onPaged(msg)
	case pictured:
		return m.onPictured(msg)
	case browsed:
		return m.onBrowsed(msg)
	case ran:
		return m.onRan(msg)
	case prepared:
		return msg.then(m, msg)
	case verdict:
		return m.onVerdict(msg)
	case partRead:
		return m.onPartRead(msg)
	case editedAll:
		return m.onEditedAll(msg)
	case copied:
		return m.onCopied(msg)
	case exported:
		return m.onExported(msg)
	case asking:
		return m.onAsking(msg)
	case marked:
		return m.onMarked(msg)
	case deleted:
		return m.onDeleted(msg)
	case ignored:
		return m.onIgnored(msg)
	}
	return nil
}

// say shows a toast.
func (m *model) say(style func(...string) string, text string) {
	m.toast = toast{text, style, m.now.Add(toastFor)}
}
