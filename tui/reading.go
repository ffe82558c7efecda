package tui

import (
	"context"
	"io"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/view"
	"github.com/adit-tunnel/adit/tui/pane"
)

// opening is how the detail pane is read and drawn: all that a command needs of the model.
type opening struct {
	asked asked
	look  pane.Look
	mask  view.Mask
}

// opened is an exchange read for the detail pane.
type opened struct {
	asked asked
	err   error // why it cannot be read
	row   pane.Row
	doc   document
	took  time.Duration
}

// open reads an exchange and draws the tab.
func (w *work) open(o opening) tea.Cmd {
	return safely(func() tea.Msg {
		begin := time.Now()
		r := w.reading(w.root, o)
		defer r.close()
		out := opened{asked: o.asked}
		if out.err = r.get(); out.err == nil {
			out.row, out.doc = pane.RowOf(r.Item), r.document()
		}
		out.took = time.Since(begin)
		return out
	})
}

// seek looks for text in the chunks of a document from one on. A search that was ended says nothing: the same may have begun again since.
func (w *work) seek(ctx context.Context, o opening, from int, text string) tea.Cmd {
	return safely(func() tea.Msg {
		r := w.reading(ctx, o)
		defer r.close()
		out := r.seek(from, text)
		if ctx.Err() != nil {
			return nil
		}
		return out
	})
}

func (r *reading) seek(from int, text string) (out sought) {
	out = sought{asked: r.asked, text: text, chunk: from, all: true}
	if out.err = r.get(); out.err != nil {
		return out
	}
	f := find{text: text}
	for chunks := r.chunks(); out.chunk < len(chunks) && r.ctx.Err() == nil; out.chunk++ {
		if out.all = out.read < seekLimit; !out.all {
			return out
		}
		var doc document
		c := &chunks[out.chunk]
		if doc.lines, out.err = c.read(&r.mask); out.err != nil {
			return out
		}
		if f.search(&doc); len(f.found) > 0 {
			out.found = true
			return out
		}
		out.read += c.bytes()
	}
	return out
}

// seekLimit is how much content is looked through at once.
const seekLimit = 64 << 20

// reading is the reading of one exchange.
type reading struct {
	opening
	ctx    context.Context
	source Source
	pane.Subject
	opened map[inspect.ID]*inspect.Contents // to be closed
}

// reading begins one. The caller closes it.
func (w *work) reading(ctx context.Context, o opening) *reading {
	return &reading{opening: o, ctx: ctx, source: w.source, opened: map[inspect.ID]*inspect.Contents{}}
}

func (r *reading) get() error {
	it, err := r.source.Reader.Get(r.ctx, r.asked.id)
	r.Item, r.Subject.Mask = it, r.mask
	if r.asked.lasted > 0 && err == nil {
		r.Exchange = it.AsOf(it.Start.Add(r.asked.lasted))
	}
	return err
}

func (r *reading) close() {
	for _, c := range r.opened {
		c.Close()
	}
}

// contents opens what was kept of an exchange's contents, once.
func (r *reading) contents(x *inspect.Exchange) *inspect.Contents {
	if c := r.opened[x.ID]; c != nil {
		return c
	}
	c, _ := inspect.OpenContents(r.ctx, r.source.Reader, inspect.Item{Exchange: x}) // what is in memory is shown without the rest, too
	r.opened[x.ID] = &c
	return &c
}

// content is that of one side; nil: there is no more of it than memory holds.
func (r *reading) content(side inspect.Side) io.ReaderAt { return r.contents(r.Exchange).At(side) }

// document draws the tab. What cannot be read is told in its place.
func (r *reading) document() document {
	doc, err := assemble(r.chunks(), r.asked.page, &r.mask)
	if err != nil {
		doc.lines = append(doc.lines, r.look.None("the content cannot be read: "+err.Error())...)
	}
	doc.full = r.full()
	w := r.asked.width
	if r.asked.unwrap {
		w = 0
	}
	if doc.page > 0 && len(doc.lines) > 0 {
		doc.insert(0, "… "+view.Size(doc.before)+" before")
	}
	if doc.after > 1 && len(doc.lines) > 0 {
		doc.insert(len(doc.lines), "… "+view.Size(doc.after)+" more, scrolling reads on")
	}
	doc.strips = pane.Strips(doc.lines, w)
	return doc
}

// chunks is the tab as a whole.
func (r *reading) chunks() []chunk {
	if r.noTab() {
		return []chunk{{lines: r.look.None(r.Exchange.Kind.NotKept())}}
	}
	switch r.asked.tab {
	case pane.Request, pane.Response:
		return r.message()
	case pane.Raw:
		return r.raw()
	}
	return []chunk{{lines: r.lines()}}
}

// noTab says that the tab is about a request, and this is none.
func (r *reading) noTab() bool {
	return r.Exchange.IsConnection() && r.asked.tab != pane.Overview && r.asked.tab != pane.Timing && r.asked.tab != pane.Notes
}

// lines draws the tabs that are short.
func (r *reading) lines() []pane.Text {
	look := r.look
	switch r.asked.tab {
	case pane.Overview:
		return r.overview()
	case pane.Timing:
		return look.Timing(&r.Subject)
	case pane.Messages:
		return r.messages()
	case pane.Replays:
		return r.replays()
	case pane.Diff:
		return r.diff()
	}
	return look.Notes(&r.Subject)
}

// full is which tabs have something to show.
func (r *reading) full() pane.TabSet {
	x := r.Exchange
	if x.IsConnection() {
		return pane.TabSet(0).With(pane.Overview, true).With(pane.Timing, x.Duration > 0).With(pane.Notes, r.Note != "" || len(r.Tags) > 0 || r.Pinned)
	}
	replayed := r.ReplayOf != "" || len(r.family(1).Replays) > 0
	set := pane.TabSet(0).With(pane.Overview, true).With(pane.Request, len(x.Request.Head) > 0).With(pane.Raw, len(x.Request.Head) > 0)
	return set.With(pane.Response, x.Response != nil).With(pane.Timing, x.Duration > 0).With(pane.Messages, isStream(x)).
		With(pane.Replays, replayed).With(pane.Diff, replayed || r.asked.against != "").
		With(pane.Notes, r.Note != "" || len(r.Tags) > 0 || r.Pinned)
}
