package tui

import (
	"cmp"

	"github.com/adit-tunnel/adit/tui/pane"
)

// The selection, and how it moves.

// selected returns the row that is selected.
func (w *window) selected() (pane.Row, bool) {
	i, ok := w.find(w.sel)
	if w.sel == 0 || !ok {
		return pane.Row{}, false
	}
	return w.rows[i], true
}

// choose selects what is shown at a spot.
func (w *window) choose(at int) {
	w.lost = 0
	if len(w.spots) == 0 {
		w.follow, w.sel = true, 0
		return
	}
	w.sel = w.row(min(max(at, 0), len(w.spots)-1)).Seq
}

// pick selects the row at the live end when none is selected, and returns the selection: what the keys act on.
func (w *window) pick() (pane.Row, bool) {
	if _, ok := w.selected(); !ok && len(w.spots) > 0 {
		w.choose(w.live())
		w.settle()
	}
	return w.selected()
}

// live is the spot at which new rows come in.
func (w *window) live() int {
	if w.ahead(1) {
		return len(w.spots) - 1
	}
	return 0
}

// ahead says that n rows further is towards the live end.
func (w *window) ahead(n int) bool { return (n > 0) == arrival(w.order) }

// move moves the selection by n rows. Away from the live end selects the row at the edge of the screen first; beyond the live end it follows
// again.
func (w *window) move(n int) {
	at, ok := w.place(w.sel)
	switch {
	case len(w.spots) == 0 || n == 0 || !ok && w.ahead(n):
		return
	case ok && w.ahead(n) && at == w.live():
		w.resume()
		return
	case !ok && n < 0:
		at, n = w.bottom(), n+1
	case !ok:
		at, n = w.first, n-1
	}
	w.follow = false
	w.goTo(at + n)
}

// goTo selects a spot, and scrolls as far as it has to.
func (w *window) goTo(at int) {
	at = min(max(at, 0), len(w.spots)-1)
	w.choose(at)
	w.offset = at - w.first
	w.settle()
}

// take selects a row by its Seq, when it is shown.
func (w *window) take(seq uint64) bool {
	at, shown := w.place(seq)
	if shown {
		w.follow = false
		w.goTo(at)
	}
	return shown
}

// page moves by a screen less one row.
func (w *window) page(n int) { w.move(n * max(w.height-1, 1)) }

// home selects the first row, or follows when that is the live end.
func (w *window) home() { w.edge(-1) }

// end selects the last row, or follows when that is the live end.
func (w *window) end() { w.edge(1) }

func (w *window) edge(direction int) {
	if w.ahead(direction) {
		w.resume()
		return
	}
	w.move(direction * max(len(w.spots), 1))
}

// resume follows the live end, with nothing selected.
func (w *window) resume() {
	w.follow, w.sel, w.lost, w.offset = true, 0, 0, 0
	w.settle()
}

// letGo follows the live end until the selected row, or the one that was let go before, is among the rows again.
func (w *window) letGo() {
	lost := cmp.Or(w.sel, w.lost)
	w.resume()
	w.lost = lost
}

// stand stops following: the screen stays as it is.
func (w *window) stand() {
	if _, ok := w.pick(); ok {
		w.follow = false
	}
}
