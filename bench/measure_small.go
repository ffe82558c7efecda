//go:build linux

package main

import (
	"fmt"
	"sync/atomic"
	"time"
)

// warm is the load before the one that counts.
const warm = time.Second

// keepAlive is small requests, one after another on each of n connections.
func keepAlive(n int) func(t *target) (figures, error) {
	return func(t *target) (figures, error) { return t.smallRequests(n, false) }
}

// churn is a new connection for each small request.
func churn(t *target) (figures, error) { return t.smallRequests(50, true) }

func (t *target) smallRequests(n int, newEach bool) (figures, error) {
	if _, err := t.wrk(n, warm, newEach); err != nil {
		return nil, err
	}
	before := cpu(t.pids())
	l, err := t.wrk(n, t.b.dur, newEach)
	if err != nil {
		return nil, err
	}
	f := figures{}
	t.note(f, "", l)
	if t.relay != nil && l.n > 0 {
		f["cpu"] = (cpu(t.pids()) - before) / float64(l.n) * 100_000
	}
	return f, nil
}

// note adds what a load has shown to f, its keys behind prefix.
func (t *target) note(f figures, prefix string, l smallLoad) {
	f[prefix+"rate"], f[prefix+"p50"], f[prefix+"p99"] = l.rate, l.p50, l.p99
	f[errorCount] += float64(l.errors)
	if l.errors > 0 {
		t.trouble = append(t.trouble, prefix+l.errorsInWords)
	}
	if l.n == 0 {
		f[errorCount]++
		t.trouble = append(t.trouble, prefix+"no answers at all")
	}
}

// crowd is how many connections small requests come on beside something else.
const crowd = 10

// beside is small requests while n downloads go on, each read as fast as it comes.
func beside(n int) func(t *target) (figures, error) {
	return func(t *target) (figures, error) {
		if _, err := t.wrk(crowd, warm, false); err != nil {
			return nil, err
		}
		over, ended := make(chan struct{}), make(chan error, 1)
		var came atomic.Int64
		go func() { ended <- parallel(n, func() error { return t.download(1<<40, over, &came) }) }()
		t.b.pass(warm)
		from, began := came.Load(), time.Now()
		l, err := t.wrk(crowd, t.b.dur, false)
		rate := float64(came.Load()-from) / 1e6 / time.Since(began).Seconds()
		close(over)
		if lost := <-ended; err == nil && lost != nil {
			err = fmt.Errorf("a download: %w", lost)
		}
		f := figures{"bulk": rate}
		t.note(f, "", l)
		return f, err
	}
}

// beforeDuringAfter is small requests before, beside and after others that come and stay, and what these cost in memory. come returns what makes them leave.
func beforeDuringAfter(come func(t *target) (leave func(), err error)) func(t *target) (figures, error) {
	return func(t *target) (figures, error) {
		if _, err := t.wrk(crowd, warm, false); err != nil {
			return nil, err
		}
		f := figures{}
		part := max(time.Second, t.b.dur/2)
		if err := t.phase(f, "before", part); err != nil {
			return f, err
		}
		held, high, kernel := t.held(rss), t.held(peak), tcpMemory()
		leave, err := come(t)
		if err != nil {
			return f, fmt.Errorf("those beside: %w", err)
		}
		defer leave()
		t.b.pass(warm) // until all buffers on the way are full
		err = t.phase(f, "during", t.b.dur)
		f["more"], f["peak"], f["kernel"] = t.held(rss)-held, t.held(peak)-high, tcpMemory()-kernel
		leave()
		if err != nil {
			return f, err
		}
		t.b.pass(warm / 2)
		return f, t.phase(f, "after", part)
	}
}

func (t *target) phase(f figures, name string, dur time.Duration) error {
	l, err := t.wrk(crowd, dur, false)
	if err == nil {
		t.note(f, name+" ", l)
	}
	return err
}

// held is what relay and agent hold together.
func (t *target) held(what func(*child) float64) float64 { return what(t.relay) + what(t.agent) }
