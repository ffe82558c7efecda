package session

import (
	"strings"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/budget"
	"github.com/adit-tunnel/adit/wire"
)

// talk is a guest that has said most of a long Auth and stands; false: it was cut before.
func (r *rig) talk() bool {
	c := r.dial()
	b := append([]byte("adit\x00\r\n\x1a\x00\x01\x00\x01\x00\x00\x00\x00"), wire.AppendHeader(nil, wire.Msg, 0, 60<<10)...)
	_, err := c.Write(append(b, `{"type":"`+strings.Repeat("x", 59<<10)...))
	return err == nil
}

// TestLobbyHasMemory: strangers who say as much as they may hold no more memory than the lobby has, keep no agent out, and leave nothing behind.
func TestLobbyHasMemory(t *testing.T) {
	const most = 1 << 20
	memory := budget.New(most)
	r := newRig(t, func(o *Options) { o.GuestMemory, o.Auth = memory, 5*time.Second })
	for i := range 60 { // 8 MiB by what they cost
		r.talk()
		if i%20 == 19 {
			eventually(t, "an agent is in", r.comes)
		}
	}
	// By what they have said, not because their time is over.
	eventually(t, "they are heard", func() bool { return memory.Held() > most/2 && r.srv.lobby.len() <= most/(64<<10) })
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
