package tui

import (
	"context"
	"errors"
	"fmt"
	"slices"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/diff"
	"github.com/adit-tunnel/adit/inspect/rerun"
	"github.com/adit-tunnel/adit/inspect/view"
	"github.com/adit-tunnel/adit/tui/pane"
)

// replayTargets sends the requests in question again, as they were.
func (m *model) replayTargets() tea.Cmd {
	rows, ok := m.sendable()
	if !ok {
		return nil
	}
	return m.replay(rows, rerun.Plan{}, false)
}

// sendable are the requests in question, if they can be sent again here; else it is said why not.
func (m *model) sendable() ([]pane.Row, bool) {
	rows, ok := m.targetRequests()
	return rows, ok && m.replays()
}

// targetRequests are the requests in question. Connections among them are left out; when there is nothing else, it is said why nothing is done.
func (m *model) targetRequests() ([]pane.Row, bool) {
	rows := m.targets()
	requests := requestsOf(rows)
	if len(requests) == 0 && len(rows) > 0 {
		m.refuseConnection(rows[0])
	}
	return requests, len(requests) > 0
}

// requestsOf are those that are no connections.
func requestsOf(rows []pane.Row) []pane.Row {
	return slices.DeleteFunc(slices.Clone(rows), func(r pane.Row) bool { return !r.IsRequest() })
}

// currentRequest is the exchange in question, if it is a request; else it is said why nothing is done.
func (m *model) currentRequest() (pane.Row, bool) {
	r, ok := m.current()
	if ok && !r.IsRequest() {
		m.refuseConnection(r)
		return r, false
	}
	return r, ok
}

func (m *model) refuseConnection(r pane.Row) {
	err := inspect.ConnectionError{Kind: r.Carried}
	m.say(m.look.Warn.Render, err.Error())
}

// replays says whether requests can be sent again here, and tells the person when they cannot.
func (m *model) replays() bool {
	if m.work.source.Replayer == nil {
		m.say(m.look.Warn.Render, "replay is not available here")
		return false
	}
	return true
}

// replay begins a run. Of several at once only one can be under way: the person is to see how far it is, and esc has to mean that one.
func (m *model) replay(rows []pane.Row, plan rerun.Plan, strict bool) tea.Cmd {
	what := m.called(rows[0])
	if len(rows) > 1 {
		what = view.Requests(len(rows))
	}
	several := len(rows)*max(plan.Times, 1) > 1
	if several && m.run != nil && !m.run.known.over {
		m.say(m.look.Warn.Render, "replaying "+m.run.what+" already: "+m.backKey()+" stops that")
		return nil
	}
	r, cmd := m.work.newRun(rows, what, plan, strict)
	if several {
		m.run = r
	} else {
		m.say(m.look.Quiet.Render, "replaying "+what+" …")
	}
	return cmd
}

// onRan takes news of a run.
func (m *model) onRan(n ran) tea.Cmd {
	r := n.run
	k := &r.known
	k.done, k.table, k.over, k.err = append(k.done, n.outcomes...), n.table, n.ended, n.err
	if !n.ended {
		return m.work.progress(r)
	}
	if r == m.run {
		m.runEnded(r)
		return nil
	}
	m.sentAgain(r)
	return nil
}

// runEnded shows what came of several requests, unless the person is doing something else over the panes.
func (m *model) runEnded(r *run) {
	if t := r.known.table; r.edited && t.Passed+t.Differ > 0 {
		for id := range r.known.rows {
			delete(m.drafts, id)
		}
	}
	if err := r.known.err; err != nil && !errors.Is(err, context.Canceled) {
		m.say(m.look.Bad.Render, "replay failed: "+view.Sanitize(err.Error()))
		return
	}
	m.say(m.look.Plain.Render, "replayed "+r.what+": "+r.known.table.String())
	if m.top() == nil {
		m.openRun()
	}
}

// sentAgain says how a single replay has ended.
func (m *model) sentAgain(r *run) {
	if r.known.err != nil || len(r.known.done) == 0 {
		if err := r.known.err; err != nil && !errors.Is(err, context.Canceled) {
			m.say(m.look.Bad.Render, "replay failed: "+view.Sanitize(err.Error()))
		}
		return
	}
	o := r.known.done[0]
	if o.Verdict == rerun.Failed && o.Err != nil { // it is on its way, and no more is known
		m.say(m.look.Warn.Render, "replayed, but "+view.Sanitize(o.Err.Error()))
		return
	}
	if o.Verdict == rerun.Failed || o.Verdict == rerun.NotSent {
		m.say(m.look.Bad.Render, "replay failed: "+o.Status)
		return
	}
	if r.edited {
		delete(m.drafts, o.Original)
	}
	m.say(m.look.Status(o.Diff.New).Render, "replayed → "+o.Status+" in "+view.Duration(o.Took)+", "+diff.Brief(o.Diff))
}

// running says how far the run or the export under way is; "": there is none.
func (m *model) running() string {
	if e := m.exporting; e != nil && (m.run == nil || m.run.known.over) {
		done := int(e.done.Load())
		return m.bar(done, len(e.ids)) + fmt.Sprintf("exported %d of %d — %s stops", done, len(e.ids), m.backKey())
	}
	if m.run == nil || m.run.known.over {
		return ""
	}
	t := m.run.known.table
	text := m.bar(t.Done, t.Planned) + fmt.Sprintf("replaying %d of %d", min(t.Done+1, t.Planned), t.Planned)
	for _, part := range []struct {
		n    int
		what string
	}{{t.Passed, "passed"}, {t.Differ, "differ"}, {t.Failed, "failed"}} {
		if part.n > 0 {
			text += fmt.Sprintf(" · %d %s", part.n, part.what)
		}
	}
	if m.run.known.stopping {
		return text + " — stopping"
	}
	return text + " — " + m.backKey() + " stops"
}

// barWidth is how many cells show how much is done, where there is room for them.
const barWidth = 12

func (m *model) bar(done, all int) string {
	if m.look.Width < 5*barWidth {
		return ""
	}
	return pane.Bar(done, all, barWidth) + " "
}

// stopRun stops the run or the export under way, and says whether there was one.
func (m *model) stopRun() bool {
	switch {
	case m.run != nil && !m.run.known.over:
		m.run.stop()
		m.run.known.stopping = true
	case m.exporting != nil:
		m.exporting.stop()
	default:
		return false
	}
	return true
}
