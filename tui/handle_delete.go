package tui

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/view"
	"github.com/adit-tunnel/adit/tui/pane"
)

const (
	undoFor    = 10 * time.Second // how long a deletion can be undone
	deleteLast = 10 * time.Second // for what is to be deleted when the dashboard ends
)

// deletion is what has gone from the list, and goes from the store when it cannot be undone any more.
type deletion struct {
	rows  []pane.Row // that still can come back
	due   time.Time
	going map[inspect.ID]struct{} // what the store is deleting: when the dashboard ends, that may be cut short
	gone  map[inspect.ID]struct{} // all that has been deleted: a list that was read before may have it
}

// deleted says what has become of a deletion from the store.
type deleted struct {
	rows   []pane.Row // that were to go; nil: what a filter means,
	purged []pane.Row // and which of those that the list would keep are gone,
	n      int        // of so many that are
	err    error
}

// deleteTargets takes the exchanges in question off the list. Those under way stay; whether pinned ones go is asked.
func (m *model) deleteTargets() tea.Cmd {
	rows, ok := m.keepable()
	if !ok {
		return nil
	}
	ended := slices.DeleteFunc(slices.Clone(rows), func(r pane.Row) bool { return r.Live })
	if len(ended) == 0 {
		m.say(m.look.Warn.Render, "what is under way cannot be deleted")
		return nil
	}
	rest := slices.DeleteFunc(slices.Clone(ended), func(r pane.Row) bool { return r.Pinned })
	pinned := len(ended) - len(rest)
	if pinned == 0 {
		return m.deleteRows(ended)
	}
	choices := []choice{{key: "d", does: fmt.Sprintf("delete %s, pinned or not", howMany(ended)), run: func(m *model) tea.Cmd { return m.deleteRows(ended) }}}
	if len(rest) > 0 {
		choices = append(choices, choice{key: "r", does: fmt.Sprintf("delete the rest: %s", howMany(rest)), run: func(m *model) tea.Cmd { return m.deleteRows(rest) }})
	}
	m.lay(&menuSheet{title: fmt.Sprintf("Of %s %d pinned. Delete?", howMany(ended), pinned), choices: choices})
	return nil
}

// deleteRows takes rows off the list. The deletion before can not be undone from here on.
func (m *model) deleteRows(rows []pane.Row) tea.Cmd {
	cmd := m.carryOut()
	m.deletion.rows, m.deletion.due = rows, m.now.Add(undoFor)
	m.takeOff(rows)
	m.say(m.look.Note.Render, "deleted "+howMany(rows)+": "+m.keyOf("undo")+" brings back")
	m.toast.until = m.deletion.due
	return cmd
}

// takeOff takes rows off the list, and what is open with them.
func (m *model) takeOff(rows []pane.Row) {
	seqs := map[uint64]bool{}
	for _, r := range rows {
		m.deletion.gone[r.ID] = struct{}{}
		delete(m.marks, r.ID)
		seqs[r.Seq] = true
	}
	m.rows.remove(seqs)
	if _, ok := m.deletion.gone[m.detail.row.ID]; ok {
		m.closeDetail()
	}
}

// undoDelete brings back what was deleted last.
func (m *model) undoDelete() tea.Cmd {
	d := &m.deletion
	if len(d.rows) == 0 {
		m.say(m.look.Quiet.Render, "there is nothing to bring back")
		return nil
	}
	m.say(m.look.Good.Render, howMany(d.rows)+" brought back")
	m.bringBack(d.rows)
	d.rows = nil
	return nil
}

func (m *model) bringBack(rows []pane.Row) {
	for _, r := range rows {
		delete(m.deletion.gone, r.ID)
	}
	m.rows.put(rows)
}

// carryOut deletes from the store what is off the list.
func (m *model) carryOut() tea.Cmd {
	rows := m.deletion.rows
	m.deletion.rows = nil
	if len(rows) == 0 {
		return nil
	}
	w, ids := &m.work, idsOf(rows)
	for _, id := range ids {
		m.deletion.going[id] = struct{}{}
	}
	return safely(func() tea.Msg {
		_, err := w.source.Keeper.Delete(w.root, ids...)
		return deleted{rows: rows, err: err}
	})
}

