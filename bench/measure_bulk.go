//go:build linux

package main

import (
	"sync/atomic"
	"time"
)

// perSecond is how much one transfer moves for each second of -dur: about what it takes a tunnel that long.
const perSecond = 256 * mebi

// downloads are n at once, each of a share of the same whole, and what the processes hold at most meanwhile.
func downloads(n int) func(t *target) (figures, error) {
	return func(t *target) (figures, error) {
		var came atomic.Int64
		size := int64(t.b.dur.Seconds()) * perSecond
		if n > 1 {
			size = size * 2 / int64(n)
		}
		f, err := t.transfer(int64(n)*size, func() error {
			return parallel(n, func() error { return t.download(size, nil, &came) })
		})
		if err == nil && t.relay != nil {
			f["relay"], f["agent"] = peak(t.relay), peak(t.agent)
		}
		return f, err
	}
}

func upload(t *target) (figures, error) {
	size := int64(t.b.dur.Seconds()) * perSecond
	return t.transfer(size, func() error { return t.upload(size) })
}

// transfer times f, which moves size bytes.
func (t *target) transfer(size int64, f func() error) (figures, error) {
	before, began := cpu(t.pids()), time.Now()
	if err := f(); err != nil {
		return nil, err
	}
	out := figures{"rate": float64(size) / 1e6 / time.Since(began).Seconds()}
	if t.relay != nil {
		out["cpu"] = (cpu(t.pids()) - before) / float64(size) * (1 << 30)
	}
	return out, nil
}

// far is one download over a long way, from its request on: how soon the sender dares to send more is part of it.
func far(t *target) (figures, error) {
	var came atomic.Int64
	over := make(chan struct{})
	ended := make(chan error, 1)
	began := time.Now()
	go func() { ended <- t.download(1<<40, over, &came) }()
	t.b.pass(2 * t.b.dur)
	rate := float64(came.Load()) / 1e6 / time.Since(began).Seconds()
	close(over)
	return figures{"rate": rate}, <-ended
}
