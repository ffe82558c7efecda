//go:build linux

package e2e

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// scarce is a relay and an agent of which one or both have little of something: memory, open files, room on a disk.
type scarce struct {
	t       *testing.T
	env     []string
	dir     string
	program string // "": this test's binary

	relay, agent        *process
	public, admin, link string
	secure              string // https; "": there is none
	pin, token, url     string
}

func newScarce(t *testing.T) *scarce {
	s := &scarce{t: t, env: cleanEnv(t), dir: t.TempDir()}
	p := start(t, s.env, "relay", "token", "create", "--account", "acme", "--plan", "free", "--token-file", filepath.Join(s.dir, "tokens"))
	if p.code() != 0 {
		t.Fatal("no token")
	}
	s.token = strings.TrimSpace(p.stdout.text())
	return s
}

// under starts adit behind a line of shell that takes something away from it.
func (s *scarce) under(line string, args ...string) *process {
	s.t.Helper()
	program := s.program
	if program == "" {
		program = self(s.t)
	}
	return launch(s.t, s.env, exec.Command("sh", append([]string{"-c", line + "\nexec \"$0\" \"$@\"", program}, args...)...))
}

func (s *scarce) relayArgs(more ...string) []string {
	return append([]string{"relay", "--domain", "tunnel.test", "--http", "127.0.0.1:0", "--agents", "127.0.0.1:0", "--admin", "127.0.0.1:0",
		"--token-file", filepath.Join(s.dir, "tokens")}, more...)
}

func (s *scarce) startRelay(line string, more ...string) {
	s.t.Helper()
	p := s.under(line, s.relayArgs(more...)...)
	m := p.waitFor(p.stdout, `^ready http=(\S+)(?: https=(\S+))? agents=(\S+) pin=(\S+)`)
	s.relay, s.public, s.secure, s.link, s.pin = p, m[1], m[2], m[3], m[4]
	s.admin = p.waitFor(p.stderr, `msg="relay ready".* admin=(\S+)`)[1]
}

func (s *scarce) startAgent(line, port string, more ...string) {
	s.t.Helper()
	s.agent = s.launchAgent(line, port, more...)
	s.url = s.agent.ready()
}

// launchAgent does not wait until it is online.
func (s *scarce) launchAgent(line, port string, more ...string) *process {
	s.t.Helper()
	return s.under(line, append([]string{"http", port, "--relay", s.link, "--relay-pin", s.pin, "--authtoken", s.token, "--no-tui", "--web-addr", "false"}, more...)...)
}

// caller is a visitor with a connection of its own.
type caller struct {
	net.Conn
	r    *bufio.Reader
	host string
	from string // its address, as a proxy tells it
}

func (s *scarce) call() *caller {
	s.t.Helper()
	c, err := net.Dial("tcp", s.public)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { c.Close() })
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		s.t.Fatal(err)
	}
	return &caller{c, bufio.NewReader(c), strings.TrimPrefix(s.url, "http://"), ""}
}

// ask sends a request and reads the answer's head, nil if there is none; its body is left to who wants it.
func (c *caller) ask(path string) *http.Response {
	more := ""
	if c.from != "" {
		more = "X-Forwarded-For: " + c.from + "\r\n"
	}
	if _, err := fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: %s\r\n%s\r\n", path, c.host, more); err != nil {
		return nil
	}
	a, err := http.ReadResponse(c.r, nil)
	if err != nil {
		return nil
	}
	return a
}

// get is one request on a connection of its own: its status, and the code if adit made the answer.
func (s *scarce) get(path string) (status int, code string) {
	s.t.Helper()
	c := s.call()
	defer c.Close()
	a := c.ask(path)
	if a == nil {
		return 0, ""
	}
	return a.StatusCode, a.Header.Get("Adit-Error")
}

// healthy demands that the relay says it is, in time.
func (s *scarce) healthy() {
	s.t.Helper()
	c := &http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}
	a, err := c.Get("http://" + s.admin + "/readyz")
	if err != nil {
		s.t.Fatal(err)
	}
	if a.Body.Close(); a.StatusCode != 200 {
		s.t.Errorf("readyz: %d", a.StatusCode)
	}
}

// figure is one of the relay's.
func (s *scarce) figure(name string) float64 {
	s.t.Helper()
	_, text := get(s.t, "http://"+s.admin+"/metrics")
	for line := range strings.Lines(text) {
		if rest, ok := strings.CutPrefix(line, name+" "); ok {
			v, _ := strconv.ParseFloat(strings.TrimSpace(rest), 64)
			return v
		}
	}
	s.t.Fatalf("no figure %s", name)
	return 0
}

// times is how often lines have text in them.
func times(l *lines, text string) int { return strings.Count(l.text(), text) }
