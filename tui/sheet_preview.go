package tui

import (
	"fmt"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/adit-tunnel/adit/inspect"
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
	text := strings.Split(strings.TrimRight(strings.ReplaceAll(string(p.Head), "\r\n", "\n"), "\n"), "\n")
	text = append(append(text, ""), s.content()...)
	height := max(room-len(lines), 1)
	s.first = max(min(s.first, len(text)-height), 0)
	for _, l := range text[s.first:min(s.first+height, len(text))] {
		lines = append(lines, pane.Clip(view.Sanitize(strings.ReplaceAll(l, "\t", "    ")), m.look.Width))
	}
	return lines[:min(len(lines), room)]
}

// content is the beginning of what is sent behind the head.
func (s *previewSheet) content() []string {
	body := s.edit.Body
	switch {
	case s.prepared.Size == 0:
		return nil
	case body == nil:
		return []string{"(the content as it was recorded)"}
	case len(body) > previewMost:
		return append(strings.Split(string(body[:previewMost]), "\n"), "…")
	}
	return strings.Split(string(body), "\n")
}

func (m *model) previewUp() tea.Cmd   { return m.scrollPreview(-1) }
func (m *model) previewDown() tea.Cmd { return m.scrollPreview(1) }

func (m *model) scrollPreview(by int) tea.Cmd {
	if s, ok := m.top().(*previewSheet); ok {
		s.first = max(s.first+by, 0)
	}
	return nil
}
