package edge

import (
	"bufio"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/relay/registry"
	"github.com/adit-tunnel/adit/wire"
)

// TestHelloInPieces: the hello may come byte by byte, and what does not come to its end is cut.
func TestHelloInPieces(t *testing.T) {
	w := startTLS(t, parrot, func(o *Options, l *limits) { o.Head = 300 * time.Millisecond })
	nc, err := net.Dial("tcp", w.tlsAddr)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	nc.SetDeadline(time.Now().Add(patience))
	c := tls.Client(pieces{nc}, w.config("app.test"))
	if err := c.Handshake(); err != nil {
		t.Fatal(err)
	}
	io.WriteString(c, get)
	if res, err := http.ReadResponse(bufio.NewReader(c), nil); err != nil || res.StatusCode != 200 {
		t.Errorf("%v %v", res, err)
	}
	for _, begin := range []string{"", "\x16\x03\x01\x02\x00\x01\x00"} {
		v := w.dialTo(w.tlsAddr).send(begin)
		if _, err := io.ReadAll(v.TCPConn); err != nil && !errors.Is(err, io.EOF) && !strings.Contains(err.Error(), "reset") {
			t.Errorf("%q: %v", begin, err)
		}
	}
	until(t, "closed", func() bool { return w.s.Stats().Open == 1 })
}

type pieces struct{ net.Conn }

func (p pieces) Write(b []byte) (int, error) {
	for i := range b {
		if _, err := p.Conn.Write(b[i : i+1]); err != nil {
			return i, err
		}
	}
	return len(b), nil
}

// TestAgentsByALPN: who offers adit/1 gets its connection as it was sent, and its TLS is not ours.
func TestAgentsByALPN(t *testing.T) {
	var n *names
	agents := make(chan net.Conn, 1)
	w := startTLS(t, parrot, func(o *Options, _ *limits) { o.Agents = func(nc net.Conn) { agents <- nc } })
	n = w.names
	done := make(chan error, 1)
	go func() {
		nc := <-agents
		defer nc.Close()
		c := tls.Server(nc, &tls.Config{Certificates: []tls.Certificate{*n.leaf("agents.test")}, NextProtos: []string{wire.ALPN}, MinVersion: tls.VersionTLS13})
		_, err := io.CopyN(c, c, 5)
		done <- err
	}()
	c := w.mustSeal(w.config("agents.test", wire.ALPN))
	io.WriteString(c, "hello")
	b := make([]byte, 5)
	if _, err := io.ReadFull(c, b); err != nil || string(b) != "hello" || c.ConnectionState().NegotiatedProtocol != wire.ALPN {
		t.Errorf("%q %v", b, err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	until(t, "given away", func() bool { return w.s.Stats().Open == 0 })
}

// TestChallengeByALPN: the handshake is all there is to a TLS-ALPN-01 challenge.
func TestChallengeByALPN(t *testing.T) {
	w := startTLS(t, parrot)
	c := w.mustSeal(w.config("app.test", "acme-tls/1"))
	if p := c.ConnectionState().NegotiatedProtocol; p != "acme-tls/1" {
		t.Errorf("protocol %q", p)
	}
	if n, err := c.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		t.Errorf("%d %v", n, err)
	}
}

// TestChallengeOfService: a CA that looks for the proof of a service whose TLS passes finds the service, unless the relay has one to show for that name.
func TestChallengeOfService(t *testing.T) {
	var ours atomic.Bool
	w := startTLS(t, func(x *fakeExchange) { x.put(readyFrame()); x.recv(); x.put(dataFrame("the service's", true)) }, func(o *Options, _ *limits) {
		o.Challenged = func(name string) bool { return ours.Load() && name == "svc.test" }
	})
	e := &registry.Endpoint{Host: "svc.test", Account: "acme", Name: "tls", Protocol: wire.ProtocolTLS, Upstream: w.up}
	if _, err := w.s.registry.Bind(e, registry.Claim{}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.sealed(w.config("SVC.test", "acme-tls/1")); err == nil || !strings.Contains(err.Error(), "does not look like a TLS handshake") {
		t.Errorf("the hello was not the service's to answer: %v", err)
	}
	ours.Store(true)
	if p := w.mustSeal(w.config("svc.test", "acme-tls/1")).ConnectionState().NegotiatedProtocol; p != "acme-tls/1" {
		t.Errorf("protocol %q", p)
	}
	if n := len(w.up.exchanges()); n != 1 {
		t.Errorf("%d connections came through", n)
	}
}
