package session

import (
	"crypto/tls"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/wire"
)

// from is a connection that only has an address.
type from struct {
	net.Conn
	addr   string
	closed bool
}

func (f *from) RemoteAddr() net.Addr {
	a, err := net.ResolveTCPAddr("tcp", f.addr)
	if err != nil {
		panic(err)
	}
	return a
}

func (f *from) Close() error { f.closed = true; return nil }

// TestFullLobby: the newcomer takes the place of the oldest guest of the source that has most.
func TestFullLobby(t *testing.T) {
	r := prepare(t)
	l := &r.srv.lobby
	l.room = 5
	var conns []*from
	var guests []*guest
	for i, step := range []struct {
		addr string
		cut  int // which one goes; -1: none
	}{
		{"127.0.0.1:1", -1}, {"192.0.2.1:1", -1}, {"127.0.0.1:2", -1}, {"192.0.2.1:2", -1}, {"[2001:db8::1]:1", -1},
		{"198.51.100.1:1", 1}, // of the two from 192.0.2.1 the older
		{"[2001:db8::2]:1", 0},
		{"[::1]:1", 4}, // of the /64 that has two now
		{"203.0.113.1:1", 2},
	} {
		c := &from{addr: step.addr}
		conns = append(conns, c)
		guests = append(guests, l.enter(c))
		for j, c := range conns {
			if c.closed && step.cut == j {
				step.cut = -1
			} else if c.closed && l.leave(guests[j]) {
				t.Errorf("step %d: %s is closed and still a guest", i, c.addr)
			}
		}
		if step.cut >= 0 {
			t.Errorf("step %d: %s has not gone", i, conns[step.cut].addr)
		}
	}
	if n := l.len(); n != l.room {
		t.Errorf("%d guests", n)
	}
	l.close()
	if l.len() != 0 || len(l.from) != 0 || l.enter(&from{addr: "192.0.2.1:1"}) != nil {
		t.Errorf("closed: %d guests, %d sources", l.len(), len(l.from))
	}
}

// silent opens n connections that say nothing.
func (r *rig) silent(n int) []net.Conn {
	r.t.Helper()
	var conns []net.Conn
	for range n {
		c, err := net.Dial("tcp", r.addr)
		if err != nil {
			r.t.Fatal(err)
		}
		r.t.Cleanup(func() { c.Close() })
		conns = append(conns, c)
	}
	return conns
}

// cut waits until the other side has ended a connection.
func cut(t *testing.T, c net.Conn) {
	t.Helper()
	if err := c.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	var ne net.Error
	if _, err := io.Copy(io.Discard, c); errors.As(err, &ne) && ne.Timeout() {
		t.Fatalf("it was not cut: %v", err)
	}
	c.Close()
}

// descriptors is how many files the process has open; 0 where the system does not say.
func descriptors() int {
	all, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0
	}
	return len(all)
}

// TestSilentConnectionsKeepNobodyOut: more of them than there is room for, from the same address, and an agent comes in and is served. They are cut in
// time and leave nothing behind.
func TestSilentConnectionsKeepNobodyOut(t *testing.T) {
	r := newRig(t, func(o *Options) { o.Auth = 3 * time.Second })
	before := descriptors()
	conns := r.silent(MaxGuests + 100)
	a := r.agent("good", "i1", ok("hello"))
	e := a.bind(r, 1, "a")
	for _, c := range conns[:100] {
		cut(t, c) // made room
	}
	if got := do(t, e, get(1)); got != "hello" {
		t.Errorf("got %q", got)
	}
	for _, c := range conns[100:] {
		cut(t, c)
	}
	do(t, e, get(1))
	a.leg.Close()
	eventually(t, "all have left", func() bool { return r.srv.lobby.len() == 0 && r.srv.Sessions() == 0 })
	eventually(t, "their descriptors are back", func() bool { return descriptors() <= before })
}

