//go:build linux

package e2e

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	little = 128 << 20
	// besides is what a process has in memory beside what its limit is about: the program itself.
	besides = 24 << 20
)

// lean is adit as it is released: what the race detector needs is no measure.
func lean(t *testing.T) string {
	t.Helper()
	need(t, "go")
	program, err := built()
	if err != nil {
		t.Fatal(err)
	}
	return program
}

// built builds it, once for all tests.
var built = sync.OnceValues(func() (program string, err error) {
	dir, err := os.MkdirTemp("", "adit-lean-")
	if err != nil {
		return "", err
	}
	atExit(func() { _ = os.RemoveAll(dir) })
	program = filepath.Join(dir, "adit")
	c := exec.Command("go", "build", "-o", program, "..")
	c.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := c.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return program, nil
})

// cage makes a group of this name that may use so much memory, and returns the line of shell that enters it.
func cage(t *testing.T, name string, bytes int64) (line string) {
	t.Helper()
	why := error(nil)
	for _, v := range []struct{ mount, file string }{{"/sys/fs/cgroup/memory", "memory.limit_in_bytes"}, {"/sys/fs/cgroup", "memory.max"}} {
		dir := filepath.Join(v.mount, fmt.Sprintf("adit-test-%d-%s", os.Getpid(), name))
		if why = os.Mkdir(dir, 0o755); why != nil {
			continue
		}
		t.Cleanup(func() { // the processes end first
			eventually(t, "the group is empty", func() bool { return os.Remove(dir) == nil })
		})
		if why = os.WriteFile(filepath.Join(dir, v.file), []byte(strconv.FormatInt(bytes, 10)), 0); why == nil {
			return "echo $$ >" + filepath.Join(dir, "cgroup.procs") + " || exit 1"
		}
	}
	t.Skipf("no group with a limit can be made here: %v", why)
	return ""
}

// heavy is a service with answers of a length that the query names, and the length of what was sent to it.
func heavy(w http.ResponseWriter, q *http.Request) {
	if n, err := strconv.ParseInt(q.URL.RawQuery, 10, 64); err == nil {
		_, _ = io.Copy(w, noise(n))
		return
	}
	n, _ := io.Copy(io.Discard, q.Body)
	fmt.Fprint(w, n)
}

// Relay and agent with 128 MiB each, as GOMEMLIMIT or as a cgroup has it, under all at once: 4,000 idle connections, 200 downloads that nobody reads, and downloads and
// uploads that go on. They stay alive and within their limits, serve others meanwhile, and what they cannot take they refuse with a code.
func TestLittleMemory(t *testing.T) {
	program := lean(t)
	for _, by := range []string{"GOMEMLIMIT", "cgroup"} {
		t.Run(by, func(t *testing.T) {
			relayLine, agentLine := "export GOMEMLIMIT=128MiB", "export GOMEMLIMIT=128MiB"
			if by == "cgroup" {
				relayLine, agentLine = cage(t, "relay", little), cage(t, "agent", little)
			}
			s := newScarce(t)
			s.program = program
			s.startRelay(relayLine, "--state-dir", s.dir+"/relay", "--access-log", "false")
			s.startAgent(agentLine, service(t, http.HandlerFunc(heavy)))
			s.burden()
			s.overload()
			s.within(by)
			if n := times(s.relay.stderr, "agent online"); n != 1 {
				t.Errorf("the agent came %d times", n)
			}
		})
	}
}

// within demands that relay and agent live, and have never held more than they may.
func (s *scarce) within(by string) {
	s.t.Helper()
	for who, p := range map[string]*process{"relay": s.relay, "agent": s.agent} {
		select {
		case <-p.ended:
			s.t.Errorf("the %s has ended", who)
		default:
		}
		report(s.t, fmt.Sprintf("%s, 128 MiB by %s: at most %d MiB", who, by, peak(p)>>20))
		if n := peak(p); n > little+besides {
			s.t.Errorf("the %s held %d MiB", who, n>>20)
		}
	}
}

