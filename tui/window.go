package tui

import (
	"slices"
	"sort"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/tui/pane"
)

// keepRows is how many rows the list holds.
const keepRows = 10_000

// window is the list of exchanges and the part of it that is seen. It keeps rows by their Seq and shows them in an order, newest last unless the
// person wants another one. It follows its live end (the tail; in other orders the head) until a person moves away from there; from then on
// the selected row keeps its line on the screen, whatever comes. The selection belongs to an exchange, not to a place: it never jumps, and
// its row is kept even when the list has to let older ones go.
type window struct {
	rows   []pane.Row // by Seq
	spots  []spot     // those that are shown, as they are
	order  pane.Order
	hidden func(*pane.Row) bool // takes rows that are not shown; nil: none
	keep   int
	height int // rows that are seen at once

	follow bool
	sel    uint64 // Seq of the selected row; 0: none, and the list follows
	lost   uint64 // Seq of the one that was selected when the rows went: it is again when it comes back before another one is
	first  int    // spot of the first row seen
	offset int    // lines of the screen above the selected row
	newest uint64 // highest Nth of the rows that have come
	seen   uint64 // and of those that have been on the screen; rows that came at the same time need not be in its order

	filtered bool         // not all exchanges have a row: Nth does not count rows
	told     pane.Columns // columns that have told something: a label, or more than one host or endpoint
}

func newWindow() window { return window{keep: keepRows, follow: true} }

// find returns the place of seq among the rows, or where it would be.
func (w *window) find(seq uint64) (int, bool) {
	i := sort.Search(len(w.rows), func(i int) bool { return w.rows[i].Seq >= seq })
	return i, i < len(w.rows) && w.rows[i].Seq == seq
}

// place is where seq is shown.
func (w *window) place(seq uint64) (int, bool) {
	i, known := w.find(seq)
	if !known {
		return 0, false
	}
	at := slices.IndexFunc(w.spots, func(s spot) bool { return int(s.at) == i })
	return max(at, 0), at >= 0
}

// row is what is shown at a spot.
func (w *window) row(at int) *pane.Row { return &w.rows[w.spots[at].at] }

// put takes rows, new ones and later states of known ones.
func (w *window) put(rows []pane.Row) {
	w.learn(rows)
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
	w.arrange()
}

// reset takes rows (in the order of their Seq) for all that were there; the selected one stays.
func (w *window) reset(rows []pane.Row) {
	w.learn(rows)
	old, selected := w.selected()
	w.rows = rows
	if i, known := w.find(old.Seq); selected && !known {
		w.rows = slices.Insert(w.rows, i, old)
	}
	w.trim()
	w.arrange()
}

// drop takes rows out that are no longer wanted, but not from under the person's hands.
func (w *window) drop(seqs []uint64) {
	gone := map[uint64]bool{}
	for _, seq := range seqs {
		if _, known := w.find(seq); known && seq != w.sel {
			gone[seq] = true
		}
	}
	if len(gone) > 0 {
		w.remove(gone)
	}
}

// learn notes what rows that have come tell about all of them.
func (w *window) learn(rows []pane.Row) {
	if len(rows) == 0 {
		return
	}
	one := &rows[0]
	if len(w.rows) > 0 {
		one = &w.rows[0]
	}
	for i := range rows {
		r := &rows[i]
		w.newest = max(w.newest, r.Nth)
		if r.Label != "" {
			w.told |= pane.Of(pane.ColLabel)
		}
		if r.Host != one.Host {
			w.told |= pane.Of(pane.ColHost)
		}
		if r.Endpoint != one.Endpoint {
			w.told |= pane.Of(pane.ColEndpoint)
		}
	}
}

// remove takes rows out that the person wants to go.
func (w *window) remove(seqs map[uint64]bool) {
	w.rows = slices.DeleteFunc(w.rows, func(r pane.Row) bool { return seqs[r.Seq] })
	w.arrange()
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
	if height = max(height, 0); height != w.height {
		w.height = height
		w.settle()
	}
}

// sorted shows the rows in another order.
func (w *window) sorted(o pane.Order) {
	w.order = o
	w.arrange()
}

// hide leaves out the rows that hidden takes; nil: none.
func (w *window) hide(hidden func(*pane.Row) bool) {
	w.hidden = hidden
	w.arrange()
}

// arrange puts the rows into their order, after they have changed. When the selected one is not shown any more, the next one is selected.
func (w *window) arrange() {
	w.spots = arrange(w.spots[:0], w.rows, w.order, w.hidden)
	if _, shown := w.place(w.sel); w.sel != 0 && !shown {
		w.choose(w.first + w.offset)
	}
	if _, back := w.place(w.lost); w.lost != 0 && back {
		w.follow, w.sel, w.lost = false, w.lost, 0
	}
	w.settle()
}

// settle finds the first row to be seen, after anything has changed.
func (w *window) settle() {
	last := max(len(w.spots)-w.height, 0)
	following := last
	if w.ahead(-1) {
		following = 0
	}
	at, selected := w.place(w.sel)
	if selected && (at < following || at >= following+max(w.height, 1)) { // following would push the selected row off the screen
		w.follow = false
	}
	if w.follow {
		w.first = following
	} else {
		w.first = min(max(at-min(max(w.offset, 0), max(w.height-1, 0)), 0), last)
	}
	if selected && w.height > 0 {
		w.offset = at - w.first
	}
	for i := w.first; i <= w.bottom(); i++ {
		if !w.spots[i].under {
			w.seen = max(w.seen, w.row(i).Nth)
		}
	}
	if w.follow && w.height > 0 {
		w.seen = w.newest // what has come and gone again is nothing new either
	}
}

// bottom is the spot of the last row seen; -1: none.
func (w *window) bottom() int { return min(w.first+w.height, len(w.spots)) - 1 }

// unseen is how many exchanges have come below the screen since the list stopped following, those that had to go again included: Nth counts
// exchanges. Replays that stand below their originals are not among them, and in other orders there is no below.
func (w *window) unseen() int {
	if !arrival(w.order) {
		return 0
	}
	below, moved := 0, 0
	for i, s := range w.spots {
		switch {
		case w.rows[s.at].Nth <= w.seen:
		case s.under:
			moved++
		case i > w.bottom():
			below++
		}
	}
	if w.filtered || w.hidden != nil {
		return below
	}
	return int(w.newest-w.seen) - moved
}

// oldest is the lowest Seq, when the row at the end is selected behind which only older ones can be.
func (w *window) oldest() (seq uint64, there bool) {
	if len(w.spots) == 0 || w.hidden != nil {
		return 0, false
	}
	end := 0
	if w.ahead(-1) {
		end = len(w.spots) - 1
	}
	return w.rows[0].Seq, w.row(end).Seq == w.sel
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
