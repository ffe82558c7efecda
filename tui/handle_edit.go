package tui

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/edit"
	"github.com/adit-tunnel/adit/inspect/view"
)

// partRead is a request that has been read, for one of its parts to be edited.
type partRead struct {
	ed   *editing
	part func(*model, *editing) tea.Cmd
	err  error
}

// openEdit edits the request in question, to send it; openDraft only edits.
func (m *model) openEdit() tea.Cmd  { return m.beginEdit(true) }
func (m *model) openDraft() tea.Cmd { return m.beginEdit(false) }

func (m *model) beginEdit(send bool) tea.Cmd {
	row, ok := m.currentRequest()
	switch {
	case !ok || !m.replays():
		return nil
	case m.maskAll:
		m.say(m.look.Warn.Render, "editing would show what is masked: the dashboard was started with mask-all")
		return nil
	}
	return m.editMenu(&editing{row: row, send: send}, "Edit "+m.called(row), "")
}

// read reads the request, once, and has the part edited then.
func (ed *editing) read(part func(*model, *editing) tea.Cmd) func(*model) tea.Cmd {
	return func(m *model) tea.Cmd {
		if ed.x != nil {
			return part(m, ed)
		}
		w := &m.work
		return safely(func() tea.Msg {
			o, err := w.whole(w.root, ed.row.ID)
			if err != nil {
				return partRead{ed, part, err}
			}
			defer o.Close()
			full := editing{row: ed.row, send: ed.send, x: o.Exchange}
			if r := &o.Request.Message; r.Kept == r.Size && r.Kept <= editMost {
				full.body, err = io.ReadAll(r.Content(o.At(inspect.RequestSide)))
			}
			return partRead{&full, part, err}
		})
	}
}

func (m *model) onPartRead(p partRead) tea.Cmd {
	switch {
	case p.err != nil:
		m.say(m.look.Bad.Render, "it cannot be edited: "+view.Sanitize(p.err.Error()))
		return nil
	case m.top() != nil: // the person has gone on to something else
		return nil
	}
	return p.part(m, p.ed)
}

// editMenu asks which part is to be edited; key is that of an EditError, or "".
func (m *model) editMenu(ed *editing, title, key string) tea.Cmd {
	menu := &menuSheet{title: title, choices: []choice{
		{key: "m", does: "method", run: ed.read((*model).editMethod)},
		{key: "p", does: "path and query", run: ed.read((*model).editTarget)},
		{key: "h", does: "headers", run: ed.read((*model).editFields)},
		{key: "b", does: "body", run: ed.read((*model).editBody)},
		{key: "a", does: "all of it in $EDITOR", run: ed.read((*model).editAll)},
	}}
	if m.drafts[ed.row.ID] != nil {
		menu.choices = append(menu.choices,
			choice{key: "s", does: "send what you have edited, after a look", run: ed.read((*model).preview)},
			choice{key: "f", does: "forget what you have edited", run: func(m *model) tea.Cmd {
				delete(m.drafts, ed.row.ID)
				m.say(m.look.Note.Render, "the draft is gone")
				return nil
			}})
	}
	blamed := map[string]string{"method": "m", "target": "p", "fields": "h"}[key]
	menu.at = max(slices.IndexFunc(menu.choices, func(c choice) bool { return c.key == blamed }), 0)
	m.lay(menu)
	return nil
}

// maxDrafts is how many drafts are kept: each may hold a mebibyte.
const maxDrafts = 50

// edited takes what was changed, and goes on to what will be sent.
func (m *model) edited(ed *editing, e *inspect.Edit) (tea.Cmd, error) {
	if m.drafts[ed.row.ID] == nil && len(m.drafts) >= maxDrafts {
		return nil, fmt.Errorf("there are %d drafts already: send or forget some", maxDrafts)
	}
	m.drafts[ed.row.ID] = e
	if ed.send {
		return m.preview(ed), nil
	}
	m.say(m.look.Good.Render, "kept as a draft: editing the request again begins with it")
	return nil, nil
}

