package agent

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"github.com/adit-tunnel/adit/wire"
)

// TestTurnedByAStrangeRelay: what a relay says of visitors is as little believed as the visitors themselves.
func TestTurnedByAStrangeRelay(t *testing.T) {
	var log bytes.Buffer
	a, err := New(Options{Relay: "127.0.0.1:1", Log: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Forward(Endpoint{Name: "web", Upstream: "http://127.0.0.1:1"}); err != nil {
		t.Fatal(err)
	}
	s := &session{a: a, bindings: map[uint32]*binding{1: {ep: a.endpoints[0], handle: 1}}}
	s.turned(&wire.Turned{Handle: 2, More: 5}) // nobody's
	s.turned(&wire.Turned{Handle: 1, More: -5})
	if e := a.Status().Endpoints[0]; e.Turned != 0 || e.LastTurned != nil || log.Len() != 0 {
		t.Errorf("%+v\n%s", e, &log)
	}
	s.turned(&wire.Turned{Handle: 1, Visitors: []wire.TurnedVisitor{{Time: "x", Client: "203.0.113.9\nlevel=ERROR\x1b]0;", Code: 9999}}, More: 2})
	e := a.Status().Endpoints[0]
	if e.Turned != 3 || e.LastTurned == nil || e.LastTurned.Name != "UNKNOWN" || e.LastTurned.At.IsZero() {
		t.Errorf("%+v", e)
	}
	if lines := strings.Count(log.String(), "\n"); lines != 2 || strings.Contains(log.String(), "\x1b") {
		t.Errorf("%d lines: %q", lines, &log)
	}
	s.turned(&wire.Turned{Handle: 1, More: 1})
	if after := a.Status().Endpoints[0]; after.Turned != 4 || after.LastTurned != e.LastTurned {
		t.Errorf("a count without a visitor: %+v", after)
	}
}
