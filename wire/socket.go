package wire

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"

	"github.com/coder/websocket"
)

// SocketPath is where a relay takes agents in that come as a WebSocket (RFC 6455), through networks and balancers that let only HTTP pass. Each message is
// binary and holds a piece of what a link would carry: TLS with the relay is inside, so that the relay proves itself behind somebody else's TLS, too.
const SocketPath = "/_adit/agent"

// DialSocket opens a link inside a WebSocket at address, ws:// or wss://, over the connection that dial makes, which is closed on error. ctx bounds the dialing
// alone. What TLS there is around the WebSocket is not verified: it may be that of a balancer, or of a proxy that looks into what passes, and proves nothing that
// the TLS inside does not.
func DialSocket(ctx context.Context, address string, dial func(ctx context.Context, network, addr string) (net.Conn, error)) (net.Conn, error) {
	at, err := socketAddr(address)
	if err != nil {
		return nil, err
	}
	under, err := dial(ctx, "tcp", at) // here, since net/http's Transport lets a dial go on when nobody waits for it any more
	if err != nil {
		return nil, err
	}
	t := &http.Transport{
		DialContext:     func(context.Context, string, string) (net.Conn, error) { return under, nil },
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}},
	}
	client := &http.Client{Transport: t, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	ws, answer, err := websocket.Dial(ctx, address, &websocket.DialOptions{HTTPClient: client, CompressionMode: websocket.CompressionDisabled})
	if err != nil {
		_ = under.Close() // err says more
		return nil, plainly(answer, err)
	}
	s := &socket{under: under}
	s.open(ws)
	return s, nil
}

// plainly says why there is no WebSocket; the caller knows where.
func plainly(answer *http.Response, err error) error {
	var asked *url.Error
	switch {
	case answer != nil && answer.StatusCode != http.StatusSwitchingProtocols:
		return fmt.Errorf("the answer to the WebSocket's request is %q", answer.Status)
	case errors.As(err, &asked):
		return asked.Err
	}
	return err
}

// socketAddr is HOST:PORT of a WebSocket's URL.
func socketAddr(address string) (string, error) {
	u, err := url.Parse(address)
	if err != nil {
		return "", err
	}
	if port := u.Port(); port != "" {
		return u.Host, nil
	}
	return net.JoinHostPort(u.Hostname(), map[string]string{"ws": "80", "wss": "443"}[u.Scheme]), nil
}

// AcceptSocket takes a WebSocket in, whose agent is at the address remote. On error it has answered. Pages in browsers are refused, by their Origin.
func AcceptSocket(w http.ResponseWriter, r *http.Request, remote netip.AddrPort) (net.Conn, error) {
	s := &socket{remote: net.TCPAddrFromAddrPort(remote)}
	ws, err := websocket.Accept(&hijacked{w, s}, r, &websocket.AcceptOptions{CompressionMode: websocket.CompressionDisabled})
	if err != nil {
		return nil, err
	}
	s.open(ws)
	return s, nil
}

// socket is a WebSocket as a connection.
type socket struct {
	net.Conn
	ws     *websocket.Conn
	under  net.Conn
	remote net.Addr // nil: that of under
}

func (s *socket) open(ws *websocket.Conn) {
	s.ws, s.Conn = ws, websocket.NetConn(context.Background(), ws, websocket.MessageBinary)
}

// Read says of the other side's end no more than a connection without a WebSocket does.
func (s *socket) Read(b []byte) (int, error) {
	n, err := s.Conn.Read(b)
	if errors.Is(err, io.EOF) {
		err = io.EOF
	}
	return n, err
}

// NetConn is the connection below, whose options TuneLink sets.
func (s *socket) NetConn() net.Conn { return s.under }

func (s *socket) LocalAddr() net.Addr { return s.under.LocalAddr() }

func (s *socket) RemoteAddr() net.Addr {
	if s.remote != nil {
		return s.remote
	}
	return s.under.RemoteAddr()
}

// Close ends it at once: what has to be said at the end TLS says, and a closing handshake would wait for the other side.
func (s *socket) Close() error { return s.ws.CloseNow() }

// hijacked notes the connection that is taken over.
type hijacked struct {
	http.ResponseWriter
	s *socket
}

func (h *hijacked) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	c, b, err := http.NewResponseController(h.ResponseWriter).Hijack()
	h.s.under = c
	return c, b, err
}
