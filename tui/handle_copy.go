package tui

import (
	"bytes"
	"fmt"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/export"
	"github.com/adit-tunnel/adit/inspect/view"
	"github.com/adit-tunnel/adit/tui/pane"
)

// copied is what has become of a text that was to be copied.
type copied struct {
	what string
	size int64
	ways []string // by which it was copied
	file string   // where it is instead
	err  error
}

// copy has text copied to where the person can paste it from. what names it in the toast: "the URL".
func (m *model) copy(what, text string) tea.Cmd {
	return m.copyOf(what, func() (string, error) { return text, nil })
}

// copyOf copies a text that has to be made first.
func (m *model) copyOf(what string, text func() (string, error)) tea.Cmd {
	w := &m.work
	return safely(func() tea.Msg {
		c := copied{what: what}
		var s string
		if s, c.err = text(); c.err == nil {
			c.size = int64(len(s))
			c.ways, c.file, c.err = w.clip(w.root, s)
		}
		return c
	})
}

// onCopied says where the text is now.
func (m *model) onCopied(c copied) tea.Cmd {
	switch {
	case c.err != nil:
		m.say(m.look.Bad.Render, view.Sanitize(c.what+" cannot be copied: "+c.err.Error()))
	case c.file != "":
		m.say(m.look.Warn.Render, view.Sanitize(fmt.Sprintf("%s (%s): in the file %s", c.what, view.Size(c.size), c.file)))
	default:
		m.say(m.look.Good.Render, view.Sanitize("copied "+c.what+" by "+strings.Join(c.ways, ", ")))
	}
	return nil
}

// copies are what can be copied of an exchange.
var copies = []struct {
	key, does, what string
	text            func(*whole) (string, error)
}{
	{"y", "URL", "the URL", func(o *whole) (string, error) { return export.URL(o.Exchange), nil }},
	{"c", "cURL command", "the cURL command", func(o *whole) (string, error) {
		return export.Curl(o.Exchange, o.At(inspect.RequestSide), "")
	}},
	{"h", "headers of request and response", "the headers", (*whole).heads},
	{"b", "body of the request, decoded", "the body of the request", func(o *whole) (string, error) { return o.content(inspect.RequestSide) }},
	{"B", "body of the response, decoded", "the body of the response", func(o *whole) (string, error) { return o.content(inspect.ResponseSide) }},
	{"r", "raw request", "the raw request", func(o *whole) (string, error) { return o.raw(inspect.RequestSide) }},
	{"R", "raw response", "the raw response", func(o *whole) (string, error) { return o.raw(inspect.ResponseSide) }},
	{"j", "all of it as JSON, as in a HAR", "the HAR entry", func(o *whole) (string, error) {
		var b bytes.Buffer
		err := export.Entry(&b, o.Item, o.At(inspect.RequestSide), o.At(inspect.ResponseSide))
		return strings.TrimSuffix(b.String(), "\n"), err
	}},
}

// openCopy asks what is to be copied of the exchanges in question.
func (m *model) openCopy() tea.Cmd {
	all := m.targets()
	rows := requestsOf(all)
	menu := &menuSheet{title: "Copy", choices: m.thingCopies()}
	switch {
	case len(rows) == 0 && len(all) > 0: // what else there is to copy has nothing to do with them
		menu.title = "Copy: " + all[0].Carried.NotKept()
	case len(rows) > 1:
		menu.title = "Copy of " + view.Requests(len(rows))
	case len(rows) == 1:
		menu.title = "Copy of " + m.called(rows[0])
	}
	if len(rows) > 0 {
		for _, c := range copies {
			menu.choices = append(menu.choices, choice{key: c.key, does: c.does, run: func(m *model) tea.Cmd {
				what := c.what
				if len(rows) > 1 {
					what = view.Requests(len(rows)) + ", " + what + " of each"
				}
				w, ids := &m.work, idsOf(rows)
				return m.copyOf(what, func() (string, error) { return w.texts(ids, c.text) })
			}})
		}
	}
	if url := firstURL(m.status); url != "" {
		menu.choices = append(menu.choices, choice{key: "p", does: "public URL " + url, run: func(m *model) tea.Cmd { return m.copy("the public URL", url) }})
	}
	if len(menu.choices) > 0 {
		m.lay(menu)
	}
	return nil
}

// copyThing copies the value under the cursor, as far as it is seen.
func (m *model) copyThing(t pane.Thing) tea.Cmd {
	if t.Mask {
		m.say(m.look.Warn.Render, "this value is masked: show it first")
		return nil
	}
	return m.copy("the value", t.Value)
}

// copyMost is how much text is put together at most, in bytes.
const copyMost = 4 << 20

var errTooMuch = fmt.Errorf("it is more than %s: export it to a file", view.Size(copyMost))

// texts puts together what text says of some exchanges, a line break between two.
func (w *work) texts(ids []inspect.ID, text func(*whole) (string, error)) (string, error) {
	var b strings.Builder
	for _, id := range ids {
		o, err := w.whole(w.root, id)
		if err != nil {
			return "", err
		}
		s, err := text(o)
		o.Close()
		if err != nil {
			return "", err
		}
		if b.Len()+len(s) > copyMost {
			return "", errTooMuch
		}
		if b.Len() > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(s)
	}
	return b.String(), nil
}
