package agent_test

import (
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/agent"
	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/relay"
	"github.com/adit-tunnel/adit/relay/relaytest"
	"github.com/adit-tunnel/adit/wire"
	"github.com/adit-tunnel/adit/wire/wiretest"
)

// The secrets of these tests; no log may hold them.
const (
	password = "MARKER-right-password"
	wrong    = "MARKER-wrong-password"
	query    = "MARKER-query"
)

const gate = `{"on_http_request":[{"name":"people","actions":[{"type":"basic-auth","config":{"realm":"adit","credentials":["ann:` + password + `"]}}]}]}`

// everything is a logger that writes to l, whatever the level.
func everything(l *wiretest.Log) *slog.Logger {
	return slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug - 100}))
}

// enter is a public request to where host leads at addr, with a password if there is one.
func enter(addr, host, path, password string) (status int, content string, err error) {
	q, err := http.NewRequest("GET", "http://"+addr+path, nil)
	if err != nil {
		return 0, "", err
	}
	if password != "" {
		q.SetBasicAuth("ann", password)
	}
	return ask(q, host)
}

// TestGate: the whole way, with a relay elsewhere and an embedded one. Who has the password is let in, and the service gets what was sent; of the others the
// agent learns who they were; no log holds a secret.
func TestGate(t *testing.T) {
	for _, embedded := range []bool{false, true} {
		t.Run(fmt.Sprint("embedded: ", embedded), func(t *testing.T) {
			var relayLog, accessLog, agentLog wiretest.Log
			r := relaytest.Start(t, func(o *relay.Options) {
				o.Log, o.AccessLog = everything(&relayLog), &accessLog
				if o.Embedded = embedded; embedded {
					o.Domain, o.HTTP = "", ""
				}
			})
			g := newGuest(t, r, http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
				fmt.Fprint(w, q.Header.Get("Authorization"))
			}), func(o *agent.Options, e *agent.Endpoint) {
				o.Log, o.Embedded = everything(&agentLog), embedded
				e.Policy, e.Metadata = gate, "mine"
			})
			events, stop := iter.Pull(g.a.Events(t.Context()))
			defer stop()
			_, host, _ := strings.Cut(g.until("URL", online).Endpoints[0].URL, "://")
			addr := r.HTTP
			if embedded {
				addr = host
			}
			for i, pass := range []string{"", wrong} {
				status, body, err := enter(addr, host, "/admin?token="+query, pass)
				if err != nil || status != 401 || !strings.Contains(body, "ADIT-4011") {
					t.Fatalf("%d: %d %q %v", i, status, body, err)
				}
			}
			if status, body, err := enter(addr, host, "/?token="+query, password); err != nil || status != 200 || body != "Basic YW5uOk1BUktFUi1yaWdodC1wYXNzd29yZA==" {
				t.Fatalf("%d %q %v", status, body, err)
			}
			st := g.until("visitors who were turned away", func(s inspect.Status) bool { return s.Endpoints[0].Turned == 2 })
			if v := st.Endpoints[0].LastTurned; v == nil || v.Client != "127.0.0.1" && v.Client != "::1" || v.Method != "GET" || v.Path != "/admin" || v.Status != 401 ||
				v.Code != int(wire.CodeAuthRequired) || v.Name != "AUTH_REQUIRED" || v.Reason != `basic-auth: wrong user name or password (on_http_request, rule 1 "people")` {
				t.Errorf("last: %+v", v)
			}
			for told := 0; told < 2; {
				e, ok := events()
				if !ok {
					t.Fatal("no more events")
				}
				if v, is := e.(agent.VisitorTurned); is {
					told++
					if v.Endpoint != "web" || v.Path != "/admin" || v.At.IsZero() {
						t.Errorf("%+v", v)
					}
				}
			}
			if n := g.store.Count(); n != 1 {
				t.Errorf("%d exchanges are recorded", n)
			}
			if n := strings.Count(agentLog.String(), "visitor turned away"); n != 2 {
				t.Errorf("%d lines in the agent's log:\n%s", n, &agentLog)
			}
			for what, log := range map[string]*wiretest.Log{"relay's log": &relayLog, "access log": &accessLog, "agent's log": &agentLog} {
				for _, secret := range []string{"MARKER", "YW5uOk1BUktFU"} { // "ann:MARKER" in base64
					if strings.Contains(log.String(), secret) {
						t.Errorf("%s holds a secret:\n%s", what, log)
					}
				}
			}
		})
	}
}

