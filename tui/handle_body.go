package tui

import (
	"errors"
	"os"
	"os/exec"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/view"
	"github.com/adit-tunnel/adit/tui/pane"
)

// bodyRead is what the content of one side is, for the choice of what shows it.
type bodyRead struct {
	id      inspect.ID
	side    inspect.Side
	size    int64
	media   string
	json    bool
	picture string // its format; "": it is none
	err     error
}

// openBody shows the whole content of the open tab's side in another program.
func (m *model) openBody() tea.Cmd {
	r, ok := m.currentRequest()
	if !ok {
		return nil
	}
	side := inspect.ResponseSide
	if m.detail.tab == pane.Request {
		side = inspect.RequestSide
	}
	w, chosen := &m.work, m.detail.tab == pane.Request || m.detail.tab == pane.Response
	return safely(func() tea.Msg {
		o, err := w.whole(w.root, r.ID)
		if err != nil {
			return bodyRead{err: err}
		}
		defer o.Close()
		if x := o.Message(side); !chosen && (x == nil || x.Kept == 0) {
			side = inspect.RequestSide
		}
		return o.about(side)
	})
}

// onBodyRead runs the one program that fits, or asks which of several.
func (m *model) onBodyRead(b bodyRead) tea.Cmd {
	if b.err != nil {
		m.say(m.look.Warn.Render, "the body cannot be shown: "+view.Sanitize(b.err.Error()))
		return nil
	}
	if b.json && len(m.maskPaths) > 0 && !m.mask().Off { // the pager gets lines, which do not tell where in the content they are
		m.say(m.look.Warn.Render, "values within this JSON are masked: show them first ("+m.keyOf("secrets.show")+")")
		return nil
	}
	menu := &menuSheet{title: strings.TrimSpace(b.side.String()+" body, "+view.Size(b.size)+" "+b.media) + ": show it in"}
	argv := pager(os.Getenv)
	menu.choices = append(menu.choices, choice{"p", "the pager, " + strings.Join(argv, " "), func(m *model) tea.Cmd { return m.page(b, argv, false) }})
	if _, err := exec.LookPath("jq"); err == nil && b.json {
		menu.choices = append(menu.choices, choice{"j", "jq, and the pager", func(m *model) tea.Cmd { return m.page(b, argv, true) }})
	}
	if b.picture != "" && !m.maskAll {
		menu.choices = append(menu.choices, choice{"i", "the program for pictures", func(m *model) tea.Cmd { return m.work.picture(b) }})
	}
	if len(menu.choices) == 1 {
		return menu.choices[0].run(m)
	}
	m.lay(menu)
	return nil
}

// pager is the person's pager as words of a command.
func pager(getenv func(string) string) []string {
	if words := strings.Fields(getenv("PAGER")); len(words) > 0 {
		return words
	}
	if _, err := exec.LookPath("less"); err != nil {
		return []string{"more"}
	}
	return []string{"less", "-R"}
}

// paging is content that is ready for the pager, or why there is none.
type paging struct {
	stream *stream
	pager  *exec.Cmd
	err    error
}

// paged says how a pager has ended.
type paged struct{ err error }

// page gets the whole content ready for the pager; with jq, it is laid out by that before.
func (m *model) page(b bodyRead, argv []string, jq bool) tea.Cmd {
	w, mask := &m.work, *m.mask()
	return safely(func() tea.Msg {
		s, err := w.stream(b)
		if err == nil && jq {
			err = s.through(exec.CommandContext(w.root, "jq", "."))
		}
		if err != nil {
			s.close()
			return paging{err: err}
		}
		cmd := exec.Command(argv[0], argv[1:]...)
		cmd.Stdin = view.Printed(s.out, mask)
		return paging{stream: s, pager: cmd}
	})
}

// onPaging gives the terminal to the pager. It takes the content as it shows it, made safe for the terminal.
func (m *model) onPaging(p paging) tea.Cmd {
	if p.err != nil {
		return m.onPaged(paged{p.err})
	}
	return m.work.exec(p.pager, func(err error) tea.Msg {
		p.stream.close()
		return paged{err}
	})
}

func (m *model) onPaged(p paged) tea.Cmd {
	var status *exec.ExitError
	if p.err != nil && !errors.As(p.err, &status) { // how a pager that ran has ended is its own affair
		m.say(m.look.Bad.Render, "the pager cannot be run: "+view.Sanitize(p.err.Error()))
	}
	return nil
}

// pictured says where an image is, and whether a program has taken it.
type pictured struct {
	path  string
	shown bool
	err   error
}

func (m *model) onPictured(p pictured) tea.Cmd {
	switch {
	case p.err != nil:
		m.say(m.look.Bad.Render, "the picture cannot be written: "+view.Sanitize(p.err.Error()))
	case !p.shown:
		m.say(m.look.Warn.Render, "there is no program for pictures here; until the dashboard ends, it is in "+view.Sanitize(p.path))
	}
	return nil
}
