package e2e

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// manyNames is how many endpoints are alive at once, of two agents.
const manyNames = 150

// secureNames is a relay with many endpoints behind its TLS. Each calls the service by a Host of its own, which that answers with.
type secureNames struct {
	*publicRelay
	t     *testing.T
	trust *tls.Config
}

// TestManyNamesOverTLS: of 150 endpoints each is reached by every spelling of its name, over both versions of HTTP, the narrowest serves, and a connection is
// for one name alone.
func TestManyNamesOverTLS(t *testing.T) {
	n := &secureNames{relay(t, "--https", "127.0.0.1:0", "--access-log", "false"), t, nil}
	n.trust = &tls.Config{RootCAs: n.roots(t)}
	port := service(t, http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) { fmt.Fprint(w, q.Host) }))
	special := []string{"team", "*.team", "a.dev.team", "*.dev.team", "bücher", "*.b.a.dev.team"}
	first, second := special, []string(nil)
	for i := range manyNames - len(special) {
		if name := fmt.Sprint("n", i); i < manyNames/2 {
			first = append(first, name)
		} else {
			second = append(second, name)
		}
	}
	n.serve(port, first)
	n.serve(port, second)
	for i := range manyNames - len(special) {
		name := fmt.Sprintf("n%d.tunnel.test", i)
		host := spellings(name)[i%len(spellings(name))]
		for _, h2 := range []bool{false, true} {
			n.leads(h2, host, fmt.Sprintf("n%d.local", i))
		}
	}
	for host, want := range map[string]string{
		"team": "team", "b.team": "*.team", "x.b.team": "*.team", "dev.team": "*.team", "a.dev.team": "a.dev.team", "b.dev.team": "*.dev.team",
		"x.a.dev.team": "*.dev.team", "b.a.dev.team": "*.dev.team", "x.b.a.dev.team": "*.b.a.dev.team", "x.y.b.a.dev.team": "*.b.a.dev.team",
		"xn--bcher-kva": "bücher",
	} {
		for _, spelled := range spellings(host + ".tunnel.test") {
			n.leads(false, spelled, localName(want))
			n.leads(true, spelled, localName(want))
		}
	}
	n.oneNameEach()
}

// localName is the Host by which the service is called for the endpoint of a name.
func localName(name string) string {
	return strings.NewReplacer("*", "star", "ü", "ue").Replace(name) + ".local"
}

// spellings are those of a name that all mean the same.
func spellings(name string) []string {
	return []string{name, strings.ToUpper(name), strings.ToUpper(name[:1]) + name[1:], name + ".", name + ":443", strings.ToUpper(name) + ".:8443"}
}

// serve starts an agent with endpoints of these names and waits for all of them.
func (n *secureNames) serve(port string, names []string) {
	n.t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "version: 3\nendpoints:\n")
	for _, name := range names {
		fmt.Fprintf(&b, "  - {name: %[1]q, url: '%[1]s.tunnel.test', host_header: %[2]q, upstream: {url: %[3]s}}\n", name, localName(name), port)
	}
	file := filepath.Join(n.t.TempDir(), "adit.yml")
	if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
		n.t.Fatal(err)
	}
	p := start(n.t, nil, append([]string{"start", "--all", "--config", file}, n.agentArgs()...)...)
	eventually(n.t, "all endpoints are online", func() bool { return strings.Count(p.stdout.text(), "ready name=") == len(names) })
}

// dial opens a connection by a server name; "": by none.
func (n *secureNames) dial(name, protocol string) (*tls.Conn, error) {
	conf := n.trust.Clone()
	conf.NextProtos = []string{protocol}
	if conf.ServerName = name; name == "" {
		conf.InsecureSkipVerify = true
	}
	ctx, cancel := context.WithTimeout(n.t.Context(), patience)
	defer cancel()
	c, err := (&tls.Dialer{Config: conf}).DialContext(ctx, "tcp", n.https)
	if err != nil {
		return nil, err
	}
	_ = c.SetDeadline(time.Now().Add(patience))
	return c.(*tls.Conn), nil
}

