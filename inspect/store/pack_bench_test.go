package store

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/inspect"
)

// BenchmarkFlood writes what 20 ms of a flood bring, pack by pack, and reports what the writer takes for an exchange.
func BenchmarkFlood(b *testing.B) {
	const each = 600
	s, w := filled(b, Options{}, 0, nil)
	w.s.o.pace = pace{summary: 1e-12, packed: 1e-12, nothing: 1000}
	w.meter = newMeter(w.s.o.pace)
	w.meter.load = 1
	r := rand.New(rand.NewPCG(1, 2))
	n := 0
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var took time.Duration
	for b.Loop() {
		b.StopTimer()
		for range each {
			x := usual(r, n)
			x.ID = inspect.ID(fmt.Sprintf("0190a0b0-%04x-7%03x-8%03x-%012x", n>>16, r.IntN(4096), r.IntN(4096), r.Uint64N(1<<48)))
			x.Request.Target = pick(r, "/", "/a", "/hook?id=7")
			n++
			s.Record(x)
		}
		w.flood.on = true
		b.StartTimer()
		begun := threadTime()
		write(b, w)
		took += threadTime() - begun
	}
	b.ReportMetric(float64(took.Nanoseconds())/float64(n), "cpu-ns/exchange")
	size, _ := s.size()
	b.ReportMetric(float64(size)/float64(n), "B/exchange")
}

// BenchmarkUnpack makes rows of packs, and reports what each costs.
func BenchmarkUnpack(b *testing.B) {
	s, w := filled(b, Options{}, 0, nil)
	w.flood.on = true
	r := rand.New(rand.NewPCG(1, 2))
	n, all := 0, 0
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var took time.Duration
	for b.Loop() {
		b.StopTimer()
		for range packRows {
			x := usual(r, n)
			x.ID = inspect.ID(fmt.Sprintf("0190a0b0-%04x-7%03x-8%03x-%012x", n>>16, r.IntN(4096), r.IntN(4096), r.Uint64N(1<<48)))
			n++
			s.Record(x)
		}
		write(b, w)
		b.StartTimer()
		begun := threadTime()
		got, err := s.unpackNewest()
		if err != nil {
			b.Fatal(err)
		}
		took += threadTime() - begun
		all += got
	}
	b.ReportMetric(float64(took.Nanoseconds())/float64(all), "cpu-ns/exchange")
}
