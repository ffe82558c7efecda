package e2e

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"
)

// routines ends a process with a list of its goroutines and counts them, without the runtime's own.
func routines(p *process) (n int) {
	p.signal(syscall.SIGQUIT)
	p.code()
	for line := range strings.Lines(p.stderr.text()) {
		if strings.HasPrefix(line, "created by ") && !strings.HasPrefix(line, "created by runtime.") {
			n++
		}
	}
	return n
}

// freshAgent is how many goroutines an agent has when its first request is over.
func freshAgent(t *testing.T) int {
	w := newWorld(t)
	w.startRelay()
	w.startAgent()
	if !w.load.again() {
		t.Fatal("the URL does not answer")
	}
	w.settle()
	return routines(w.agent)
}

// settle waits until the visitors' connections are closed and streams that are not needed have been given back.
func (w *world) settle() {
	w.t.Helper()
	w.load.over.Wait()
	eventually(w.t, "the relay is idle", func() bool {
		f := w.figures()
		return f["adit_edge_connections_open"] == 0 && f["adit_streams"] <= 2
	})
}

// left says what the processes hold that they did not hold before the visitors came, "" for nothing.
func (w *world) left(fresh int) string {
	now := w.idle()
	for deadline := time.Now().Add(patience); !now.within(w.calm); now = w.idle() {
		if time.Now().After(deadline) {
			return fmt.Sprintf("%v; before: %v", now, w.calm)
		}
		time.Sleep(50 * time.Millisecond)
	}
	if n := routines(w.agent); n > fresh {
		return fmt.Sprintf("agent: goroutines %d; before: %d", n, fresh)
	}
	return ""
}

// countersAgree compares what the agent shows with what the relay and the visitors have counted.
func (w *world) countersAgree() {
	w.t.Helper()
	accepted := int64(w.figures()["adit_edge_connections_total"])
	w.service.mu.Lock()
	came := int64(len(w.service.begun))
	w.service.mu.Unlock()
	var conns, open, requests int64
	agree := func() bool {
		conns, open, requests = w.counters()
		return open == 0 && conns >= int64(w.load.alive) && conns <= accepted && requests >= came
	}
	for deadline := time.Now().Add(patience); !agree(); {
		if time.Now().After(deadline) {
			w.t.Errorf("the agent counts %d connections (%d open) and %d requests; the relay accepted %d, the service answered on %d and got %d requests",
				conns, open, requests, accepted, w.load.alive, came)
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
}
