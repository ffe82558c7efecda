package tui

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/export"
	"github.com/adit-tunnel/adit/inspect/view"
)

// exportForm is a form in which exchanges are written to a file.
type exportForm struct {
	key, does string
	ends      string // of the file's name
	between   string // stands between two exchanges
	write     func(w io.Writer, o *whole) error
}

var exportForms = []exportForm{
	{"h", "HAR, an HTTP archive", ".har", "", nil}, // har.go of package export frames it
	{"c", "cURL commands", ".curl.sh", "\n", command(export.Curl)},
	{"i", "HTTPie commands", ".httpie.sh", "\n", command(export.HTTPie)},
	{"r", "raw: requests and responses as they passed", ".raw", "\r\n", writeRaw},
	{"j", "JSON lines, all of each in one", ".jsonl", "", func(w io.Writer, o *whole) error {
		return export.JSON(w, o.Item, o.at(inspect.RequestSide), o.at(inspect.ResponseSide))
	}},
	{"e", ".http file for editors", ".http", "\n###\n\n", command(export.HTTPFile)},
	{"f", "test fixtures, JSON lines", ".fixture.jsonl", "", func(w io.Writer, o *whole) error {
		return export.Fixture(w, o.Item, o.at(inspect.RequestSide), o.at(inspect.ResponseSide))
	}},
}

// command writes the request as a text that sends it again.
func command(text func(*inspect.Exchange, io.ReaderAt, string) (string, error)) func(io.Writer, *whole) error {
	return func(w io.Writer, o *whole) error {
		s, err := text(o.Exchange, o.at(inspect.RequestSide), "")
		if err == nil {
			_, err = io.WriteString(w, s+"\n")
		}
		return err
	}
}

// writeRaw writes both messages, one behind the other.
func writeRaw(w io.Writer, o *whole) error {
	for _, side := range []inspect.Side{inspect.RequestSide, inspect.ResponseSide} {
		m := o.Message(side)
		if m == nil {
			continue
		}
		if err := export.Raw(w, m, o.at(side)); err != nil {
			return err
		}
		if _, err := io.WriteString(w, "\r\n"); err != nil {
			return err
		}
	}
	return nil
}

// exporting is an export under way.
type exporting struct {
	stop context.CancelFunc
	of   int
	done atomic.Int64 // exchanges
}

// exported says what has become of an export.
type exported struct {
	path   string
	n      int // exchanges
	left   int // that could not be written
	reason error
	err    error
}

// openExport asks for the form in which the exchanges in question are exported, without secrets.
func (m *model) openExport() tea.Cmd { return m.askExport(true) }

// openPlainExport does so with secrets, when the person wants that.
func (m *model) openPlainExport() tea.Cmd {
	if len(m.targets()) == 0 {
		return nil
	}
	m.lay(&menuSheet{title: "Export with all secrets: tokens, cookies, passwords? Who gets the file has them.", choices: []choice{
		{key: "n", does: "no, without secrets", run: func(m *model) tea.Cmd { return m.askExport(true) }},
		{key: "y", does: "yes, everything as it passed", run: func(m *model) tea.Cmd { return m.askExport(false) }},
	}})
	return nil
}

func (m *model) askExport(redacted bool) tea.Cmd {
	rows := m.targets()
	if len(rows) == 0 {
		return nil
	}
	title := "Export of " + requests(len(rows)) + ", without secrets"
	if !redacted {
		title = "Export of " + requests(len(rows)) + ", with secrets"
	}
	menu, ids := &menuSheet{title: title}, idsOf(rows)
	for _, f := range exportForms {
		menu.choices = append(menu.choices, choice{key: f.key, does: f.does, run: func(m *model) tea.Cmd { return m.export(ids, f, redacted) }})
	}
	m.lay(menu)
	return nil
}

