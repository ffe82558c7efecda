package tui

import (
	"slices"
	"sort"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/tui/pane"
)

// keepRows is how many rows the list holds.
const keepRows = 10_000

// window is the list of exchanges and the part of it that is seen. Rows are in the order of their Seq, newest last. It follows the tail
// until a person moves up; from then on the rows on the screen stay where they are. The selection belongs to an exchange, not to a place:
// it never jumps, and its row is kept even when the list has to let older ones go.
type window struct {
	rows   []pane.Row
	keep   int
	height int // rows that are seen at once

	follow bool
	sel    uint64 // Seq of the selected row; 0: none
	first  int    // index of the first row seen
	top    uint64 // its Seq, by which it is found again when rows come and go
	newest uint64 // highest Nth of the rows that have come
	seen   uint64 // and of those that have been on the screen; rows that came at the same time need not be in its order

	filtered bool // not all exchanges have a row: Nth does not count rows
}

func newWindow() window { return window{keep: keepRows, follow: true} }

// find returns the place of seq, or where it would be.
func (w *window) find(seq uint64) (int, bool) {
	i := sort.Search(len(w.rows), func(i int) bool { return w.rows[i].Seq >= seq })
	return i, i < len(w.rows) && w.rows[i].Seq == seq
}

// put takes rows, new ones and later states of known ones.
func (w *window) put(rows []pane.Row) {
	w.newest = highest(w.newest, rows)
	for _, r := range rows {
		i, known := w.find(r.Seq)
		switch {
		case known && r.Version < w.rows[i].Version: // read before what is there
		case known:
			w.rows[i] = r
		case i == 0 && len(w.rows) >= w.keep: // older than all that are kept
		default:
			w.rows = slices.Insert(w.rows, i, r)
		}
	}
	if len(w.rows) > w.keep+w.keep/8 {
		w.trim()
	}
	w.settle()
}

// reset takes rows (in the order of their Seq) for all that were there; the selected one stays.
func (w *window) reset(rows []pane.Row) {
	old, selected := w.selected()
	w.rows, w.newest = rows, highest(w.newest, rows)
	if i, known := w.find(old.Seq); selected && !known {
		w.rows = slices.Insert(w.rows, i, old)
	}
	w.trim()
	w.settle()
}

// drop takes a row out: it is no longer one of those that are wanted.
func (w *window) drop(seq uint64) {
	if i, known := w.find(seq); known && seq != w.sel {
		w.rows = slices.Delete(w.rows, i, i+1)
		w.settle()
	}
}

// remove takes a row out that the person wants to go; when it was selected, the one after it is then, or the last.
func (w *window) remove(seq uint64) {
	i, known := w.find(seq)
	if !known {
		return
	}
	w.rows = slices.Delete(w.rows, i, i+1)
	if seq == w.sel {
		w.sel = 0
		if len(w.rows) > 0 {
			w.sel = w.rows[min(i, len(w.rows)-1)].Seq
		}
	}
	w.settle()
}

// trim lets the oldest rows go, except the selected one.
func (w *window) trim() {
	over := len(w.rows) - w.keep
	if over <= 0 {
		return
	}
	if i, ok := w.find(w.sel); ok && i < over {
		w.rows[over-1] = w.rows[i]
		over--
	}
	w.rows = slices.Delete(w.rows, 0, over)
}

// resize says how many rows can be seen.
func (w *window) resize(height int) {
	w.height = max(height, 0)
	w.settle()
}

// settle finds the first row to be seen, after anything has changed.
func (w *window) settle() {
	last := max(len(w.rows)-w.height, 0)
	at, selected := w.find(w.sel)
	if w.follow && selected && at < last { // following would push the selected row off the screen
		w.follow = false
	}
	if w.follow {
		w.first = last
	} else {
		i, _ := w.find(w.top)
		w.first = min(i, last)
		if selected && w.height > 0 {
			w.first = min(max(w.first, at-w.height+1), at)
		}
	}
	if w.first < len(w.rows) {
		w.top = w.rows[w.first].Seq
	}
	if w.seen = highest(w.seen, w.visible()); w.follow && w.height > 0 {
		w.seen = w.newest // what has come and gone again is nothing new either
	}
}

// highest is the highest Nth, at least n.
func highest(n uint64, rows []pane.Row) uint64 {
	for i := range rows {
		n = max(n, rows[i].Nth)
	}
	return n
}

// bottom is the index of the last row seen; -1: none.
func (w *window) bottom() int { return min(w.first+w.height, len(w.rows)) - 1 }

// visible returns the rows on the screen.
func (w *window) visible() []pane.Row {
	return w.rows[min(w.first, len(w.rows)):max(w.bottom()+1, 0)]
}

// unseen is how many exchanges have come below the screen since the list stopped following, those that had to go again included: Nth counts
// exchanges.
func (w *window) unseen() int {
	if !w.filtered {
		return int(w.newest - w.seen)
	}
	n := 0
	for i := w.bottom() + 1; i < len(w.rows); i++ {
		if w.rows[i].Nth > w.seen {
			n++
		}
	}
	return n
}

// selected returns the row that is selected.
func (w *window) selected() (pane.Row, bool) {
	i, ok := w.find(w.sel)
	if w.sel == 0 || !ok {
		return pane.Row{}, false
	}
	return w.rows[i], true
}

// pick selects the newest row when none is selected, and returns the selection: what the keys act on.
func (w *window) pick() (pane.Row, bool) {
	if _, ok := w.selected(); !ok && len(w.rows) > 0 {
		w.sel = w.rows[len(w.rows)-1].Seq
		w.settle()
	}
	return w.selected()
}

// move moves the selection by n rows. Up from the tail selects the row at the bottom first; down from the last row follows the tail again.
func (w *window) move(n int) {
	i, ok := w.find(w.sel)
	switch {
	case len(w.rows) == 0, !ok && n > 0:
		return
	case ok && n > 0 && i == len(w.rows)-1:
		w.end()
		return
	case !ok:
		i, n = w.bottom(), n+1
	}
	w.follow = false
	i = min(max(i+n, 0), len(w.rows)-1)
	w.sel = w.rows[i].Seq
	w.settle()
}

// page moves by a screen less one row.
func (w *window) page(n int) { w.move(n * max(w.height-1, 1)) }

// home selects the oldest row.
func (w *window) home() {
	if len(w.rows) > 0 {
		w.move(-len(w.rows))
	}
}

// end follows the tail, with nothing selected.
func (w *window) end() {
	w.follow, w.sel = true, 0
	w.settle()
}

// lookup finds an exchange by its ID, from the newest backwards.
func (w *window) lookup(id inspect.ID) (pane.Row, bool) {
	for i := len(w.rows) - 1; i >= 0; i-- {
		if w.rows[i].ID == id {
			return w.rows[i], true
		}
	}
	return pane.Row{}, false
}
