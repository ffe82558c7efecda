package tui

import (
	"context"
	"errors"
	"fmt"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/adit-tunnel/adit/inspect/view"
	"github.com/adit-tunnel/adit/tui/pane"
)

// openExport asks for the form in which the exchanges in question are exported, without secrets.
func (m *model) openExport() tea.Cmd { return m.askExport(true, false) }

// openPlainExport does so with secrets, when the person wants that.
func (m *model) openPlainExport() tea.Cmd {
	if len(m.targets()) == 0 {
		return nil
	}
	m.lay(&menuSheet{title: "Export with all secrets: tokens, cookies, passwords? Who gets the file has them.", choices: []choice{
		{key: "n", does: "no, without secrets", run: func(m *model) tea.Cmd { return m.askExport(true, false) }},
		{key: "y", does: "yes, everything as it passed", run: func(m *model) tea.Cmd { return m.askExport(false, false) }},
	}})
	return nil
}

// askExport asks for the form, for a file or for something to paste.
func (m *model) askExport(redacted, paste bool) tea.Cmd {
	rows := m.targets()
	if len(rows) == 0 {
		return nil
	}
	title, other := "Export of "+howMany(rows)+" to a file, without secrets", "to the clipboard instead"
	if paste {
		title, other = "Export of "+howMany(rows)+" to the clipboard, without secrets", "to a file instead"
	}
	if !redacted {
		title = strings.Replace(title, "without", "with", 1)
	}
	menu, ids, what := &menuSheet{title: title}, idsOf(rows), howMany(rows)
	for _, f := range m.work.exportForms() {
		menu.choices = append(menu.choices, choice{key: f.key, does: f.does, run: func(m *model) tea.Cmd {
			return m.export(&exporting{ids: ids, what: what, form: f, redacted: redacted, paste: paste})
		}})
	}
	menu.choices = append(menu.choices, choice{key: "y", does: other, run: func(m *model) tea.Cmd { return m.askExport(redacted, !paste) }})
	m.lay(menu)
	return nil
}

// howMany says how many requests there are, or connections, or how many of both together.
func howMany(rows []pane.Row) string {
	requests := 0
	for i := range rows {
		if rows[i].IsRequest() {
			requests++
		}
	}
	switch requests {
	case len(rows):
		return view.Requests(requests)
	case 0:
		return view.Connections(len(rows))
	}
	return view.Requests(requests) + " and " + view.Connections(len(rows)-requests)
}

// export begins an export. One at a time: the key that stops it has to mean that one.
func (m *model) export(e *exporting) tea.Cmd {
	if m.exporting != nil {
		m.say(m.look.Warn.Render, "an export is under way: "+m.backKey()+" stops it")
		return nil
	}
	ctx, stop := context.WithCancel(m.work.root)
	e.stop, e.version, e.began = stop, m.status.Version, m.now
	m.exporting = e
	w := &m.work
	return safely(func() tea.Msg {
		defer stop()
		return w.export(ctx, e)
	})
}

// endExport stops the export under way, when the dashboard has ended, and waits until nothing is left of it: the process may end with Run.
func (m *model) endExport() {
	if e := m.exporting; e != nil {
		e.stop()
		e.writing.Lock()
	}
}

func (m *model) onExported(e exported) tea.Cmd {
	m.exporting = nil
	switch {
	case errors.Is(e.err, context.Canceled):
		m.say(m.look.Note.Render, "the export was stopped: nothing is left of it")
	case e.err != nil:
		m.say(m.look.Bad.Render, view.Sanitize("not exported: "+e.err.Error()))
	case e.pasted != nil && (e.left == 0 || e.pasted.err != nil):
		return m.onCopied(*e.pasted)
	case e.pasted != nil:
		m.say(m.look.Warn.Render, view.Sanitize(fmt.Sprintf("copied %d of %d: %s", e.n, e.n+e.left, e.reason)))
	case e.left > 0:
		m.say(m.look.Warn.Render, view.Sanitize(fmt.Sprintf("%d of %d exported to %s: %s", e.n, e.n+e.left, e.path, e.reason)))
	default:
		m.say(m.look.Good.Render, view.Sanitize(e.what+" exported to "+e.path))
	}
	return nil
}
