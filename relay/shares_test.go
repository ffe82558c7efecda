package relay

import (
	"math"
	"testing"

	"github.com/adit-tunnel/adit/relay/session"
)

// TestDivide: however little there is, everybody has something, and never more is given out than there is.
func TestDivide(t *testing.T) {
	for _, x := range []struct {
		memory, files, ports int64
		embedded             bool
	}{
		{32 << 20, 64, 0, false}, {32 << 20, 64, 1000, false}, {96 << 20, 128, 10, false}, {128 << 20, 1024, 20000, false}, {8 << 30, 1 << 20, 1000, false},
		{1 << 40, 1<<31 - 1, 65535, false}, {32 << 20, 32, 4, false}, {64 << 20, 32, math.MaxInt64, true}, {64 << 20, 64, math.MaxInt64, true}, {4 << 30, 1 << 19, math.MaxInt64, true},
	} {
		own := int64(ownFiles)
		if x.embedded {
			own = ownEmbedded
		}
		s := divide(x.memory, x.files, x.ports, x.embedded)
		if s.connections.Size() < 1<<20 || s.streams.Size() < 1<<20 || s.sessions.Size() < 1<<20 || s.guests.Size() < 1<<20 || s.visitors.Size() < 4 || s.agents.Size() < 2 || s.ports.Size() < min(x.ports, 4) || s.ports.Size() > x.ports || s.lobby < 2 || s.lobby > session.MaxGuests || s.grown < 1<<20 || s.grown > session.MaxGrown {
			t.Errorf("%+v: connections %d, streams %d, sessions %d, visitors %d, agents %d, ports %d, lobby %d, credit %d", x, s.connections.Size(), s.streams.Size(), s.sessions.Size(), s.visitors.Size(), s.agents.Size(), s.ports.Size(), s.lobby, s.grown)
		}
		if got := s.connections.Size() + s.streams.Size() + s.sessions.Size() + s.guests.Size() + int64(s.grown); got > x.memory/32*25 {
			t.Errorf("%+v: %d bytes are given out", x, got)
		}
		if got := s.visitors.Size() + s.agents.Size() + s.ports.Size() + int64(s.lobby); x.files > 2*own && got > x.files-own {
			t.Errorf("%+v: %d files are given out", x, got)
		}
	}
}
