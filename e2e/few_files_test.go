//go:build linux

package e2e

import (
	"io"
	"net/http"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// holding is a service whose answers to /slow wait until free is closed.
func holding(free chan struct{}) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if q.URL.Path == "/slow" {
			<-free
		}
		_, _ = io.WriteString(w, "ok")
	})
}

// refusals are the answers of many that ask at once, by status and code.
func (s *scarce) many(n int, path string) (wait func() map[string]int) {
	return s.manyFrom(n, path, func(int) string { return "" })
}

// manyFrom is many whose addresses a proxy tells; "": none does.
func (s *scarce) manyFrom(n int, path string, from func(i int) string) (wait func() map[string]int) {
	var mu sync.Mutex
	var over sync.WaitGroup
	all := map[string]int{}
	for i := range n {
		c := s.call()
		c.from = from(i)
		over.Go(func() {
			defer c.Close()
			what := "none"
			if a := c.ask(path); a != nil {
				what = strconv.Itoa(a.StatusCode)
				if code := a.Header.Get("Adit-Error"); code != "" {
					what += " " + code + " " + a.Header.Get("Retry-After")
				}
			}
			mu.Lock()
			all[what]++
			mu.Unlock()
		})
	}
	return func() map[string]int { over.Wait(); return all }
}

// A relay and an agent with 128 open files each: who idles makes room for who comes, who cannot be served is told so, health and link go on, and as soon as the
// crowd has gone everybody is served.
func TestFewFiles(t *testing.T) {
	t.Parallel()
	free := make(chan struct{})
	s := newScarce(t)
	s.startRelay("ulimit -n 128", "--state-dir", s.dir+"/relay", "--access-log", "false")
	s.startAgent("ulimit -n 128", service(t, holding(free)))
	for i := range 300 { // each of them stays
		c := s.call()
		if a := c.ask("/"); a == nil || a.StatusCode != 200 {
			// more than the relay holds have come within a second: then nobody has waited long enough to make room
			eventually(t, "visitor "+strconv.Itoa(i)+" is served", func() bool { status, _ := s.get("/"); return status == 200 })
		}
	}
	if n := files(s.relay); n >= 128 {
		t.Errorf("the relay has %d files open", n)
	}
	s.healthy()
	time.Sleep(2 * time.Second) // so that all who stay have idled long enough to make room
	wait := s.many(200, "/slow")
	eventually(t, "no room is left", func() bool { _, code := s.get("/"); return code == "ADIT-1007 RELAY_BUSY" })
	s.healthy()
	close(free)
	all := wait()
	if all["200"] < 30 || all["200"]+all["503 ADIT-1007 RELAY_BUSY 1"]+all["none"] != 200 || all["503 ADIT-1007 RELAY_BUSY 1"] == 0 {
		t.Errorf("answers: %v", all)
	}
	eventually(t, "others are served again", func() bool { status, _ := s.get("/"); return status == 200 })
	if n := times(s.relay.stderr, "visitors are turned away"); n < 1 || n > 2 {
		t.Errorf("said %d times", n)
	}
	if n := times(s.relay.stderr, "agent online"); n != 1 {
		t.Errorf("the agent came %d times", n)
	}
}

// A relay that has no file left for another agent says so, to it and, once a minute, to who runs it. The agent waits, and comes when another has gone.
func TestFewFilesForAgents(t *testing.T) {
	t.Parallel()
	s := newScarce(t)
	s.startRelay("ulimit -n 64", "--state-dir", s.dir+"/relay", "--access-log", "false")
	port := service(t, http.HandlerFunc(hello))
	all := int(s.figure(`adit_budget_size{of="agents"}`))
	var first *process
	for range all {
		s.startAgent("", port)
		if first == nil {
			first = s.agent
		}
	}
	late := s.launchAgent("", port)
	late.waitFor(late.stderr, "RELAY_BUSY.* next=5s")
	if status, code := s.get("/"); status != 200 {
		t.Errorf("another agent's visitor: %d %s", status, code)
	}
	s.healthy()
	first.signal(syscall.SIGTERM)
	s.url = late.ready()
	if status, code := s.get("/"); status != 200 {
		t.Errorf("afterwards: %d %s", status, code)
	}
	if n := times(s.relay.stderr, "agents are refused"); n != 1 {
		t.Errorf("said %d times", n)
	}
}

