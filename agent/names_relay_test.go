package agent_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/agent"
	"github.com/adit-tunnel/adit/relay/relaytest"
)

// TestNamesThroughTheEdge: 150 endpoints are alive, wildcards among them, and every spelling of a name leads to the one that is narrowest.
func TestNamesThroughTheEdge(t *testing.T) {
	r := relaytest.Start(t)
	wild := func(host string) *guest {
		return newGuest(t, r, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, host) }), func(_ *agent.Options, e *agent.Endpoint) { e.Host = host })
	}
	crowd := []*guest{wild("*.dev.team.tunnel.test"), wild("A.dev.team.tunnel.test."), wild("bücher")}
	team := wild("*.Team")
	for i := range 2 {
		g := newGuest(t, r, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "crowd") }), func(_ *agent.Options, e *agent.Endpoint) { e.Host = fmt.Sprintf("first%d", i) })
		for n := range 72 {
			if err := g.a.Forward(agent.Endpoint{Name: fmt.Sprint(n), Upstream: "http://127.0.0.1:1", Host: fmt.Sprintf("n%d-%d", i, n)}); err != nil {
				t.Fatal(err)
			}
		}
		crowd = append(crowd, g)
	}
	for _, g := range append(crowd, team) {
		g.until("session", online)
	}
	if url := team.a.Status().Endpoints[0].URL; !strings.HasPrefix(url, "http://*.team.tunnel.test") {
		t.Errorf("URL %q", url)
	}
	for host, want := range map[string]string{
		"a.dev.team.tunnel.test": "A.dev.team.tunnel.test.", "A.DEV.Team.Tunnel.Test.:80": "A.dev.team.tunnel.test.", "b.dev.team.tunnel.test": "*.dev.team.tunnel.test",
		"x.a.DEV.team.tunnel.test": "*.dev.team.tunnel.test", "dev.team.tunnel.test.": "*.Team", "x.y.z.TEAM.tunnel.test:8443": "*.Team",
		"XN--BCHER-kva.tunnel.test": "bücher", "first1.TUNNEL.test": "crowd",
	} {
		status, body := spelled(t, r, host)
		for deadline := time.Now().Add(limit); status == 404 && time.Now().Before(deadline); status, body = spelled(t, r, host) {
			time.Sleep(10 * time.Millisecond) // it is not bound yet
		}
		if status != 200 || body != want {
			t.Errorf("%s: %d %.80q, want %s", host, status, body, want)
		}
	}
	for _, host := range []string{"team.tunnel.test", "xteam.tunnel.test", "a.n0-1.tunnel.test", "team.tunnel.test.example", "*.team.tunnel.test", "a..team.tunnel.test"} {
		if status, body := spelled(t, r, host); status != 404 && status != 400 {
			t.Errorf("%s: %d %.80q", host, status, body)
		}
	}
}

// spelled asks for a host just as it is written.
func spelled(t *testing.T, r *relaytest.Relay, host string) (status int, body string) {
	t.Helper()
	c, err := net.Dial("tcp", r.HTTP)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(limit))
	fmt.Fprintf(c, "GET / HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", host)
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(b)
}
