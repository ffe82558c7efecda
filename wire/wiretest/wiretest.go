// Package wiretest has the two sides of the wire protocol as puppets for tests: an agent and a relay that say byte by byte what a script
// tells them. By themselves they only answer PING and probes, and keep smux's windows open. They are written from docs/protocol.md, smux included, and
// share nothing with what they talk to but the layout of frames:
//
//	a := wiretest.DialAgent(t, relay.Agents, relay.Pin, relay.Token, "instance")
//	host := a.Bind(1, "web")
//	id := a.Accept()                       // a visitor came: OPEN
//	a.Expect(id, wire.ReqType)
//	a.Send(id, answer[:17])                // and not one byte more
//	a.Fin(id)
//
// A relay for a real agent is Listen and Accept. Cable is a link that can be broken, Log what either side writes while a test reads it.
package wiretest

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/wire"
)

// Patience is how long a puppet waits for anything before its test fails.
const Patience = 20 * time.Second

// Control is the id of the control stream.
const Control = 2

// Frame is a frame with a payload of its own.
type Frame struct {
	Type    wire.Type
	Flags   wire.Flags
	Payload []byte
}

// End says that its direction of the exchange ends with the frame.
func (f Frame) End() bool { return f.Flags&wire.End != 0 }

// Peer is one side of a leg. Its methods may be called from anywhere; reading one stream is for one goroutine. The test's end closes it.
type Peer struct {
	t    testing.TB
	conn net.Conn // TLS
	link net.Conn // TCP below it
	wmu  sync.Mutex
	over chan struct{} // closed when nothing comes any more

	mu     sync.Mutex
	cond   *sync.Cond
	next   uint32 // id of the next stream that the puppet relay opens
	pinged uint64 // the last PING of Round
	ponged uint64 // … that was answered
	stream map[uint32]*stream
	opened []uint32 // by the other side, not accepted yet
	mute   bool
	ended  bool
}

// stream is what came on one stream.
type stream struct {
	in       []byte
	got      uint32 // bytes, modulo 2³²
	told     uint32 // the count in the last UPD
	syn, fin bool
}

func newPeer(t testing.TB, conn, link net.Conn) *Peer {
	p := &Peer{t: t, conn: conn, link: link, next: Control, over: make(chan struct{}), stream: map[uint32]*stream{}}
	p.cond = sync.NewCond(&p.mu)
	go p.read()
	t.Cleanup(func() {
		p.Cut()
		<-p.over
	})
	return p
}

// Send writes frames, or any part of them, to a stream. Errors show at what the other side does.
func (p *Peer) Send(id uint32, frames ...[]byte) {
	for b := bytes.Join(frames, nil); len(b) > 0; {
		n := min(len(b), maxPush)
		p.smux(cmdPush, id, b[:n])
		b = b[n:]
	}
}

// Say writes frames to the control stream.
func (p *Peer) Say(frames ...[]byte) { p.Send(Control, frames...) }

// Syn announces a stream, as only a relay may.
func (p *Peer) Syn(id uint32) { p.smux(cmdSyn, id, nil) }

// Fin ends the puppet's direction of a stream.
func (p *Peer) Fin(id uint32) { p.smux(cmdFin, id, nil) }

// Cut closes the connection under everything: nobody says goodbye.
func (p *Peer) Cut() { _ = p.link.Close() }

// Mute stops the answers to PING.
func (p *Peer) Mute() { p.set(func() { p.mute = true }) }

// Ended is closed when the other side has closed the connection, or it was cut.
func (p *Peer) Ended() <-chan struct{} { return p.over }

// Next waits for the next frame of a stream. False: the stream or the connection has ended.
func (p *Peer) Next(id uint32) (f Frame, ok bool) {
	p.t.Helper()
	p.wait(fmt.Sprintf("a frame on stream %d", id), func() bool {
		s := p.of(id)
		if f, ok = cut(&s.in); ok {
			return true
		}
		return s.fin || p.ended
	})
	return f, ok
}

