package edge

import (
	"sync/atomic"
	"time"

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
	BytesIn     map[string]uint64 // of content from visitors, by the endpoint's protocol; headers, and what TLS adds where it ends here, are not counted
	BytesOut    map[string]uint64 // of content to visitors
	Durations   Histogram         // of requests, from the head's end to the answer's; upgraded connections are left out
}

// Histogram counts durations.
type Histogram struct {
	Counts [len(Bounds) + 1]uint64 // of those up to the bound of that number, and of those that took longer
	Sum    time.Duration
}

// Bounds are a Histogram's.
var Bounds = [...]time.Duration{
	5 * time.Millisecond, 10 * time.Millisecond, 25 * time.Millisecond, 50 * time.Millisecond, 100 * time.Millisecond, 250 * time.Millisecond,
	500 * time.Millisecond, time.Second, 2500 * time.Millisecond, 5 * time.Second, 10 * time.Second,
}

// protocols are what endpoints speak, by kind.
var protocols = [...]string{wire.KindHTTP: wire.ProtocolHTTP, wire.KindTCP: wire.ProtocolTCP, wire.KindTLS: wire.ProtocolTLS}

type counters struct {
	connections, requests, turnedAway atomic.Uint64
	open                              atomic.Int64
	bytes                             [wire.KindTLS + 1]traffic // by the kind of what the endpoint takes
	durations                         [len(Bounds) + 1]atomic.Uint64
	duration                          atomic.Int64                 // sum, in ns
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

// traffic is content from visitors and to them.
type traffic struct{ in, out atomic.Uint64 }

// took notes how long a request took.
func (n *counters) took(d time.Duration) {
	d = max(d, 0)
	i := 0
	for i < len(Bounds) && d > Bounds[i] {
		i++
	}
	n.durations[i].Add(1)
	n.duration.Add(int64(d))
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
		BytesIn:     map[string]uint64{},
		BytesOut:    map[string]uint64{},
		Durations:   Histogram{Sum: time.Duration(n.duration.Load())},
	}
	for kind, protocol := range protocols {
		st.BytesIn[protocol] = n.bytes[kind].in.Load()
		st.BytesOut[protocol] = n.bytes[kind].out.Load()
	}
	for i := range n.durations {
		st.Durations.Counts[i] = n.durations[i].Load()
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
