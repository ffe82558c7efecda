package tui

import (
	"cmp"
	"slices"
	"strings"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/tui/pane"
)

// spot is a place in the list.
type spot struct {
	at    int32 // index of the row
	under bool  // it is a replay, and stands below its original
}

// arrival says that rows stand as they came: the newest last, replays below their originals.
func arrival(o pane.Order) bool { return o == pane.Order{} }

// arrange puts rows, which are in the order of their Seq, into another one, without those that are hidden (nil: none). It appends to spots,
// and changes nothing else.
func arrange(spots []spot, rows []pane.Row, o pane.Order, hidden func(*pane.Row) bool) []spot {
	for i := range rows {
		if hidden == nil || !hidden(&rows[i]) {
			spots = append(spots, spot{at: int32(i)})
		}
	}
	if arrival(o) {
		groupReplays(spots, rows)
		return spots
	}
	slices.SortFunc(spots, func(a, b spot) int {
		return cmp.Or(compare(&rows[a.at], &rows[b.at], o), cmp.Compare(b.at, a.at)) // of equal ones the newest first
	})
	return spots
}

// groupReplays puts replays below their originals, where those are shown. All that go back to one original stand below it in the order in
// which they came: a replay of a replay, too.
func groupReplays(spots []spot, rows []pane.Row) {
	originals := map[inspect.ID]int32{} // and the first ones of their families; -1: not found yet
	for _, s := range spots {
		if of := rows[s.at].ReplayOf; of != "" {
			originals[of] = -1
		}
	}
	if len(originals) == 0 {
		return
	}
	family := make([]int32, len(rows)) // of each row, by the first one of it
	for i := range spots {
		s := &spots[i]
		r := &rows[s.at]
		family[s.at] = s.at
		if first, ok := originals[r.ReplayOf]; ok && first >= 0 {
			family[s.at], s.under = first, true
		}
		if _, ok := originals[r.ID]; ok {
			originals[r.ID] = family[s.at]
		}
	}
	slices.SortFunc(spots, func(a, b spot) int { return cmp.Or(cmp.Compare(family[a.at], family[b.at]), cmp.Compare(a.at, b.at)) })
}

// compare compares by a column: what is long, large, late or a bad status comes first, texts go from A to Z; times the other way round, as in
// a log. Durations are those recorded: of what has not ended, the one when something last happened.
func compare(a, b *pane.Row, o pane.Order) (c int) {
	switch o.By {
	case pane.ColTime:
		c = cmp.Compare(a.Seq, b.Seq)
	case pane.ColMethod:
		c = strings.Compare(a.Method, b.Method)
	case pane.ColPath:
		c = strings.Compare(a.Path, b.Path)
	case pane.ColStatus:
		c = cmp.Compare(badness(b), badness(a))
	case pane.ColDuration:
		c = cmp.Compare(b.Duration, a.Duration)
	case pane.ColSize:
		c = cmp.Compare(b.Size, a.Size)
	case pane.ColHost:
		c = strings.Compare(a.Host, b.Host)
	case pane.ColEndpoint:
		c = strings.Compare(a.Endpoint, b.Endpoint)
	case pane.ColLabel:
		c = strings.Compare(a.Label, b.Label)
	}
	if o.Reversed {
		return -c
	}
	return c
}

// badness is the status; having got none, or not all of the answer, is worse than any.
func badness(r *pane.Row) int {
	if r.Failed {
		return 1000 + r.Code
	}
	return r.Code
}
