package inspect

import (
	"cmp"
	"context"
	"errors"
	"slices"
)

// Family is what a request has to do with by replays.
type Family struct {
	Origin  *Item  // what the exchange is a replay of, or itself; nil: it is no longer kept
	Replays []Item // of Origin, and of the exchange itself where that is a replay; newest first, without their content
	More    bool   // there are older replays
}

// FamilyOf reads the family of an exchange, with limit replays at most. With an error it returns what could be read.
func FamilyOf(ctx context.Context, r Reader, x *Exchange, limit int) (f Family, err error) {
	root := cmp.Or(x.ReplayOf, x.ID)
	origin, err := r.Get(ctx, root)
	switch {
	case err == nil:
		f.Origin = &origin
	case !errors.Is(err, ErrNotFound):
		return f, err
	}
	if f.Replays, err = replaysOf(ctx, r, root, limit+1); err == nil && x.ReplayOf != "" {
		var own []Item
		own, err = replaysOf(ctx, r, x.ID, limit+1)
		f.Replays = append(f.Replays, own...)
		slices.SortFunc(f.Replays, func(a, b Item) int { return cmp.Compare(b.Seq, a.Seq) })
	}
	f.More = len(f.Replays) > limit
	f.Replays = f.Replays[:min(len(f.Replays), limit)]
	return f, err
}

func replaysOf(ctx context.Context, r Reader, id ID, limit int) ([]Item, error) {
	f := &Filter{Root: &Term{Field: KeyReplay, Value: string(id)}} // whole as it is: an ID has no parts that the parser finds
	return Collect(r.List(ctx, Query{Filter: f, Limit: limit}))
}
