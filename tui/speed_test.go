package tui

import (
	"fmt"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/tui/pane"
)

// BenchmarkFrame is one message and one frame with a full list.
func BenchmarkFrame(b *testing.B) {
	m := fullModel(b)
	for n := 0; b.Loop(); n++ {
		m.Update(beat{m.status})
		if m.View() == "" {
			b.Fatal("nothing drawn")
		}
	}
}

// BenchmarkChanges takes a frame's worth of a thousand new exchanges and draws it, in the orders that a person may have chosen.
func BenchmarkChanges(b *testing.B) {
	for _, way := range []struct {
		name string
		set  func(m *model)
	}{
		{"arrival", func(*model) {}},
		{"selected", func(m *model) { m.rowUp() }},
		{"duration", func(m *model) { m.sortBy(pane.ColDuration) }},
		{"path", func(m *model) { m.sortBy(pane.ColPath) }},
		{"marked", func(m *model) { m.markAll(); m.onlyMarked() }},
		{"replays", func(m *model) {}},
	} {
		b.Run(way.name, func(b *testing.B) {
			m := fullModel(b)
			way.set(m)
			next := uint64(keepRows)
			for b.Loop() {
				rows := make([]pane.Row, 1000)
				for i := range rows {
					next++
					x := exchange(int(next), "POST", fmt.Sprintf("/webhooks/%d", next%97), 200, "OK")
					x.Duration = time.Duration(next * 7919 % 100_003)
					if way.name == "replays" && next%2 == 0 {
						x.ReplayOf = exchange(int(next-next%1000), "GET", "/", 200, "OK").ID
					}
					rows[i] = pane.RowOf(inspect.Item{Seq: next, Nth: next, Exchange: x})
				}
				m.Update(changes{rows: rows, status: m.status})
				if m.View() == "" {
					b.Fatal("nothing drawn")
				}
			}
		})
	}
}

func fullModel(b *testing.B) *model {
	f := &fake{status: busy()}
	for n := range keepRows {
		f.items = append(f.items, inspect.Item{Seq: uint64(n + 1), Version: uint64(n + 1), Exchange: exchange(n, "POST", "/webhooks/github", 200, "OK")})
	}
	m := newTestModel(f)
	m.Update(m.work.feed.next())
	return m
}
