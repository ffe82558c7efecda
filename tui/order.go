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
	var below map[int32][]int32
	var moved map[int32]bool
	if arrival(o) {
		below, moved = families(rows, hidden)
	}
	for i := range rows {
		at := int32(i)
		if moved[at] || hidden != nil && hidden(&rows[i]) {
			continue
		}
		spots = append(spots, spot{at: at})
		for _, replay := range below[at] {
			spots = append(spots, spot{replay, true})
		}
	}
	if !arrival(o) {
		slices.SortFunc(spots, func(a, b spot) int {
			if c := compare(&rows[a.at], &rows[b.at], o); c != 0 {
				return c
			}
			return cmp.Compare(b.at, a.at) // of equal ones the newest first
		})
	}
	return spots
}

// families finds the replays whose original is in the list. All that go back to one original stand below it, in the order in which they came:
// a replay of a replay, too.
func families(rows []pane.Row, hidden func(*pane.Row) bool) (below map[int32][]int32, moved map[int32]bool) {
	originals := map[inspect.ID]int32{} // and their places; -1: not found
	for i := range rows {
		if of := rows[i].ReplayOf; of != "" {
			originals[of] = -1
		}
	}
	if len(originals) == 0 {
		return nil, nil
	}
	below, moved = map[int32][]int32{}, map[int32]bool{}
	first := map[int32]int32{} // of the family that a replay belongs to
	for i := range rows {
		at, r := int32(i), &rows[i]
		if hidden != nil && hidden(r) {
			continue
		}
		if _, wanted := originals[r.ID]; wanted {
			originals[r.ID] = at
		}
		of, ok := originals[r.ReplayOf]
		if !ok || of < 0 || of == at {
			continue
		}
		if f, grand := first[of]; grand {
			of = f
		}
		first[at], moved[at] = of, true
		below[of] = append(below[of], at)
	}
	return below, moved
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