// TestBadPolicy: a mistake in a policy is told, with its place and without what it says, and nothing is served without it.
func TestBadPolicy(t *testing.T) {
	var log wiretest.Log
	g := newGuest(t, relaytest.Start(t), http.HandlerFunc(says), func(o *agent.Options, e *agent.Endpoint) {
		o.Log = everything(&log)
		e.Policy = `{"on_http_request":[{"actions":[{"type":"basic-auth","config":{"credentials":["ann:MARKER"]}}]}]}`
	})
	err := g.end()
	var f *agent.FatalError
	if !errors.As(err, &f) || f.Code != int(wire.CodeBadPolicy) || !strings.Contains(err.Error(), "credentials, entry 1: the password has 6 characters") {
		t.Errorf("Run: %v", err)
	}
	if strings.Contains(log.String()+err.Error(), "MARKER") {
		t.Errorf("a secret is told: %v\n%s", err, &log)
	}
}

// TestGateStaysShut: sessions are lost, made beside each other, and made anew by a relay that has restarted; at no moment does anybody come in without the
// password, and afterwards who has it does.
func TestGateStaysShut(t *testing.T) {
	var inside atomic.Int64
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if _, pass, _ := q.BasicAuth(); pass != password {
			inside.Add(1)
		}
	}))
	t.Cleanup(service.Close)
	dir := t.TempDir()
	var where relaytest.Relay
	var g *guest
	var host string
	var cable *wiretest.Cable
	var tries, turned atomic.Int64
	over, stopped := make(chan struct{}), make(chan struct{})
	served := func() {
		t.Helper()
		before := turned.Load()
		for late := time.Now().Add(limit); ; <-time.After(5 * time.Millisecond) {
			status, _, err := enter(where.HTTP, host, "/", password)
			switch {
			case status == 200 && turned.Load() > before:
				return
			case time.Now().After(late):
				t.Fatalf("%d %v, %d strangers turned away", status, err, turned.Load()-before)
			}
		}
	}
	t.Run("first", func(first *testing.T) {
		r := relaytest.Start(first, func(o *relay.Options) { o.StateDir = dir })
		where, cable = *r, wiretest.NewCable(t, r.Agents)
		behind := *r
		behind.Agents = cable.Addr
		g = newGuest(t, &behind, nil, func(o *agent.Options, e *agent.Endpoint) { e.Upstream, e.Policy = service.URL, gate })
		_, host, _ = strings.Cut(g.until("URL", online).Endpoints[0].URL, "://")
		go func() {
			defer close(stopped)
			for {
				select {
				case <-over:
					return
				default:
				}
				status, _, err := enter(where.HTTP, host, "/", "")
				tries.Add(1)
				switch {
				case status == 401:
					turned.Add(1)
				case err == nil && status < 500:
					t.Errorf("a stranger got %d", status)
				}
			}
		}()
		served()
		cable.Reset() // lost, and made anew
		g.until("another session", func(s inspect.Status) bool { return s.State == inspect.Online })
		served()
		cable.Interrupt() // mute: another one is made beside it
		events, stop := iter.Pull(g.a.Events(t.Context()))
		g.a.Reconnect()
		for moved := false; !moved; {
			e, ok := events()
			if !ok {
				t.Fatal("the agent has stopped")
			}
			_, moved = e.(agent.EndpointOnline)
		}
		stop()
		served()
		cable.Mend()
		served()
	})
	t.Run("second", func(second *testing.T) {
		relaytest.Start(second, func(o *relay.Options) { o.StateDir, o.HTTP, o.Agents = dir, where.HTTP, where.Agents })
		served()
	})
	close(over)
	<-stopped
	if n := inside.Load(); n != 0 {
		t.Errorf("%d of %d strangers came in", n, tries.Load())
	}
}