// An agent that has no file left for another connection to the local service lets requests wait, and then says that it is its own trouble.
func TestFewFilesForTheService(t *testing.T) {
	t.Parallel()
	free := make(chan struct{})
	s := newScarce(t)
	s.startRelay("", "--state-dir", s.dir+"/relay", "--access-log", "false")
	s.startAgent("ulimit -n 64", service(t, holding(free)))
	began := time.Now()
	wait := s.many(100, "/slow")
	eventually(t, "it is said", func() bool { return times(s.agent.stderr, "no open files are left") == 1 })
	go func() {
		time.Sleep(time.Until(began.Add(10 * time.Second))) // twice as long as they wait
		close(free)
	}()
	all := wait()
	if all["200"] < 30 || all["503 ADIT-2013 AGENT_BUSY 1"] < 30 || all["200"]+all["503 ADIT-2013 AGENT_BUSY 1"] != 100 {
		t.Errorf("answers: %v", all)
	}
	for range 20 {
		if status, code := s.get("/"); status != 200 {
			t.Fatalf("afterwards: %d %s", status, code)
		}
	}
	if n := times(s.agent.stderr, "no open files are left"); n > 2 {
		t.Errorf("said %d times", n)
	}
}

// Files run out though the program had counted on more: nothing spins, nobody dies, and all is well when there are some again.
func TestFilesRunOut(t *testing.T) {
	t.Parallel()
	free := make(chan struct{})
	close(free)
	s := newScarce(t)
	s.startRelay("ulimit -n 1024", "--state-dir", s.dir+"/relay", "--access-log", "false")
	s.startAgent("ulimit -n 1024", service(t, holding(free)))
	for _, p := range []*process{s.relay, s.agent} {
		few := unix.Rlimit{Cur: uint64(files(p)) + 8, Max: 1024}
		if err := unix.Prlimit(p.cmd.Process.Pid, unix.RLIMIT_NOFILE, &few, nil); err != nil {
			t.Skipf("a process's limits cannot be changed here: %v", err)
		}
	}
	var all []*caller
	for range 50 {
		all = append(all, s.call())
	}
	eventually(t, "the relay says so", func() bool { return times(s.relay.stderr, "visitors' connections cannot be accepted") == 1 })
	eventually(t, "and serves nevertheless", func() bool { status, _ := s.get("/"); return status == 200 })
	for _, c := range all {
		c.Close()
	}
	for _, p := range []*process{s.relay, s.agent} {
		enough := unix.Rlimit{Cur: 1024, Max: 1024}
		if err := unix.Prlimit(p.cmd.Process.Pid, unix.RLIMIT_NOFILE, &enough, nil); err != nil {
			t.Fatal(err)
		}
	}
	for range 50 {
		if status, code := s.get("/"); status != 200 {
			t.Fatalf("afterwards: %d %s", status, code)
		}
	}
	if n := times(s.relay.stderr, "cannot be accepted"); n > 2 {
		t.Errorf("said %d times", n)
	}
	if n := times(s.relay.stderr, "agent online"); n != 1 {
		t.Errorf("the agent came %d times", n)
	}
}

// An agent with its relay inside shares what there is.
func TestFewFilesForBoth(t *testing.T) {
	t.Parallel()
	s := newScarce(t)
	p := s.under("ulimit -n 64", "http", service(t, http.HandlerFunc(hello)), "--no-tui")
	url := p.ready()
	for range 50 {
		if status, body := get(t, url+"/"); status != 200 {
			t.Fatalf("%d %s", status, body)
		}
	}
}

// With too few to work at all, adit says at the start what it needs.
func TestTooFewFilesToStart(t *testing.T) {
	t.Parallel()
	s := newScarce(t)
	for _, args := range [][]string{s.relayArgs("--state-dir", s.dir+"/relay"), {"http", "8000", "--no-tui"}} {
		p := s.under("ulimit -n 40", args...)
		if c := p.code(); c != 2 || times(p.stderr, "needs 64 at least") != 1 || times(p.stderr, "ulimit -n") != 1 {
			t.Errorf("%s: exit code %d, stderr %s", args[0], c, p.stderr.text())
		}
	}
}
