package tui

import (
	"errors"
	"strconv"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/rerun"
	"github.com/adit-tunnel/adit/inspect/view"
	"github.com/adit-tunnel/adit/tui/pane"
)

// options are how requests are replayed by the form, as they were given last.
type options struct {
	to          string
	times, rate string
	dropCookies bool
	resign      bool
	strict      bool
}

// prepared is what Prepare says.
type prepared struct {
	prepared inspect.Prepared
	err      error
	then     func(*model, prepared) tea.Cmd
}

// prepare asks what would be sent.
func (w *work) prepare(id inspect.ID, r inspect.Resend, then func(*model, prepared) tea.Cmd) tea.Cmd {
	return safely(func() tea.Msg {
		p, err := w.source.Replayer.Prepare(w.root, id, r)
		return prepared{p, err, then}
	})
}

// verdict is what the signature of a request is worth, for a form that is open.
type verdict struct {
	form *formSheet
	v    inspect.Verdict
	err  error
}

// openOptions asks how the requests in question are to be sent again.
func (m *model) openOptions() tea.Cmd {
	rows, ok := m.sendable()
	if !ok {
		return nil
	}
	title := "Replay " + m.called(rows[0])
	if len(rows) > 1 {
		title = "Replay " + view.Requests(len(rows))
	}
	return m.askOptions(title, rows, nil)
}

// askOptions lays the form. over is the edit whose preview stands below, and gets the answer; nil: the requests are sent as they were recorded, at once.
func (m *model) askOptions(title string, rows []pane.Row, over *previewSheet) tea.Cmd {
	o := m.options
	form := &formSheet{title: title, take: func(m *model, f *formSheet) tea.Cmd { return m.takeOptions(f, rows, over) }, fields: []*field{
		textField("to", "target", "its own local service; or 3000, https://staging.example.com …", o.to),
		textField("times", "times", "1", o.times),
		textField("rate", "per second", "as fast as answers come", o.rate),
		{key: "cookies", name: "without cookies", hint: "without its Cookie fields", toggle: true, on: o.dropCookies},
		{key: "resign", name: "signed anew", hint: "with the secret that is configured", toggle: true, on: o.resign, off: "looking …"},
		{key: "strict", name: "compare all", hint: "also what rules leave out", toggle: true, on: o.strict},
	}}
	m.lay(form)
	w, ids := &m.work, idsOf(rows)
	return safely(func() tea.Msg { return w.verdict(form, ids) })
}

// verdictsMost is how many requests are asked for one that can be signed anew.
const verdictsMost = 50

// verdict is that of the first request that can be signed anew, or else of the first.
func (w *work) verdict(form *formSheet, ids []inspect.ID) (first verdict) {
	for i, id := range ids[:min(len(ids), verdictsMost)] {
		v, err := w.source.Replayer.Verdict(w.root, id)
		if err == nil && v.CanSign {
			return verdict{form, v, nil}
		}
		if i == 0 {
			first = verdict{form, v, err}
		}
	}
	return first
}

// onVerdict says in the form whether a signature can be made.
func (m *model) onVerdict(v verdict) tea.Cmd {
	f := v.form.field("resign")
	switch {
	case v.err != nil:
		f.off = v.err.Error()
	case v.v.CanSign:
		f.off = ""
	case v.v.Provider == "":
		f.off = "it carries no signature that is known"
	case v.v.State == inspect.Valid || v.v.State == inspect.Stale: // the secret is not what is missing
		f.off = v.v.Provider + "'s signature cannot be made here"
	default:
		f.off = v.v.String()
	}
	f.on = f.on && f.off == ""
	return nil
}

// takeOptions sends as the form says, or shows in the preview what will be, when it can be sent.
func (m *model) takeOptions(f *formSheet, rows []pane.Row, over *previewSheet) tea.Cmd {
	o := options{to: f.text("to"), times: f.text("times"), rate: f.text("rate"), dropCookies: f.field("cookies").on, resign: f.field("resign").on, strict: f.field("strict").on}
	plan := rerun.Plan{IDs: idsOf(rows), Resend: inspect.Resend{To: o.to, Resign: o.resign, DropCookies: o.dropCookies}}
	if over != nil {
		plan.Resend.Edit = over.plan.Resend.Edit
	}
	var err error
	if plan.Times, err = strconv.Atoi(o.times); o.times != "" && (err != nil || plan.Times < 1) {
		f.fail("times", "a number from 1 on, not "+strconv.Quote(o.times))
		return nil
	}
	if plan.Rate, err = strconv.ParseFloat(o.rate, 64); o.rate != "" && (err != nil || plan.Rate <= 0) {
		f.fail("rate", "requests per second, such as 5 or 0.5, not "+strconv.Quote(o.rate))
		return nil
	}
	if _, err := plan.Sends(); err != nil {
		f.wrong = err.Error()
		return nil
	}
	f.busy = "looking what will be sent …"
	return m.work.prepare(rows[0].ID, plan.Resend, func(m *model, p prepared) tea.Cmd {
		f.busy = ""
		if m.top() != sheet(f) { // it has been taken away
			return nil
		}
		if p.err != nil && (len(rows) == 1 || rerun.PlanError(p.err) != nil) {
			f.refuse(p.err)
			return nil
		}
		m.options = o
		m.lift()
		if over != nil {
			over.plan, over.strict, over.prepared = plan, o.strict, p.prepared
			return nil
		}
		return m.replay(rows, plan, o.strict)
	})
}

// refuse shows why something cannot be sent, at the field that is to blame.
func (f *formSheet) refuse(err error) {
	var edit *inspect.EditError
	if errors.As(err, &edit) {
		f.fail(edit.Key, edit.Text)
		return
	}
	f.wrong = err.Error()
}
