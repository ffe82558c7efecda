package cli

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"iter"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/adit-tunnel/adit/agent"
)

// compatFace words what happens to the agent as ngrok's log does. The words, keys and their order are what client libraries look for: they take the agent for
// ready when the local API, the session and the tunnels have been told of, in this order.
type compatFace struct {
	log    *slog.Logger
	agent  *agent.Agent
	events iter.Seq[agent.Event]

	upstreams map[string]string // of endpoints that are online
	online    bool
	told      string // why there was no session, last
	at        time.Time
}

// newCompatFace hears of everything from now on.
func newCompatFace(log *slog.Logger, a *agent.Agent) *compatFace {
	return &compatFace{log: log, agent: a, events: a.Events(context.Background()), upstreams: map[string]string{}}
}

// tellAgain is how often the log hears the same reason for having no session.
const tellAgain = 30 * time.Second

// startWords words events until the agent has stopped; nil: nobody wants it.
func (a *app) startWords(p *parts) *task {
	if p.words == nil {
		return nil
	}
	return a.start(func(context.Context) error {
		for e := range p.words.events {
			p.words.tell(e)
		}
		return nil
	})
}

func (f *compatFace) tell(e agent.Event) {
	switch e := e.(type) {
	case agent.SessionOnline:
		f.online, f.told = true, ""
		f.log.Info("client session established", "obj", "csess", "id", randomHex(6))
		f.log.Info("tunnel session started", "obj", "tunnels.session")
	case agent.SessionDown:
		f.down(e)
	case agent.EndpointOnline:
		f.note(e.Endpoint)
		f.log.Info("started tunnel", "obj", "tunnels", "name", e.Endpoint, "addr", f.upstreams[e.Endpoint], "url", e.URL)
	case agent.EndpointRefused:
		err := e.Failure.Error() + " " + e.Failure.CodeText()
		f.log.Error("failed to start tunnel", "obj", "tunnels", "name", e.Endpoint, "err", err)
	case agent.RequestBegan:
		if e.Client.IsValid() {
			f.join(e.Endpoint, e.Client)
		}
	case agent.ConnectionBegan:
		f.join(e.Endpoint, e.Client)
	case agent.VisitorTurned:
		f.log.Info("visitor turned away", "obj", "tunnels", "name", e.Endpoint, "r", e.Client, "method", e.Method, "path", e.Path, "status", e.Status, "reason", e.Reason)
	case agent.Stopped:
		if e.Err == nil {
			f.log.Info("session closing", "obj", "tunnels.session", "err", nil)
		}
	}
}

// join tells of a visitor who came.
func (f *compatFace) join(endpoint string, client netip.AddrPort) {
	_, host, _ := strings.Cut(f.upstreams[endpoint], "://")
	f.log.Info("join connections", "obj", "join", "id", randomHex(6), "l", host, "r", client.String())
}

// down tells that there is no session: when it is lost, and then as often as there is another reason, or tellAgain has passed.
func (f *compatFace) down(e agent.SessionDown) {
	text := e.Err.Error()
	switch {
	case f.online:
		f.log.Error("session closed, starting reconnect loop", "obj", "tunnels.session", "err", text)
	case text != f.told || e.At.Sub(f.at) >= tellAgain:
		f.log.Error("failed to reconnect session", "obj", "tunnels.session", "err", text)
	default:
		return
	}
	f.online, f.told, f.at = false, text, e.At
}

// note remembers where the endpoint leads.
func (f *compatFace) note(name string) {
	for _, e := range f.agent.Status().Endpoints {
		if e.Name == name {
			f.upstreams[name] = e.Upstream
		}
	}
}

// access tells of requests to the local API.
func (f *compatFace) access() func(path string) func(status int) {
	if f == nil {
		return nil
	}
	return func(path string) func(status int) {
		begin, id := time.Now(), randomHex(8)
		f.log.Info("start", "pg", path, "id", id)
		return func(status int) {
			f.log.Info("end", "pg", path, "id", id, "status", status, "dur", time.Since(begin))
		}
	}
}

// tellFiles names the configuration files that were read.
func tellFiles(log *slog.Logger, files []string) {
	for _, path := range files {
		log.Info("open config file", "path", path, "err", nil)
	}
}

// web tells where the local API is: from here on it takes connections.
func (f *compatFace) web(at net.Addr, allow []string) {
	if f != nil {
		f.log.Info("starting web service", "obj", "web", "addr", at.String(), "allow_hosts", "["+strings.Join(allow, " ")+"]")
	}
}

func randomHex(bytes int) string {
	b := make([]byte, bytes)
	_, _ = rand.Read(b) // it never fails
	return hex.EncodeToString(b)
}
