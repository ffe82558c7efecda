package web

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/store"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// agent is a Replayer, Observer and Controller that tells what it was asked.
type agent struct {
	mu       sync.Mutex
	status   inspect.Status
	bus      inspect.Bus
	replayed []inspect.ID
	resends  []inspect.Resend
	defined  []inspect.Definition
	stopped  []string
	fails    error
	verdict  *inspect.Verdict // nil: one of Stripe's, which is stale
}

func (a *agent) Status() inspect.Status {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.status
}

func (a *agent) set(s inspect.Status) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.status = s
}

func (a *agent) Watch() (<-chan inspect.Hint, func()) { return a.bus.Watch() }

func (a *agent) Replay(_ context.Context, id inspect.ID, o inspect.Resend) (inspect.ID, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.replayed, a.resends = append(a.replayed, id), append(a.resends, o)
	return "new", a.fails
}

func (a *agent) Prepare(_ context.Context, _ inspect.ID, o inspect.Resend) (inspect.Prepared, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.resends = append(a.resends, o)
	return inspect.Prepared{To: "http://localhost:3000", Head: []byte("GET / HTTP/1.1\r\nA: \xff\r\n\r\n"), Size: 7}, a.fails
}

// Verdict knows that everything was signed by Stripe at the beginning of time.
func (a *agent) Verdict(_ context.Context, id inspect.ID) (inspect.Verdict, error) {
	if id == "none" {
		return inspect.Verdict{}, inspect.ErrNotFound
	}
	if a.verdict != nil {
		return *a.verdict, nil
	}
	return inspect.Verdict{Provider: "stripe", State: inspect.Stale, Signed: time.Unix(0, 0).UTC(), Text: "too old", CanSign: true}, nil
}

const asJSON = "application/json"

// api is a server on a real socket.
type api struct {
	t      *testing.T
	base   string
	agent  *agent
	store  *store.Memory
	server *Server
	stop   func() // ends the server and waits
}

func serve(t *testing.T, change ...func(*Options)) *api {
	t.Helper()
	return serveWithin(t, func(*limits) {}, change...)
}

// serveWithin is serve with other time limits.
func serveWithin(t *testing.T, limit func(*limits), change ...func(*Options)) *api {
	t.Helper()
	a := &api{t: t, agent: &agent{}}
	a.store = store.NewMemory(store.Options{OnChange: func(uint64) { a.agent.bus.Publish() }})
	ln, err := Listen("127.0.0.1:0", false)
	if err != nil {
		t.Fatal(err)
	}
	a.base = "http://" + ln.Addr().String()
	o := Options{Reader: a.store, Replayer: a.agent, Observer: a.agent, Controller: a.agent, Keeper: a.store}
	for _, f := range change {
		f(&o)
	}
	s := New(o)
	a.server = s
	limit(&s.limits)
	ctx, end := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx, ln) }()
	a.stop = sync.OnceFunc(func() {
		http.DefaultClient.CloseIdleConnections()
		end()
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("Run: %v", err)
			}
		case <-time.After(10 * time.Second):
			t.Error("Run does not end")
		}
	})
	t.Cleanup(a.stop)
	return a
}

// do sends a request; header is name, value, name, value. "Host" sets the request's host.
func (a *api) do(method, path, body string, header ...string) (*http.Response, string) {
	a.t.Helper()
	req, err := http.NewRequestWithContext(a.t.Context(), method, a.base+path, strings.NewReader(body))
	if err != nil {
		a.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		if header[i] == "Host" {
			req.Host = header[i+1]
			continue
		}
		req.Header.Add(header[i], strings.ReplaceAll(header[i+1], "SELF", a.base))
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		a.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		a.t.Fatal(err)
	}
	return res, string(b)
}

// get reads JSON.
func (a *api) get(path string, into any) {
	a.t.Helper()
	res, body := a.do("GET", path, "")
	if res.StatusCode != 200 || res.Header.Get("Content-Type") != "application/json" {
		a.t.Fatalf("GET %s: %s, %s: %s", path, res.Status, res.Header.Get("Content-Type"), body)
	}
	if err := json.Unmarshal([]byte(body), into); err != nil {
		a.t.Fatalf("GET %s: %v: %s", path, err, body)
	}
}

