package budget

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

const (
	// breath is how much the heap may grow before it is collected, while what lives in it is less than that. Go's own rule, twice what lives, has a relay with
	// a few megabytes alive collect many times a second under load.
	breath = 32 << 20

	// most bounds the growth as a part of what lives, in percent: it is also what Go makes of the least heap it collects, 4 MiB at 100.
	most = 400
)

// Collect tells the collector how much memory it may use in all, which it keeps to by working harder, and to take it easy below that. It respects GOMEMLIMIT and
// GOGC. It is for a program's start, not for a library.
func Collect(limit int64) {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(limit)
	}
	if os.Getenv("GOGC") != "" {
		return
	}
	t := &tuner{}
	t.tune()
	runtime.SetFinalizer(t, (*tuner).collected)
}

// tuner is garbage that comes back: its finalizer runs after each collection.
type tuner struct{ percent int }

func (t *tuner) collected() {
	t.tune()
	runtime.SetFinalizer(t, (*tuner).collected)
}

// tune sets the percentage for what lives now. Small changes are not worth stopping the world for.
func (t *tuner) tune() {
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(live)
	percent := percentFor(live[0].Value.Uint64())
	if d := percent - t.percent; d > t.percent/8 || -d > t.percent/8 {
		t.percent = percent
		debug.SetGCPercent(percent)
	}
}

// percentFor is GOGC for so much that lives.
func percentFor(live uint64) int {
	return int(min(max(100*breath/max(live, 1), 100), most))
}
