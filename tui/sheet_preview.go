package tui

import (
	"errors"
	"fmt"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/rerun"
	"github.com/adit-tunnel/adit/inspect/view"
	"github.com/adit-tunnel/adit/tui/pane"
)

// previewMost is how much content is shown of what will be sent, in bytes.
const previewMost = 4 << 10

// previewSheet shows what will be sent.
type previewSheet struct {
	ed       *editing
	edit     *inspect.Edit
	prepared inspect.Prepared
	first    int // line seen
}

func (*previewSheet) where() where                     { return onPreview }
func (*previewSheet) typed(*model, tea.KeyMsg) tea.Cmd { return nil }
func (*previewSheet) line(*model) string               { return "" }

func (s *previewSheet) body(m *model, room int) []string {
	p := &s.prepared
	title := view.Sanitize(fmt.Sprintf("This is sent to %s, with %s of content", p.To, view.Size(p.Size)))
	var lines []string
	for _, l := range pane.Words(title, m.look.Width) {
		lines = append(lines, m.look.Title.Render(l))
	}
	text := s.text(*m.mask())
	height := max(room-len(lines), 1)
	s.first = max(min(s.first, len(text)-height), 0)
	for _, l := range text[s.first:min(s.first+height, len(text))] {
		lines = append(lines, pane.Clip(view.Sanitize(strings.ReplaceAll(l, "\t", "    ")), m.look.Width))
	}
	return lines[:min(len(lines), room)]
}

// text is what will be sent, its secrets masked as elsewhere.
func (s *previewSheet) text(mask view.Mask) (lines []string) {
	head := strings.Split(strings.TrimRight(strings.ReplaceAll(string(s.prepared.Head), "\r\n", "\n"), "\n"), "\n")
	for i, line := range head {
		name, value, isField := strings.Cut(line, ": ")
		switch {
		case i == 0:
			line = mask.Target(line)
		case isField:
			f, _ := mask.Field(inspect.Field{Name: name, Value: value})
			line = f.Name + ": " + f.Value
		}
		lines = append(lines, line)
	}
	switch body := s.edit.Body; {
	case s.prepared.Size == 0:
		return lines
	case body == nil:
		return append(lines, "", "(the content as it was recorded)")
	case len(body) > previewMost:
		return append(append(lines, ""), strings.Split(mask.Text(string(body[:previewMost]))+"\n…", "\n")...)
	default:
		return append(append(lines, ""), strings.Split(mask.Text(string(body)), "\n")...)
	}
}

func (m *model) previewUp() tea.Cmd   { return m.scrollPreview(-1) }
func (m *model) previewDown() tea.Cmd { return m.scrollPreview(1) }

func (m *model) scrollPreview(by int) tea.Cmd {
	if s, ok := m.top().(*previewSheet); ok {
		s.first = max(s.first+by, 0)
	}
	return nil
}

// preview asks what will be sent, and shows it.
func (m *model) preview(ed *editing) tea.Cmd {
	e := m.drafts[ed.row.ID]
	return m.work.prepare(ed.row.ID, inspect.Resend{Edit: e}, func(m *model, p prepared) tea.Cmd {
		if m.top() != nil {
			return nil
		}
		var wrong *inspect.EditError
		switch {
		case errors.As(p.err, &wrong):
			return m.editMenu(ed, view.Sanitize("It cannot be sent, "+wrong.Error()), wrong.Key)
		case p.err != nil:
			return m.editMenu(ed, view.Sanitize("It cannot be sent: "+p.err.Error()), "")
		}
		m.lay(&previewSheet{ed: ed, edit: e, prepared: p.prepared})
		return nil
	})
}

func (m *model) sendPreview() tea.Cmd {
	s, ok := m.top().(*previewSheet)
	if !ok {
		return nil
	}
	m.lift()
	return m.replay([]pane.Row{s.ed.row}, rerun.Plan{Resend: inspect.Resend{Edit: s.edit}}, false)
}

func (m *model) editPreview() tea.Cmd {
	s, ok := m.top().(*previewSheet)
	if !ok {
		return nil
	}
	m.lift()
	return m.editMenu(s.ed, "Edit "+m.called(s.ed.row), "")
}
