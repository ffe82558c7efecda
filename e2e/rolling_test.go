package e2e

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

const (
	rollingVisitors = 450 / slowedBy // each with up to four requests a second
	rollingTalkers  = 10             // connections of each kind that go on for long, with ten words a second
)

// TestRollingRestart: a relay's process is replaced three times under a thousand requests a second of all sorts (fewer under the race detector): over HTTP/1.1, https,
// HTTP/2, tcp and tls, to agents that came to the agents' port, to that for https, and as WebSockets. Not one of them fails, connections that were upgraded or are carried
// go on through the grace, and the agents have a session with the new process while the old one is still there. A new process that does not come up changes nothing.
func TestRollingRestart(t *testing.T) {
	w := newWorld(t)
	file := filepath.Join(w.dir, "relay.yml")
	settings := func(text string) {
		text = "version: 1\n" + text + "timeout: [head=2m]\n" // a visitor whose machine is busy may not have come to ask for long
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	settings("grace: 50s\n")
	m := newMixture(w, "--config", file)

	pid := w.relay.cmd.Process.Pid
	t.Cleanup(func() { _ = syscall.Kill(pid, syscall.SIGKILL) })
	begin := time.Now()
	for i := range rollingVisitors {
		w.load.over.Go(func() { w.load.visit(m.visitor(i), time.Duration(i)*visitEvery/rollingVisitors) })
	}
	defer w.load.end()
	for round := range 3 {
		talk := m.openTalkers()
		for i := range 10 { // downloads that take as long as the change of processes does
			w.load.over.Go(func() {
				v := m.visitor(i)
				w.load.put(v, question{size: 4 << 20, chunked: round%2 == 0, pieces: 40, pause: 100 * time.Millisecond})
				w.load.leaves(v)
			})
		}
		if round == 1 {
			settings("grace: soon\n")
			w.renew(pid)
			w.relay.waitFor(w.relay.stderr, `relay.yml:2: grace: "soon" is no duration`)
			w.relay.waitFor(w.relay.stderr, `no other process took over, and this one goes on`)
			settings("grace: 50s\n")
		}
		was := pid
		w.renew(pid)
		eventually(t, "another process serves", func() bool {
			pid = lastPid(w.relay.stderr)
			return pid != 0 && pid != was
		})
		eventually(t, "all agents have a session with the new process", func() bool { return w.figures()["adit_sessions"] == m.agents })
		if !alivePid(was) {
			t.Error("the old process left before the agents had moved")
		}
		w.pass(2 * time.Second)
		talk.end()
		eventually(t, "the old process ends", func() bool { return !alivePid(was) })
	}
	w.load.end()
	took := time.Since(begin)
	l := w.load
	t.Logf("%d requests in %v, %.0f a second, by verdict %v, by kind %v", l.total(), took.Round(time.Second), float64(l.total())/took.Seconds(), l.count, l.kinds)
	if l.total() != l.count[whole] || l.total() == 0 {
		t.Errorf("failed: pages %v, examples %v", l.pages, l.examples)
	}
	if n := w.service.twice(); n > 0 || len(w.service.mistakes()) > 0 {
		t.Errorf("%d POSTs came more than once; %v", n, w.service.mistakes())
	}
	if err := syscall.Kill(pid, syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if c := w.relay.code(); c != 0 {
		t.Errorf("the first process ended with code %d", c)
	}
}

// renew asks the relay's process for another one.
func (w *world) renew(pid int) {
	w.t.Helper()
	if err := syscall.Kill(pid, syscall.SIGUSR2); err != nil {
		w.t.Fatal(err)
	}
}

// lastPid is the process that has taken over most recently; 0: none.
func lastPid(l *lines) (pid int) {
	all, _ := l.snapshot()
	for _, line := range all {
		if _, text, ok := strings.Cut(line, `msg="another process serves now; this one answers what it has begun and ends" pid=`); ok {
			pid, _ = strconv.Atoi(text)
		}
	}
	return pid
}

// alivePid says that a process is there and has not ended.
func alivePid(pid int) bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	_, state, _ := strings.Cut(string(text), ") ")
	return !strings.HasPrefix(state, "Z")
}

// echoService upgrades every connection and sends back what comes.
func echoService(t *testing.T) (port string) {
	return service(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		c, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer c.Close()
		fmt.Fprint(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
		_, _ = io.Copy(c, rw)
	}))
}
