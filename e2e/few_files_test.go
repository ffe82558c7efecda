//go:build linux

package e2e

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
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

// One account that takes all the places it can get leaves some for the next one, whose agent comes in at once and stays.
func TestOneAccountKeepsNobodyOut(t *testing.T) {
	t.Parallel()
	s := newScarce(t)
	p := start(t, s.env, "relay", "token", "create", "--account", "other", "--plan", "free", "--token-file", filepath.Join(s.dir, "tokens"))
	if p.code() != 0 {
		t.Fatal("no token")
	}
	s.startRelay("ulimit -n 128", "--state-dir", s.dir+"/relay", "--access-log", "false")
	port := service(t, http.HandlerFunc(hello))
	all := int(s.figure(`adit_budget_size{of="agents"}`))
	var refused *process
	for range all {
		a := s.launchAgent("", port)
		if m := a.waitFor(a.stderr, "endpoint online|RELAY_BUSY: the few connections .* are kept for accounts that have fewer of them than acme"); m[0] != "endpoint online" {
			refused = a
			break
		}
	}
	if n := times(s.relay.stderr, "agent online"); refused == nil || n < all/2 {
		t.Errorf("%d of %d places taken, and refused: %v", n, all, refused != nil)
	}
	s.token = strings.TrimSpace(p.stdout.text())
	s.startAgent("", port)
	for range 20 {
		if status, code := s.get("/"); status != 200 {
			t.Fatalf("the other account's visitor: %d %s", status, code)
		}
	}
	if n := times(s.relay.stderr, "agents are refused"); n != 1 {
		t.Errorf("said %d times", n)
	}
}

// Listeners of tcp endpoints take from the relay's files: an agent that asks for a port a hundred times is refused what is others', who come in, are served, and have a
// port of their own, too. What was refused comes when there is room.
func TestFewFilesForPorts(t *testing.T) {
	t.Parallel()
	s := newScarce(t)
	first, err := strconv.Atoi(portOf(fixedAddress(t)))
	if err != nil {
		t.Fatal(err)
	}
	s.startRelay("ulimit -n 128", "--state-dir", s.dir+"/relay", "--access-log", "false", "--tcp-ports", fmt.Sprintf("%d-%d", first, first+99))
	port := service(t, http.HandlerFunc(hello))
	s.startAgent("", port)
	greedy := start(t, s.env, "relay", "token", "create", "--account", "greedy", "--plan", "free", "--token-file", filepath.Join(s.dir, "tokens"))
	greedy.code()
	many := "version: 3\nendpoints:\n"
	for i := range 100 {
		many += fmt.Sprintf("  - {name: t%d, url: 'tcp://', upstream: {url: '%s'}}\n", i, port)
	}
	file := filepath.Join(s.dir, "many.yml")
	if err := os.WriteFile(file, []byte(many), 0o600); err != nil {
		t.Fatal(err)
	}
	hog := s.under("", "start", "--all", "--config", file, "--relay", s.link, "--relay-pin", s.pin, "--authtoken", strings.TrimSpace(greedy.stdout.text()),
		"--no-tui", "--web-addr", "false", "--state-dir", filepath.Join(s.dir, "hog"))
	hog.waitFor(hog.stderr, "endpoint refused.*ADIT-1007 RELAY_BUSY")
	all := s.figure(`adit_budget_size{of="ports"}`)
	if held := s.figure(`adit_budget_held{of="ports"}`); held != all-float64(int(all)/4) {
		t.Errorf("%v of %v listeners are one account's", held, all)
	}
	for range 50 {
		if status, code := s.get("/"); status != 200 {
			t.Fatalf("another visitor: %d %s", status, code)
		}
	}
	if n := files(s.relay); n > 100 {
		t.Errorf("the relay has %d files open", n)
	}
	s.healthy()
	ssh := s.under("", "tcp", port, "--relay", s.link, "--relay-pin", s.pin, "--authtoken", s.token, "--no-tui", "--web-addr", "false", "--state-dir", filepath.Join(s.dir, "ssh"))
	ssh.ready()
	if n := times(s.relay.stderr, "ports of their own are refused"); n != 1 {
		t.Errorf("said %d times", n)
	}
	if n := times(s.relay.stderr, "cannot be accepted"); n != 0 {
		t.Errorf("visitors could not be accepted %d times", n)
	}
	hog.signal(syscall.SIGTERM)
	hog.code()
	eventually(t, "the listeners are given back", func() bool { return s.figure(`adit_budget_held{of="ports"}`) == 1 })
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
	s.public, s.url = strings.TrimPrefix(url, "http://"), url
	for range 100 { // more than it holds: who has waited longest makes room
		s.call().ask("/")
	}
	eventually(t, "a visitor is served beside them", func() bool { status, _ := s.get("/"); return status == 200 })
	if n := files(p); n >= 64 {
		t.Errorf("%d files are open", n)
	}
	if n := times(p.stderr, "cannot be accepted") + times(p.stderr, "no open files are left"); n != 0 {
		t.Errorf("files ran out %d times", n)
	}
}

// An agent with its relay inside and 128 MiB for both, under idle visitors, downloads that nobody reads, downloads and uploads: it stays within its limit, and who comes is
// served or told to come again.
func TestLittleMemoryForBoth(t *testing.T) {
	t.Parallel()
	s := newScarce(t)
	s.program = lean(t)
	p := s.under("export GOMEMLIMIT=128MiB", "http", service(t, http.HandlerFunc(heavy)), "--no-tui")
	s.url = p.ready()
	s.public = strings.TrimPrefix(s.url, "http://")
	for range 1500 { // of which fewer fit
		s.call().ask("/")
	}
	eventually(t, "who comes is served", func() bool { status, _ := s.get("/"); return status == 200 })
	time.Sleep(1500 * time.Millisecond) // until they are idle
	answers, unread := s.unread(100)
	if n := answers["begun"]; n < 50 || n+answers["refused"] != 100 {
		t.Errorf("downloads that nobody reads: %v", answers)
	}
	var over sync.WaitGroup
	for range 4 {
		over.Go(func() { s.transfer(s.download) })
		over.Go(func() { s.transfer(s.upload) })
	}
	over.Wait()
	for _, c := range unread {
		c.Close()
	}
	eventually(t, "afterwards", func() bool { status, _ := s.get("/"); return status == 200 })
	report(t, fmt.Sprintf("relay and agent in one process, 128 MiB: at most %d MiB", peak(p)>>20))
	if n := peak(p); n > little+besides {
		t.Errorf("%d MiB were held", n>>20)
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
