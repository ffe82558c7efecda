package edge

import (
	"sync/atomic"

	"github.com/adit-tunnel/adit/wire"
)

// Stats is what the metrics page shows. All but Open only grow.
type Stats struct {
	Connections uint64            // accepted
	Open        int64             // now
	Requests    uint64            // whose head was understood
	Errors      map[string]uint64 // answers that were made here or cut, by the code's name
	TurnedAway  uint64            // connections for which there was no room
	LogDropped  uint64            // lines the access log lost because its writer was too slow, or failed
}

type counters struct {
	connections, requests, turnedAway atomic.Uint64
	open                              atomic.Int64
	errors                            map[wire.Code]*atomic.Uint64 // every code of the table, so that counting needs no lock
	strange                           atomic.Uint64                // codes that are not in it
}

func newCounters() counters {
	m := make(map[wire.Code]*atomic.Uint64, len(wire.Codes))
	for i := range wire.Codes {
		m[wire.Codes[i].Code] = new(atomic.Uint64)
	}
	return counters{errors: m}
}

func (n *counters) failed(code wire.Code) {
	if e := n.errors[code]; e != nil {
		e.Add(1)
		return
	}
	n.strange.Add(1)
}

// Stats returns the figures of this moment.
func (s *Server) Stats() Stats {
	n := &s.count
	st := Stats{
		Connections: n.connections.Load(),
		Open:        n.open.Load(),
		Requests:    n.requests.Load(),
		Errors:      map[string]uint64{},
		TurnedAway:  n.turnedAway.Load(),
		LogDropped:  s.access.dropped.Load(),
	}
	for code, e := range n.errors {
		if v := e.Load(); v > 0 {
			st.Errors[code.Info().Name] = v
		}
	}
	if v := n.strange.Load(); v > 0 {
		st.Errors["UNKNOWN"] = v
	}
	return st
}
