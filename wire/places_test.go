package wire

import (
	"encoding/binary"
	"fmt"
	"io"
	"net/netip"
	"sync"
	"testing"
)

// beforeControl reads what a relay's leg writes, as bytes, up to a control frame of that type, and returns how much came before it.
func beforeControl(t *testing.T, conn io.Reader, typ Type) (n int) {
	t.Helper()
	var ctl []byte
	var head [8]byte
	for {
		if _, err := io.ReadFull(conn, head[:]); err != nil {
			t.Fatal(err)
		}
		payload := make([]byte, binary.LittleEndian.Uint16(head[2:]))
		if _, err := io.ReadFull(conn, payload); err != nil {
			t.Fatal(err)
		}
		n += len(head) + len(payload)
		if binary.LittleEndian.Uint32(head[4:]) != controlID {
			continue
		}
		for ctl = append(ctl, payload...); len(ctl) >= HeaderSize; {
			h := unpackHeader(ctl)
			if h.t == typ {
				return n
			}
			ctl = ctl[HeaderSize+h.n:] // control frames are not cut here
		}
	}
}

// TestControlPassesBulk: with 200 writers on a link that takes nothing, a RESET and a CREDIT wait behind no more than 8 of them and what has gathered; on a slow
// link behind one. Without places it would be a frame of each.
func TestControlPassesBulk(t *testing.T) {
	for _, c := range []struct {
		typ  Type
		slow bool
		most int
	}{{Reset, false, 1 << 20}, {Credit, false, 1 << 20}, {Reset, true, 192 << 10}, {Credit, true, 192 << 10}} {
		typ := c.typ
		t.Run(fmt.Sprintf("%s, slow %v", typ, c.slow), func(t *testing.T) {
			r, a := memPair(64 << 10)
			l, err := NewRelayLeg(r, LegOptions{})
			if err != nil {
				t.Fatal(err)
			}
			l.conn.slow.Store(c.slow)
			places, busy := l.places, maxPlaces
			if c.slow {
				places, busy = l.narrow, slowPlaces
			}
			runLeg(t, l)
			a.freeze(true)
			var wg sync.WaitGroup
			var streams []*Stream
			for range 200 {
				s, err := l.mux.OpenStream() // Open would wait for the link
				if err != nil {
					t.Fatal(err)
				}
				streams = append(streams, newStream(l, s))
			}
			for _, s := range streams {
				s.Begin(1, netip.Addr{})
				wg.Go(func() { _ = pour(s, 2*MaxData, 0) })
			}
			eventually(t, "writers in all places", func() bool { return len(places) == busy })
			if typ == Reset {
				streams[199].SendReset(1, CodeVisitorGone)
			} else {
				l.out.credit(streams[199], 1, 2*FirstLimit)
			}
			eventually(t, "the control frame on its way", func() bool {
				l.out.mu.Lock()
				defer l.out.mu.Unlock()
				return len(l.out.signals)+len(l.out.credits) == 0
			})
			a.freeze(false)
			if n := beforeControl(t, a, typ); n > c.most {
				t.Errorf("%d bytes came first", n)
			} else {
				t.Logf("%d KiB came first", n>>10)
			}
			_ = l.Close()
			within(t, "the writers' end", wg.Wait)
		})
	}
}
