package e2e

import (
	"cmp"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// world is what a fault happens to: a relay and an agent as processes of their own, a local service that keeps count, and visitors.
type world struct {
	t       *testing.T
	service *witness
	local   *watched

	env            []string
	dir            string
	public, agents string // the relay's addresses, the same after each start
	token, other   string // of two accounts
	relayState     string
	program        string // that relay and agents are started as; "": this test's
	relay          *process
	admin, pin     string // of the relay that runs now

	link  string // where agents dial: the relay, unless something stands between
	name  string // wanted; "": a random one
	agent *process
	url   string

	oldRelay *process // that was replaced by relay and finishes

	load *load
	calm idle    // how the processes looked before the visitors came
	out  *result // for the table
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, service: newWitness(), env: cleanEnv(t), dir: t.TempDir()}
	w.local = watch(t, w.service)
	w.public, w.agents = fixedAddress(t), fixedAddress(t)
	w.link = w.agents
	w.token, w.other = w.account("acme"), w.account("other")
	w.relayState = filepath.Join(w.dir, "relay")
	w.load = newLoad(w)
	return w
}

// fixedAddress is a free one below the ports that the system gives out by itself: those a visitor's socket could hold when the relay wants its
// port again.
func fixedAddress(t *testing.T) string {
	t.Helper()
	for range 100 {
		ln, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(10000+int(time.Now().UnixNano()/100%20000)))
		if err == nil {
			defer ln.Close()
			return ln.Addr().String()
		}
	}
	t.Fatal("no free port")
	return ""
}

func (w *world) account(name string) string {
	p := start(w.t, w.env, "relay", "token", "create", "--account", name, "--plan", "free", "--token-file", filepath.Join(w.dir, "tokens"))
	if p.code() != 0 {
		w.t.Fatalf("no token for %s", name)
	}
	return strings.TrimSpace(p.stdout.text())
}

// startRelay starts a relay at the addresses of the one before, as soon as that one has let go of them.
func (w *world) startRelay(more ...string) {
	w.t.Helper()
	eventually(w.t, "a relay runs", func() bool {
		p := w.launch(append([]string{"relay", "--domain", "tunnel.test", "--http", w.public, "--agents", w.agents, "--admin", "127.0.0.1:0",
			"--token-file", filepath.Join(w.dir, "tokens"), "--state-dir", w.relayState, "--access-log", "false"}, more...)...)
		ready := said(p, p.stdout, `^ready .* pin=(\S+)`)
		if ready == nil {
			if !strings.Contains(p.stderr.text(), "address already in use") {
				w.t.Fatalf("the relay does not start: %s", p.stderr.text())
			}
			return false
		}
		w.relay, w.pin = p, ready[1]
		w.admin = p.waitFor(p.stderr, `msg="relay ready".* admin=(\S+)`)[1]
		return true
	})
}

// said waits for a line like waitFor, and returns nil when p ends without it.
func said(p *process, l *lines, pattern string) []string {
	re := regexp.MustCompile(pattern)
	for {
		all, more := l.snapshot()
		for _, line := range slices.Backward(all) {
			if m := re.FindStringSubmatch(line); m != nil {
				return m
			}
		}
		select {
		case <-more:
		case <-p.ended:
			if now, _ := l.snapshot(); len(now) == len(all) {
				return nil
			}
		}
	}
}

// join starts an agent with a slot of its own in the state directory state, as token's account.
func (w *world) join(state, token string, more ...string) *process {
	args := []string{"http", "127.0.0.1:" + w.local.port, "--relay", w.link, "--relay-pin", w.pin, "--authtoken", token, "--no-tui",
		"--web-addr", "127.0.0.1:0", "--state-dir", filepath.Join(w.dir, state)}
	if w.name != "" {
		args = append(args, "--url", w.name)
	}
	return w.launch(append(args, more...)...)
}

// launch starts the world's program.
func (w *world) launch(args ...string) *process {
	w.t.Helper()
	return launch(w.t, w.env, exec.Command(cmp.Or(w.program, self(w.t)), args...))
}

// startAgent starts the agent, again if it ran before, and waits until it has its URL, which must be the one it had.
func (w *world) startAgent() {
	w.t.Helper()
	w.agent = w.join("agent", w.token)
	url := w.agent.ready()
	if w.url != "" && url != w.url {
		w.t.Errorf("the URL was %s, is %s", w.url, url)
	}
	w.url = url
}

func (w *world) host() string { return hostIn(w.url) }

// hostIn is an URL's host, with its port.
func hostIn(url string) string {
	_, host, _ := strings.Cut(url, "://")
	return host
}

// figures are the relay's.
func (w *world) figures() map[string]float64 {
	out := map[string]float64{}
	for line := range strings.Lines(w.page("http://" + w.admin + "/metrics")) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), " "); ok {
			out[name], _ = strconv.ParseFloat(value, 64)
		}
	}
	return out
}

// page is what url answers, "" when it does not.
func (w *world) page(url string) string {
	c := &http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}
	a, err := c.Get(url)
	if err != nil {
		return ""
	}
	defer a.Body.Close()
	b, err := io.ReadAll(a.Body)
	if err != nil {
		return ""
	}
	return string(b)
}

// counters are the agent's own: public connections since its start and now, and requests.
func (w *world) counters() (conns, open, requests int64) {
	var list struct {
		Tunnels []struct {
			Metrics struct {
				Conns struct{ Count, Gauge int64 }
				HTTP  struct{ Count int64 }
			}
		}
	}
	decode(w.t, w.page(w.agent.api()+"/api/tunnels"), &list)
	if len(list.Tunnels) != 1 {
		return -1, -1, -1
	}
	m := list.Tunnels[0].Metrics
	return m.Conns.Count, m.Conns.Gauge, m.HTTP.Count
}

// idle is what processes hold when there is nothing to do.
type idle struct {
	streams, relayRoutines, relayFiles, agentSockets, local int
}

func (w *world) idle() idle {
	f := w.figures()
	return idle{
		streams: int(f["adit_streams"]), relayRoutines: int(f["go_goroutines"]),
		relayFiles: files(w.relay), agentSockets: sockets(w.agent), local: int(w.local.open.Load()),
	}
}

func (a idle) String() string {
	return fmt.Sprintf("streams %d, relay: goroutines %d files %d, agent: sockets %d, local connections %d",
		a.streams, a.relayRoutines, a.relayFiles, a.agentSockets, a.local)
}

func (a idle) within(b idle) bool {
	return a.streams <= b.streams && a.relayRoutines <= b.relayRoutines && a.relayFiles <= b.relayFiles && a.agentSockets <= b.agentSockets &&
		a.local <= b.local
}
