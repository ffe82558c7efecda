package agent_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/agent"
	"github.com/adit-tunnel/adit/relay/relaytest"
	"github.com/coder/websocket"
)

// program is its own local service: an agent with a Listener, and a server on it.
type program struct {
	t      *testing.T
	a      *agent.Agent
	ln     *agent.Listener
	srv    *http.Server
	relay  *relaytest.Relay
	url    string
	stop   context.CancelFunc
	ended  chan error // of Run
	served chan error // of Serve
}

type connKey struct{}

// newProgram serves h at a public URL.
func newProgram(t *testing.T, h http.Handler, change ...func(*agent.Options)) *program {
	t.Helper()
	p := &program{t: t, relay: relaytest.Start(t), ended: make(chan error, 1), served: make(chan error, 1)}
	o := agent.Options{Relay: p.relay.Agents, Pin: p.relay.Pin, Token: p.relay.Token}
	for _, f := range change {
		f(&o)
	}
	var err error
	if p.a, err = agent.New(o); err != nil {
		t.Fatal(err)
	}
	if p.ln, err = p.a.Listen(agent.Endpoint{Name: "web"}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	p.stop = cancel
	p.srv = &http.Server{Handler: h, ErrorLog: log.New(io.Discard, "", 0), ConnContext: func(ctx context.Context, c net.Conn) context.Context {
		return context.WithValue(ctx, connKey{}, c)
	}}
	var both sync.WaitGroup
	both.Go(func() { p.ended <- p.a.Run(ctx) })
	both.Go(func() { p.served <- p.srv.Serve(p.ln) })
	t.Cleanup(func() {
		cancel()
		both.Wait()
		late, stop := context.WithTimeout(context.Background(), limit)
		defer stop()
		if err := p.srv.Shutdown(late); err != nil {
			t.Errorf("connections are left in the server: %v", err)
		}
	})
	if p.url, err = p.a.URL(p.context(), "web"); err != nil {
		t.Fatal(err)
	}
	return p
}

// context ends when the test must have.
func (p *program) context() context.Context {
	ctx, cancel := context.WithTimeout(p.t.Context(), limit)
	p.t.Cleanup(cancel)
	return ctx
}

// visitor is a client with connections of its own.
func (p *program) visitor() *http.Client {
	tr := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", p.relay.HTTP)
	}, ExpectContinueTimeout: limit}
	p.t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr, Timeout: limit}
}

// do makes a request and returns its answer with the content read.
func (p *program) do(c *http.Client, q *http.Request) (*http.Response, string) {
	p.t.Helper()
	res, err := c.Do(q)
	if err != nil {
		p.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		p.t.Fatalf("%d %q: %v", res.StatusCode, b, err)
	}
	return res, string(b)
}

func (p *program) request(method, path string, body io.Reader) *http.Request {
	p.t.Helper()
	q, err := http.NewRequestWithContext(p.context(), method, p.url+path, body)
	if err != nil {
		p.t.Fatal(err)
	}
	return q
}

// raw sends text to the relay as it is, and returns the connection to read from.
func (p *program) raw(text string) (net.Conn, *bufio.Reader) {
	p.t.Helper()
	c, err := net.Dial("tcp", p.relay.HTTP)
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { c.Close() })
	if err := c.SetDeadline(time.Now().Add(limit)); err != nil {
		p.t.Fatal(err)
	}
	_, host, _ := strings.Cut(p.url, "://")
	io.WriteString(c, strings.ReplaceAll(strings.ReplaceAll(text, "HOST", host), "\n", "\r\n"))
	return c, bufio.NewReader(c)
}

// TestListenRemoteAddr: a connection has the address of its one visitor, and a visitor that keeps its connection keeps it here too.
func TestListenRemoteAddr(t *testing.T) {
	var mu sync.Mutex
	owners := map[net.Conn]string{}
	p := newProgram(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := r.Context().Value(connKey{}).(net.Conn)
		mu.Lock()
		defer mu.Unlock()
		if owner, known := owners[c]; known && owner != r.Header.Get("Visitor") {
			t.Errorf("a connection of %s carries a request of %s", owner, r.Header.Get("Visitor"))
		}
		owners[c] = r.Header.Get("Visitor")
		if _, ok := c.RemoteAddr().(*net.TCPAddr); !ok || c.LocalAddr().String() != p0(r.Host) {
			t.Errorf("from %T %v to %v", c.RemoteAddr(), c.RemoteAddr(), c.LocalAddr())
		}
		fmt.Fprintf(w, "%s %p", r.RemoteAddr, c)
	}))
	visit := func(name string, c *http.Client) (conn string) {
		own := ""
		q := p.request("GET", "/", nil)
		q.Header.Set("Visitor", name)
		_, got := p.do(c, q.WithContext(httptrace.WithClientTrace(q.Context(), &httptrace.ClientTrace{
			GotConn: func(i httptrace.GotConnInfo) { own = i.Conn.LocalAddr().String() },
		})))
		remote, conn, _ := strings.Cut(got, " ")
		if remote != own {
			t.Errorf("%s comes from %s, RemoteAddr says %s", name, own, remote)
		}
		return conn
	}
	a, b := p.visitor(), p.visitor()
	if visit("a", a) != visit("a", a) {
		t.Error("a kept connection is not kept")
	}
	for range 10 {
		if visit("a", a) == visit("b", b) {
			t.Error("two visitors on one connection")
		}
	}
	var crowd sync.WaitGroup
	for i := range 8 {
		c := p.visitor()
		crowd.Go(func() {
			for range 25 {
				visit(fmt.Sprint(i), c)
			}
		})
	}
	crowd.Wait()
}

// p0 is the address that a Host stands for.
func p0(host string) string {
	if _, _, err := net.SplitHostPort(host); err == nil {
		return host
	}
	return host + ":80"
}

// TestListenWebSocket: a real library for WebSockets works over it.
func TestListenWebSocket(t *testing.T) {
	p := newProgram(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, nil)
		if err != nil {
			t.Error(err)
			return
		}
		defer c.CloseNow()
		for {
			kind, b, err := c.Read(r.Context())
			if err != nil {
				return
			}
			if err := c.Write(r.Context(), kind, append(b, '!')); err != nil {
				return
			}
		}
	}))
	client := p.visitor()
	client.Timeout = 0 // the library's rule; the context has a limit
	c, _, err := websocket.Dial(p.context(), p.url, &websocket.DialOptions{HTTPClient: client})
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	for _, n := range []int{0, 1, 125, 4000, 30000} {
		sent := content(n)
		if err := c.Write(p.context(), websocket.MessageBinary, sent); err != nil {
			t.Fatal(err)
		}
		if _, got, err := c.Read(p.context()); err != nil || string(got) != string(sent)+"!" {
			t.Fatalf("%d bytes: %v", len(got), err)
		}
	}
	if err := c.Close(websocket.StatusNormalClosure, ""); err != nil {
		t.Error(err)
	}
}