// export begins an export. One at a time: esc has to mean that one.
func (m *model) export(ids []inspect.ID, f exportForm, redacted bool) tea.Cmd {
	if m.exporting != nil {
		m.say(m.look.Warn.Render, "an export is under way: "+m.backKey()+" stops it")
		return nil
	}
	ctx, stop := context.WithCancel(m.work.root)
	w, e, version, now := &m.work, &exporting{stop: stop, of: len(ids)}, m.status.Version, m.now
	m.exporting = e
	return safely(func() tea.Msg {
		defer stop()
		return w.export(ctx, e, ids, f, redacted, version, now)
	})
}

func (m *model) onExported(e exported) tea.Cmd {
	m.exporting = nil
	switch {
	case errors.Is(e.err, context.Canceled):
		m.say(m.look.Note.Render, "the export was stopped: there is no file")
	case e.err != nil:
		m.say(m.look.Bad.Render, view.Sanitize("not exported: "+e.err.Error()))
	case e.left > 0:
		m.say(m.look.Warn.Render, view.Sanitize(fmt.Sprintf("%s in %s, without %d: %s", requests(e.n), e.path, e.left, e.reason)))
	default:
		m.say(m.look.Good.Render, view.Sanitize(requests(e.n)+" exported to "+e.path))
	}
	return nil
}

// export writes exchanges to a new file in the working directory, one in memory at a time. What a form cannot hold is counted.
func (w *work) export(ctx context.Context, e *exporting, ids []inspect.ID, form exportForm, redacted bool, version string, now time.Time) (out exported) {
	file, err := newFile("adit-"+now.Format("2006-01-02-150405"), form.ends)
	if err != nil {
		return exported{err: err}
	}
	out.path = file.Name()
	buffer := bufio.NewWriterSize(file, 64<<10)
	add, end := form.to(buffer, version)
	for _, id := range ids {
		if err = ctx.Err(); err != nil {
			break
		}
		if err := w.exportOne(ctx, id, redacted, add); err != nil {
			out.left, out.reason = out.left+1, err
			continue
		}
		out.n++
		e.done.Add(1)
	}
	err = errors.Join(err, end(), buffer.Flush(), file.Close())
	if err == nil && out.n == 0 {
		err = out.reason
	}
	if err != nil {
		_ = os.Remove(file.Name())
		out.err = err
	}
	return out
}

// to begins a file in this form.
func (f *exportForm) to(w io.Writer, version string) (add func(*whole) error, end func() error) {
	if f.write == nil {
		har := export.NewHAR(w, version)
		return func(o *whole) error { return har.Add(o.Item, o.at(inspect.RequestSide), o.at(inspect.ResponseSide)) }, har.Close
	}
	apart := &apart{w: w, between: f.between}
	return func(o *whole) error {
		apart.begun = false
		return f.write(apart, o)
	}, func() error { return nil }
}

// apart writes what stands between two exchanges before the second one has anything to write.
type apart struct {
	w       io.Writer
	between string
	some    bool // something has been written
	begun   bool // of the present exchange, too
}

func (a *apart) Write(p []byte) (int, error) {
	if a.some && !a.begun {
		if _, err := io.WriteString(a.w, a.between); err != nil {
			return 0, err
		}
	}
	a.some, a.begun = true, true
	return a.w.Write(p)
}

// exportOne adds one exchange.
func (w *work) exportOne(ctx context.Context, id inspect.ID, redacted bool, add func(*whole) error) error {
	o, err := w.whole(ctx, id)
	if err != nil {
		return err
	}
	defer o.close()
	if !redacted {
		return add(o)
	}
	return add(&whole{Item: export.Redacted(o.Item, o.at(inspect.RequestSide), o.at(inspect.ResponseSide))})
}

// newFile makes a file for this user alone in the working directory, under a name that nothing has yet.
func newFile(name, ends string) (*os.File, error) {
	for n := 1; ; n++ {
		path := name + ends
		if n > 1 {
			path = fmt.Sprintf("%s-%d%s", name, n, ends)
		}
		if full, err := filepath.Abs(path); err == nil {
			path = full
		}
		f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if !errors.Is(err, os.ErrExist) || n == 1000 {
			return f, err
		}
	}
}