// TestGarbage: whatever 10,000 strangers say before Welcome, in waves, a session is served throughout and a new one comes in.
func TestGarbage(t *testing.T) {
	waves, size := 5, 2000 // more than there is room for
	if testing.Short() {
		waves = 1
	}
	r := newRig(t, func(o *Options) { o.Auth = 2 * time.Second })
	before := descriptors()
	e := r.agent("good", "i1", ok("hello")).bind(r, 1, "a")
	var served atomic.Int64
	stop := make(chan struct{})
	var client sync.WaitGroup
	client.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				do(t, e, get(1))
				served.Add(1)
			}
		}
	})
	garbage := newGarbage(t)
	tries := 0
	for wave := range waves {
		begun := served.Load()
		var all sync.WaitGroup
		for i := range size {
			all.Go(func() { garbage.say(r, wave*size+i) })
		}
		eventually(t, "a new agent is in", func() bool { tries++; return r.comes() }) // agents try again
		all.Wait()
		eventually(t, "the session was served meanwhile", func() bool { return served.Load() > begun })
	}
	close(stop)
	client.Wait()
	eventually(t, "all have left", func() bool { return r.srv.lobby.len() == 0 })
	eventually(t, "their descriptors are back", func() bool { return descriptors() <= before+2 })
	t.Logf("%d connections, %d requests served meanwhile, %d agents came with %d tries", waves*size, served.Load(), waves, tries)
}

// comes is an agent that tries once to come in.
func (r *rig) comes() bool {
	c, err := tls.Dial("tcp", r.addr, &tls.Config{RootCAs: r.roots, NextProtos: []string{wire.ALPN}})
	if err != nil {
		return false
	}
	defer c.Close()
	_, err = wire.ClientHandshake(c, &wire.Auth{Token: "good", Instance: "new"})
	return err == nil
}

// garbage is what strangers say.
type garbage struct {
	hello  []byte   // a ClientHello
	inside []string // what comes after the TLS handshake
}

func newGarbage(t *testing.T) *garbage {
	c, s := net.Pipe()
	defer s.Close()
	go func() {
		_ = tls.Client(c, &tls.Config{ServerName: "x", NextProtos: []string{wire.ALPN}}).Handshake()
		c.Close()
	}()
	hello := make([]byte, 16<<10)
	n, err := s.Read(hello)
	if err != nil {
		t.Fatal(err)
	}
	preface := "adit\x00\r\n\x1a\x00\x01\x00\x01\x00\x00\x00\x00"
	return &garbage{hello: hello[:n], inside: []string{
		preface[:9],
		"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
		preface + string(wire.AppendHeader(nil, wire.Msg, 0, 60<<10)) + `{"type":"Auth","body":{"token":"`,
		preface + string(wire.AppendHeader(nil, wire.Msg, 0, 70<<10)) + string(make([]byte, 70<<10)),
		preface + string(wire.AppendHeader(nil, wire.Msg, 0, 2)) + "{}",
	}}
}

// say makes a connection, says something, and goes: at once, or when it is cut.
func (g *garbage) say(r *rig, i int) {
	c, err := net.Dial("tcp", r.addr)
	if err != nil {
		r.t.Error(err)
		return
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(patience))
	switch {
	case i%8 == 0: // TLS costs time
		tc := tls.Client(c, &tls.Config{RootCAs: r.roots, ServerName: "127.0.0.1", NextProtos: []string{wire.ALPN}})
		_, _ = io.WriteString(tc, g.inside[i/8%len(g.inside)])
	case i%4 == 1:
		_, _ = c.Write(g.hello[:rand.IntN(len(g.hello))])
	case i%4 == 2:
		_, _ = c.Write(append(g.hello[:5:5], make([]byte, 20<<10)...))
	default:
		b := make([]byte, 1+rand.IntN(4096))
		for i := range b {
			b[i] = byte(rand.Uint32())
		}
		_, _ = c.Write(b)
	}
	if i%3 == 0 {
		return
	}
	var ne net.Error
	if _, err := io.Copy(io.Discard, c); errors.As(err, &ne) && ne.Timeout() {
		r.t.Errorf("connection %d was not cut: %v", i, err)
	}
}