// burden is the load.
func (s *scarce) burden() {
	s.t.Helper()
	for range 4000 { // of which more than half fit: who has waited longest makes room
		if a := s.call().ask("/"); a == nil || a.StatusCode != 200 {
			eventually(s.t, "a visitor who comes back is served", func() bool { status, _ := s.get("/"); return status == 200 })
		}
	}
	time.Sleep(1500 * time.Millisecond) // until they are idle: who has been served within the last second keeps its place, however many come
	answers, _ := s.unread(200)
	if n := answers["begun"]; n < 100 || n+answers["refused"] != 200 {
		s.t.Errorf("downloads that nobody reads: %v", answers)
	}
	var over sync.WaitGroup
	for range 8 {
		over.Go(func() { s.transfer(s.download) })
		over.Go(func() { s.transfer(s.upload) })
	}
	done := make(chan struct{})
	go func() { over.Wait(); close(done) }()
	served, refused := 0, 0
	for going := true; going || served < 100; {
		switch status, code := s.get("/"); {
		case status == 200:
			served++
		case status == 503 && code != "":
			refused++
		default:
			s.t.Fatalf("another visitor: %d %s", status, code)
		}
		select {
		case <-done:
			going = false
		default:
		}
	}
	report(s.t, fmt.Sprintf("others meanwhile: %d served, %d refused", served, refused))
	if served < refused {
		s.t.Errorf("others meanwhile: %d served, %d refused", served, refused)
	}
	s.healthy()
}

// overload asks for more than there is memory for, which is refused, and leaves again.
func (s *scarce) overload() {
	s.t.Helper()
	answers, all := s.unread(400)
	if answers["refused"] == 0 || answers["begun"]+answers["refused"] != 400 {
		s.t.Errorf("400 more downloads that nobody reads: %v", answers)
	}
	for _, c := range all {
		c.Close()
	}
	eventually(s.t, "others are served again", func() bool { status, _ := s.get("/"); return status == 200 })
}

// unread begins n downloads of which only the head is read.
func (s *scarce) unread(n int) (answers map[string]int, all []*caller) {
	s.t.Helper()
	var over sync.WaitGroup
	var mu sync.Mutex
	answers = map[string]int{}
	try := func(callers []*caller) (again []*caller) {
		for _, c := range callers {
			over.Go(func() {
				what := begin(c)
				mu.Lock()
				defer mu.Unlock()
				if what == "nothing" {
					again = append(again, c)
				}
				answers[what]++
			})
		}
		over.Wait()
		return again
	}
	call := func(n int) (callers []*caller) {
		for range n {
			callers = append(callers, s.call())
		}
		all = append(all, callers...)
		return callers
	}
	late := try(call(n)) // those who had not asked yet when room was made may have been sent away: they come again, as browsers do
	delete(answers, "nothing")
	try(call(len(late)))
	report(s.t, fmt.Sprintf("%d downloads that nobody reads: %v", n, answers))
	return answers, all
}

func begin(c *caller) string {
	switch a := c.ask("/?100000000"); {
	case a != nil && a.StatusCode == 200:
		return "begun"
	case a != nil && a.StatusCode == 503 && a.Header.Get("Adit-Error") != "" && a.Header.Get("Retry-After") != "":
		return "refused"
	}
	return "nothing"
}

const transferred = 16 << 20

// errRefused is an answer that says to come again.
var errRefused = errors.New("refused")

// transfer does f until it is not refused.
func (s *scarce) transfer(f func() error) {
	for deadline := time.Now().Add(2 * patience); ; time.Sleep(time.Second) { // which is what Retry-After says
		switch err := f(); {
		case err == nil:
			return
		case !errors.Is(err, errRefused) || time.Now().After(deadline):
			s.t.Error(err)
			return
		}
	}
}

func (s *scarce) download() error {
	c := s.call()
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(2 * patience))
	a := c.ask("/?" + strconv.Itoa(transferred))
	if err := refusal(a); err != nil {
		return err
	}
	if n, err := io.Copy(io.Discard, a.Body); err != nil || n != transferred {
		return fmt.Errorf("a download of %d bytes: %w", n, err)
	}
	return nil
}

func (s *scarce) upload() error {
	c := s.call()
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(2 * patience))
	_, err := fmt.Fprintf(c, "POST / HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n\r\n", c.host, transferred)
	if err == nil {
		_, err = io.Copy(c, noise(transferred))
	}
	a, rerr := http.ReadResponse(c.r, nil)
	if rerr != nil {
		return fmt.Errorf("an upload: %w", errors.Join(err, rerr))
	}
	if err := refusal(a); err != nil {
		return err
	}
	if b, err := io.ReadAll(a.Body); err != nil || strings.TrimSpace(string(b)) != strconv.Itoa(transferred) {
		return fmt.Errorf("an upload: %q %w", b, err)
	}
	return nil
}

func refusal(a *http.Response) error {
	switch {
	case a == nil:
		return errors.New("no answer")
	case a.StatusCode == 503:
		return fmt.Errorf("%w: %s", errRefused, a.Header.Get("Adit-Error"))
	case a.StatusCode != 200:
		return fmt.Errorf("%s %s", a.Status, a.Header.Get("Adit-Error"))
	}
	return nil
}
