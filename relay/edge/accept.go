package edge

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"time"

	"github.com/adit-tunnel/adit/wire"
)

// entrance is what stands behind a listener.
type entrance struct {
	port int // the endpoint's whose own it is; 0: requests are routed by Host
	tls  bool
}

// accept gives every connection a goroutine of its own. Running out of descriptors or memory passes: it makes room, waits and tries again.
func (s *Server) accept(ctx context.Context, ln net.Listener, e entrance) error {
	const least, most = 5 * time.Millisecond, time.Second
	pause := least
	for {
		nc, err := ln.Accept()
		switch {
		case err == nil:
			pause = least
			s.welcome(nc, e)
			continue
		case ctx.Err() != nil:
			return nil
		case s.stopping.Load():
			s.lastCall(ln, e)
			return nil
		case !passing(err):
			return err
		}
		if n, due := s.short.Due(); due {
			s.log.Warn("visitors' connections cannot be accepted; trying again", "addr", ln.Addr().String(), "err", err, "times", n)
		}
		s.shed()
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return nil
		case <-s.begin.Done():
			return nil
		}
		pause = min(2*pause, most)
	}
}

// passing says that an error of Accept is about this moment, not about the listener.
func passing(err error) bool {
	var ne net.Error
	return !errors.Is(err, net.ErrClosed) && errors.As(err, &ne)
}

// welcome starts a connection's loop. It is called while its listener is among s.accepting, so that no stop can be through.
func (s *Server) welcome(nc net.Conn, e entrance) {
	if w, ok := s.wayOf(nc, e.port); ok {
		s.count.connections.Add(1)
		s.mu.Lock()
		s.stir()
		s.tunnels++
		s.mu.Unlock()
		s.helpers.Add(1)
		s.run(func() { defer s.helpers.Done(); s.carry(nc, w) })
		return
	}
	account := s.accountOf(addrPort(nc.RemoteAddr()).Addr())
	if code := s.place(account); code != wire.CodeNone {
		s.turnAway(nc, e, code)
		return
	}
	c := newConn(s, nc, e.port)
	c.account = account
	if e.tls {
		c.secure()
	}
	s.mu.Lock()
	s.stir()
	s.conns[c] = struct{}{}
	s.mu.Unlock()
	s.count.connections.Add(1)
	s.count.open.Add(1)
	s.run(func() { c.serve(s.begin) })
}

// farewell is the last thing a connection does.
func (s *Server) farewell(c *conn) {
	s.count.open.Add(-1)
	s.visitors.leave(c.account)
	s.mu.Lock()
	delete(s.conns, c)
	s.vacate(c)
	s.checkEmpty()
	s.mu.Unlock()
}

// stir wakes the sweeper for the first connection. s.mu is held.
func (s *Server) stir() {
	if s.open() > 0 {
		return
	}
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// open is how many connections there are. s.mu is held.
func (s *Server) open() int { return len(s.conns) + s.tunnels }

// checkEmpty tells Shutdown that no connection is left. s.mu is held.
func (s *Server) checkEmpty() {
	if s.closed && s.open() == 0 {
		close(s.empty)
	}
}

// wayOf says whether a connection that came to that port is carried as it is: the endpoint with the port decides.
func (s *Server) wayOf(nc net.Conn, port int) (w way, ok bool) {
	if port == 0 {
		return w, false
	}
	peer := addrPort(nc.RemoteAddr())
	w = way{account: s.accountOf(peer.Addr()), peer: peer, port: uint16(port), trusted: s.trusts(peer.Addr()), kind: wire.KindTCP}
	if ep, err := s.registry.PickPort(port); err == nil {
		w.ep = ep
		w.kind, ok = carries(ep)
	} else {
		ok = s.portsCarry
	}
	if ok {
		w.ext = appendServer(nil, addrPort(nc.LocalAddr()).Addr())
	}
	return w, ok
}

// addrPort reads a socket address; IPv4 mapped into IPv6 is IPv4.
func addrPort(a net.Addr) netip.AddrPort {
	t, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.AddrPort{}
	}
	ap := t.AddrPort()
	return netip.AddrPortFrom(ap.Addr().Unmap().WithZone(""), ap.Port())
}

func (s *Server) trusts(a netip.Addr) bool {
	for _, p := range *s.trust.Load() {
		if p.Contains(a) {
			return true
		}
	}
	return false
}
