package edge

import (
	"bytes"
	"context"
	"io"
	"net"
	"testing"

	"github.com/adit-tunnel/adit/relay/registry"
	"github.com/adit-tunnel/adit/wire"
)

// canned is an upstream and its one exchange, which answers at once and allocates nothing.
type canned struct {
	frames [2][]byte
	next   int
	never  chan struct{}
}

func (u *canned) Begin(context.Context, *registry.Request) (registry.Exchange, error) {
	u.next = 0
	return u, nil
}
func (u *canned) Attach(uint64, bool) func()  { return func() {} }
func (u *canned) Load() int                   { return 0 }
func (u *canned) TurnedAway(registry.Visitor) {}
func (u *canned) Next() (wire.Frame, error) {
	p := u.frames[u.next]
	u.next++
	return wire.Frame{Type: wire.Type(p[0] & 0x1f), Flags: wire.Flags(p[0] & 0xe0), Payload: p[wire.HeaderSize:]}, nil
}
func (u *canned) Buffered() bool               { return u.next < 2 }
func (u *canned) Unproven() bool               { return false }
func (u *canned) Idle()                        {}
func (u *canned) Took(int)                     {}
func (u *canned) Send([]byte, int, bool) error { return nil }
func (u *canned) Stopped() <-chan struct{}     { return u.never }
func (u *canned) Finish()                      {}
func (u *canned) Abort(wire.Code)              {}

// BenchmarkKeepAlive is one request after another on one connection, over a real socket: the edge's own cost. It must not allocate.
func BenchmarkKeepAlive(b *testing.B) { keepAlive(b, "") }

// BenchmarkKeepAliveGuarded is the same behind a policy. It must not allocate either.
func BenchmarkKeepAliveGuarded(b *testing.B) {
	keepAlive(b, `{"on_tcp_connect":[{"actions":[{"type":"restrict-ips","config":{"allow":["127.0.0.0/8"]}}]}],
		"on_http_request":[{"actions":[{"type":"basic-auth","config":{"credentials":["bob:battery staple","ann:correct:horse"]}}]}]}`)
}

func keepAlive(b *testing.B, guard string) {
	head := "HTTP/1.1 200 OK\r\nServer: x\r\nContent-Type: text/plain\r\nContent-Length: 128\r\n\r\n"
	u := &canned{frames: [2][]byte{respFrame(head, wire.BodyLength, 128, false), dataFrame(string(make([]byte, 128)), true)}}
	reg := registry.New(nil)
	e := &registry.Endpoint{Host: "app.test", Account: "acme", Name: "web", Upstream: u}
	lines := ""
	if guard != "" {
		e.Policy, lines = compile(b, guard), "Authorization: Basic "+ann+"\r\n"
	}
	if _, err := reg.Bind(e, registry.Claim{}); err != nil {
		b.Fatal(err)
	}
	s := New(Options{Registry: reg, AccessLog: io.Discard})
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	go s.Serve(context.Background(), ln, 0)
	defer s.Shutdown(context.Background())
	nc, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	defer nc.Close()
	req := []byte("GET /some/path?q=1 HTTP/1.1\r\nHost: app.test\r\nUser-Agent: bench/1.0\r\nAccept: */*\r\nAccept-Encoding: gzip\r\n" + lines + "\r\n")
	buf := make([]byte, 4096)
	b.ReportAllocs()
	for b.Loop() {
		nc.Write(req)
		for got := 0; ; {
			n, err := nc.Read(buf[got:])
			if err != nil {
				b.Fatal(err)
			}
			if got += n; bytes.HasPrefix(buf, []byte("HTTP/1.1 200")) && got == len(head)+128 {
				break
			}
		}
	}
}
