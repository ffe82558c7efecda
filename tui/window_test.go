package tui

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/tui/pane"
)

func rowsOf(seqs ...uint64) []pane.Row {
	rows := make([]pane.Row, len(seqs))
	for i, s := range seqs {
		rows[i] = pane.Row{Seq: s, Nth: s}
	}
	return rows
}

// seen are the Seqs on the screen, from the top.
func seen(w *window) []uint64 {
	seqs := []uint64{}
	for at := w.first; at <= w.bottom(); at++ {
		seqs = append(seqs, w.row(at).Seq)
	}
	return seqs
}

func upTo(from, to uint64) []pane.Row {
	var seqs []uint64
	for s := from; s <= to; s++ {
		seqs = append(seqs, s)
	}
	return rowsOf(seqs...)
}

func wantVisible(t *testing.T, w *window, want ...uint64) {
	t.Helper()
	if got := seen(w); !slices.Equal(got, want) {
		t.Errorf("visible: %v, want %v", got, want)
	}
}

func TestWindowFollowsUntilOneMovesUp(t *testing.T) {
	w := newWindow()
	w.resize(3)
	w.put(upTo(1, 5))
	wantVisible(t, &w, 3, 4, 5)
	w.move(-1)
	if w.sel != 5 {
		t.Fatalf("the first step up selects %d, want the row at the bottom", w.sel)
	}
	w.move(-1)
	w.put(upTo(6, 9))
	wantVisible(t, &w, 3, 4, 5)
	if w.sel != 4 || w.unseen() != 4 {
		t.Errorf("selected %d with %d new, want 4 with 4", w.sel, w.unseen())
	}
	w.move(3)
	wantVisible(t, &w, 5, 6, 7)
	if w.unseen() != 2 {
		t.Errorf("%d new, want 2: those that have been on the screen are not", w.unseen())
	}
	w.move(-1)
	if w.unseen() != 2 {
		t.Errorf("%d new after moving up, want 2", w.unseen())
	}
	w.end()
	w.put(upTo(10, 10))
	wantVisible(t, &w, 8, 9, 10)
	if w.sel != 0 || w.unseen() != 0 {
		t.Errorf("selected %d with %d new at the end", w.sel, w.unseen())
	}
}

func TestWindowDownFromTheLastRowFollowsAgain(t *testing.T) {
	w := newWindow()
	w.resize(3)
	w.put(upTo(1, 5))
	w.move(-1)
	w.move(1)
	if !w.follow || w.sel != 0 {
		t.Errorf("follow=%v, selected %d", w.follow, w.sel)
	}
}

func TestWindowPickedRowStaysOnScreen(t *testing.T) {
	w := newWindow()
	w.resize(3)
	w.put(upTo(1, 3))
	w.pick()
	w.put(upTo(4, 5))
	wantVisible(t, &w, 3, 4, 5)
	w.put(upTo(6, 7))
	wantVisible(t, &w, 3, 4, 5)
	if w.sel != 3 || w.unseen() != 2 {
		t.Errorf("selected %d with %d new, want 3 with 2", w.sel, w.unseen())
	}
}

func TestWindowKeepsTheSelectedRow(t *testing.T) {
	w := newWindow()
	w.keep = 16
	w.resize(3)
	w.put(upTo(1, 5))
	w.move(-4)
	w.put(upTo(6, 100))
	if r, ok := w.selected(); !ok || r.Seq != 2 {
		t.Fatalf("selected %v, %v after it was let go", r.Seq, ok)
	}
	if n := len(w.rows); n > 18 {
		t.Errorf("%d rows kept, want at most an eighth more than 16", n)
	}
	w.reset(upTo(200, 210))
	if r, ok := w.selected(); !ok || r.Seq != 2 {
		t.Errorf("selected %v, %v after a reset", r.Seq, ok)
	}
}

func TestWindowTakesLatecomersAndLaterStates(t *testing.T) {
	w := newWindow()
	w.resize(9)
	w.put(rowsOf(1, 4, 2))
	w.put([]pane.Row{{Seq: 4, Path: "/later"}, {Seq: 3}})
	wantVisible(t, &w, 1, 2, 3, 4)
	if w.rows[3].Path != "/later" {
		t.Error("the later state was not taken")
	}
}

