package tui

import (
	tea "github.com/charmbracelet/bubbletea"

	"github.com/adit-tunnel/adit/tui/pane"
)

// The keys of the list.

func (m *model) rowUp() tea.Cmd    { m.rows.move(-1); return m.older() }
func (m *model) rowDown() tea.Cmd  { m.rows.move(1); return m.older() }
func (m *model) pageUp() tea.Cmd   { m.rows.page(-1); return m.older() }
func (m *model) pageDown() tea.Cmd { m.rows.page(1); return m.older() }
func (m *model) halfUp() tea.Cmd   { m.rows.move(-max(m.rows.height/2, 1)); return m.older() }
func (m *model) halfDown() tea.Cmd { m.rows.move(max(m.rows.height/2, 1)); return m.older() }
func (m *model) oldest() tea.Cmd   { m.rows.home(); return m.older() }
func (m *model) newest() tea.Cmd   { m.rows.end(); return m.older() }

// toggleFollow stops following where the list stands, or follows again.
func (m *model) toggleFollow() tea.Cmd {
	if !m.rows.follow {
		m.rows.resume()
		m.say(m.look.Note.Render, "following what comes")
		return nil
	}
	if m.rows.stand(); !m.rows.follow {
		m.say(m.look.Note.Render, "standing still, whatever comes")
	}
	return nil
}

// backOnList takes away what is there besides the list as it comes: a range that is being marked, the open request, what hides rows, the filter.
func (m *model) backOnList() tea.Cmd {
	switch {
	case m.stopRun():
	case m.span.from != 0:
		m.span = span{}
	case m.boxes.detail.seen():
		return m.closeDetail()
	case m.cleared > 0 || m.only:
		m.cleared, m.only = 0, false
		m.hideRows()
	case m.prompt.filter != nil:
		return m.show(nil)
	default:
		m.rows.resume()
	}
	return nil
}

// hideRows leaves out what the person does not want to see now.
func (m *model) hideRows() {
	if m.cleared == 0 && !m.only {
		m.rows.hide(nil)
		return
	}
	m.rows.hide(func(r *pane.Row) bool { return r.Seq <= m.cleared || m.only && !m.marks.has(r.ID) })
}

// clearView hides what has come until now, or shows it again. The store keeps it.
func (m *model) clearView() tea.Cmd {
	if m.cleared > 0 {
		m.cleared = 0
	} else if n := len(m.rows.rows); n > 0 {
		m.cleared = m.rows.rows[n-1].Seq
	}
	m.rows.resume()
	m.hideRows()
	return nil
}

// sortBy puts the list in the order of a column; when it is already, the other way round.
func (m *model) sortBy(c pane.Column) tea.Cmd {
	o := pane.Order{By: c}
	if m.rows.order.By == c {
		o.Reversed = !m.rows.order.Reversed
	}
	m.rows.sorted(o)
	return nil
}

// orders are what the list can be sorted by, each with its key in the menu.
var orders = []struct {
	key, does string
	by        pane.Column
}{
	{"a", "as they came, the newest last", pane.ColTime},
	{"d", "the longest first", pane.ColDuration},
	{"s", "the largest first", pane.ColSize},
	{"c", "the worst status first", pane.ColStatus},
	{"p", "by path", pane.ColPath},
	{"m", "by method", pane.ColMethod},
	{"h", "by host", pane.ColHost},
	{"e", "by endpoint", pane.ColEndpoint},
	{"l", "by label", pane.ColLabel},
}

// openOrder is the menu of orders.
func (m *model) openOrder() tea.Cmd {
	menu := &menuSheet{title: "Order"}
	for i, o := range orders {
		does := o.does
		if o.by == m.rows.order.By {
			menu.at = i
			does += " (now, " + m.rows.order.Sign() + ")"
		}
		menu.choices = append(menu.choices, choice{o.key, does, func(m *model) tea.Cmd {
			if m.rows.order.By != o.by {
				return m.sortBy(o.by)
			}
			m.rows.sorted(pane.Order{By: o.by})
			return nil
		}})
	}
	menu.choices = append(menu.choices, choice{"o", "the other way round", func(m *model) tea.Cmd { return m.sortBy(m.rows.order.By) }})
	m.lay(menu)
	return nil
}

// columnKeys are the columns that can be taken away, each with its key in the menu.
var columnKeys = []struct {
	key    string
	column pane.Column
}{
	{"t", pane.ColTime}, {"d", pane.ColDuration}, {"s", pane.ColSize}, {"h", pane.ColHost}, {"e", pane.ColEndpoint}, {"l", pane.ColLabel},
}

// columns are those that the list shows where there is room: the person's choice, and of the others those that have something to tell.
func (m *model) columns() pane.Columns {
	set := pane.Of(pane.ColTime, pane.ColDuration, pane.ColSize) | m.rows.told&pane.Of(pane.ColLabel)
	switch {
	case m.rows.told.Has(pane.ColEndpoint):
		set |= pane.Of(pane.ColEndpoint)
	case m.rows.told.Has(pane.ColHost): // of several endpoints, each has its own
		set |= pane.Of(pane.ColHost)
	}
	return set&^m.columnsOff | m.columnsOn
}

// openColumns is the menu of columns. It stays while one chooses.
func (m *model) openColumns() tea.Cmd { return m.chooseColumns(0) }

func (m *model) chooseColumns(at int) tea.Cmd {
	menu := &menuSheet{title: "Columns, until the dashboard ends", at: at}
	shown, table := m.columns(), m.table()
	for i, c := range columnKeys {
		does := "[ ] " + c.column.String()
		if shown.Has(c.column) {
			does = "[x] " + c.column.String()
			if !table.Has(c.column) {
				does += " (there is no room for it)"
			}
		}
		menu.choices = append(menu.choices, choice{c.key, does, func(m *model) tea.Cmd {
			if one := pane.Of(c.column); m.columns().Has(c.column) {
				m.columnsOn, m.columnsOff = m.columnsOn&^one, m.columnsOff|one
			} else {
				m.columnsOn, m.columnsOff = m.columnsOn|one, m.columnsOff&^one
			}
			return m.chooseColumns(i)
		}})
	}
	m.lay(menu)
	return nil
}

// The list under a pointer: lines and cells are those of its box.

// clickHeader sorts by the column at a cell of the line of their names.
func (m *model) clickHeader(x int) tea.Cmd {
	if c, ok := m.table().At(x); ok {
		return m.sortBy(c)
	}
	return nil
}

// clickList does what a click on the list means: on a row selects it, on a column's name sorts, on a view shows it.
func (m *model) clickList(x, y int) tea.Cmd {
	own := m.boxes.own
	if y < 0 || y >= m.boxes.list.height {
		return nil
	}
	if y >= len(own) {
		m.clickRow(y - len(own))
		return nil
	}
	switch own[y].Rank {
	case pane.RankRule:
		return m.clickHeader(x)
	case pane.RankViews:
		if i, ok := m.listLook().ViewTabAt(m.tabs(), x); ok {
			return m.chooseView(i)
		}
	}
	return nil
}

// clickRow selects a row by its line on the screen.
func (m *model) clickRow(line int) {
	if at := m.rows.first + line; at <= m.rows.bottom() {
		m.rows.follow = false
		m.rows.goTo(at)
	}
}
