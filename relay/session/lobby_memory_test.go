package session

import (
	"io"
	"net"
	"strings"
	"testing"

	"github.com/adit-tunnel/adit/budget"
	"github.com/adit-tunnel/adit/wire"
)

// talk is a guest that has said most of a long Auth and stands, if it was not cut before.
func (r *rig) talk() net.Conn {
	c := r.dial()
	b := append([]byte("adit\x00\r\n\x1a\x00\x01\x00\x01\x00\x00\x00\x00"), wire.AppendHeader(nil, wire.Msg, 0, 60<<10)...)
	_, _ = c.Write(append(b, `{"type":"`+strings.Repeat("x", 59<<10)...))
	return c
}

// TestLobbyHasMemory: strangers who say as much as they may hold no more memory than the lobby has, keep no agent out, and leave nothing behind.
func TestLobbyHasMemory(t *testing.T) {
	const most = 1 << 20
	memory := budget.New(most)
	r := newRig(t, func(o *Options) { o.GuestMemory = memory })
	var all []net.Conn
	for i := range 60 { // 8 MiB by what they cost
		all = append(all, r.talk())
		if i%20 == 19 {
			eventually(t, "an agent is in", r.comes)
		}
	}
	eventually(t, "they are heard", func() bool { return memory.Held() > most/2 && r.srv.lobby.len() <= most/(64<<10) })
	for _, c := range all {
		c.Close()
	}
	eventually(t, "all is given back", func() bool { return memory.Held() == 0 })
}

// TestAgentNeedsNoMore: there is always room for what an agent says, and for nobody who says more.
func TestAgentNeedsNoMore(t *testing.T) {
	memory := budget.New(guestCost)
	r := newRig(t, func(o *Options) { o.GuestMemory = memory })
	for range 3 {
		r.agent("good", "i1", ok("")).leg.Close()
		c := r.dial()
		_, _ = c.Write(append([]byte("adit\x00\r\n\x1a\x00\x01\x00\x01\x00\x00\x00\x00"), wire.AppendHeader(nil, wire.Msg, 0, 60<<10)...))
		_, _ = c.Write([]byte(strings.Repeat("x", 59<<10)))
		cut(t, c)
	}
	eventually(t, "all is given back", func() bool { return memory.Held() == 0 })
}

// TestRefusedGuestIsNotCharged: what a refused agent sends before it has read why costs nothing, and the refusal arrives.
func TestRefusedGuestIsNotCharged(t *testing.T) {
	r := newRig(t, func(o *Options) { o.GuestMemory = budget.New(guestCost) })
	c := r.dial()
	if _, err := wire.ClientHandshake(c, &wire.Auth{Token: "bad", Instance: "i1"}); err == nil || !strings.Contains(err.Error(), wire.CodeBadToken.String()) {
		t.Fatal(err)
	}
	for range 64 {
		if _, err := c.Write(make([]byte, 4<<10)); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, c.NetConn()); err != nil {
		t.Errorf("it was cut: %v", err)
	}
}

// TestWhoSaysMuchIsCut: without memory for a newcomer goes the oldest guest of the source that holds most of it, not of the one with most connections.
func TestWhoSaysMuchIsCut(t *testing.T) {
	memory := budget.New(12 * guestCost)
	l := &prepare(t, func(o *Options) { o.GuestMemory = memory }).srv.lobby
	enter := func(addr string) (*from, *guest) {
		c := &from{addr: addr}
		return c, l.enter(c)
	}
	many, _ := enter("192.0.2.1:1")
	_, _ = enter("192.0.2.1:2")
	_, _ = enter("192.0.2.1:3")
	loud, g := enter("198.51.100.1:1")
	if !l.listen(g, guestFree+4*guestCost) {
		t.Fatal("there is memory for what it says")
	}
	if _, g := enter("203.0.113.1:1"); g == nil || !loud.closed || many.closed {
		t.Errorf("in: %v; cut: who says much %v, who is many %v", g != nil, loud.closed, many.closed)
	}
	if l.close(); memory.Held() != 0 || len(l.from) != 0 {
		t.Errorf("%d bytes are held, by %d sources", memory.Held(), len(l.from))
	}
}
