package edge

import (
	"encoding/base64"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/adit-tunnel/adit/relay/policy"
	"github.com/adit-tunnel/adit/relay/registry"
	"github.com/adit-tunnel/adit/wire"
)

// guard binds gate.test behind a policy to the world's upstream.
func (w *world) guard(text string) {
	w.t.Helper()
	e := &registry.Endpoint{Host: "gate.test", Account: "acme", Name: "gate", Upstream: w.up, Policy: compile(w.t, text)}
	if _, err := w.s.registry.Bind(e, registry.Claim{}); err != nil {
		w.t.Fatal(err)
	}
}

func compile(t testing.TB, text string) *policy.Policy {
	t.Helper()
	p, err := policy.Compile(text)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

const annOnly = `{"on_http_request":[{"actions":[{"type":"basic-auth","config":{"realm":"adit","credentials":["bob:battery staple","ann:correct:horse"]}}]}]}`

var ann = base64.StdEncoding.EncodeToString([]byte("ann:correct:horse"))

// turnedAway is what the upstream has been told.
func (u *fakeUpstream) turnedAway() []string {
	u.mu.Lock()
	defer u.mu.Unlock()
	return append([]string(nil), u.turned...)
}

// TestBasicAuthMatrix: whatever is asked for, however it is spelt, as the first request of a connection or behind another one: only the field Authorization
// opens, and what it does not open never begins an exchange.
func TestBasicAuthMatrix(t *testing.T) {
	w := start(t, func(x *fakeExchange) {
		x.upload0()
		if x.req.Flags&wire.ReqHead != 0 {
			x.put(respFrame("HTTP/1.1 200 OK\r\n\r\n", wire.BodyNone, 0, true))
			return
		}
		x.ok("in")
	})
	w.guard(annOnly)
	v := w.dial()
	for _, field := range []struct {
		lines string
		opens bool
	}{
		{"Authorization: Basic " + ann, true},
		{"aUTHORIZATION:basic   " + ann + " ", true},
		{"Connection: Authorization\r\nAuthorization: Basic " + ann, true},
		{"Authorization: Basic " + ann + "\r\nProxy-Authorization: Basic x", true},
		{"X-None: 1", false},
		{"Proxy-Authorization: Basic " + ann, false},
		{"X-Forwarded-Authorization: Basic " + ann, false},
		{"Authorization_: Basic " + ann, false},
		{"Authorization: Bearer " + ann, false},
		{"Authorization: Basic " + ann[:len(ann)-4], false},
		{"Authorization: Basic " + ann + "\r\nAuthorization: Basic " + ann, false},
		{"Authorization: Basic x\r\nAuthorization: Basic " + ann, false},
		{"Cookie: Authorization=Basic " + ann, false},
		{"Origin: http://localhost\r\nAccess-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: authorization", false},
	} {
		for _, target := range []string{"/", "/a%2fb/%2e%2e/%00", "//gate.test/..;/x?Authorization=Basic+" + ann, "http://ann:correct@gate.test/x", "http://gate.test", "/ngrok/login"} {
			if strings.Contains(target, "@") && field.opens {
				continue // not a target that is served
			}
			for _, kind := range []struct{ method, lines, content string }{
				{"GET", "", ""},
				{"HEAD", "", ""},
				{"OPTIONS", "", ""},
				{"DELETE", "X-HTTP-Method-Override: GET\r\n", ""},
				{"POST", "Content-Length: 7\r\n", "content"},
				{"PUT", "Transfer-Encoding: chunked\r\n", "1\r\nx\r\n0\r\n\r\n"},
				{"GET", "Connection: Upgrade\r\nUpgrade: websocket\r\n", ""},
			} {
				before := len(w.up.exchanges())
				v.send(kind.method + " " + target + " HTTP/1.1\r\nHost: gate.test\r\n" + field.lines + "\r\n" + kind.lines + "\r\n" + kind.content)
				res, _ := v.response(kind.method)
				what := fmt.Sprintf("%s %s %s %s", field.lines, kind.method, target, kind.lines)
				begun := len(w.up.exchanges()) - before
				switch {
				case field.opens && (res.StatusCode != 200 || begun != 1):
					t.Errorf("%s: %d, %d exchanges", what, res.StatusCode, begun)
				case !field.opens && (res.StatusCode < 400 || begun != 0):
					t.Errorf("%s: %d, %d exchanges", what, res.StatusCode, begun)
				case !field.opens && res.StatusCode == 401 && res.Header.Get("WWW-Authenticate") != `Basic realm="adit", charset="UTF-8"`:
					t.Errorf("%s: no challenge: %v", what, res.Header)
				case !field.opens && res.StatusCode != 401 && !strings.Contains(target, "@"):
					t.Errorf("%s: %d", what, res.StatusCode)
				}
				if res.Close {
					v = w.dial()
				}
			}
		}
	}
}

// TestVisitorTurnedAway: what a visitor gets and what the endpoint's owner is told, of a connection that goes on to others afterwards.
func TestVisitorTurnedAway(t *testing.T) {
	w := start(t, func(x *fakeExchange) { x.ok("in") })
	w.guard(annOnly)
	v := w.dial().send("GET /admin?token=secret HTTP/1.1\r\nHost: GATE.test.\r\nAuthorization: Basic c2VjcmV0\r\nAccept: application/json\r\n\r\n")
	res, body := v.response("GET")
	if res.StatusCode != 401 || res.Header.Get("Adit-Error") != "ADIT-4011 AUTH_REQUIRED" || !strings.Contains(body, `"status":401`) || res.Close {
		t.Errorf("%d %v %s", res.StatusCode, res.Header, body)
	}
	v.send("GET / HTTP/1.1\r\nHost: app.test\r\n\r\n") // an endpoint without a policy
	if res, _ := v.response("GET"); res.StatusCode != 200 {
		t.Errorf("another endpoint: %d", res.StatusCode)
	}
	v.send("GET / HTTP/1.1\r\nHost: gate.test\r\n\r\n")
	if res, _ := v.response("GET"); res.StatusCode != 401 {
		t.Errorf("back again: %d", res.StatusCode)
	}
	want := "127.0.0.1 GET gate.test/admin ADIT-4011 AUTH_REQUIRED basic-auth: wrong user name or password (on_http_request, rule 1)\n" +
		"127.0.0.1 GET gate.test/ ADIT-4011 AUTH_REQUIRED basic-auth: no user name and password (on_http_request, rule 1)"
	if got := strings.Join(w.up.turnedAway(), "\n"); got != want {
		t.Errorf("told\n%s\nwant\n%s", got, want)
	}
	until(t, "line in the access log", func() bool { return strings.Contains(w.log.String(), "status=401") })
	if log := w.log.String(); strings.Contains(log, "secret") || strings.Contains(log, "c2VjcmV0") || !strings.Contains(log, "endpoint=gate code=AUTH_REQUIRED") {
		t.Errorf("access log %s", log)
	}
	until(t, "both are counted", func() bool { return w.s.Stats().Errors["AUTH_REQUIRED"] == 2 })
}

// TestContentOfTheTurnedAway: content is neither asked for nor waited for.
func TestContentOfTheTurnedAway(t *testing.T) {
	w := start(t, func(x *fakeExchange) { x.ok("in") })
	w.guard(annOnly)
	for _, lines := range []string{"Content-Length: 1000000\r\nExpect: 100-continue\r\n", "Content-Length: 1000000\r\n", "Transfer-Encoding: chunked\r\n"} {
		v := w.dial().send("POST / HTTP/1.1\r\nHost: gate.test\r\n" + lines + "\r\n")
		if head := v.head(); !strings.HasPrefix(head, "HTTP/1.1 401 ") || !strings.Contains(head, "\nConnection: close\n") {
			t.Errorf("%q: %s", lines, head)
		}
	}
}

// TestRestrictIPsAtTheEdge: the address is the peer's, whatever it claims; a trusted peer is believed.
func TestRestrictIPsAtTheEdge(t *testing.T) {
	w := start(t, func(x *fakeExchange) { x.ok("in") }, func(o *Options, _ *limits) {
		o.Trust = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}
	})
	w.guard(`{"on_tcp_connect":[{"actions":[{"type":"restrict-ips","config":{"allow":["203.0.113.0/24","2001:db8::/32"],"deny":["203.0.113.66"]}}]}]}`)
	for _, tt := range []struct {
		peer, lines string
		want        int
	}{
		{"203.0.113.9", "", 200},
		{"::ffff:203.0.113.9", "", 200},
		{"203.0.113.66", "", 403},
		{"198.51.100.1", "", 403},
		{"2001:db8::1", "", 200},
		{"2001:db9::1", "", 403},
		{"198.51.100.1", "X-Forwarded-For: 203.0.113.9\r\n", 403},
		{"198.51.100.1", "X-Real-IP: 203.0.113.9\r\nForwarded: for=203.0.113.9\r\nX_Forwarded_For: 203.0.113.9\r\nTrue-Client-IP: 203.0.113.9\r\n", 403},
		{"203.0.113.9", "X-Forwarded-For: 198.51.100.1\r\n", 200},
		{"192.0.2.1", "", 403}, // the proxy itself
		{"192.0.2.1", "X-Forwarded-For: 203.0.113.9\r\n", 200},
		{"192.0.2.1", "X-Forwarded-For: [2001:db8::5]:4711\r\n", 200},
		{"192.0.2.1", "X-Forwarded-For: 203.0.113.9, 198.51.100.1\r\n", 403}, // the last one that is not trusted
		{"192.0.2.1", "X-Forwarded-For: 198.51.100.1, 203.0.113.9, 192.0.2.7\r\n", 200},
		{"192.0.2.1", "X-Forwarded-For: 203.0.113.9, unknown\r\n", 403},
		{"192.0.2.1", "Connection: X-Forwarded-For\r\nX-Forwarded-For: 203.0.113.9\r\n", 403},
		{"192.0.2.1", "X-Forwarded-For: 203.0.113.66\r\n", 403},
	} {
		begun := len(w.up.exchanges())
		v := w.dialTo(w.serveFrom(tt.peer)).send("GET /x HTTP/1.1\r\nHost: gate.test\r\n" + tt.lines + "\r\n")
		res, _ := v.response("GET")
		begun = len(w.up.exchanges()) - begun
		if res.StatusCode != tt.want || (begun == 1) != (tt.want == 200) {
			t.Errorf("%s %q: %d, %d exchanges", tt.peer, tt.lines, res.StatusCode, begun)
		}
		if tt.want == 403 && (res.Header.Get("Adit-Error") != "ADIT-4012 ADDRESS_DENIED" || res.Header.Get("WWW-Authenticate") != "") {
			t.Errorf("%s %q: %v", tt.peer, tt.lines, res.Header)
		}
	}
	for _, told := range w.up.turnedAway() {
		if strings.HasPrefix(told, "203.0.113.9 ") || !strings.Contains(told, "ADIT-4012") {
			t.Errorf("told %s", told)
		}
	}
}

// TestPolicyOfAPort: an endpoint with a port of its own is guarded whatever Host says.
func TestPolicyOfAPort(t *testing.T) {
	w := start(t, func(x *fakeExchange) { x.ok("in") })
	e := &registry.Endpoint{Host: "localhost", Port: 7, Account: "acme", Name: "port", Upstream: w.up, Policy: compile(t, annOnly)}
	if _, err := w.s.registry.Bind(e, registry.Claim{}); err != nil {
		t.Fatal(err)
	}
	ln := listen(t)
	w.serveAlso(ln, 7)
	for _, host := range []string{"app.test", "localhost", "not_a_host"} {
		v := w.dialTo(ln.Addr().String()).send("GET / HTTP/1.1\r\nHost: " + host + "\r\n\r\n")
		if res, _ := v.response("GET"); res.StatusCode != 401 {
			t.Errorf("%s: %d", host, res.StatusCode)
		}
	}
}
