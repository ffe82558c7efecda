package relay

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pires/go-proxyproto"

	"github.com/adit-tunnel/adit/budget"
	"github.com/adit-tunnel/adit/sock"
)

const (
	// proxyHeadTime is how long a balancer may take for its header, which it sends before anything else.
	proxyHeadTime = 5 * time.Second

	// leastProxyHead is less than any header has, and enough to tell the versions apart.
	leastProxyHead = 13

	// maxProxyHead1 is what the specification gives a header of version 1, maxProxyHead2 is how many bytes of addresses and additions one of version 2 may have
	// here: balancers add a few hundred.
	maxProxyHead1 = 107
	maxProxyHead2 = 4 << 10

	// lateHeads is how long headers under way are waited for when the listener accepts nothing more.
	lateHeads = time.Second

	// maxProxyHeads is how many connections may be without their header at once; those that come on top are closed.
	maxProxyHeads = 4096
)

// proxied is a listener behind balancers that begin each connection with a header of the PROXY protocol, which says where it comes from and what it was
// made to. From peers that are trusted the header is required: one that forgot it would pass for its visitors. From all others it means nothing, and is
// the bad request that it looks like. Each header is read on a goroutine of its own, so that nobody waits for it but its connection.
type proxied struct {
	*door
	r *Relay

	start    sync.Once
	accepted chan net.Conn
	failed   chan error
	closed   chan struct{}
	closing  sync.Once
	deadline atomic.Int64 // of Accept, in Unix nanoseconds; 0: none
	waiting  atomic.Int64 // for their headers, or for Accept
	over     atomic.Bool  // nothing is accepted any more
	said     budget.Complaint
}

// behindBalancers reads headers at ln, if there are peers whose headers are to be read.
func (r *Relay) behindBalancers(ln net.Listener) net.Listener {
	d, ok := ln.(*door)
	if !ok || len(r.o.Proxy) == 0 {
		return ln
	}
	return &proxied{door: d, r: r, accepted: make(chan net.Conn), failed: make(chan error), closed: make(chan struct{})}
}

// Accept implements net.Listener.
func (p *proxied) Accept() (net.Conn, error) {
	p.start.Do(func() { p.r.o.Go(p.pump) })
	for {
		select {
		case nc := <-p.accepted:
			return nc, nil
		case err := <-p.failed:
			if errors.Is(err, os.ErrDeadlineExceeded) {
				if at := p.deadline.Load(); at == 0 || time.Now().UnixNano() < at {
					continue // of an earlier deadline
				}
			}
			return p.late(err)
		case <-p.closed:
			return p.late(net.ErrClosed)
		}
	}
}

// late waits a moment for connections that were accepted before Accept returns err: as long as a header may take, if another process accepts the others.
func (p *proxied) late(err error) (net.Conn, error) {
	t := time.NewTimer(p.patience())
	defer t.Stop()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for p.waiting.Load() > 0 || errors.Is(err, net.ErrClosed) && !p.over.Load() {
		select {
		case nc := <-p.accepted:
			return nc, nil
		case <-tick.C:
		case <-t.C:
			return nil, err
		}
	}
	return nil, err
}

// pump accepts until the listener is closed.
func (p *proxied) pump() {
	defer p.over.Store(true)
	for {
		nc, err := p.door.Accept()
		if err != nil {
			select {
			case p.failed <- err:
			case <-p.closed:
				return
			}
			continue
		}
		n := p.waiting.Add(1)
		if !p.trusts(nc) {
			p.give(nc)
			p.waiting.Add(-1)
			continue
		}
		if n > maxProxyHeads {
			p.waiting.Add(-1)
			p.refuse(nc, errors.New("too many connections wait for their header"))
			continue
		}
		p.r.o.Go(func() {
			defer p.waiting.Add(-1)
			if c, err := readProxyHead(nc, proxyHeadTime); err != nil {
				p.refuse(nc, err)
			} else {
				p.give(c)
			}
		})
	}
}

// give hands a connection to Accept; when nobody accepts any more it is closed.
func (p *proxied) give(nc net.Conn) {
	select {
	case p.accepted <- nc:
		return
	case <-p.closed:
	}
	t := time.NewTimer(p.patience())
	defer t.Stop()
	select {
	case p.accepted <- nc:
	case <-t.C:
		nc.Close()
	}
}

// patience is how long late waits, and is waited for.
func (p *proxied) patience() time.Duration {
	if p.passed.Load() {
		return proxyHeadTime
	}
	return lateHeads
}