func (m *model) editMethod(ed *editing) tea.Cmd {
	e := *m.draft(ed)
	return m.askLine("method:", "POST", e.Method, 64, func(m *model, text string) (tea.Cmd, error) {
		if e.Method = strings.TrimSpace(text); e.Method == "" {
			return nil, errors.New("a request has a method")
		}
		return m.edited(ed, &e)
	})
}

func (m *model) editTarget(ed *editing) tea.Cmd {
	e := *m.draft(ed)
	if !typable(e.Target) {
		return m.editMenu(ed, "The path has characters that are not seen: they can be edited in $EDITOR", "")
	}
	return m.askLine("path and query:", "/hook?a=1", e.Target, 64<<10, func(m *model, text string) (tea.Cmd, error) {
		if e.Target = strings.TrimSpace(text); !strings.HasPrefix(e.Target, "/") {
			return nil, errors.New("a path begins with /: where the request goes is chosen when it is replayed with options")
		}
		return m.edited(ed, &e)
	})
}

func (m *model) editFields(ed *editing) tea.Cmd {
	e := *m.draft(ed)
	var text strings.Builder
	for _, f := range e.Fields {
		text.WriteString(f.Name + ": " + f.Value + "\n")
	}
	if !typable(text.String()) || text.Len() > typedMost {
		return m.editMenu(ed, "The headers have characters that are not seen, or are too many: they can be edited in $EDITOR", "")
	}
	return m.askArea(ed, "headers, one a line", strings.TrimSuffix(text.String(), "\n"), func(m *model, text string) (tea.Cmd, error) {
		read, err := edit.Parse([]byte("GET / HTTP/1.1\n" + strings.TrimRight(text, "\n") + "\n\n"))
		var wrong *edit.LineError
		if errors.As(err, &wrong) {
			return nil, fmt.Errorf("line %d: %s", wrong.Line-1, wrong.Text)
		}
		if err != nil {
			return nil, err
		}
		e.Fields = read.Fields
		return m.edited(ed, &e)
	})
}

func (m *model) editBody(ed *editing) tea.Cmd {
	e := *m.draft(ed)
	body := e.Body
	if body == nil {
		body = ed.body
	}
	if why := untypable(ed, body); why != "" {
		return m.editMenu(ed, "The body cannot be typed here: "+why, "")
	}
	return m.askArea(ed, "body", string(body), func(m *model, text string) (tea.Cmd, error) {
		e.Body = append([]byte{}, text...)
		return m.edited(ed, &e)
	})
}

// editedAll is what has become of a text in the editor.
type editedAll struct {
	ed      *editing
	session *edit.Session
	edit    *inspect.Edit
	again   bool
	err     error
}

// editAll opens the whole request in the person's editor.
func (m *model) editAll(ed *editing) tea.Cmd {
	text := m.applied(ed)
	return safely(func() tea.Msg {
		s, err := edit.Begin(text, os.Getenv)
		return editedAll{ed: ed, session: s, again: err == nil, err: err}
	})
}

// onEditedAll runs the editor, once more when what was typed has a mistake, and goes on with what was read.
func (m *model) onEditedAll(e editedAll) tea.Cmd {
	if e.again {
		return m.work.exec(e.session.Command(), func(err error) tea.Msg {
			// Read here and not by a command: when the dashboard is to end, no command would take the file away.
			next := editedAll{ed: e.ed, session: e.session}
			if err != nil {
				next.err = fmt.Errorf("the editor failed, nothing is sent: %w; EDITOR names another one", err)
			} else {
				next.edit, next.again, next.err = e.session.Read()
			}
			if !next.again {
				e.session.End()
			}
			return next
		})
	}
	if e.err != nil {
		m.say(m.look.Warn.Render, view.Sanitize(e.err.Error()))
		return nil
	}
	cmd, err := m.edited(e.ed, e.edit)
	if err != nil {
		m.say(m.look.Bad.Render, err.Error())
	}
	return cmd
}
