package tui

import (
	"slices"
	"sort"

	"github.com/adit-tunnel/adit/tui/pane"
)

// document is what a tab of the detail pane shows, or the part of it that is in memory: a document is made of chunks, of which those are read that are near
// what is seen.
type document struct {
	full   pane.TabSet // tabs that have something to show
	lines  []pane.Text
	strips []pane.Strip
	starts []int // for each chunk that is here, the line with which it begins
	page   int   // number of the first of them
	before int64 // bytes of content that are in front of what is here, and
	here   int64
	after  int64 // behind it
}

// more says that there are chunks behind those that are here.
func (d *document) more() bool { return d.after > 0 }

// whole says that all of it is here.
func (d *document) whole() bool { return d.page == 0 && !d.more() }

// stripOf is the strip that shows that byte of a line.
func (d *document) stripOf(line, at int) int {
	i := sort.Search(len(d.strips), func(i int) bool {
		s := d.strips[i]
		return s.Line > line || s.Line == line && s.To > at
	})
	return min(i, max(len(d.strips)-1, 0))
}

// insert puts a line of ours in front of the document, or behind it.
func (d *document) insert(at int, text string) {
	d.lines = slices.Insert(d.lines, at, pane.Quiet(text))
	for i := range d.starts {
		if at == 0 {
			d.starts[i]++
		}
	}
}

// goal is where the cursor goes when a document comes.
type goal int

const (
	stay goal = iota
	goBegin
	goEnd
	goFound // what was looked for
)

// place is a strip as it is found again in another document of the same content.
type place struct{ chunk, line, strip, below int }

// place tells where the cursor is, and how far below the first strip seen.
func (d *detail) place() (p place) {
	p.below = d.cursor - d.top
	if d.cursor >= len(d.doc.strips) {
		return p
	}
	line := d.doc.strips[d.cursor].Line
	i := sort.SearchInts(d.doc.starts, line+1) - 1
	if i < 0 {
		return p
	}
	p.chunk, p.line = d.doc.page+i, line-d.doc.starts[i]
	p.strip = d.cursor - d.doc.stripOf(line, -1)
	return p
}

// restore puts the cursor where it was.
func (d *detail) restore(p place) {
	i := p.chunk - d.doc.page
	line := 0
	switch {
	case i >= len(d.doc.starts):
		line = len(d.doc.lines)
	case i >= 0:
		line = d.doc.starts[i] + p.line
	}
	at := min(d.doc.stripOf(line, -1)+p.strip, len(d.doc.strips)-1)
	d.top = at - p.below
	d.moveTo(at)
}

// lay shares room lines out: title and tabs stay on top where there is room for them.
func (d *detail) lay(room int) {
	switch {
	case room >= 5:
		d.fixed = 2
	case room >= 3:
		d.fixed = 1
	default:
		d.fixed = 0
	}
	d.height = max(room-d.fixed, 0)
	d.moveTo(d.cursor)
}

// moveTo puts the cursor on a strip, and that into what is seen.
func (d *detail) moveTo(strip int) {
	d.cursor = max(min(strip, len(d.doc.strips)-1), 0)
	d.top = min(max(d.top, d.cursor-max(d.height, 1)+1), d.cursor)
	d.top = max(min(d.top, len(d.doc.strips)-d.height), 0)
	d.turnPage()
}

// turnPage asks for the chunks in front of those that are here when the cursor is in the first of them, and for those behind when it is in the last. They shift by
// one, so that the cursor is in neither then.
func (d *detail) turnPage() {
	if d.goal != stay || d.have.id == "" || d.cursor >= len(d.doc.strips) {
		return
	}
	d.page = d.doc.page
	line, last := d.doc.strips[d.cursor].Line, len(d.doc.starts)-1
	switch {
	case last < 1:
	case d.doc.more() && line >= d.doc.starts[last]:
		d.page++
	case d.doc.page > 0 && line < d.doc.starts[1]:
		d.page--
	}
}

// scroll moves what is seen, and the cursor with it.
func (d *detail) scroll(by int) {
	d.top = max(min(d.top+by, len(d.doc.strips)-d.height), 0)
	d.moveTo(min(max(d.cursor+by, d.top), d.top+max(d.height, 1)-1))
}

// percent is how far what is seen is from the beginning; ok is false when all of it is seen.
func (d *detail) percent() (n int, ok bool) {
	more := len(d.doc.strips) - d.height
	if more <= 0 && d.doc.before+d.doc.after == 0 {
		return 0, false
	}
	part := float64(d.top) / float64(max(more, 1))
	if all := d.doc.before + d.doc.here + d.doc.after; d.doc.before+d.doc.after > 0 && all > 0 {
		return int((float64(d.doc.before) + part*float64(d.doc.here)) * 100 / float64(all)), true
	}
	return int(part * 100), true
}
