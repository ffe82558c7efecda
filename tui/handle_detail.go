package tui

import (
	"errors"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/view"
	"github.com/adit-tunnel/adit/tui/pane"
)

// asked is what a command reads and draws for the detail pane: when it is another one, what is there is out of date.
type asked struct {
	id      inspect.ID
	version uint64 // of the exchange
	width   int
	tab     pane.Tab
	turn    int        // grows when something else has changed that it is drawn from
	against inspect.ID // what the diff compares with; "" its original, or its last replay
	path    string     // within JSON content: what alone is shown
	message int        // number of the one that is unfolded; 0: none
	page    int        // first chunk of the document
	unwrap  bool
	bare    bool          // secrets are shown
	lasted  time.Duration // how long what goes on has lasted, in whole seconds, where that is shown
}

// detail is the exchange that is open.
type detail struct {
	row     pane.Row
	aside   uint64 // what is open is not the row of the list that is selected, this one
	tab     pane.Tab
	against inspect.ID
	path    string
	message int
	turn    int
	unwrap  bool
	bare    time.Time // until when secrets are shown

	doc     document
	page    int       // first chunk of the document that is wanted
	goal    goal      // where the cursor goes when the document comes
	have    asked     // what doc shows; without an ID there is none
	reading asked     // what a command is reading; without an ID none is
	again   time.Time // before which an exchange that goes on is not read again
	find    find

	cursor int // strip that keys act on
	top    int // first strip seen
	left   int // cells that are scrolled past, of lines that are not wrapped
	fixed  int // lines of title and tabs
	height int // strips that are seen at once
}

// show makes r the exchange that is open. The tab stays.
func (d *detail) show(r pane.Row) {
	if r.ID != d.row.ID {
		d.clear()
		d.against, d.message = "", 0
	}
	d.row = r
}

// clear forgets what was read.
func (d *detail) clear() {
	d.find.stop()
	d.doc, d.have, d.find = document{}, asked{}, find{text: d.find.text}
	d.page, d.cursor, d.top, d.left, d.goal = 0, 0, 0, 0, goBegin
}

// wanted is what the pane is to show.
func (m *model) wanted() asked {
	d := &m.detail
	return asked{
		id: d.row.ID, version: d.row.Version, width: m.boxes.detail.width, tab: d.tab, turn: d.turn, against: d.against, path: d.path,
		message: d.message, page: d.page, unwrap: d.unwrap, bare: m.mask().Off, lasted: m.lasting(),
	}
}

// lasting is how long what is open has lasted, if it goes on and the tab tells.
func (m *model) lasting() time.Duration {
	d := &m.detail
	if d.row.Live && (d.tab == pane.Timing || d.tab == pane.Overview && !d.row.IsRequest()) {
		return d.row.Lasted(m.now).Truncate(time.Second)
	}
	return 0
}

// fillDetail has read what the pane is to show, when that is not there and nothing is being read.
func (m *model) fillDetail() tea.Cmd {
	d := &m.detail
	want := m.wanted()
	if !m.boxes.detail.seen() || want.id == "" || want == d.have || d.reading.id != "" {
		return nil
	}
	if newer := d.have; d.row.Live && m.now.Before(d.again) {
		if newer.version, newer.lasted = want.version, want.lasted; newer == want {
			return nil // it only goes on: the beat will come back to it
		}
	}
	d.reading = want
	return m.work.open(m.opening(want))
}

// opening is how a command reads what is asked for.
func (m *model) opening(a asked) opening {
	look := m.look
	look.Width = a.width
	mask := *m.mask()
	mask.Off = a.bare
	return opening{asked: a, look: look, mask: mask}
}

// onOpened takes what a command has read, unless something else has been asked for meanwhile.
func (m *model) onOpened(o opened) tea.Cmd {
	d := &m.detail
	d.reading = asked{}
	d.again = m.now.Add(max(5*o.took, 200*time.Millisecond))
	switch {
	case o.asked.id != d.row.ID || o.asked.tab != d.tab:
	case o.err == nil:
		if d.row.Seq == 0 { // it is none of the list's
			d.row = o.row
			o.asked.version = o.row.Version
		}
		d.take(o)
	case d.have.id == "":
		m.say(m.look.Warn.Render, unread("this request", o.err))
		return m.closeDetail()
	default:
		d.have = o.asked // what was read before stays to be seen
	}
	return nil
}

// unread says why what is called so cannot be read.
func unread(what string, err error) string {
	if errors.Is(err, inspect.ErrNotFound) {
		return what + " is no longer kept"
	}
	return view.Sanitize(what + " cannot be read: " + err.Error())
}

// take shows a document. The line that keys act on stays.
func (d *detail) take(o opened) {
	at, to := d.place(), d.goal
	d.doc, d.have, d.goal = o.doc, o.asked, stay
	d.have.page, d.page = o.doc.page, o.doc.page
	d.find.search(&d.doc)
	switch to {
	case goBegin:
		d.moveTo(0)
	case goEnd:
		d.moveTo(len(d.doc.strips) - 1)
	case goFound:
		d.showFound(0)
	default:
		d.restore(at)
	}
}

// The keys that open and close the pane.

func (m *model) openSelected() tea.Cmd {
	if _, ok := m.pick(); ok {
		m.openDetail()
	}
	return nil
}

// openDetail shows the exchange in question and gives its pane the keyboard.
func (m *model) openDetail() {
	if r, ok := m.rows.pick(); ok && m.focus != onDetail {
		m.detail.show(r)
	}
	m.focusDetail()
}

// openExchange shows an exchange, whether the list has it or not.
func (m *model) openExchange(id inspect.ID) tea.Cmd {
	r, listed := m.rows.lookup(id)
	if !listed {
		r = pane.Row{ID: id}
	}
	listed = listed && m.rows.take(r.Seq)
	m.detail.show(r)
	if m.detail.aside = 0; !listed {
		m.detail.aside = m.rows.sel
	}
	m.focusDetail()
	return nil
}

// focusDetail gives the pane the keyboard, whatever it shows.
func (m *model) focusDetail() {
	m.focus = onDetail
	if m.layout.size == listOnly {
		m.layout.size = split
	}
}

// followSelection shows what is selected in the list beside it, unless a key has opened something else meanwhile.
func (m *model) followSelection() {
	r, ok := m.rows.selected()
	if !ok || m.detail.aside == r.Seq && m.detail.aside != 0 {
		return
	}
	m.detail.aside = 0
	m.detail.show(r)
}

// closeDetail goes back to the list.
func (m *model) closeDetail() tea.Cmd {
	m.focus, m.layout.size = onList, listOnly
	m.detail.aside = 0
	m.detail.show(pane.Row{})
	return nil
}

// backOnDetail stops what is under way, takes away what was looked for, then what narrows the content, and then the pane.
func (m *model) backOnDetail() tea.Cmd {
	d := &m.detail
	switch {
	case m.stopRun():
	case d.find.stop():
	case d.find.text != "":
		d.find = find{}
	case d.path != "":
		d.path = ""
	case d.message > 0 && d.tab == pane.Messages:
		d.message = 0
	default:
		return m.closeDetail()
	}
	return nil
}

// reread has the pane drawn anew: something has changed that the exchange's version does not tell.
func (m *model) reread() { m.detail.turn++ }
