package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// routines ends a process that has come to rest with a list of its goroutines, and counts them by what started them, without the runtime's own.
func routines(p *process) (n int, by map[string]int) {
	rests(p)
	p.signal(syscall.SIGQUIT)
	p.code()
	by = map[string]int{}
	for line := range strings.Lines(p.stderr.text()) {
		if starter, ok := strings.CutPrefix(line, "created by "); ok && !strings.HasPrefix(starter, "runtime.") {
			starter, _, _ = strings.Cut(starter, " in goroutine")
			by[starter]++
			n++
		}
	}
	return n, by
}

// rests waits until no thread of p has had anything to do for a while: on a busy machine the last of its work may still wait for a processor.
func rests(p *process) {
	p.t.Helper()
	const looks = 20
	quiet := 0
	eventually(p.t, "the process rests", func() bool {
		if quiet++; runs(p) {
			quiet = 0
		}
		return quiet >= looks
	})
}

// runs says whether a thread of p has work or waits for a processor.
func runs(p *process) bool {
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", p.cmd.Process.Pid))
	for _, task := range tasks {
		stat, _ := os.ReadFile(task)
		if _, state, ok := strings.Cut(string(stat), ") "); ok && state[0] == 'R' {
			return true
		}
	}
	return false
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
	n, _ := routines(w.agent)
	return n
}

// settle waits until the visitors' connections are closed and streams that are not needed have been given back.
func (w *world) settle() {
	w.t.Helper()
	w.load.over.Wait()
	eventually(w.t, "the relay is idle", func() bool {
		f := w.figures()
		return f["adit_edge_connections_open"] == 0 && f["adit_streams"] <= 2*f["adit_sessions"]
	})
}

// left says what the processes hold that they did not hold before the visitors came, "" for nothing.
func (w *world) left(fresh int) string {
	now := w.idle()
	for deadline := time.Now().Add(patience); !now.within(w.calm); now = w.idle() {
		if time.Now().After(deadline) {
			return fmt.Sprintf("%v; before: %v; the relay's files: %v", now, w.calm, openFiles(w.relay))
		}
		time.Sleep(50 * time.Millisecond)
	}
	if n, by := routines(w.agent); n > fresh {
		return fmt.Sprintf("agent: goroutines %d, before: %d: %v", n, fresh, by)
	}
	return ""
}

// openFiles is what a process has open.
func openFiles(p *process) (names []string) {
	all, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", p.cmd.Process.Pid))
	for _, fd := range all {
		name, _ := os.Readlink(fd)
		names = append(names, name)
	}
	return names
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