// carryOutIfDue does so when the time to undo it is over.
func (m *model) carryOutIfDue(now time.Time) tea.Cmd {
	if !now.After(m.deletion.due) {
		return nil
	}
	return m.carryOut()
}

// finish deletes what still could have been undone when the dashboard ended, and what was not deleted yet.
func (m *model) finish(ctx context.Context) error {
	ids := slices.AppendSeq(idsOf(m.deletion.rows), maps.Keys(m.deletion.going))
	if len(ids) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), deleteLast)
	defer cancel()
	if _, err := m.work.source.Keeper.Delete(ctx, ids...); err != nil {
		return fmt.Errorf("deleting %d from the list: %w", len(ids), err)
	}
	return nil
}

// onDeleted says what could not be deleted, and lists again what a filter has left.
func (m *model) onDeleted(d deleted) tea.Cmd {
	for _, r := range d.rows {
		delete(m.deletion.going, r.ID)
	}
	if d.err != nil {
		m.say(m.look.Bad.Render, "not deleted: "+view.Sanitize(d.err.Error()))
		m.bringBack(d.rows)
		return nil
	}
	if d.rows != nil {
		return nil
	}
	if r, ok := m.rows.selected(); ok && slices.ContainsFunc(d.purged, func(p pane.Row) bool { return p.ID == r.ID }) {
		m.rows.resume() // else the row beside it would be selected, and kept, though it may be gone as well
	}
	m.takeOff(d.purged)
	m.say(m.look.Good.Render, fmt.Sprintf("%d deleted", d.n))
	if m.prompt.filter == nil { // the feed lists anew
		return nil
	}
	return m.relist()
}

// withoutDeleted leaves out rows that are off the list.
func (m *model) withoutDeleted(rows []pane.Row) []pane.Row {
	if len(m.deletion.gone) == 0 {
		return rows
	}
	return slices.DeleteFunc(rows, func(r pane.Row) bool {
		_, gone := m.deletion.gone[r.ID]
		return gone
	})
}

// askPurge asks whether all that the list shows is to be deleted.
func (m *model) askPurge() tea.Cmd {
	q := inspect.Query{Filter: m.prompt.filter}
	if q.Filter == nil {
		q.Run = m.work.source.Reader.Run()
	}
	return m.askPurgeOf(q)
}

// takePurge asks whether what a filter means is to be deleted.
func (m *model) takePurge(filter string) (tea.Cmd, error) {
	f, err := inspect.ParseFilter(filter)
	if err != nil {
		return nil, err
	}
	return m.askPurgeOf(inspect.Query{Filter: f}), nil
}

func (m *model) askPurgeOf(q inspect.Query) tea.Cmd {
	if !m.keeps() {
		return nil
	}
	what := "all of this run"
	if q.Filter != nil {
		what = "all, of earlier runs too, that match " + view.Sanitize(q.Filter.String())
	}
	w, held := &m.work, m.held()
	m.lay(&menuSheet{title: "Delete " + what + "? It cannot be undone. Pinned ones stay unless the filter names them.", choices: []choice{
		{key: "n", does: "keep them", run: func(*model) tea.Cmd { return nil }},
		{key: "y", does: "delete them", run: func(m *model) tea.Cmd {
			m.say(m.look.Quiet.Render, "deleting …")
			return safely(func() tea.Msg {
				n, err := w.source.Keeper.Purge(w.root, q)
				return deleted{n: n, err: err, purged: w.missing(held)}
			})
		}},
	}})
	return nil
}

// held are the rows that stay when the list is read anew: those that are marked, and the selected one.
func (m *model) held() []pane.Row {
	rows := slices.Collect(maps.Values(m.marks))
	if r, ok := m.rows.selected(); ok && !m.marks.has(r.ID) {
		rows = append(rows, r)
	}
	return rows
}

// missing are those of rows that the store has no longer.
func (w *work) missing(rows []pane.Row) []pane.Row {
	return slices.DeleteFunc(rows, func(r pane.Row) bool {
		_, err := w.source.Reader.Get(w.root, r.ID)
		return !errors.Is(err, inspect.ErrNotFound)
	})
}
