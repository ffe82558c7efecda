package tui

import (
	"testing"

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

// BenchmarkChanges takes a frame's worth of a thousand new exchanges.
func BenchmarkChanges(b *testing.B) {
	m := fullModel(b)
	x := exchange(1, "POST", "/webhooks/github", 200, "OK")
	next := uint64(keepRows)
	for b.Loop() {
		rows := make([]pane.Row, 1000)
		for i := range rows {
			next++
			rows[i] = pane.RowOf(inspect.Item{Seq: next, Exchange: x})
		}
		m.Update(changes{rows: rows, status: m.status})
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
