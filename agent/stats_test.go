package agent

import (
	"testing"

	"github.com/adit-tunnel/adit/wire"
)

// TestOpenConnectionsOfWhatIsUnbound: a relay reports an endpoint no more once it is gone, and the figures do not keep its connections open.
func TestOpenConnectionsOfWhatIsUnbound(t *testing.T) {
	a, err := New(Options{Relay: "127.0.0.1:1"})
	if err != nil {
		t.Fatal(err)
	}
	s := &session{a: a, bindings: map[uint32]*binding{}}
	for i, name := range []string{"web", "api"} {
		if err := a.Forward(Endpoint{Name: name, Upstream: "http://127.0.0.1:1"}); err != nil {
			t.Fatal(err)
		}
		a.endpoints[i].tally.begin("1")
		s.bindings[uint32(i)] = &binding{ep: a.endpoints[i], handle: uint32(i), epoch: "1"}
	}
	report := func(opened, open int64) {
		s.mu.Lock()
		defer s.mu.Unlock()
		for i := range uint32(2) {
			s.countEndpoint(&wire.EndpointStats{Handle: i, Epoch: "1", Opened: opened, Open: open})
		}
	}
	report(3, 2)
	if c := a.Status().Conns; c.Count != 6 || c.Open != 4 {
		t.Errorf("conns %+v", c)
	}
	s.unbound(&wire.Unbound{Handle: 0})
	if st := a.Status(); st.Conns.Open != 2 || st.Endpoints[0].Conns.Open != 0 {
		t.Errorf("conns %+v, of what is unbound %+v", st.Conns, st.Endpoints[0].Conns)
	}
	report(4, 3) // was on its way
	if st := a.Status(); st.Conns.Count != 8 || st.Conns.Open != 3 || st.Endpoints[0].Conns.Open != 0 {
		t.Errorf("conns %+v, of what is unbound %+v", st.Conns, st.Endpoints[0].Conns)
	}
}