func (a *api) record(id string) *inspect.Exchange {
	x := &inspect.Exchange{
		ID: inspect.ID(id), Endpoint: "command_line", Start: time.Date(2026, 1, 15, 20, 32, 7, 0, time.UTC), Duration: 3893202,
		Client: netip.MustParseAddrPort("192.168.100.25:5000"), State: inspect.Done,
		Request: inspect.Request{Method: "POST", Target: "/hook?a=<b>", Host: "example.com", Message: inspect.Message{
			Head: []byte("POST /hook?a=<b> HTTP/1.1\r\nhost: example.com\r\naccept: a\r\nAccept: b\r\nContent-Length: 2\r\n\r\n"), Body: []byte("\x00\xff"), Kept: 2, Size: 2, Whole: true,
		}},
		Response: &inspect.Response{Status: 502, Reason: "Bad Gateway", Message: inspect.Message{
			Head: []byte("HTTP/1.1 502 Bad Gateway\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n"), Body: []byte("hello"), Kept: 5, Size: 5, Trailers: []byte("X-Sum: 1\r\n"), Whole: true,
		}},
	}
	a.store.Record(x)
	return x
}

func (a *api) wantError(res *http.Response, body string, status, code int) {
	a.t.Helper()
	var e struct {
		ErrorCode  int               `json:"error_code"`
		StatusCode int               `json:"status_code"`
		Msg        string            `json:"msg"`
		Details    map[string]string `json:"details"`
	}
	if err := json.Unmarshal([]byte(body), &e); err != nil {
		a.t.Fatalf("%s is not an error in JSON: %v", body, err)
	}
	if res.StatusCode != status || e.StatusCode != status || e.ErrorCode != code || e.Msg == "" || e.Details == nil {
		a.t.Errorf("%s: %s, want status %d with code %d", res.Status, body, status, code)
	}
}

func TestStatusAndTunnels(t *testing.T) {
	a := serve(t)
	a.agent.status = inspect.Status{
		State: inspect.Online, Version: "0.1.0", Region: "eu-1", Legs: []time.Duration{86600 * time.Microsecond, 0},
		Endpoints: []inspect.Endpoint{
			{Name: "command_line (http)", URL: "https://x.example.dev", Upstream: "http://localhost:80", Inspect: true,
				Proof:    time.Date(2026, 3, 4, 5, 6, 7, 89_000_000, time.UTC),
				Conns:    inspect.Meters{Count: 43, Open: 2, Rate1: 0.5, P50: 168847294},
				Requests: inspect.Meters{Count: 44, Rate15: 0.25, P99: 7}},
			{Name: "not bound"},
			{Name: "refused", Upstream: "http://localhost:81", Failure: &inspect.Failure{Name: "NAME_TAKEN", Text: "Taken.", Remedy: "Choose another."}},
		},
	}
	res, body := a.do("GET", "/api/status", "")
	want := `{"status":"online","agent_version":"0.1.0","session":{"legs":[{"region":"eu-1","latency":"87ms"},{"region":"eu-1"}],"proof":"2026-03-04T05:06:07.089Z"},` +
		`"refused":[{"name":"refused","upstream":"http://localhost:81","error":"NAME_TAKEN","details":"Taken. Choose another."}],"uri":"/api/status"}`
	if res.StatusCode != 200 || strings.TrimSpace(body) != want {
		t.Errorf("status: %s", body)
	}
	tunnel := `{"name":"command_line (http)","ID":"` + tunnelID(a.agent.status.Endpoints[0]) + `","uri":"/api/tunnels/command_line%20%28http%29",` +
		`"public_url":"https://x.example.dev","proto":"https","proof":"2026-03-04T05:06:07.089Z","config":{"addr":"http://localhost:80","inspect":true},` +
		`"metrics":{"conns":{"count":43,"gauge":2,"rate1":0.5,"rate5":0,"rate15":0,"p50":168847294,"p90":0,"p95":0,"p99":0},` +
		`"http":{"count":44,"rate1":0,"rate5":0,"rate15":0.25,"p50":0,"p90":0,"p95":0,"p99":7}}}`
	if _, body = a.do("GET", "/api/tunnels", ""); strings.TrimSpace(body) != `{"tunnels":[`+tunnel+`],"uri":"/api/tunnels"}` {
		t.Errorf("tunnels: %s", body)
	}
	if _, body = a.do("GET", "/api/tunnels/command_line%20%28http%29", ""); strings.TrimSpace(body) != tunnel {
		t.Errorf("tunnel: %s", body)
	}
	res, body = a.do("GET", "/api/tunnels/not%20bound", "")
	a.wantError(res, body, 404, codeNotFound)

	a.agent.status = inspect.Status{State: inspect.Reconnecting, Version: "0.1.0"}
	_, body = a.do("GET", "/api/status", "")
	if !strings.Contains(body, `"status":"reconnecting"`) || !strings.Contains(body, `"legs":[]`) {
		t.Errorf("status: %s", body)
	}
	if _, body = a.do("GET", "/api/tunnels", ""); !strings.Contains(body, `"tunnels":[]`) {
		t.Errorf("tunnels: %s", body)
	}
}

