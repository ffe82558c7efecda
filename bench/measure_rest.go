//go:build linux

package main

import (
	"fmt"
	"slices"
	"time"
)

const (
	// readerLimit is the relay's in the row that waits for it.
	readerLimit = 3 * time.Second
	// manyUnread is how many downloads are evicted there, manyIdle how many connections wait for nothing.
	manyUnread, manyIdle = 1000, 5000
)

// evicted waits until the relay has let go of downloads that nobody reads: their descriptors are gone from relay and agent.
func evicted(t *target) (figures, error) {
	t.b.pass(time.Second)
	relay, agent := files(t.relay), files(t.agent)
	all, err := t.unread(manyUnread)
	if err != nil {
		return nil, fmt.Errorf("unread downloads: %w", err)
	}
	defer all.close()
	began := time.Now()
	if !t.within(readerLimit/2, func() bool { return files(t.relay)-relay >= manyUnread }) {
		return nil, fmt.Errorf("the relay has only %d of %d downloads", files(t.relay)-relay, manyUnread)
	}
	left := manyUnread
	t.within(10*readerLimit, func() bool {
		// A probe has a stream and a connection of its own now and then.
		left = max(0, files(t.relay)-relay-1, files(t.agent)-agent-1)
		return left == 0
	})
	return figures{"gone": float64(manyUnread - left), "after": time.Since(began).Seconds()}, nil
}

// within waits until f holds; false: it does not in time.
func (t *target) within(d time.Duration, f func() bool) bool {
	for end := time.Now().Add(d); !f(); {
		if time.Now().After(end) || !t.b.pass(50*time.Millisecond) {
			return false
		}
	}
	return true
}

func idle(t *target) (figures, error) {
	t.b.pass(time.Second)
	return figures{"relay": rss(t.relay), "agent": rss(t.agent)}, nil
}

// idleConnections have each had one answer and stay.
func idleConnections(t *target) (figures, error) {
	var all connections
	defer func() { all.close() }()
	for range manyIdle {
		c, err := t.ask("GET", "/small", "", 0)
		if err != nil {
			return nil, fmt.Errorf("connection %d: %w", len(all)+1, err)
		}
		all = append(all, c)
		if _, err := readHead(c); err != nil {
			return nil, fmt.Errorf("connection %d: %w", len(all), err)
		}
	}
	return idle(t)
}

// starts is the median of a few starts of the agent, while the relay runs.
func starts(t *target) (figures, error) {
	var all []float64
	for range 5 {
		t.agent.stop()
		took, err := t.startAgent()
		if err != nil {
			return nil, err
		}
		all = append(all, float64(took.Microseconds())/1000)
	}
	slices.Sort(all)
	return figures{"ms": all[len(all)/2]}, nil
}
