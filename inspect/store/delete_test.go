package store

import (
	"testing"

	"github.com/adit-tunnel/adit/inspect"
)

// Delete takes just those it is told, pinned or not, wherever they are; what is under way stays.
func TestDelete(t *testing.T) {
	t.Parallel()
	rows, packs, memory := run(t, Options{Dir: t.TempDir()}), run(t, Options{Dir: t.TempDir(), pace: flooded}), NewMemory(Options{})
	for name, s := range map[string]interface {
		inspect.Keeper
		inspect.Reader
		inspect.Recorder
	}{"rows": rows, "packs": packs, "memory": memory} {
		t.Run(name, func(t *testing.T) {
			s.Record(exchange("live", inspect.Pending, 10))
			var all []*inspect.Exchange
			for _, id := range []string{"a", "b", "c", "d"} {
				all = append(all, exchange(id, inspect.Done, 10))
			}
			if r, ok := s.(*running); ok {
				r.record(all...)
			} else {
				for _, x := range all {
					s.Record(x)
				}
			}
			if _, err := s.Mark(t.Context(), "b", inspect.Marks{Pinned: new(true)}); err != nil {
				t.Fatal(err)
			}
			if n, err := s.Delete(t.Context(), "b", "c", "live", "unknown"); n != 2 || err != nil {
				t.Errorf("%d deleted, %v", n, err)
			}
			wantIDs(t, "the others stay", list(t, s, inspect.Query{}), "d", "a", "live")
			if n, err := s.Delete(t.Context()); n != 0 || err != nil {
				t.Errorf("%d of none deleted, %v", n, err)
			}
		})
	}
}