func TestOtherPaths(t *testing.T) {
	a := serve(t)
	for _, path := range []string{"/", "/status"} {
		res, body := a.do("GET", path, "")
		if res.StatusCode != 200 || res.Header.Get("Content-Type") != "text/plain; charset=utf-8" || !strings.Contains(body, "/api/") {
			t.Errorf("%s: %s %s", path, res.Status, body)
		}
	}
	for _, path := range []string{"/api", "/api/"} {
		if res, body := a.do("GET", path, ""); res.StatusCode != 200 || !strings.Contains(body, `"tunnels_uri"`) {
			t.Errorf("%s: %s %s", path, res.Status, body)
		}
	}
	res, body := a.do("GET", "/nowhere", "")
	a.wantError(res, body, 404, codeNotFound)
	res, body = a.do("PUT", "/api/tunnels", "{}", "Content-Type", asJSON)
	if a.wantError(res, body, 405, codeMethod); res.Header.Get("Allow") != "GET, POST" {
		t.Errorf("Allow: %s", res.Header.Get("Allow"))
	}
}

func TestListenTakesTheNextPort(t *testing.T) {
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	port := busy.Addr().(*net.TCPAddr).Port
	if port+morePorts > 65535 {
		t.Skip("the system gave a port at the end of the range")
	}
	ln, err := Listen(busy.Addr().String(), true)
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	if got := ln.Addr().(*net.TCPAddr).Port; got <= port || got > port+morePorts {
		t.Errorf("port %d after %d", got, port)
	}
	for _, bad := range []string{"nonsense", "127.0.0.1:port", "127.0.0.1:99999", "192.0.2.1:4040"} {
		if ln, err := Listen(bad, true); err == nil {
			ln.Close()
			t.Errorf("%s was taken", bad)
		}
	}
}

func TestRunFailsWithItsListener(t *testing.T) {
	ln, err := Listen("127.0.0.1:0", false)
	if err != nil {
		t.Fatal(err)
	}
	ln.Close()
	if err := New(Options{}).Run(t.Context(), ln); err == nil {
		t.Error("no error")
	}
	if ln, err = Listen("127.0.0.1:0", false); err != nil {
		t.Fatal(err)
	}
	ctx, end := context.WithCancel(context.Background())
	end()
	if err := New(Options{}).Run(ctx, ln); err != nil {
		t.Errorf("ended before it began: %v", err)
	}
	if c, err := net.Dial("tcp", ln.Addr().String()); err == nil {
		c.Close()
		t.Error("the listener is still open")
	}
}

// TestListenIPv4: the address that is told is of the kind that was asked for.
func TestListenIPv4(t *testing.T) {
	for _, near := range []bool{true, false} {
		ln, err := Listen("0.0.0.0:0", near)
		if err != nil {
			t.Fatal(err)
		}
		if host, _, _ := net.SplitHostPort(ln.Addr().String()); host != "0.0.0.0" {
			t.Errorf("listening on %s", ln.Addr())
		}
		ln.Close()
	}
}
