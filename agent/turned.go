package agent

import (
	"strconv"
	"time"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/wire"
)

// turned takes in whom the relay has turned away in front of an endpoint. They are no exchanges: nothing of them has come here.
func (s *session) turned(m *wire.Turned) {
	b := s.find(m.Handle)
	if b == nil {
		return
	}
	more := min(max(m.More, 0), maxInteger)
	var last *inspect.Turned
	for i := range m.Visitors {
		v := turnedOf(&m.Visitors[i])
		last = &v
		s.a.tellTurned(b.ep, v)
	}
	if more > 0 {
		s.a.o.Log.Info("more visitors turned away", "endpoint", b.ep.Name, "count", more)
	}
	s.a.mu.Lock()
	b.ep.turned += int64(len(m.Visitors)) + more
	if last != nil {
		b.ep.lastTurned = last
	}
	s.a.mu.Unlock()
	s.a.bus.Publish()
}

func turnedOf(v *wire.TurnedVisitor) inspect.Turned {
	at := time.Now()
	if us, err := strconv.ParseInt(v.Time, 10, 64); err == nil {
		at = time.UnixMicro(us)
	}
	return inspect.Turned{
		At: at, Client: v.Client, Method: v.Method, Host: v.Host, Path: v.Path, Status: v.Status, Code: int(v.Code), Name: v.Code.Info().Name, Reason: v.Reason,
	}
}

// tellTurned logs a visitor who was turned away, and tells it to who listens.
func (a *Agent) tellTurned(ep *endpoint, v inspect.Turned) {
	a.o.Log.Info("visitor turned away", "endpoint", ep.Name, "client", v.Client, "method", v.Method, "host", v.Host, "path", v.Path,
		"status", v.Status, "code", wire.Code(v.Code).String(), "reason", v.Reason)
	a.events.tell(VisitorTurned{Endpoint: ep.Name, Turned: v})
}
