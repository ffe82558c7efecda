package tui

import (
	tea "github.com/charmbracelet/bubbletea"

	"github.com/adit-tunnel/adit/inspect/rerun"
	"github.com/adit-tunnel/adit/inspect/view"
	"github.com/adit-tunnel/adit/tui/pane"
)

// runSheet is the table of what came of a run.
type runSheet struct {
	run       *run
	at, first int // the outcome chosen, and the first one seen
}

func (*runSheet) where() where                     { return onRun }
func (*runSheet) typed(*model, tea.KeyMsg) tea.Cmd { return nil }
func (*runSheet) line(*model) string               { return "" }

func (s *runSheet) body(m *model, room int) []string {
	r := s.run
	title := r.what + ": " + r.known.table.String()
	lines := append(m.name(), m.look.Title.Render(pane.Clip("Replayed "+title, m.look.Width)))
	if room <= len(lines) {
		lines = nil
	}
	height := room - len(lines)
	s.first = max(min(s.first, s.at), s.at-height+1, 0)
	for i := s.first; i < min(s.first+height, len(r.known.done)); i++ {
		o := &r.known.done[i]
		row := r.known.rows[o.Original]
		lines = append(lines, m.look.Outcome(pane.Outcome{
			Verdict: string(o.Verdict), Good: o.Verdict == rerun.Passed, Request: m.called(row),
			Was: o.Was, Is: o.Status, Took: view.Duration(o.Took), Changed: o.Changed,
		}, i == s.at))
	}
	return full(lines, room)
}

// openRun shows what came of the last run, from the first outcome on that is not as it was.
func (m *model) openRun() tea.Cmd {
	if m.run == nil || len(m.run.known.done) == 0 {
		m.say(m.look.Quiet.Render, "nothing has been replayed together yet: mark some requests and replay them")
		return nil
	}
	s := &runSheet{run: m.run}
	for i := range s.run.known.done {
		if s.run.known.done[i].Verdict != rerun.Passed {
			s.at = i
			break
		}
	}
	m.lay(s)
	return nil
}

func (m *model) runUp() tea.Cmd       { return m.moveInRun(-1) }
func (m *model) runDown() tea.Cmd     { return m.moveInRun(1) }
func (m *model) runPageUp() tea.Cmd   { return m.moveInRun(-m.runPage()) }
func (m *model) runPageDown() tea.Cmd { return m.moveInRun(m.runPage()) }
func (m *model) runBegin() tea.Cmd    { return m.moveInRun(-rerun.MaxSends) }
func (m *model) runEnd() tea.Cmd      { return m.moveInRun(rerun.MaxSends) }
func (m *model) runNext() tea.Cmd     { return m.seekInRun(1) }
func (m *model) runPrevious() tea.Cmd { return m.seekInRun(-1) }

// runPage is how far a page goes: one row stays in sight.
func (m *model) runPage() int { return max(m.room()-len(m.name())-2, 1) }

func (m *model) moveInRun(by int) tea.Cmd {
	if s, ok := m.top().(*runSheet); ok {
		s.at = max(min(s.at+by, len(s.run.known.done)-1), 0)
	}
	return nil
}

// seekInRun goes to the nearest outcome in a direction that is not as it was.
func (m *model) seekInRun(by int) tea.Cmd {
	s, ok := m.top().(*runSheet)
	if !ok {
		return nil
	}
	for i := s.at + by; i >= 0 && i < len(s.run.known.done); i += by {
		if s.run.known.done[i].Verdict != rerun.Passed {
			s.at = i
			return nil
		}
	}
	m.say(m.look.Quiet.Render, "no further one that has not passed")
	return nil
}

// openOutcome opens the replay in question, compared with its original; of what was not sent the original, and says why.
func (m *model) openOutcome() tea.Cmd {
	s, ok := m.top().(*runSheet)
	if !ok || s.at >= len(s.run.known.done) {
		return nil
	}
	o := s.run.known.done[s.at]
	m.lift()
	if o.Replay == "" {
		m.say(m.look.Bad.Render, "not sent: "+o.Status)
		return m.openExchange(o.Original)
	}
	return m.openDiff(o.Replay, "")
}