func (p *proxied) refuse(nc net.Conn, err error) {
	p.r.badHeads.Add(1)
	if n, due := p.said.Due(); due {
		p.r.o.Log.Warn("a peer of --trust-proxy-protocol did not begin with a PROXY protocol header, and is not served",
			"peer", nc.RemoteAddr().String(), "err", err, "times", n)
	}
	nc.Close()
}

func (p *proxied) trusts(nc net.Conn) bool {
	t, ok := nc.RemoteAddr().(*net.TCPAddr)
	if !ok {
		return false
	}
	a := t.AddrPort().Addr().Unmap().WithZone("")
	for _, prefix := range *p.r.proxy.Load() {
		if prefix.Contains(a) {
			return true
		}
	}
	return false
}

// SetDeadline implements a listener whose Accept can be ended.
func (p *proxied) SetDeadline(t time.Time) error {
	at := int64(0)
	if !t.IsZero() {
		at = t.UnixNano()
	}
	p.deadline.Store(at)
	return p.door.SetDeadline(t)
}

// Close implements net.Listener.
func (p *proxied) Close() error {
	err := p.door.Close()
	p.closing.Do(func() { close(p.closed) })
	return err
}

// readProxyHead reads a connection's header within limit and returns the connection as the balancer describes it. The caller closes nc when that fails.
func readProxyHead(nc net.Conn, limit time.Duration) (net.Conn, error) {
	t, ok := nc.(*sock.TCPConn)
	if !ok {
		return nil, errors.New("it is no TCP connection")
	}
	if err := nc.SetReadDeadline(time.Now().Add(limit)); err != nil {
		return nil, err
	}
	h, err := proxyHead(nc)
	if err != nil {
		return nil, err
	}
	if err := nc.SetReadDeadline(time.Time{}); err != nil {
		return nil, err
	}
	c := &proxiedConn{TCPConn: t, from: t.RemoteAddr(), to: t.LocalAddr()}
	if from, to, ok := h.TCPAddrs(); ok && h.Command.IsProxy() { // else the balancer asks for itself
		c.from, c.to = from, to
	}
	return c, nil
}

// proxyHead reads a header from r, and not a byte more: what follows is waited for in the kernel by who serves it.
func proxyHead(r io.Reader) (*proxyproto.Header, error) {
	text := make([]byte, leastProxyHead, 256)
	if _, err := io.ReadFull(r, text); err != nil {
		return nil, err
	}
	var err error
	switch {
	case bytes.HasPrefix(text, proxyproto.SIGV2):
		text, err = proxyHead2(r, text)
	case bytes.HasPrefix(text, proxyproto.SIGV1):
		text, err = proxyHead1(r, text)
	default:
		return nil, proxyproto.ErrNoProxyProtocol
	}
	if err != nil {
		return nil, err
	}
	return proxyproto.Read(bufio.NewReaderSize(bytes.NewReader(text), len(text)))
}

// proxyHead1 reads on to the end of the line, which version 1 is.
func proxyHead1(r io.Reader, text []byte) ([]byte, error) {
	for text[len(text)-1] != '\n' {
		if len(text) == maxProxyHead1 {
			return nil, fmt.Errorf("the line is longer than %d bytes", maxProxyHead1)
		}
		text = append(text, 0)
		if _, err := io.ReadFull(r, text[len(text)-1:]); err != nil {
			return nil, err
		}
	}
	return text, nil
}

// proxyHead2 reads on: version 2 says after 16 bytes how much follows.
func proxyHead2(r io.Reader, text []byte) ([]byte, error) {
	text = append(text, make([]byte, 16-len(text))...)
	if _, err := io.ReadFull(r, text[leastProxyHead:]); err != nil {
		return nil, err
	}
	more := int(binary.BigEndian.Uint16(text[14:]))
	if more > maxProxyHead2 {
		return nil, fmt.Errorf("the header has %d bytes, and more than %d are not read", more, maxProxyHead2)
	}
	text = append(text, make([]byte, more)...)
	_, err := io.ReadFull(r, text[16:])
	return text, err
}

// proxiedConn is a visitor's connection that came through a balancer.
type proxiedConn struct {
	*sock.TCPConn
	from, to net.Addr
}

// RemoteAddr implements net.Conn: the visitor.
func (c *proxiedConn) RemoteAddr() net.Addr { return c.from }

// LocalAddr implements net.Conn: what the visitor connected to.
func (c *proxiedConn) LocalAddr() net.Addr { return c.to }
