package tui

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/store"
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

// BenchmarkDetail is one key and one frame with an open JSON body of 1 MiB; BenchmarkOpen reads and lays that out, and BenchmarkFind looks through it.
func BenchmarkDetail(b *testing.B) {
	m := openModel(b)
	for n := 0; b.Loop(); n++ {
		m.Update(keyOf([]string{"pgdown", "pgup", "j"}[n%3]))
		if m.View() == "" {
			b.Fatal("nothing drawn")
		}
	}
}

func BenchmarkOpen(b *testing.B) {
	m := openModel(b)
	for b.Loop() {
		m.work.open(m.opening(m.detail.have))()
	}
}

func BenchmarkFind(b *testing.B) {
	m := openModel(b)
	m.detail.find.text = "nothing like it"
	for b.Loop() {
		m.detail.find.search(&m.detail.doc)
	}
}

func openModel(b *testing.B) *model {
	f := &fake{status: busy()}
	x := exchange(1, "GET", "/json", 200, "OK")
	body := "[" + strings.Repeat(`{"id":12345,"name":"a name of some length","tags":["one","two"],"access_token":"abc","price":12.5},`, 10_000) + "{}]"
	setBody(&x.Response.Message, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n", body)
	f.put(x)
	m := newTestModel(f)
	m.Update(m.work.feed.next())
	for _, key := range []string{"enter", "3"} {
		m.Update(keyOf(key))
	}
	for a := m.detail.reading; a.id != ""; a = m.detail.reading {
		m.Update(m.work.open(m.opening(a))())
	}
	return m
}

// BenchmarkRush is a frame while 10,000 requests a second arrive at a full store with its database, as in a real run: what the dashboard reads, takes and
// draws thirty times a second. An operation is as long as a frame may be; beside it stands how much of that is work, on average and at worst.
func BenchmarkRush(b *testing.B) {
	f := &fake{status: busy()}
	s, err := store.Open(store.Options{Dir: b.TempDir(), OnChange: func(uint64) { f.Publish() }})
	if err != nil {
		b.Fatal(err)
	}
	ctx, end := context.WithCancel(b.Context())
	var beside sync.WaitGroup
	defer func() {
		end()
		beside.Wait()
		if err := s.Close(); err != nil {
			b.Error(err)
		}
	}()
	for n := range keepRows {
		s.Record(exchange(n, "POST", "/webhooks/github", 200, "OK"))
	}
	beside.Go(func() { _ = s.Keep(ctx) })
	beside.Go(func() { rush(ctx, s, keepRows) })

	m := newTestModel(f)
	source := Source{Reader: s, Keeper: s, Observer: f}
	hints, stop := f.Watch()
	defer stop()
	m.work.source, m.work.feed = source, newFeed(source, hints, ctx.Done())
	var took, most [2]time.Duration
	frames, before := 0, s.Count()
	begin := time.Now()
	for b.Loop() {
		msg := m.work.feed.next()
		for i, work := range []func(){func() { m.Update(msg) }, func() { m.View() }} {
			at := time.Now()
			work()
			d := time.Since(at)
			took[i] += d
			most[i] = max(most[i], d)
		}
		frames++
	}
	for i, name := range []string{"Update", "View"} {
		b.ReportMetric(float64(took[i].Microseconds())/float64(frames)/1000, "ms/"+name)
		b.ReportMetric(float64(most[i].Microseconds())/1000, "ms/worst-"+name)
	}
	b.ReportMetric(float64(s.Count()-before)/time.Since(begin).Seconds(), "req/s")
}

// rush records 10,000 exchanges a second, the nth and later ones.
func rush(ctx context.Context, s *store.Store, n int) {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	begin, first := time.Now(), n
	for {
		select {
		case <-ctx.Done():
			return
		case at := <-tick.C:
			for ; n-first < int(at.Sub(begin)/(100*time.Microsecond)); n++ {
				s.Record(exchange(n, "POST", "/webhooks/github", 200, "OK"))
			}
		}
	}
}
