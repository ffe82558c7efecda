package e2e

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

const (
	rollingVisitors = 450 // each with up to four requests a second
	rollingSockets  = 20  // connections that were upgraded, with ten words a second
)

// TestRollingRestart: a relay's process is replaced three times under a thousand requests a second of all sorts. Not one of them fails, upgraded connections go on
// through the grace, and the agents have a session with the new process while the old one is still there. A new process that does not come up changes nothing.
func TestRollingRestart(t *testing.T) {
	w := newWorld(t)
	file := filepath.Join(w.dir, "relay.yml")
	settings := func(text string) {
		if err := os.WriteFile(file, []byte("version: 1\n"+text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	settings("grace: 50s\n")
	w.startRelay("--config", file)
	w.startAgent()
	echo := start(t, w.env, "http", echoService(t), "--relay", w.link, "--relay-pin", w.pin, "--authtoken", w.token, "--no-tui",
		"--web-addr", "127.0.0.1:0", "--state-dir", filepath.Join(w.dir, "echo"))
	echoHost := strings.TrimPrefix(echo.ready(), "http://")

	pid := w.relay.cmd.Process.Pid
	t.Cleanup(func() { _ = syscall.Kill(pid, syscall.SIGKILL) })
	begin := time.Now()
	for i := range rollingVisitors {
		w.load.over.Go(func() { w.load.visit(time.Duration(i)*visitEvery/rollingVisitors, i%2 == 0) })
	}
	defer w.load.end()
	for round := range 3 {
		talk := openTalkers(t, w.public, echoHost)
		for range 5 { // downloads that take as long as the change of processes does
			w.load.over.Go(func() {
				v := w.load.visitor(false)
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
		eventually(t, "both agents have a session with the new process", func() bool { return w.figures()["adit_sessions"] == 2 })
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
	t.Logf("%d requests in %v, %.0f a second, by verdict %v", l.total(), took.Round(time.Second), float64(l.total())/took.Seconds(), l.count)
	if l.total() != l.count[whole] || l.total() == 0 {
		t.Errorf("failed: pages %v, examples %v", l.pages, l.examples)
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

// talkers are upgraded connections on which somebody talks all the time.
type talkers struct {
	t    *testing.T
	stop atomic.Bool
	over sync.WaitGroup
}

func openTalkers(t *testing.T, addr, host string) *talkers {
	t.Helper()
	s := &talkers{t: t}
	for range rollingSockets {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		fmt.Fprintf(c, "GET /ws HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", host)
		in := bufio.NewReader(c)
		_ = c.SetReadDeadline(time.Now().Add(patience))
		if a, err := http.ReadResponse(in, nil); err != nil || a.StatusCode != http.StatusSwitchingProtocols {
			t.Fatalf("no upgrade: %v, %v", a, err)
		}
		s.over.Go(func() { s.talk(c, in) })
	}
	return s
}

func (s *talkers) talk(c net.Conn, in *bufio.Reader) {
	defer c.Close()
	for n := 0; !s.stop.Load(); n++ {
		word := fmt.Sprintf("word %d\n", n)
		_, err := io.WriteString(c, word)
		_ = c.SetReadDeadline(time.Now().Add(patience))
		if back, rerr := in.ReadString('\n'); err != nil || rerr != nil || back != word {
			s.t.Errorf("an upgraded connection was cut: %q, %v, %v", back, err, rerr)
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// end has them leave.
func (s *talkers) end() {
	s.stop.Store(true)
	s.over.Wait()
}
