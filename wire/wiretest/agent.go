package wiretest

import (
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/wire"
)

// Preface is what an agent of version 1 begins with.
func Preface() []byte {
	return []byte("adit\x00\r\n\x1a" + "\x00\x01\x00\x01" + "\x00\x00\x00\x00")
}

// Hello is all that an agent says before Welcome.
func Hello(token, instance string) []byte {
	return append(Preface(), Message(wire.MsgAuth, 1, &wire.Auth{Token: token, Instance: instance, Version: "0", OS: "test"})...)
}

// DialTLS makes an agent's connection on which nothing has been said, and returns the TCP connection below it too.
func DialTLS(addr, pin string) (conn, link net.Conn, err error) {
	cfg, err := wire.ClientTLS(pin, nil, "")
	if err != nil {
		return nil, nil, err
	}
	link, err = net.DialTimeout("tcp", addr, Patience)
	if err != nil {
		return nil, nil, err
	}
	c := tls.Client(link, cfg)
	if err := c.Handshake(); err != nil {
		link.Close()
		return nil, nil, err
	}
	return c, link, nil
}

// DialAgent makes a puppet agent that is welcome at a relay.
func DialAgent(t testing.TB, addr, pin, token, instance string) *Peer {
	t.Helper()
	conn, link, err := DialTLS(addr, pin)
	if err != nil {
		t.Fatal(err)
	}
	if err := greet(conn, token, instance); err != nil {
		link.Close()
		t.Fatal(err)
	}
	p := newPeer(t, conn, link)
	p.wait("the control stream", func() bool { return p.of(Control).syn || p.ended })
	return p
}

func greet(conn net.Conn, token, instance string) error {
	_ = conn.SetDeadline(time.Now().Add(Patience))
	defer conn.SetDeadline(time.Time{})
	if _, err := conn.Write(Hello(token, instance)); err != nil {
		return err
	}
	var answer [8]byte
	if _, err := io.ReadFull(conn, answer[:]); err != nil {
		return err
	}
	if binary.BigEndian.Uint16(answer[:]) != 1 {
		return fmt.Errorf("the relay answers the preface with %x", answer)
	}
	f, err := readFrame(conn)
	if err == nil && !strings.Contains(string(f.Payload), `"Welcome"`) {
		err = errors.New("no Welcome: " + string(f.Payload))
	}
	return err
}

// Bind binds an endpoint and returns the host of its URL, or "" with the refusal's code.
func (p *Peer) Bind(handle uint32, name string) string {
	p.t.Helper()
	p.AskBind(handle, name)
	var b wire.Bound
	if _, ok := p.Message(wire.MsgBound, &b); !ok {
		p.t.Fatal("the leg has ended instead of a Bound")
	}
	_, host, _ := strings.Cut(b.URL, "://")
	return host
}

// AskBind asks for an endpoint, and does not wait.
func (p *Peer) AskBind(handle uint32, name string) {
	p.Say(Message(wire.MsgBind, int64(handle), &wire.Bind{Handle: handle, Protocol: "http", Name: name, How: wire.HowStart}))
}

// Accept waits for the next stream that the relay opens for a visitor, and reads its OPEN. 0: the connection has ended.
func (p *Peer) Accept() (id uint32) {
	p.t.Helper()
	p.wait("a stream", func() bool { id = p.pick(); return id != 0 || p.ended })
	if id != 0 {
		p.Expect(id, wire.Open)
	}
	return id
}

// AcceptQuietly is Accept without a limit of time, and leaves OPEN unread; for goroutines that serve what comes until the end.
func (p *Peer) AcceptQuietly() (id uint32) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for id = p.pick(); id == 0 && !p.ended; id = p.pick() {
		p.cond.Wait()
	}
	return id
}

// pick takes the first stream whose OPEN has come; 0: there is none. Probes are answered here. p.mu is held.
func (p *Peer) pick() uint32 {
	for i := 0; i < len(p.opened); i++ {
		id := p.opened[i]
		front := p.of(id).in
		f, ok := cut(&front)
		if !ok && !p.of(id).fin {
			continue
		}
		p.opened = slices.Delete(p.opened, i, i+1)
		if !ok || wire.Kind(f.Payload[0]) != wire.KindProbe {
			return id
		}
		i--
		go p.answerProbes(id)
	}
	return 0
}

// answerProbes answers what the relay asks for itself, until it closes the stream.
func (p *Peer) answerProbes(id uint32) {
	for {
		f, ok := p.NextQuietly(id)
		if !ok {
			p.Fin(id)
			return
		}
		if f.Type == wire.ReqType {
			p.Send(id, Resp(binary.BigEndian.Uint32(f.Payload), "HTTP/1.1 204 No Content\r\n\r\n", wire.BodyNone, 0, wire.End|wire.Taken))
		}
	}
}

// NextQuietly is Next without a limit of time.
func (p *Peer) NextQuietly(id uint32) (f Frame, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		s := p.of(id)
		if f, ok = cut(&s.in); ok || s.fin || p.ended {
			return f, ok
		}
		p.cond.Wait()
	}
}

// Req decodes a REQ.
func (p *Peer) Req(f Frame) *wire.Req {
	p.t.Helper()
	q := new(wire.Req)
	if f.Type != wire.ReqType {
		p.t.Errorf("%v instead of REQ", f.Type)
		return q
	}
	if err := q.Decode(f.Payload); err != nil {
		p.t.Errorf("REQ: %v", err)
	}
	return q
}
