package store

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/inspect"
)

// keptModel is a store in the simplest words: what was recorded last of each exchange, and its marks, in the order in which they came.
type keptModel struct {
	all  []inspect.Item
	runs int
}

func (m *keptModel) find(id inspect.ID) *inspect.Item {
	for i := range m.all {
		if m.all[i].ID == id {
			return &m.all[i]
		}
	}
	return nil
}

func (m *keptModel) record(x *inspect.Exchange) {
	if it := m.find(x.ID); it == nil {
		m.all = append(m.all, inspect.Item{Exchange: x, Run: int64(m.runs)})
	} else if !it.Ended() && it.Run == int64(m.runs) {
		it.Exchange = x
	}
}

// restart is what an end of the agent does.
func (m *keptModel) restart() {
	m.runs++
	for i, it := range m.all {
		if !it.Ended() {
			x := *it.Exchange
			x.State = inspect.Interrupted
			m.all[i].Exchange = &x
		}
	}
}

func (m *keptModel) list(f *inspect.Filter, limit int) (lines []string) {
	for _, it := range slices.Backward(m.all) {
		if len(lines) < limit && f.Match(it, time.Now(), nil) {
			lines = append(lines, line(it))
		}
	}
	return lines
}

func line(it inspect.Item) string {
	return fmt.Sprint(it.ID, " ", it.State, " ", it.Pinned, " ", it.Note, " ", strings.Join(it.Tags, ","))
}

// Whatever is recorded, marked, purged and read over several runs, with the writer at work meanwhile: a store answers as its model does.
func TestStoreOnDiskIsLikeItsModel(t *testing.T) {
	t.Parallel()
	filters := map[string]*inspect.Filter{}
	for _, text := range []string{"", "pinned:true", "tag:a", "not tag:b", "endpoint:e1", "method:m2 or tag:a"} {
		f, err := inspect.ParseFilter(text)
		if err != nil {
			t.Fatal(err)
		}
		filters[text] = f
	}
	texts := slices.Sorted(maps.Keys(filters))
	for seed := range uint64(3) {
		rnd := rand.New(rand.NewPCG(seed, 7))
		dir, m := t.TempDir(), &keptModel{runs: 1}
		pace := unhurried
		if seed%2 == 1 {
			pace = flooded
		}
		s := run(t, Options{Dir: dir, pace: pace})
		for step := range 150 {
			id := inspect.ID(fmt.Sprint("x", rnd.IntN(60)))
			f := filters[texts[rnd.IntN(len(texts))]]
			switch n := rnd.IntN(100); {
			case n < 60:
				x := exchange(string(id), inspect.State(rnd.IntN(4)), 10)
				x.Endpoint, x.Request.Method = fmt.Sprint("e", rnd.IntN(3)), fmt.Sprint("m", rnd.IntN(3))
				if it := m.find(id); it != nil {
					if it.Run != int64(m.runs) {
						continue // no ID comes twice in two runs
					}
					x.Endpoint, x.Request.Method = it.Endpoint, it.Request.Method
				}
				s.Record(x)
				m.record(x)
			case n < 75:
				c := inspect.Marks{AddTags: []string{"a", "b"}[rnd.IntN(2):], DelTags: []string{"b"}[rnd.IntN(2):]}
				yes, note := rnd.IntN(2) == 0, fmt.Sprint("note", step)
				c.Pinned, c.Note = &yes, &note
				it, err := s.Mark(t.Context(), id, c)
				want := m.find(id)
				if (err == nil) != (want != nil) {
					t.Fatalf("seed %d, step %d: marking %s: %v", seed, step, id, err)
				}
				if want != nil {
					k := marks{want.Pinned, want.Tags, want.Note}.with(c)
					want.Pinned, want.Tags, want.Note = k.Pinned, k.Tags, k.Note
					if line(it) != line(*want) {
						t.Fatalf("seed %d, step %d: marked %s, want %s", seed, step, line(it), line(*want))
					}
				}
			case n < 79:
				before := len(m.all)
				m.all = slices.DeleteFunc(m.all, func(it inspect.Item) bool {
					return it.Ended() && (!it.Pinned || f.Names(inspect.KeyPinned)) && f.Match(it, time.Now(), nil)
				})
				if n, err := s.Purge(t.Context(), inspect.Query{Filter: f}); err != nil || n != before-len(m.all) {
					t.Fatalf("seed %d, step %d: purging %s: %d, want %d, %v", seed, step, f, n, before-len(m.all), err)
				}
			case n < 81:
				s.stop()
				s = run(t, Options{Dir: dir, pace: pace})
				m.restart()
			}
			limit := 1 + rnd.IntN(70)
			var got []string
			for _, it := range list(t, s, inspect.Query{Filter: f, Limit: limit}) {
				got = append(got, line(it))
			}
			if want := m.list(f, limit); !slices.Equal(got, want) {
				t.Fatalf("seed %d, step %d: %s:\ngot  %q\nwant %q", seed, step, f, got, want)
			}
		}
		s.stop()
	}
}
