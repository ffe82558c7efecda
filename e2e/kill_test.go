package e2e

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// endless answers with content that does not end until the visitor or the link has gone, and tells when it began and ended.
func endless(began, gone chan<- bool) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		block := make([]byte, 32<<10)
		for i := 0; ; i++ {
			if i == 4 {
				began <- true
			}
			if _, err := w.Write(block); err != nil {
				gone <- true
				return
			}
		}
	}
}

// When either end of the link is killed in the middle of an answer, the visitor gets a cut answer and not a whole one, and the local service is freed.
func TestLinkVanishes(t *testing.T) {
	for name, kill := range map[string]func(r *publicRelay, p *process){
		"relay killed": func(r *publicRelay, _ *process) { r.signal(syscall.SIGKILL) },
		"agent killed": func(_ *publicRelay, p *process) { p.signal(syscall.SIGKILL) },
	} {
		t.Run(name, func(t *testing.T) {
			began, gone := make(chan bool, 1), make(chan bool, 1)
			w := watch(t, endless(began, gone))
			r := relay(t)
			p := start(t, nil, append([]string{"http", "127.0.0.1:" + w.port}, r.agentArgs()...)...)
			answer, err := http.DefaultTransport.RoundTrip(r.request(t, p.ready(), "/"))
			if err != nil {
				t.Fatal(err)
			}
			defer answer.Body.Close()
			wait(t, began, "the answer to begin")
			kill(r, p)
			wait(t, gone, "the service to notice")
			if _, err := io.Copy(io.Discard, answer.Body); err == nil {
				t.Error("the cut answer looks whole")
			}
			eventually(t, "local connections are closed", func() bool { return w.open.Load() == 0 })
		})
	}
}

// files is how many files and sockets a process holds; -1 where that cannot be seen.
func files(p *process) int {
	all, err := os.ReadDir(filepath.Join("/proc", fmt.Sprint(p.cmd.Process.Pid), "fd"))
	if err != nil {
		return -1
	}
	return len(all)
}

// sockets is how many of them are sockets: the files of captures are opened as they are needed.
func sockets(p *process) (n int) {
	dir := filepath.Join("/proc", fmt.Sprint(p.cmd.Process.Pid), "fd")
	all, err := os.ReadDir(dir)
	if err != nil {
		return -1
	}
	for _, f := range all {
		if to, err := os.Readlink(filepath.Join(dir, f.Name())); err == nil && strings.HasPrefix(to, "socket:") {
			n++
		}
	}
	return n
}

// Visitors that come and leave in the middle of everything leave no socket behind, neither at the relay nor at the agent.
func TestNothingStaysBehind(t *testing.T) {
	began, gone := make(chan bool, 100), make(chan bool, 100)
	w := watch(t, endless(began, gone))
	r := relay(t)
	p := start(t, nil, append([]string{"http", "127.0.0.1:" + w.port}, r.agentArgs()...)...)
	host := strings.TrimPrefix(p.ready(), "http://")
	relayFiles, agentSockets := files(r.process), sockets(p)
	if relayFiles < 0 {
		t.Skip("this system does not show a process's open files")
	}
	for range 50 {
		c, err := net.Dial("tcp", r.http)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(c, "GET / HTTP/1.1\r\nHost: %s\r\n\r\n", host)
		wait(t, began, "an answer to begin")
		c.Close()
		wait(t, gone, "the service to notice")
	}
	eventually(t, "the relay's sockets are closed", func() bool { return files(r.process) <= relayFiles })
	eventually(t, "the agent's sockets are closed", func() bool { return sockets(p) <= agentSockets })
	eventually(t, "local connections are closed", func() bool { return w.open.Load() == 0 })
}