// Expect waits for the next frame of a stream, which must be of a type.
func (p *Peer) Expect(id uint32, typ wire.Type) Frame {
	p.t.Helper()
	f, ok := p.Next(id)
	if !ok || f.Type != typ {
		p.t.Errorf("stream %d: %v %t, want %v", id, f.Type, ok, typ)
	}
	return f
}

// Hear waits for the next frame of a type on the control stream, and drops what comes before. False: the connection has ended.
func (p *Peer) Hear(typ wire.Type) (Frame, bool) {
	p.t.Helper()
	for {
		f, ok := p.Next(Control)
		if !ok || f.Type == typ {
			return f, ok
		}
	}
}

// Over waits until the other side has ended a stream, and drops what comes before.
func (p *Peer) Over(id uint32) {
	p.t.Helper()
	for {
		if _, ok := p.Next(id); !ok {
			return
		}
	}
}

// Waiting is how many bytes of a stream have come and were not read.
func (p *Peer) Waiting(id uint32) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.of(id).in)
}

// Round waits until all that was said on the control stream has been heard: its reader takes one frame after another. Only the newest PING is
// answered, so that others' PINGs may cost ours its answer.
func (p *Peer) Round() {
	p.t.Helper()
	var want uint64
	p.set(func() { p.pinged++; want = p.pinged })
	ping := Ping(binary.BigEndian.AppendUint64(nil, want))
	p.Say(ping)
	again := time.NewTicker(pingAgain)
	defer again.Stop()
	over := make(chan struct{})
	defer close(over)
	go func() {
		for {
			select {
			case <-again.C:
				p.Say(ping)
			case <-over:
				return
			}
		}
	}()
	gone := false
	p.wait("a PONG", func() bool {
		gone = p.ended && p.ponged < want
		return gone || p.ponged >= want
	})
	if gone {
		p.t.Error("the leg has ended instead of answering a PING")
	}
}

const pingAgain = 50 * time.Millisecond

// of is the stream's state. p.mu is held.
func (p *Peer) of(id uint32) *stream {
	s := p.stream[id]
	if s == nil {
		s = &stream{}
		p.stream[id] = s
	}
	return s
}

func (p *Peer) set(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f()
	p.cond.Broadcast()
}

// wait waits until ok holds, with p.mu held, or fails the test.
func (p *Peer) wait(what string, ok func() bool) {
	p.t.Helper()
	late := false
	defer time.AfterFunc(Patience, func() { p.set(func() { late = true }) }).Stop()
	p.mu.Lock()
	defer p.mu.Unlock()
	for !ok() {
		if late {
			p.t.Errorf("%s did not come within %v", what, Patience)
			p.ended = true // one failure is enough
			return
		}
		p.cond.Wait()
	}
}

// cut takes one whole frame off the front of b.
func cut(b *[]byte) (Frame, bool) {
	if len(*b) < wire.HeaderSize {
		return Frame{}, false
	}
	h := binary.BigEndian.Uint32(*b)
	n := wire.HeaderSize + int(h&0xffffff)
	if len(*b) < n {
		return Frame{}, false
	}
	f := Frame{wire.Type(h >> 24 & 0x1f), wire.Flags(h >> 24 & 0xe0), bytes.Clone((*b)[wire.HeaderSize:n])}
	*b = (*b)[n:]
	return f, true
}

// Frames cuts whole frames.
func Frames(b []byte) (all []Frame) {
	for {
		f, ok := cut(&b)
		if !ok {
			return all
		}
		all = append(all, f)
	}
}

// readFrame reads one frame from a connection that has no streams yet.
func readFrame(r io.Reader) (Frame, error) {
	var h [wire.HeaderSize]byte
	if _, err := io.ReadFull(r, h[:]); err != nil {
		return Frame{}, err
	}
	v := binary.BigEndian.Uint32(h[:])
	f := Frame{wire.Type(v >> 24 & 0x1f), wire.Flags(v >> 24 & 0xe0), make([]byte, v&0xffffff)}
	_, err := io.ReadFull(r, f.Payload)
	return f, err
}
