package e2e

import (
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// TestRollingPorts: a port that is asked for while another process gets ready to take over is opened by the one that goes on, whichever that is, so that nobody connects to
// one that is about to be closed.
func TestRollingPorts(t *testing.T) {
	w := newWorld(t)
	w.program = filepath.Join(w.dir, "adit")
	if err := os.Symlink(self(t), w.program); err != nil {
		t.Fatal(err)
	}
	port, err := strconv.Atoi(portOf(fixedAddress(t)))
	if err != nil {
		t.Fatal(err)
	}
	w.startRelay("--tcp-ports", fmt.Sprintf("%d-%d", port, port+99))
	pid := w.relay.cmd.Process.Pid
	t.Cleanup(func() { // who took over keeps what the first process writes to
		if heir := lastPid(w.relay.stderr); heir != 0 {
			_ = syscall.Kill(heir, syscall.SIGKILL)
		}
	})
	agents := 0
	agent := func() *process {
		agents++
		return start(t, w.env, "tcp", w.local.port, "--relay", w.agents, "--relay-pin", w.pin, "--authtoken", w.token, "--no-tui", "--web-addr", "127.0.0.1:0",
			"--state-dir", filepath.Join(w.dir, fmt.Sprint("agent-", agents)))
	}
	all := []*process{agent()}
	all[0].ready()

	// The next program is the same one, but waits until it is let go.
	free, itself := filepath.Join(w.dir, "go"), filepath.Join(w.dir, "pid")
	script := fmt.Sprintf("#!/bin/sh\necho $$ >%q\nwhile [ ! -e %q ]; do sleep 0.05; done\nexec %q \"$@\"\n", itself, free, self(t))
	if err := os.WriteFile(w.program+".new", []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(w.program+".new", w.program); err != nil {
		t.Fatal(err)
	}
	for _, outcome := range []struct {
		is   string
		that func()
	}{
		{`no other process took over`, func() {
			next := 0
			eventually(t, "the next process is there", func() bool {
				text, _ := os.ReadFile(itself)
				next, _ = strconv.Atoi(strings.TrimSpace(string(text)))
				return next != 0
			})
			_ = syscall.Kill(next, syscall.SIGKILL)
		}},
		{`another process serves now`, func() {
			if err := os.WriteFile(free, nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		asked, online := count(w.relay.stderr, `a new process is started`), count(w.relay.stderr, `msg="agent online"`)
		w.renew(pid)
		eventually(t, "another process is started", func() bool { return count(w.relay.stderr, `a new process is started`) > asked })
		all = append(all, agent())
		eventually(t, "the agent has a session", func() bool { return count(w.relay.stderr, `msg="agent online"`) > online })
		outcome.that()
		url := all[len(all)-1].ready()
		text := w.relay.stderr.text()
		if known := strings.Index(text, outcome.is); known < 0 || known > strings.Index(text, url) {
			t.Errorf("a port was opened before it was known that %s:\n%s", outcome.is, text)
		}
		for _, p := range all {
			w.asksPort(p.ready())
		}
	}
	pid = lastPid(w.relay.stderr)
	if err := syscall.Kill(pid, syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the relay ends", func() bool { return !alivePid(pid) })
}

// asksPort has the world's service answer over a tcp endpoint.
func (w *world) asksPort(url string) {
	w.t.Helper()
	c, err := net.Dial("tcp", tcpAddr(w.t, url))
	if err != nil {
		w.t.Error(err)
		return
	}
	defer c.Close()
	fmt.Fprint(c, "GET /1?size=10 HTTP/1.0\r\n\r\n")
	if answer, err := io.ReadAll(c); err != nil || !strings.Contains(string(answer), " 200 ") {
		w.t.Errorf("%s: %q, %v", url, answer, err)
	}
}

// count is in how many lines a text stands.
func count(l *lines, text string) (n int) {
	all, _ := l.snapshot()
	for _, line := range all {
		if strings.Contains(line, text) {
			n++
		}
	}
	return n
}
