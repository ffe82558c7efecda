package meter

import (
	"math"
	"math/rand/v2"
	"sync"
	"testing"
	"time"
)

// clock is a time that tests move.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func newClock() *clock { return &clock{t: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	c.t = c.t.Add(d)
	c.mu.Unlock()
}

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if math.Abs(got-want) > tolerance {
		t.Errorf("%s = %.6f, want %.6f", what, got, want)
	}
}

func TestRatesGolden(t *testing.T) {
	c := newClock()
	m := New(c.now)
	m.Opened(60)
	if s := m.Snapshot(); s.Rate1 != 0 || s.Count != 60 || s.Open != 60 {
		t.Errorf("before the first tick: %+v", s)
	}
	c.advance(tick)
	near(t, "rt1 at the first tick", m.Snapshot().Rate1, 12, 1e-9)
	c.advance(60 * time.Second)
	s := m.Snapshot()
	near(t, "rt1 after 60 s", s.Rate1, 4.4146, 5e-5)
	near(t, "rt5 after 60 s", s.Rate5, 9.8248, 5e-5)
	near(t, "rt15 after 60 s", s.Rate15, 12*math.Exp(-1.0/15), 1e-9)
	c.advance(240 * time.Second)
	s = m.Snapshot()
	near(t, "rt1 after 300 s", s.Rate1, 0.0809, 5e-5)
	near(t, "rt5 after 300 s", s.Rate5, 4.4146, 5e-5)
}

func TestFirstTickSeedsEvenWithSilence(t *testing.T) {
	c := newClock()
	m := New(c.now)
	c.advance(tick)
	m.Opened(60)
	c.advance(tick)
	near(t, "rt1", m.Snapshot().Rate1, 12*(1-math.Exp(-5.0/60)), 1e-9)
}

// stepped is the definition: one tick after the other.
type stepped struct {
	rate   [3]float64
	seeded bool
}

func (s *stepped) tick(count int64) {
	for i, m := range minutes {
		now := float64(count) / 5
		if s.seeded {
			s.rate[i] += (1 - math.Exp(-5.0/60/m)) * (now - s.rate[i])
		} else {
			s.rate[i] = now
		}
	}
	s.seeded = true
}

// Whatever comes when, and whenever it is read: the rates are those of ticking one by one.
func TestCatchingUpEqualsTicking(t *testing.T) {
	for seed := range uint64(200) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		c := newClock()
		m := New(c.now)
		var want stepped
		var at, lastTick time.Duration
		var pending, total int64
		for range 100 {
			gap := time.Duration(rnd.Int64N(int64([]time.Duration{time.Second, 20 * time.Second, time.Hour}[rnd.IntN(3)])))
			at += gap
			c.advance(gap)
			for lastTick+tick <= at {
				lastTick += tick
				want.tick(pending)
				pending = 0
			}
			if rnd.IntN(3) > 0 {
				n := rnd.Int64N(100)
				m.Opened(n)
				pending += n
				total += n
			}
			s := m.Snapshot()
			for i, got := range []float64{s.Rate1, s.Rate5, s.Rate15} {
				near(t, "rate", got, want.rate[i], 1e-6*(1+want.rate[i]))
			}
			if s.Count != total {
				t.Fatalf("seed %d: count %d, want %d", seed, s.Count, total)
			}
		}
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

func TestClockSetBackIsHarmless(t *testing.T) {
	c := newClock()
	m := New(c.now)
	m.Opened(60)
	c.advance(time.Minute)
	before := m.Snapshot()
	c.advance(-2 * time.Minute)
	m.Opened(1)
	m.Closed(time.Second)
	after := m.Snapshot()
	if after.Rate1 != before.Rate1 || after.Count != 61 {
		t.Errorf("before %+v, after %+v", before, after)
	}
}

func TestGauge(t *testing.T) {
	m := New(newClock().now)
	m.Opened(3)
	m.Closed(time.Second)
	m.Took(time.Second)
	m.Opened(0)
	m.Opened(-4)
	if s := m.Snapshot(); s.Open != 2 || s.Count != 3 {
		t.Errorf("open %d of %d", s.Open, s.Count)
	}
	m.Told(4, 5)
	if s := m.Snapshot(); s.Open != 7 || s.Count != 7 {
		t.Errorf("open %d of %d after Told(4, 5)", s.Open, s.Count)
	}
	m.Told(-1, -7)
	if s := m.Snapshot(); s.Open != 0 || s.Count != 7 {
		t.Errorf("open %d of %d after Told(-1, -7)", s.Open, s.Count)
	}
	m.Closed(0)
	if s := m.Snapshot(); s.Open != 0 {
		t.Errorf("open %d is shown", s.Open)
	}
	m.Opened(1)
	if s := m.Snapshot(); s.Open != 0 {
		t.Errorf("open %d after an end and its beginning", s.Open)
	}
}

func TestPercentiles(t *testing.T) {
	ms := func(f float64) time.Duration { return time.Duration(f * float64(time.Millisecond)) }
	for _, c := range []struct {
		name               string
		values             int // 1 ms, 2 ms, …
		p50, p90, p95, p99 float64
	}{
		{"none", 0, 0, 0, 0, 0},
		{"one", 1, 1, 1, 1, 1},
		{"two", 2, 1.5, 2, 2, 2},
		{"nine", 9, 5, 9, 9, 9},
		{"a hundred", 100, 50.5, 90.9, 95.95, 99.99},
	} {
		m := New(newClock().now)
		for i := c.values; i > 0; i-- {
			m.Took(ms(float64(i)))
		}
		s := m.Snapshot()
		got := [4]time.Duration{s.P50, s.P90, s.P95, s.P99}
		want := [4]time.Duration{ms(c.p50), ms(c.p90), ms(c.p95), ms(c.p99)}
		for i := range got {
			if d := got[i] - want[i]; d < -1 || d > 1 {
				t.Errorf("%s: %v, want %v", c.name, got, want)
				break
			}
		}
	}
}

func TestNegativeDurationsCountAsZero(t *testing.T) {
	m := New(newClock().now)
	m.Closed(-time.Hour)
	if s := m.Snapshot(); s.P50 != 0 {
		t.Errorf("p50 = %v", s.P50)
	}
}

func TestWritesAllocateNothing(t *testing.T) {
	m := New(nil)
	for range 2 * reservoirSize {
		m.Took(time.Millisecond)
	}
	if n := testing.AllocsPerRun(1000, func() { m.Opened(1); m.Closed(time.Millisecond) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if n := testing.AllocsPerRun(100, func() { m.Snapshot() }); n != 0 {
		t.Errorf("%v allocations to read", n)
	}
}

func TestConcurrentUse(t *testing.T) {
	c := newClock()
	m := New(c.now)
	const workers, each = 8, 500
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for i := range each {
				m.Opened(1)
				c.advance(time.Millisecond)
				m.Closed(time.Duration(i))
				m.Snapshot()
			}
		})
	}
	wg.Wait()
	if s := m.Snapshot(); s.Count != workers*each || s.Open != 0 {
		t.Errorf("%+v", s)
	}
}

func BenchmarkOpenedClosed(b *testing.B) {
	m := New(nil)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			m.Opened(1)
			m.Closed(time.Millisecond)
		}
	})
}

func BenchmarkSnapshot(b *testing.B) {
	m := New(nil)
	for range 10000 {
		m.Took(rand.N(time.Second))
	}
	for b.Loop() {
		m.Snapshot()
	}
}