// Whatever happens, in whatever order: the selection never jumps and keeps its line while rows come and go, and the screen is full when there
// are rows enough.
func TestWindowProperties(t *testing.T) {
	for seed := range uint64(300) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		w := newWindow()
		w.keep = 40
		next := uint64(1)
		for step := range 200 {
			before, line, stood := w.sel, w.offset, !w.follow
			came, moved := false, false
			switch op := rnd.IntN(10); op {
			case 0, 1, 2:
				n := next + uint64(rnd.IntN(20))
				w.put(withReplays(rnd, upTo(next, n)))
				next, came = n+1, true
			case 3:
				w.resize(rnd.IntN(12))
			case 4:
				w.reset(withReplays(rnd, upTo(next-min(next-1, uint64(rnd.IntN(30))), next-1)))
			case 5:
				w.put(rowsOf(uint64(rnd.IntN(int(next))) + 1))
				next++
				came = true
			case 6:
				w.sorted(pane.Order{By: pane.Column(rnd.IntN(9)), Reversed: rnd.IntN(2) == 0})
			case 7:
				w.hide(hiddens[rnd.IntN(len(hiddens))])
				moved = true
			default:
				moved = true
				move := []func(){func() { w.move(-1) }, func() { w.move(1) }, func() { w.page(-1) }, func() { w.page(1) }, w.home, w.end, func() { w.pick() }, w.stand}
				move[rnd.IntN(len(move))]()
			}
			checkWindow(t, &w, moved, before)
			last := max(len(w.spots)-w.height, 0)
			if stood && came && w.sel != 0 && w.offset != line && w.first > 0 && w.first < last {
				t.Errorf("the selected row went from line %d to %d", line, w.offset)
			}
			if t.Failed() {
				t.Fatalf("seed %d, step %d", seed, step)
			}
		}
	}
}

// hiddens are what rows may be hidden by.
var hiddens = []func(*pane.Row) bool{nil, func(r *pane.Row) bool { return r.Seq%3 == 0 }, func(r *pane.Row) bool { return r.Seq < 50 }, func(*pane.Row) bool { return true }}

// withReplays makes some rows replays of earlier ones.
func withReplays(rnd *rand.Rand, rows []pane.Row) []pane.Row {
	id := func(seq uint64) inspect.ID { return inspect.ID(strconv.FormatUint(seq, 10)) }
	for i := range rows {
		r := &rows[i]
		if r.ID, r.Duration = id(r.Seq), time.Duration(r.Seq*7%13); r.Seq%4 == 0 {
			r.ReplayOf = id(r.Seq - uint64(rnd.IntN(int(r.Seq))))
		}
	}
	return rows
}

func checkWindow(t *testing.T, w *window, moved bool, before uint64) {
	t.Helper()
	if !moved && w.sel != before {
		t.Errorf("the selection jumped from %d to %d", before, w.sel)
	}
	if !slices.IsSortedFunc(w.rows, func(a, b pane.Row) int { return int(a.Seq) - int(b.Seq) }) {
		t.Error("rows out of order")
	}
	checkSpots(t, w)
	visible := seen(w)
	if want := min(w.height, len(w.spots)); len(visible) != want {
		t.Errorf("%d rows on the screen, want %d", len(visible), want)
	}
	if w.sel != 0 && w.height > 0 && !slices.Contains(visible, w.sel) {
		t.Errorf("selected row %d is not on the screen", w.sel)
	}
	if n := w.unseen(); n < 0 || w.follow && n != 0 && w.height > 0 {
		t.Errorf("%d unseen", n)
	}
	if !w.follow && w.sel == 0 {
		t.Error("not following, and nothing selected")
	}
	if len(w.rows) > w.keep+w.keep/8 {
		t.Errorf("%d rows kept", len(w.rows))
	}
}

// checkSpots: each row that is not hidden has one place, and a replay stands right below its family.
func checkSpots(t *testing.T, w *window) {
	t.Helper()
	shown := map[int32]bool{}
	for at, s := range w.spots {
		r := w.row(at)
		if shown[s.at] || w.hidden != nil && w.hidden(r) {
			t.Errorf("row %d is shown twice, or though it is hidden", r.Seq)
		}
		shown[s.at] = true
		if s.under && (at == 0 || !slices.ContainsFunc(w.spots[:at], func(o spot) bool { return w.rows[o.at].ID == r.ReplayOf })) {
			t.Errorf("replay %d stands below something else than its original", r.Seq)
		}
	}
	for i := range w.rows {
		if !shown[int32(i)] && (w.hidden == nil || !w.hidden(&w.rows[i])) {
			t.Errorf("row %d is not shown", w.rows[i].Seq)
		}
	}
}
