package tui

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/export"
)

// exportForm is a form in which exchanges are written to a file.
type exportForm struct {
	key, does string
	ends      string // of the file's name
	between   string // stands between two exchanges
	write     func(w io.Writer, o *whole) error
}

// exportForms are those that there are.
func (w *work) exportForms() []exportForm {
	forms := []exportForm{
		{"h", "HAR, an HTTP archive", ".har", "", nil}, // har.go of package export frames it
		{"c", "cURL commands", ".curl.sh", "\n", command(export.Curl)},
		{"i", "HTTPie commands", ".httpie.sh", "\n", command(export.HTTPie)},
		{"r", "raw: requests and responses as they passed", ".raw", "\r\n", writeRaw},
		{"e", ".http file for editors", ".http", "\n###\n\n", command(export.HTTPFile)},
		{"f", "test fixtures, JSON lines", ".fixture.jsonl", "", recordOf(export.Fixture)},
	}
	if line := w.source.Line; line != nil {
		forms = slices.Insert(forms, 4, exportForm{"j", "JSON lines, all of each in one", ".jsonl", "", recordOf(line)})
	}
	return forms
}

// recordOf writes both sides as one record.
func recordOf(record func(io.Writer, inspect.Item, io.ReaderAt, io.ReaderAt) error) func(io.Writer, *whole) error {
	return func(w io.Writer, o *whole) error {
		return record(w, o.Item, o.At(inspect.RequestSide), o.At(inspect.ResponseSide))
	}
}

// command writes the request as a text that sends it again.
func command(text func(*inspect.Exchange, io.ReaderAt, string) (string, error)) func(io.Writer, *whole) error {
	return func(w io.Writer, o *whole) error {
		s, err := text(o.Exchange, o.At(inspect.RequestSide), "")
		if err == nil {
			_, err = io.WriteString(w, s+"\n")
		}
		return err
	}
}

// writeRaw writes both messages, one behind the other.
func writeRaw(w io.Writer, o *whole) error {
	if err := o.NeedRequest(); err != nil {
		return err
	}
	for _, side := range []inspect.Side{inspect.RequestSide, inspect.ResponseSide} {
		m := o.Message(side)
		if m == nil {
			continue
		}
		if err := export.Raw(w, m, o.At(side)); err != nil {
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
	ids      []inspect.ID
	what     string // they are, for the person: "12 connections"
	form     exportForm
	redacted bool // without secrets
	paste    bool // to the clipboard, not to a file
	version  string
	began    time.Time

	stop    context.CancelFunc
	done    atomic.Int64 // exchanges
	writing sync.Mutex   // held until the file is whole, or gone
}

// exported says what has become of an export.
type exported struct {
	what   string // was to be exported
	path   string
	n      int   // exchanges
	left   int   // that could not be written
	reason error // why
	err    error
	pasted *copied // what has become of it as a text to paste; nil: it is in the file at path
}

// export does what e says.
func (w *work) export(ctx context.Context, e *exporting) exported {
	e.writing.Lock()
	defer e.writing.Unlock()
	if ctx.Err() != nil {
		return exported{err: ctx.Err()}
	}
	if e.paste {
		return w.exportToPaste(ctx, e)
	}
	file, err := newFile("adit-"+e.began.Format("2006-01-02-150405"), e.form.ends)
	if err != nil {
		return exported{err: err}
	}
	buffer := bufio.NewWriterSize(file, 64<<10)
	out := w.writeExport(ctx, e, buffer)
	out.path = file.Name()
	if out.err = errors.Join(out.err, buffer.Flush(), file.Close()); out.err != nil {
		_ = os.Remove(file.Name())
	}
	return out
}

// exportToPaste puts the export where the person can paste it from.
func (w *work) exportToPaste(ctx context.Context, e *exporting) exported {
	var text bytes.Buffer
	limit := &bounded{&text, copyMost}
	out := w.writeExport(ctx, e, limit)
	if limit.left < 0 {
		out.err = errTooMuch
	}
	if out.err != nil {
		return out
	}
	c := copied{what: "the export of " + e.what, size: int64(text.Len())}
	c.ways, c.file, c.err = w.clip(ctx, text.String())
	out.pasted = &c
	return out
}

// bounded is a writer that takes so many bytes and no more.
type bounded struct {
	w    io.Writer
	left int
}

func (b *bounded) Write(p []byte) (int, error) {
	if b.left -= len(p); b.left < 0 {
		return 0, errTooMuch
	}
	return b.w.Write(p)
}

// writeExport writes the exchanges, one in memory at a time. What the form cannot hold is counted.
func (w *work) writeExport(ctx context.Context, e *exporting, to io.Writer) (out exported) {
	out.what = e.what
	add, end := e.form.to(to, e.version)
	for _, id := range e.ids {
		if out.err = ctx.Err(); out.err != nil {
			return out
		}
		if err := w.exportOne(ctx, id, e.redacted, add); err != nil {
			out.left, out.reason = out.left+1, err
			continue
		}
		out.n++
		e.done.Add(1)
	}
	if out.err = end(); out.err == nil && out.n == 0 {
		out.err = out.reason
	}
	return out
}

// to begins a file in this form.
func (f *exportForm) to(w io.Writer, version string) (add func(*whole) error, end func() error) {
	if f.write == nil {
		har := export.NewHAR(w, version)
		return func(o *whole) error { return har.Add(o.Item, o.At(inspect.RequestSide), o.At(inspect.ResponseSide)) }, har.Close
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
	defer o.Close()
	if !redacted {
		return add(o)
	}
	return add(&whole{Item: export.Redacted(o.Item, o.At(inspect.RequestSide), o.At(inspect.ResponseSide))})
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
