package session

import (
	"fmt"
	"testing"

	"github.com/adit-tunnel/adit/wire"
)

// TestHandlesAreBounded: a session remembers each handle that it has used up, and no more of them than it may; then it binds nothing new.
func TestHandlesAreBounded(t *testing.T) {
	r := newRig(t)
	a := r.agent("good", "i1", ok(""))
	a.bind(r, 1, "a")
	const batch = 500 // answers that wait here, and questions that wait there
	for handle := uint32(2); handle < wire.MaxHandles+3*batch; handle += batch {
		for n := range uint32(batch) {
			if err := a.leg.Send(wire.MsgUnbind, 1, &wire.Unbind{Handle: handle + n}); err != nil {
				t.Fatal(err)
			}
		}
		for range batch {
			if m := a.next(); m.Type != wire.MsgUnbound {
				t.Fatalf("%s %+v", m.Type, m.Body)
			}
		}
	}
	s := r.srv.online()[0]
	s.mu.Lock()
	n := len(s.used)
	s.mu.Unlock()
	if n != wire.MaxHandles {
		t.Errorf("%d handles are remembered", n)
	}
	a.refusal(wire.CodeEndpointLimit, "", http(wire.MaxHandles+10*batch, "b"))
	a.bind(r, 1, "a") // what it has it keeps
}

// TestArrearsAreBounded: agents that never come back leave no more behind than the relay keeps, and of each no more than the last.
func TestArrearsAreBounded(t *testing.T) {
	r := prepare(t)
	for n := range 2 * maxArrears {
		r.srv.keepArrears(arrearsKey{"acme", fmt.Sprint(n), "a"}, []arrear{{1, 1}})
	}
	key := arrearsKey{"acme", "the last", "a"}
	for n := range uint64(3 * maxArrear) {
		r.srv.keepArrears(key, []arrear{{n, 1}})
	}
	if n := len(r.srv.arrears); n != maxArrears {
		t.Errorf("%d endpoints are remembered", n)
	}
	if due := r.srv.arrears[key]; len(due) != maxArrear || due[maxArrear-1].epoch != 3*maxArrear-1 {
		t.Errorf("the last one's: %+v", due)
	}
}
