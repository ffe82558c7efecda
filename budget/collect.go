package budget

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"time"
)

const (
	// breath is how much the heap may grow before it is collected: what is allocated in breathTime at the present rate, within bounds. Go's own rule, as much again
	// as lives, has an agent with a few megabytes alive spend an eighth of its time under load on collecting, and a process with a hundred hold a hundred more.
	leastBreath, fullBreath = 4 << 20, 32 << 20
	breathTime              = 2 // seconds

	// slow and fast bound the growth as a part of what lives, in percent; slow is of a full breath, and in proportion of a shorter one. fast is also what Go makes of
	// the least heap it collects, 4 MiB at 100.
	slow, fast = 50, 200

	// restEvery is how often it is looked whether the process has nothing to do, calm how little it allocates between two looks then, idle how little of a
	// processor it takes, and worth how much it must have allocated before for the system to be given back what it does not need: so much that the collection is
	// little beside the work.
	restEvery = 100 * time.Millisecond
	calm      = 32 << 10
	idle      = restEvery / 10
	worth     = 8 << 20

	// anyway is after how many looks a process that rests gives back what little it has gathered: half a minute.
	anyway = 300

	// secondLooks is how many looks there are in a second.
	secondLooks = int(time.Second / restEvery)

	// A burst has gone by when little is allocated in a second, or an eighth (ebbed) of what was in one since the last time, and worth in all, and an eighth of what
	// lives. A relay that allocates next to nothing for its requests would keep in its pools for minutes what a thousand visitors once needed at once. Pools that fill
	// again are no burst to speak of, so there are ebbApart looks at least between two times.
	ebbApart = 50
	little   = 2 << 20
	ebbed    = 8
)

// Collect tells the collector how much memory it may use in all, which it keeps to by working harder, and to take it easy below that; when there is nothing to do,
// the system has back what is not needed, of the program's pages, too. It respects GOMEMLIMIT and GOGC. It is for a program's start, not for a library, and lasts until the end.
func Collect(limit int64, run func(func())) {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(limit)
	}
	if os.Getenv("GOGC") != "" {
		return
	}
	p := &pace{breath: fullBreath} // a start is no quiet time
	p.tune()
	p.afterEach()
	run(func() {
		r, e := rest{looks: anyway}, ebb{} // what the start has taken is always worth it
		for looks := 1; ; looks++ {
			time.Sleep(restEvery)
			allocated := sample("/gc/heap/allocs:bytes")
			rests := r.due(allocated, processorTime())
			ebbs := false
			if looks%secondLooks == 0 {
				p.follow(allocated)
				ebbs = e.due(allocated, sample("/gc/heap/live:bytes")) && r.looks >= ebbApart
			}
			if !rests && !ebbs {
				continue
			}
			giveBack()
			if rests {
				_ = shedProgram() // at work it would come back at once
			}
			allocated = sample("/gc/heap/allocs:bytes") // giving back is no work
			r.gave(allocated)
			e.gave(allocated)
		}
	})
}

// giveBack gives the system back what is not needed.
func giveBack() {
	runtime.GC() // what lies in pools is let go by the second collection
	debug.FreeOSMemory()
}

// pace is when the collector begins.
type pace struct {
	mu      sync.Mutex
	breath  uint64
	percent int    // GOGC
	last    uint64 // bytes allocated a second ago
}

// garbage comes back after each collection: its finalizer runs then. What is smaller than 16 bytes shares its block with others, and lives as long as they.
type garbage [2]uint64

// afterEach tunes after each collection.
func (p *pace) afterEach() {
	runtime.SetFinalizer(&garbage{}, func(*garbage) {
		p.tune()
		p.afterEach()
	})
}

// follow has the breath follow the rate, with so much allocated so far. It is called once a second.
func (p *pace) follow(allocated uint64) {
	breath := breathFor(allocated - p.last)
	p.last = allocated
	p.mu.Lock()
	p.breath = breath
	p.mu.Unlock()
	p.tune()
}

// tune sets the percentage for what lives now. Small changes are not worth stopping the world for.
func (p *pace) tune() {
	p.mu.Lock()
	defer p.mu.Unlock()
	percent := percentFor(sample("/gc/heap/live:bytes"), p.breath)
	if d := percent - p.percent; d > p.percent/4 || -d > p.percent/4 {
		p.percent = percent
		debug.SetGCPercent(percent)
	}
}

// breathFor is the breath at so many bytes in a second.
func breathFor(rate uint64) uint64 { return min(max(breathTime*rate, leastBreath), fullBreath) }

// percentFor is GOGC for so much that lives.
func percentFor(live, breath uint64) int {
	return int(min(max(100*breath/max(live, 1), slow*breath/fullBreath), fast))
}

// rest knows when a process has worked and now rests.
type rest struct {
	last, given uint64        // bytes allocated at the last look, and when memory was given back last
	worked      time.Duration // at the last look
	calm        bool          // likewise
	looks       int           // since memory was given back
}

// due says that memory should be given back now, with so much allocated and worked so far: two looks in a row found a calm process that has worked since the last time, or
// done a little for long.
func (r *rest) due(allocated uint64, worked time.Duration) bool {
	was := r.calm
	r.calm = allocated-r.last < calm && worked-r.worked < idle
	r.last, r.worked = allocated, worked
	r.looks++
	enough := uint64(worth)
	if r.looks >= anyway {
		enough = calm
	}
	return was && r.calm && allocated-r.given >= enough
}

// gave says that memory was given back.
func (r *rest) gave(allocated uint64) {
	r.given, r.last, r.looks = allocated, allocated, 0
}

// ebb knows when a burst has gone by.
type ebb struct {
	last, given uint64 // bytes allocated at the last look, and when memory was given back last
	most        uint64 // that was allocated in a second since
}

// due says that it is time to collect, with so much allocated so far, and living at the last collection. Between two calls there is a second.
func (e *ebb) due(allocated, live uint64) bool {
	now := allocated - e.last
	e.last = allocated
	if now >= max(little, e.most/ebbed) {
		e.most = max(e.most, now)
		return false
	}
	return e.most > 0 && allocated-e.given >= max(worth, live/8)
}

// gave says that memory was given back.
func (e *ebb) gave(allocated uint64) {
	*e = ebb{last: allocated, given: allocated}
}

// sample is one of the runtime's figures.
func sample(name string) uint64 {
	s := []metrics.Sample{{Name: name}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}