// visits is a connection to the relay: ask sends a request for a host on it, just as it is written.
type visits struct {
	ask   func(host string) (status int, text string, code string)
	close func()
}

func (n *secureNames) visit(h2 bool, name string) visits {
	n.t.Helper()
	protocol := "http/1.1"
	if h2 {
		protocol = "h2"
	}
	c, err := n.dial(name, protocol)
	if err != nil {
		n.t.Fatalf("%s: %v", name, err)
	}
	if got := c.ConnectionState().NegotiatedProtocol; got != protocol {
		n.t.Fatalf("%s: the protocol is %q", name, got)
	}
	send := func(q *http.Request) (*http.Response, error) {
		_, err := fmt.Fprintf(c, "GET / HTTP/1.1\r\nHost: %s\r\n\r\n", q.Host)
		if err != nil {
			return nil, err
		}
		return http.ReadResponse(bufio.NewReader(c), q)
	}
	leave := func() { _ = c.Close() }
	if h2 {
		tr := &http.Transport{Protocols: new(http.Protocols), DialTLSContext: func(context.Context, string, string) (net.Conn, error) { return c, nil }}
		tr.Protocols.SetHTTP2(true)
		send, leave = tr.RoundTrip, tr.CloseIdleConnections
	}
	return visits{close: leave, ask: func(host string) (int, string, string) {
		q, err := http.NewRequestWithContext(n.t.Context(), http.MethodGet, "https://relay/", nil)
		if err != nil {
			n.t.Fatal(err)
		}
		q.Host = host
		a, err := send(q)
		if err != nil {
			n.t.Fatalf("%s: %v", host, err)
		}
		defer a.Body.Close()
		text, err := io.ReadAll(a.Body)
		if err != nil {
			n.t.Fatalf("%s: %v", host, err)
		}
		return a.StatusCode, string(text), a.Header.Get("Adit-Error")
	}}
}

// leads demands that a connection by the name of a host, and a request for the host, lead to the endpoint that calls the service by want.
func (n *secureNames) leads(h2 bool, host, want string) {
	n.t.Helper()
	name, _, _ := strings.Cut(host, ":")
	v := n.visit(h2, name)
	defer v.close()
	if status, text, _ := v.ask(host); status != 200 || text != want {
		n.t.Errorf("%s, HTTP/2 %v: %d %.80q, want %s", host, h2, status, text, want)
	}
}

// oneNameEach: a connection is for the name that its hello had, whoever has the other one, and whatever its certificate is good for.
func (n *secureNames) oneNameEach() {
	n.t.Helper()
	for _, h2 := range []bool{false, true} {
		for _, other := range []string{"n2", "n140", "a.dev.team", "nobody", "N1.x"} { // of the same agent, of the other, by another certificate, of none
			v := n.visit(h2, "n1.tunnel.test")
			for _, c := range []struct {
				host   string
				status int
				code   string
			}{{"N1.tunnel.test", 200, ""}, {other + ".tunnel.test", 421, "ADIT-4013"}, {"n1.tunnel.test.:443", 200, ""}} {
				if status, text, code := v.ask(c.host); status != c.status || !strings.HasPrefix(code, c.code) {
					n.t.Errorf("n1's connection, HTTP/2 %v, asked for %s: %d %q %.80q", h2, c.host, status, code, text)
				}
			}
			v.close()
		}
		v := n.visit(h2, "")
		if status, text, code := v.ask("n1.tunnel.test"); status != 421 || !strings.HasPrefix(code, "ADIT-4014") {
			n.t.Errorf("a connection without a name, HTTP/2 %v: %d %q %.80q", h2, status, code, text)
		}
		v.close()
		v = n.visit(h2, "nobody.tunnel.test")
		if status, text, code := v.ask("nobody.tunnel.test"); status != 404 || !strings.HasPrefix(code, "ADIT-3001") {
			n.t.Errorf("a name that nobody has, HTTP/2 %v: %d %q %.80q", h2, status, code, text)
		}
		v.close()
	}
	if _, err := n.dial("elsewhere.example", "http/1.1"); err == nil || !strings.Contains(err.Error(), "unrecognized name") {
		n.t.Errorf("a name of another domain: %v", err)
	}
}
