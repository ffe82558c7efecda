package agent

import (
	"testing"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/wire"
)

// TestGiveUpStream: what a stream that was given up has begun ends in order. What comes after it, perhaps sent before the relay knew, never reaches the local service.
func TestGiveUpStream(t *testing.T) {
	for _, busy := range []bool{false, true} {
		t.Run(map[bool]string{false: "idle", true: "under way"}[busy], func(t *testing.T) {
			s := newService(t)
			r := newRig(t, s.addr)
			p := exchangeOnce(r, s)
			last := uint64(1)
			if busy {
				last = 2
				r.get("/under-way")
				p.head()
			}
			r.lane.giveUp()
			r.lane.giveUp() // is one
			if got := r.lane.begun.Load(); got != last|gaveUp {
				t.Errorf("begun %x", got)
			}
			if busy {
				p.say(ok)
				if a := r.answer(); string(a.body) != "ok" || a.fail != nil {
					t.Errorf("%+v", a)
				}
			}
			r.post("/late", "x")
			r.wait("the relay's frames are dropped", func() bool { return len(r.in) == 0 && r.taken > 0 })
			r.end()
			r.over()
			if got, _ := p.gone(); got != "" {
				t.Errorf("the local service got %q", got)
			}
			s.none()
			if len(r.resets) != 1 || r.resets[0] != wire.CodeNone || len(r.out) != 0 {
				t.Errorf("resets %v, %d bytes", r.resets, len(r.out))
			}
			if n := len(r.rec.order); n != int(last) {
				t.Errorf("%d recorded", n)
			}
			r.rec.nth(t, int(last)-1, inspect.Done)
		})
	}
}
