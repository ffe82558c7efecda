package rerun

import (
	"context"
	"iter"
	"slices"

	"github.com/adit-tunnel/adit/inspect"
)

// MostChosen is how many exchanges a filter chooses at most.
const MostChosen = 1000

// Lister is what Choose needs of a Reader.
type Lister interface {
	List(ctx context.Context, q inspect.Query) iter.Seq2[inspect.Item, error]
}

// Choose lists what a filter means for a run: the newest that match, at most limit (0: MostChosen), in the order in which they came. Replays are none of them,
// unless the filter says replay: else every run would double the next one. Connections are only there when it says kind: they cannot be sent
// again.
func Choose(ctx context.Context, r Lister, f *inspect.Filter, limit int) (items []inspect.Item, err error) {
	if limit <= 0 {
		limit = MostChosen
	}
	replays, kinds := f.Names(inspect.KeyReplay), f.Names(inspect.KeyKind)
	for it, err := range r.List(ctx, inspect.Query{Filter: f, Limit: -1}) {
		if err != nil {
			return nil, err
		}
		if (it.ReplayOf == "" || replays) && (!it.IsConnection() || kinds) {
			items = append(items, it)
		}
		if len(items) == limit {
			break
		}
	}
	slices.Reverse(items)
	return items, nil
}

// IDs are those of items.
func IDs(items []inspect.Item) (ids []inspect.ID) {
	for _, it := range items {
		ids = append(ids, it.ID)
	}
	return ids
}
