package e2e

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// roamer is an agent's network of its own: one cable to this machine, whose addresses come and go.
type roamer struct {
	t    *testing.T
	ns   string
	net  string // 10.83.N.
	home string // this machine's end
}

// newRoamer needs root and iproute2; without them the test is skipped, and "make test" says so.
func newRoamer(t *testing.T) *roamer {
	t.Helper()
	need(t, "ip")
	n := os.Getpid() % 250
	r := &roamer{t: t, ns: fmt.Sprintf("adit-roam-%d", n), net: fmt.Sprintf("10.83.%d.", n)}
	r.home = r.net + "1"
	cable, end := fmt.Sprintf("aroam%d", n), "eth0"
	if out, err := r.ip("netns", "add", r.ns); err != nil {
		t.Skipf("no network namespace can be made here: %v: %s", err, out)
	}
	t.Cleanup(func() { _, _ = r.ip("netns", "del", r.ns) })
	if out, err := r.ip("link", "add", cable, "type", "veth", "peer", "name", end, "netns", r.ns); err != nil {
		t.Skipf("no virtual cable can be made here: %v: %s", err, out)
	}
	r.must("addr", "add", r.home+"/24", "dev", cable)
	r.must("link", "set", cable, "up")
	r.must("-n", r.ns, "link", "set", "lo", "up")
	r.must("-n", r.ns, "link", "set", end, "up")
	return r
}

func (r *roamer) ip(args ...string) (string, error) {
	name := "ip"
	if _, err := exec.LookPath(name); err != nil {
		name = "/usr/sbin/ip"
	}
	out, err := exec.Command(name, args...).CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

func (r *roamer) must(args ...string) {
	r.t.Helper()
	if out, err := r.ip(args...); err != nil {
		r.t.Fatalf("ip %s: %v: %s", strings.Join(args, " "), err, out)
	}
}

func (r *roamer) come(last string) {
	r.must("-n", r.ns, "addr", "add", r.net+last+"/24", "dev", "eth0")
}
func (r *roamer) leave(last string) {
	r.must("-n", r.ns, "addr", "del", r.net+last+"/24", "dev", "eth0")
}

// TestRoaming: the agent's machine gets another address (from one WLAN into the next), and later none for a while. Nothing tells the old connections. The same
// URL works again, under one session.
func TestRoaming(t *testing.T) {
	r := newRoamer(t)
	r.come("2")
	ln, err := net.Listen("tcp", r.home+":0")
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{Handler: http.HandlerFunc(hello)}
	go func() { _ = s.Serve(ln) }()
	t.Cleanup(func() { _ = s.Close() })

	pub := relay(t, "--agents", r.home+":0")
	args := append([]string{"netns", "exec", r.ns, self(t), "http", ln.Addr().String()}, pub.agentArgs("--state-dir", t.TempDir())...)
	p := launch(t, cleanEnv(t), exec.Command("ip", args...))
	url := p.ready()
	works := func() bool {
		q := pub.request(t, url, "/roams")
		c := &http.Client{Timeout: 2 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
		a, err := c.Do(q)
		if err != nil {
			return false
		}
		defer a.Body.Close()
		return a.StatusCode == http.StatusOK
	}
	if !works() {
		t.Fatal("the URL does not work before anything has changed")
	}

	r.leave("2")
	r.come("3")
	began := time.Now()
	eventually(t, "the URL works with another address", works)
	t.Logf("another address: answered after %v", time.Since(began).Round(time.Millisecond))

	r.leave("3")
	time.Sleep(3 * time.Second) // without any address nothing happens that could be waited for; in that time several tries must have failed
	r.come("4")
	began = time.Now()
	eventually(t, "the URL works after a time without any address", works)
	t.Logf("no address for 3 s: answered after %v", time.Since(began).Round(time.Millisecond))

	for _, line := range strings.Split(p.stdout.text(), "\n") {
		if strings.HasPrefix(line, "ready ") && !strings.Contains(line, "url="+url+" ") {
			t.Errorf("the URL has changed: %s", line)
		}
	}
	// The old sessions are known to be dead when the newer one has taken the name.
	text := pub.stderr.text()
	if n := strings.Count(text, `msg="agent online"`); n != 3 {
		t.Errorf("%d sessions in all, want 3: one for each address", n)
	}
	if strings.Contains(text, "ADIT-3003") || strings.Contains(p.stderr.text(), "refused") {
		t.Error("the agent was refused its own name")
	}
}
