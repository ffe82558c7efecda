package tui

import (
	"fmt"
	"strings"

	"github.com/adit-tunnel/adit/inspect/view"
	"github.com/adit-tunnel/adit/tui/pane"
)

// How the list is drawn: its own lines (title, views, names of the columns), then its rows.

// listTitle is what the list is called, by what the endpoints carry.
func (m *model) listTitle() string {
	switch {
	case m.ofConnections() == 0:
		return "HTTP Requests"
	case m.onlyConnections():
		return "Connections"
	}
	return "HTTP Requests and Connections"
}

// ofConnections is how many endpoints carry connections: those of tcp and tls.
func (m *model) ofConnections() (n int) {
	for _, e := range m.status.Endpoints {
		if strings.HasPrefix(e.URL, "tcp://") || strings.HasPrefix(e.URL, "tls://") {
			n++
		}
	}
	return n
}

// onlyConnections says that no endpoint carries requests.
func (m *model) onlyConnections() bool {
	n := m.ofConnections()
	return n > 0 && n == len(m.status.Endpoints)
}

// most is how many lines of its own the list has.
func (m *model) most() int {
	if len(m.views.all) > 0 {
		return 3
	}
	return 2
}

// ownLines are the list's own lines that there is room for, by their ranks: most of its box belongs to rows.
func (m *model) ownLines() []pane.Line {
	lines := []pane.Line{{Rank: pane.RankTitle}}
	if len(m.views.all) > 0 {
		lines = append(lines, pane.Line{Rank: pane.RankViews})
	}
	return pane.Fit(append(lines, pane.Line{Rank: pane.RankRule}), (m.boxes.list.height+1)/3)
}

// ownLine draws one of them.
func (m *model) ownLine(rank pane.Rank) string {
	look := m.listLook()
	switch {
	case rank == pane.RankTitle:
		return look.ListTitle(m.listTitle(), m.note(), look.Focus(m.focus == onList, !m.boxes.detail.seen()))
	case rank == pane.RankViews:
		return look.ViewTabs(m.tabs())
	case len(m.rows.spots) > 0:
		return m.table().Header(m.rows.order)
	}
	return look.Rule(strings.Repeat("-", min(len(m.listTitle()), look.Width)))
}

// listLook draws within the list's box.
func (m *model) listLook() pane.Look {
	look := m.look
	look.Width = m.boxes.list.width
	return look
}

// table is the list's columns.
func (m *model) table() pane.Table { return m.listLook().Table(m.columns()) }

// note is what stands beside the list's title, what matters most first.
func (m *model) note() string {
	var notes []string
	if m.span.from != 0 {
		notes = append(notes, "marking a range")
	}
	if len(m.marks) > 0 {
		notes = append(notes, m.marksNote())
	}
	if m.prompt.filter != nil {
		notes = append(notes, m.found())
	}
	if m.cleared > 0 {
		notes = append(notes, "earlier ones hidden")
	}
	if m.status.Dropped > 0 {
		notes = append(notes, fmt.Sprintf("%d not recorded", m.status.Dropped))
	}
	if n := m.kept.Summaries + m.kept.NotStored; n > 0 { // they came too fast
		notes = append(notes, fmt.Sprintf("%d not kept whole", n))
	}
	if m.kept.Waiting > 0 {
		notes = append(notes, fmt.Sprintf("%d not listed yet", m.kept.Waiting))
	}
	row, selected := m.rows.selected()
	if selected && row.ReplayOf != "" {
		notes = append(notes, m.origin(row))
	}
	if i, _ := m.rows.place(row.Seq); selected && len(m.rows.spots) > m.rows.height {
		notes = append(notes, fmt.Sprintf("%d of %d", i+1, len(m.rows.spots)))
	}
	return strings.Join(notes, ", ")
}

// found is the filter and how much it has found so far.
func (m *model) found() string {
	return m.count() + " match " + view.Sanitize(pane.Clip(m.prompt.filter.String(), max(m.listLook().Width/3, 8)))
}

// count is how many the filter has found: "37 of 1204", of this run; those of earlier runs are counted apart. It is open whether there are more
// when not all of the store has been read.
func (m *model) count() string {
	now, earlier := 0, 0
	for i := range m.rows.rows {
		if m.rows.rows[i].Nth > 0 {
			now++
		} else {
			earlier++
		}
	}
	more := ""
	if !m.prompt.all {
		more = "+"
	}
	all := max(m.total, uint64(now))
	text := fmt.Sprintf("%d%s of %d", now, more, all)
	if earlier > 0 { // then all of this run have been found
		text = fmt.Sprintf("%d of %d, %d%s earlier", now, all, earlier, more)
	}
	if m.prompt.searching {
		text += " searching…"
	}
	return text
}

// origin names the row that a replay is a replay of.
func (m *model) origin(replay pane.Row) string {
	if o, ok := m.rows.lookup(replay.ReplayOf); ok {
		return "↻ of " + m.look.Clock(o.Start)
	}
	return "↻ of one no longer listed"
}

// emptyRun says that nothing has been recorded: there is nothing to list, whatever one does.
func (m *model) emptyRun() bool {
	return len(m.rows.spots) == 0 && m.prompt.filter == nil && m.cleared == 0 && !m.only
}

// viewList draws the list's box.
func (m *model) viewList() []string {
	var lines []string
	for _, l := range m.boxes.own {
		lines = append(lines, m.ownLine(l.Rank))
	}
	if len(m.rows.spots) == 0 {
		return append(lines, m.nothing()...)
	}
	table, mask := m.table(), m.mask()
	for i := m.rows.first; i <= m.rows.bottom(); i++ {
		r := *m.rows.row(i)
		r.Path = mask.Target(r.Path)
		mark := pane.Mark{Selected: r.Seq == m.rows.sel, Marked: m.marks.has(r.ID), Under: m.rows.spots[i].under}
		lines = append(lines, table.Row(&r, mark, m.now))
	}
	return lines
}

// nothing is what stands in the place of rows.
func (m *model) nothing() []string {
	text := ""
	switch {
	case !m.loaded:
		return nil
	case m.only && len(m.marks) == 0:
		text = "Nothing is marked. " + m.keyOf("list.marked-only") + " shows the others again."
	case m.only:
		text = "None of the marked ones is in this list. " + m.keyOf("list.marked-only") + " shows the others again."
	case m.cleared > 0:
		text = "Nothing new. " + m.keyOf("list.clear") + " shows what was there before."
	case m.prompt.filter != nil && m.prompt.searching:
		text = "Searching…"
	case m.prompt.filter != nil:
		text = "Nothing matches the filter. " + m.keyOf("list.back") + " shows everything again."
	default:
		empty, _ := m.empty()
		return empty
	}
	return []string{m.look.Quiet.Render(pane.Clip(text, m.listLook().Width))}
}
