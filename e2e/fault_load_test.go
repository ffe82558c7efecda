package e2e

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// visitors at once, half of them with kept connections, each with a request every visitEvery: 200 a second together while all are answered.
	visitors   = 50
	visitEvery = visitors * time.Second / 200
	// shown is how many examples of each verdict are kept.
	shown = 5
)

// load is the visitors of one row, and what became of their requests.
type load struct {
	w      *world
	last   atomic.Int64 // number of the newest request
	stop   chan struct{}
	over   sync.WaitGroup
	ending sync.Once

	mu       sync.Mutex
	count    [verdicts]int
	kinds    map[string]int // requests, by their visitors' kinds
	pages    map[string]int
	examples [verdicts][]string
	mended   time.Time // since when adit has to mend the rest itself
	back     time.Time // when the first request begun since then was answered whole
	alive    int       // connections on which the service answered
	reached  int       // requests that failed visibly though they had come to the service
}

func newLoad(w *world) *load {
	return &load{w: w, stop: make(chan struct{}), pages: map[string]int{}, kinds: map[string]int{}}
}

// begin lets the visitors come.
func (l *load) begin() {
	for i := range visitors {
		l.over.Add(1)
		go func() {
			defer l.over.Done()
			l.visit(l.visitor(i%2 == 0), time.Duration(i)*visitEvery/visitors)
		}()
	}
}

// end lets the visitors finish what they have begun, and leave; it may be called again.
func (l *load) end() {
	l.ending.Do(func() { close(l.stop) })
	l.over.Wait()
}

// visit is the life of one visitor. A tick that comes while it waits for an answer is left out.
func (l *load) visit(v *visitor, offset time.Duration) {
	defer func() { l.leaves(v) }()
	for tick := time.NewTimer(offset); ; tick.Reset(visitEvery) {
		select {
		case <-tick.C:
		case <-l.stop:
			return
		}
		l.ask(v)
	}
}

func (l *load) visitor(keeps bool) *visitor {
	return &visitor{addr: l.w.public, host: l.w.host(), keeps: keeps, service: l.w.service}
}

func (l *load) leaves(v *visitor) {
	v.leave()
	l.mu.Lock()
	l.alive += v.alive
	l.mu.Unlock()
}

// ask sends the next request of the mixture.
func (l *load) ask(v *visitor) {
	l.put(v, nth(l.last.Add(1)))
}

// put sends a request, with a number of its own if it has none, and notes what became of it.
func (l *load) put(v *visitor, q question) {
	if q.id == 0 {
		q.id = l.last.Add(1)
	}
	began := time.Now()
	kind, what := v.ask(q)
	reached := kind != whole && kind != refused && l.w.service.reached(q.id)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.count[kind]++
	l.kinds[v.kind]++
	if kind == page {
		l.pages[what]++
	}
	if kind == whole && l.back.IsZero() && began.After(l.mended) {
		l.back = time.Now()
	}
	if reached {
		l.reached++
	}
	if kind != whole && len(l.examples[kind]) < shown {
		l.examples[kind] = append(l.examples[kind], fmt.Sprintf("%s request %d (%+v) after %v at %s, reached the service: %v: %s",
			v.kind, q.id, q, time.Since(began).Round(time.Millisecond), began.Format("15:04:05.000"), reached, what))
	}
}

// mend notes that nothing is wrong any more but what adit has to mend itself.
func (l *load) mend() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.mended, l.back = time.Now(), time.Time{}
}

// downtime is how long after mend the URL answered again; false: it has not.
func (l *load) downtime() (time.Duration, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.back.Sub(l.mended), !l.back.IsZero()
}

// again asks until an answer is whole that was asked for after mend, with a new visitor every now and then: one that came at a bad moment may wait
// for long. False: not within patience.
func (l *load) again() bool {
	every := time.NewTicker(20 * time.Millisecond)
	defer every.Stop()
	for deadline := time.After(patience); ; {
		if _, ok := l.downtime(); ok {
			return true
		}
		l.over.Add(1)
		go func() {
			defer l.over.Done()
			v := l.visitor(false)
			l.ask(v)
			l.leaves(v)
		}()
		select {
		case <-every.C:
		case <-deadline:
			return false
		}
	}
}

// failed is how many requests failed in a way that the visitor could see.
func (l *load) failed() int {
	return l.count[refused] + l.count[page] + l.count[crossed] + l.count[cut]
}

func (l *load) total() (n int) {
	for _, c := range l.count {
		n += c
	}
	return n
}
