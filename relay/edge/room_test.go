package edge

import (
	"net"
	"strings"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/budget"
)

// crowded is a server with room for n connections.
func crowded(t *testing.T, n int64, script func(*fakeExchange)) (w *world, memory, files *budget.Budget) {
	memory, files = budget.New(n*connCost), budget.New(100)
	w = start(t, script, func(o *Options, l *limits) {
		o.Memory, o.Files = memory, files
		l.spare = int64(100 * time.Millisecond)
	})
	return w, memory, files
}

// TestTurnedAway: whom nobody can make room for is told so, even when it sends more than is read, and finds room when there is some.
func TestTurnedAway(t *testing.T) {
	free := make(chan struct{})
	w, memory, files := crowded(t, 2, func(x *fakeExchange) {
		<-free
		x.ok("x")
	})
	one, two := w.dial().send(get), w.dial().send(get)
	until(t, "both are in", func() bool { return len(w.up.exchanges()) == 2 })
	for _, ask := range []string{"", get, "POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 100000\r\n\r\n" + strings.Repeat("x", 100_000)} {
		v := w.dial().send(ask)
		res, page := v.response("GET")
		if res.StatusCode != 503 || !res.Close || res.Header.Get("Retry-After") != "1" || !strings.Contains(page, "ADIT-1007 RELAY_BUSY") {
			t.Fatalf("%d %v %s", res.StatusCode, res.Header, page)
		}
		v.TCPConn.Close()
	}
	close(free)
	for _, v := range []*visitor{one, two} {
		if res, _ := v.response("GET"); res.StatusCode != 200 {
			t.Errorf("who was in got %d", res.StatusCode)
		}
		v.TCPConn.Close()
	}
	until(t, "they are out", func() bool { return memory.Held() == 0 && files.Held() == 0 })
	if res, _ := w.dial().send(get).response("GET"); res.StatusCode != 200 {
		t.Errorf("with room again: %d", res.StatusCode)
	}
	if s := w.s.Stats(); s.TurnedAway != 3 || s.Errors["RELAY_BUSY"] != 3 {
		t.Errorf("%+v", s)
	}
}

// TestIdleMakeRoom: who has waited for a request longest makes room for a newcomer; those under way, and those who have just come, do not.
func TestIdleMakeRoom(t *testing.T) {
	free := make(chan struct{})
	w, memory, files := crowded(t, 3, func(x *fakeExchange) {
		if strings.Contains(string(x.req.Head), "/slow") {
			<-free
		}
		x.ok("x")
	})
	busy, old := w.dial().send("GET /slow HTTP/1.1\r\nHost: app.test\r\n\r\n"), w.dial().send(get)
	old.response("GET")
	until(t, "begun", func() bool { return len(w.up.exchanges()) == 2 })
	at := w.s.clock.Load()
	until(t, "time has passed", func() bool { return w.s.clock.Load() > at })
	young := w.dial().send(get)
	young.response("GET")
	until(t, "all have waited long enough", func() bool { return w.s.clock.Load() > at+4*w.s.lim.spare })
	if res, _ := w.dial().send(get).response("GET"); res.StatusCode != 200 {
		t.Fatalf("the newcomer got %d", res.StatusCode)
	}
	if rest := old.rest(); rest != "" {
		t.Errorf("the oldest got %q", rest)
	}
	if res, _ := young.send(get).response("GET"); res.StatusCode != 200 {
		t.Errorf("the younger one got %d", res.StatusCode)
	}
	close(free)
	if res, _ := busy.response("GET"); res.StatusCode != 200 {
		t.Errorf("the busy one got %d", res.StatusCode)
	}
	if memory.Held() > 3*connCost || files.Held() > 3 {
		t.Errorf("%d bytes, %d connections for three", memory.Held(), files.Held())
	}
	if err := w.shutdown(patience); err != nil {
		t.Error(err)
	}
	if memory.Held() != 0 || files.Held() != 0 {
		t.Errorf("at the end %d bytes, %d connections are held", memory.Held(), files.Held())
	}
}

// TestShedAmongMany: in a crowd of which only some are looked at one who has waited is found sooner or later, and in one tick no more are looked at than there are.
func TestShedAmongMany(t *testing.T) {
	const crowd = 3 * lookMost
	s := New(Options{})
	for range crowd {
		c := &conn{origin: origin{s: s}}
		c.phase.Store(phaseBusy)
		s.conns[c] = struct{}{}
	}
	s.clock.Store(2 * s.lim.spare)
	for s.barren.seen < crowd {
		if before := s.barren.seen; s.shed() || s.barren.seen != before+lookMost {
			t.Fatalf("%d were looked at, then %d", before, s.barren.seen)
		}
	}
	here, there := net.Pipe()
	defer there.Close()
	waits := &conn{origin: origin{s: s}, sock: here}
	s.conns[waits] = struct{}{}
	waits.phase.Store(phaseIdle)
	for ticks := 0; !s.shed(); ticks++ {
		if ticks > 1000 {
			t.Fatal("never found")
		}
		s.clock.Add(1)
	}
	if !waits.left || waits.phase.Load() != phaseOver {
		t.Error("somebody else has made room")
	}
}
