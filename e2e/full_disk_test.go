//go:build linux

package e2e

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// smallDisk mounts a disk of 1 MiB.
func smallDisk(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := unix.Mount("adit-test", dir, "tmpfs", 0, "size=1m,mode=0755"); err != nil {
		t.Skipf("a small disk cannot be mounted here: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// fill leaves no byte free on a disk; empty takes that back.
func fill(t *testing.T, dir string) (empty func()) {
	t.Helper()
	name := filepath.Join(dir, "filler")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for block := make([]byte, 4096); err == nil; {
		_, err = f.Write(block)
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
	return func() {
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// rarely demands that something was said since then, and not more often than once a minute.
func rarely(t *testing.T, l *lines, text string, since time.Time) {
	t.Helper()
	if n, most := times(l, text), 1+int(time.Since(since)/time.Minute); n < 1 || n > most {
		t.Errorf("%q is said %d times within %v", text, n, time.Since(since).Round(time.Second))
	}
}

// lateHost is a name whose lease is long.
var lateHost = "late-" + strings.Repeat("x", 50) + ".tunnel.test"

// almostAPage gives a relay a lease so long (it is noted once more at the start) that the second agent's does not fit the page of it that a full disk has.
func almostAPage(t *testing.T, state string) {
	t.Helper()
	if err := os.Mkdir(state, 0o700); err != nil {
		t.Fatal(err)
	}
	line := fmt.Sprintf(`{"name":"old.tunnel.test","account":%q,"instance":"i","epoch":1}`+"\n", strings.Repeat("a", 1860))
	if err := os.WriteFile(filepath.Join(state, "leases.jsonl"), []byte(line), 0o600); err != nil {
		t.Fatal(err)
	}
}

// The disk of logs and state is full: traffic goes on and agents come and go, it is said once a minute, and when there is room everything is written again, without
// a restart. Nothing half-written is read back.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	disk := smallDisk(t)
	s := newScarce(t)
	access, state := filepath.Join(disk, "access.log"), filepath.Join(disk, "relay")
	almostAPage(t, state)
	s.startRelay("", "--state-dir", state, "--access-log", access)
	port := service(t, http.HandlerFunc(hello))
	s.startAgent("", port, "--state-dir", filepath.Join(disk, "agent"), "--capture-memory-only")
	empty, since := fill(t, disk), time.Now()
	for range 100 {
		if status, code := s.get("/full?" + strings.Repeat("x", 100)); status != 200 {
			t.Fatalf("on a full disk: %d %s", status, code)
		}
	}
	s.healthy()
	late := s.under("", "http", port, "--relay", s.link, "--relay-pin", s.pin, "--authtoken", s.token, "--no-tui", "--web-addr", "false", "--url", lateHost, "--state-dir", s.dir)
	late.ready()
	for _, text := range []string{"access.log cannot be written, and loses lines", "leases are not written down"} {
		eventually(t, "said: "+text, func() bool { return times(s.relay.stderr, text) > 0 })
		rarely(t, s.relay.stderr, text, since)
	}
	empty()
	eventually(t, "all is written again", func() bool {
		s.get("/after")
		return times(s.relay.stderr, "access.log is written again") > 0 && times(s.relay.stderr, "leases are written down again") > 0 &&
			strings.Contains(read(t, access), "/after") && strings.Contains(read(t, filepath.Join(state, "leases.jsonl")), lateHost)
	})
	for line := range strings.Lines(read(t, access)) {
		if strings.Count(line, "time=") > 1 || strings.Contains(line, "/after") && !strings.HasPrefix(line, "time=") {
			t.Errorf("a line in the middle of another: %q", line)
		}
	}
	s.restarted(state)
}

// restarted demands that a relay started anew on the state knows who has which name.
func (s *scarce) restarted(state string) {
	s.t.Helper()
	pin := s.pin
	s.relay.signal(syscall.SIGKILL)
	s.relay.code()
	other := start(s.t, s.env, "relay", "token", "create", "--account", "other", "--plan", "free", "--token-file", filepath.Join(s.dir, "tokens"))
	other.code()
	s.startRelay("", "--state-dir", state, "--access-log", "false")
	if s.pin != pin {
		s.t.Errorf("the pin was %s, is %s", pin, s.pin)
	}
	thief := s.under("", "http", "8000", "--relay", s.link, "--relay-pin", s.pin, "--authtoken", strings.TrimSpace(other.stdout.text()),
		"--no-tui", "--web-addr", "false", "--url", lateHost, "--state-dir", filepath.Join(s.dir, "thief"))
	if c := thief.code(); c != 3 || times(thief.stderr, "ADIT-3004") == 0 {
		s.t.Errorf("another account asks for the name: exit code %d, %s", c, thief.stderr.text())
	}
}

// A relay and an agent with state that is there already start on a full disk as they do on another, after a death in the middle of it; what they cannot write is said
// once a minute, and written when there is room.
func TestRestartOnAFullDisk(t *testing.T) {
	t.Parallel()
	disk := smallDisk(t)
	s := newScarce(t)
	link := fixedAddress(t)
	on := []string{"--agents", link, "--state-dir", filepath.Join(disk, "relay"), "--access-log", filepath.Join(disk, "access.log")}
	agent := []string{"--url", "http://vic.tunnel.test", "--state-dir", filepath.Join(disk, "agent")}
	s.startRelay("", on...)
	port := service(t, http.HandlerFunc(hello))
	s.startAgent("", port, agent...)
	s.get("/before") // from here on the access log has a page with room for half a line
	s.agent.signal(syscall.SIGTERM)
	s.agent.code()
	empty, since := fill(t, disk), time.Now()
	for range 2 {
		s.relay.signal(syscall.SIGKILL)
		s.relay.code()
		s.startRelay("", on...)
		s.startAgent("", port, agent...)
		for range 20 {
			if status, code := s.get("/" + strings.Repeat("x", 300)); status != 200 {
				t.Fatalf("on a full disk: %d %s", status, code)
			}
		}
		s.agent.waitFor(s.agent.stderr, "cannot be remembered.*no space left")
		s.relay.waitFor(s.relay.stderr, "access.log cannot be written.*no space left")
		rarely(t, s.agent.stderr, "cannot be remembered", since)
		rarely(t, s.relay.stderr, "access.log cannot be written", since)
		s.agent.signal(syscall.SIGKILL)
		s.agent.code()
	}
	s.startAgent("", port, agent...)
	s.agent.waitFor(s.agent.stderr, "cannot be remembered")
	empty()
	s.agent.waitFor(s.agent.stderr, "what the endpoints have is remembered again")
	eventually(t, "the access log is written again", func() bool {
		s.get("/after")
		return strings.Contains(read(t, filepath.Join(disk, "access.log")), "\ntime=") && strings.Contains(read(t, filepath.Join(disk, "access.log")), "/after")
	})
	for line := range strings.Lines(read(t, filepath.Join(disk, "access.log"))) {
		if strings.Count(line, "time=") > 1 {
			t.Errorf("a line in the middle of another: %q", line)
		}
	}
}

// Of a program's own log that cannot be written stderr tells, and that it can be again.
func TestLogOnAFullDisk(t *testing.T) {
	t.Parallel()
	disk := smallDisk(t)
	s := newScarce(t)
	log := filepath.Join(disk, "relay.log")
	r := s.under("", s.relayArgs("--state-dir", filepath.Join(s.dir, "relay"), "--access-log", "false", "--log", log)...)
	m := r.waitFor(r.stdout, `^ready http=(\S+) agents=(\S+) pin=(\S+)`)
	s.relay, s.public, s.link, s.pin = r, m[1], m[2], m[3]
	f, err := os.OpenFile(log, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	empty, since := fill(t, disk), time.Now()
	if _, err := f.WriteString(strings.Repeat("\n", 4096)); !errors.Is(err, syscall.ENOSPC) { // the rest of the log's last page
		t.Fatal(err)
	}
	port := service(t, http.HandlerFunc(hello))
	s.startAgent("", port)
	r.waitFor(r.stderr, `relay.log cannot be written, and loses lines: .*no space left`)
	if status, code := s.get("/"); status != 200 {
		t.Errorf("on a full disk: %d %s", status, code)
	}
	for range 5 {
		s.startAgent("", port)
		s.agent.signal(syscall.SIGTERM)
	}
	rarely(t, r.stderr, "cannot be written, and loses lines", since)
	empty()
	s.startAgent("", port)
	r.waitFor(r.stderr, `relay.log is written again; \d+ lines were lost`)
	if text := read(t, log); !strings.Contains(text, "\ntime=") || !strings.HasSuffix(text, "\n") {
		t.Errorf("the log is %q", text)
	}
}

// A first start on a full disk says why it cannot be, and leaves nothing that the next one, with room, would take for a certificate or an instance.
func TestFirstStartOnAFullDisk(t *testing.T) {
	t.Parallel()
	disk := smallDisk(t)
	s := newScarce(t)
	empty := fill(t, disk)
	state := filepath.Join(disk, "relay")
	for _, args := range [][]string{s.relayArgs("--state-dir", state), {"http", "8000", "--no-tui", "--web-addr", "false", "--state-dir", filepath.Join(disk, "agent")}} {
		p := s.under("", args...)
		if c := p.code(); c != 2 || times(p.stderr, "no space left on device") == 0 {
			t.Errorf("%s: exit code %d, stderr %s", args[0], c, p.stderr.text())
		}
	}
	empty()
	s.startRelay("", "--state-dir", state, "--access-log", "false")
	s.startAgent("", service(t, http.HandlerFunc(hello)), "--state-dir", filepath.Join(disk, "agent"))
	if status, code := s.get("/"); status != 200 {
		t.Errorf("with room: %d %s", status, code)
	}
	if left, _ := filepath.Glob(filepath.Join(state, ".*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// A token for which the disk has no room is none: the file stays what it was.
func TestTokenOnAFullDisk(t *testing.T) {
	t.Parallel()
	disk := smallDisk(t)
	tokens := filepath.Join(disk, "tokens")
	create := func() int {
		p := start(t, nil, "relay", "token", "create", "--account", strings.Repeat("a", 60), "--plan", "free", "--token-file", tokens)
		return p.code()
	}
	before := "# " + strings.Repeat("x", 4000) + "\n" // there is room for half a line on its page
	if err := os.WriteFile(tokens, []byte(before), 0o600); err != nil {
		t.Fatal(err)
	}
	empty := fill(t, disk)
	if create() == 0 {
		t.Error("a token on a full disk")
	}
	if now := read(t, tokens); now != before {
		t.Errorf("a half line stays: %q", strings.TrimPrefix(now, before))
	}
	empty()
	if create() != 0 {
		t.Error("no token though there is room")
	}
}

// The disk of captures is full: traffic and captures in memory go on, status and log say so, and what comes when there is room is kept.
func TestCapturesOnAFullDisk(t *testing.T) {
	t.Parallel()
	disk := smallDisk(t)
	s := newShell(t, http.HandlerFunc(receiver), "--state-dir", filepath.Join(disk, "state"))
	empty, since := fill(t, disk), time.Now()
	api := s.agent.api()
	eventually(t, "the full disk is said", func() bool {
		if status := s.hook("/hook/full", strings.Repeat("x", 10_000)); status != 200 {
			t.Fatalf("on a full disk: %d", status)
		}
		return strings.Contains(keepingOf(t, api).Problem, "the disk is full")
	})
	s.agent.waitFor(s.agent.stderr, "captures are not written.*disk is full")
	if out, _ := s.run(0, "status", "--api", s.api()); !strings.Contains(out, "Captures   not written: the disk is full") {
		t.Errorf("status: %s", out)
	}
	if all := s.list("path:/hook/full", "--api", s.api()); len(all) == 0 {
		t.Error("what came is not in memory")
	}
	empty()
	rarely(t, s.agent.stderr, `msg="captures are not written"`, since)
	eventually(t, "captures are written again", func() bool { return keepingOf(t, api).Problem == "" })
	s.hook("/hook/after", "{}")
	s.find(1, "path:/hook/after status:200", "--state-dir", filepath.Join(disk, "state"))
}
