package edge

import (
	"bufio"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/budget"
	"github.com/adit-tunnel/adit/relay/registry"
	"github.com/adit-tunnel/adit/wire"
)

// serveTLSFrom is serveFrom with TLS.
func (w *secureWorld) serveTLSFrom(ip string) (addr string) {
	w.t.Helper()
	ln := listen(w.t)
	served := make(chan error, 1)
	go func() {
		served <- w.s.ServeTLS(context.Background(), elsewhere{ln, &net.TCPAddr{IP: net.ParseIP(ip), Port: 1}})
	}()
	w.t.Cleanup(func() {
		w.shutdown(0)
		if err := <-served; err != nil {
			w.t.Errorf("ServeTLS: %v", err)
		}
	})
	return ln.Addr().String()
}

// tlsEndpoint is one served by the world's upstream; terminate: the edge ends TLS.
func (w *secureWorld) tlsEndpoint(host string, terminate bool) {
	w.t.Helper()
	e := &registry.Endpoint{Host: host, Account: "acme", Instance: host, Name: host, Protocol: wire.ProtocolTLS, Terminate: terminate, Upstream: w.up}
	if _, err := w.s.registry.Bind(e, registry.Claim{}); err != nil {
		w.t.Fatal(err)
	}
}

// TestPlacesAreGivenBack: whatever a connection turns out to be, and however it ends, its share of memory, files and its address's connections is given back
// once.
func TestPlacesAreGivenBack(t *testing.T) {
	memory, files := budget.New(1<<30), budget.New(1000)
	script := func(x *fakeExchange) {
		if x.req.Kind == wire.KindTLS {
			repeat(x)
			return
		}
		parrot(x)
	}
	w := startTLS(t, script, func(o *Options, l *limits) {
		o.Memory, o.Files = memory, files
		o.Agents = func(nc net.Conn) { nc.Close() }
		o.Door = func(a http.ResponseWriter, q *http.Request) {
			if q.Header.Get("Sec-WebSocket-Key") == "" {
				http.Error(a, "no", http.StatusBadRequest)
				return
			}
			nc, _, err := http.NewResponseController(a).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			nc.Close()
		}
		o.Head, l.tick = 300*time.Millisecond, 20*time.Millisecond
	})
	w.tlsEndpoint("shop.test", false)
	w.tlsEndpoint("edge.test", true)
	w.addr = w.serveFrom("192.0.2.1")
	w.tlsAddr = w.serveTLSFrom("192.0.2.1")

	const door = "GET " + wire.SocketPath + " HTTP/1.1\r\nHost: nobody.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
	say := func(nc net.Conn, text string) {
		defer nc.Close()
		nc.SetDeadline(time.Now().Add(patience))
		io.WriteString(nc, text)
		io.Copy(io.Discard, nc)
	}
	raw := func(addr string) net.Conn {
		nc, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		return nc
	}
	seal := func(cfg *tls.Config) net.Conn { return tls.Client(raw(w.tlsAddr), cfg) }
	blind := func(name string, protocols ...string) *tls.Config {
		return &tls.Config{InsecureSkipVerify: true, ServerName: name, NextProtos: protocols}
	}
	last := "GET / HTTP/1.1\r\nHost: app.test\r\nConnection: close\r\n\r\n"
	shop := hello(t, "shop.test")
	kinds := map[string]func(){
		"http":                 func() { say(raw(w.addr), last) },
		"http, gone":           func() { raw(w.addr).Close() },
		"http, half a head":    func() { say(raw(w.addr), "GET / HT") },
		"door":                 func() { say(raw(w.addr), door+"Sec-WebSocket-Key: x\r\n\r\n") },
		"door, refused":        func() { say(raw(w.addr), door+"\r\n") },
		"https":                func() { say(seal(blind("app.test", "http/1.1")), last) },
		"https, no name":       func() { say(seal(blind("", "http/1.1")), last) },
		"https, door":          func() { say(seal(blind("nobody.test")), door+"Sec-WebSocket-Key: x\r\n\r\n") },
		"https, door, no name": func() { say(seal(blind("")), door+"Sec-WebSocket-Key: x\r\n\r\n") },
		"h2": func() {
			c := w.client(true)
			fetch(t, c, request(t, "GET", "https://app.test/", nil))
			c.CloseIdleConnections()
		},
		"no TLS":        func() { say(raw(w.tlsAddr), last) },
		"half a hello":  func() { say(raw(w.tlsAddr), "\x16\x03\x01\x02\x00\x01\x00") },
		"nobody's name": func() { say(seal(blind("nobody.else")), last) },
		"challenge":     func() { say(seal(blind("app.test", "acme-tls/1")), "") },
		"agent":         func() { say(seal(blind("", wire.ALPN)), "") },
		"tls, at the edge": func() {
			c := seal(blind("edge.test")).(*tls.Conn)
			io.WriteString(c, "x")
			c.CloseWrite()
			say(c, "")
		},
		"tls, at the edge, gone": func() { c := seal(blind("edge.test")); io.WriteString(c, "x"); c.Close() },
		"tls, passed":            func() { c := raw(w.tlsAddr); c.Write(shop); bufio.NewReader(c).ReadByte(); c.Close() },
	}
	for name, visit := range kinds {
		t.Run(name, func(t *testing.T) {
			before := w.s.Stats().Connections
			var all sync.WaitGroup
			for range 5 {
				all.Go(visit)
			}
			all.Wait()
			until(t, "all came", func() bool { return w.s.Stats().Connections >= before+5 })
			until(t, "all is given back", func() bool {
				w.s.visitors.mu.Lock()
				defer w.s.visitors.mu.Unlock()
				return w.s.Stats().Open == 0 && memory.Held() == 0 && files.Held() == 0 && len(w.s.visitors.open) == 0
			})
		})
	}
}

// hello is what a client says first.
func hello(t *testing.T, name string) []byte {
	t.Helper()
	ours, theirs := net.Pipe()
	go func() {
		tls.Client(ours, &tls.Config{ServerName: name}).Handshake() // nobody answers
		ours.Close()
	}()
	defer theirs.Close()
	b := make([]byte, 16<<10)
	n, err := theirs.Read(b)
	if err != nil {
		t.Fatal(err)
	}
	return b[:n]
}

// TestCarriedKeepsItsPlace: what is carried holds the place that it came in with, and TLS's part of it if TLS ends here.
func TestCarriedKeepsItsPlace(t *testing.T) {
	memory, files := budget.New(1<<30), budget.New(100)
	w := startTLS(t, repeat, func(o *Options, _ *limits) { o.Memory, o.Files = memory, files })
	w.tlsEndpoint("edge.test", true)
	w.tlsEndpoint("shop.test", false)
	c := w.mustSeal(w.config("edge.test"))
	if err := comesBack(c); err != nil {
		t.Error(err)
	}
	if m, f, open := memory.Held(), files.Held(), w.s.Stats().Open; m != connCost+tlsCost || f != 1 || open != 1 {
		t.Errorf("with TLS: %d bytes, %d files, %d connections", m, f, open)
	}
	c.Close()
	until(t, "gone", func() bool { return memory.Held() == 0 })
	v := w.dialTo(w.tlsAddr).send(string(hello(t, "shop.test")))
	v.bytes(1)
	if m, f, open := memory.Held(), files.Held(), w.s.Stats().Open; m != connCost || f != 1 || open != 1 {
		t.Errorf("passed: %d bytes, %d files, %d connections", m, f, open)
	}
}
