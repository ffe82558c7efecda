package relay

import (
	"testing"

	"github.com/adit-tunnel/adit/relay/session"
)

// TestDivide: however little there is, everybody has something, and never more is given out than there is.
func TestDivide(t *testing.T) {
	for _, x := range []struct{ memory, files int64 }{{32 << 20, 64}, {96 << 20, 128}, {128 << 20, 1024}, {8 << 30, 1 << 20}, {1 << 40, 1<<31 - 1}, {32 << 20, 32}} {
		s := divide(x.memory, x.files)
		if s.connections.Size() < 1<<20 || s.streams.Size() < 1<<20 || s.sessions.Size() < 1<<20 || s.guests.Size() < 1<<20 || s.visitors.Size() < 4 || s.agents.Size() < 2 || s.lobby < 2 || s.lobby > session.MaxGuests || s.grown < 1<<20 || s.grown > session.MaxGrown {
			t.Errorf("%+v: connections %d, streams %d, sessions %d, visitors %d, agents %d, lobby %d, credit %d", x, s.connections.Size(), s.streams.Size(), s.sessions.Size(), s.visitors.Size(), s.agents.Size(), s.lobby, s.grown)
		}
		if got := s.connections.Size() + s.streams.Size() + s.sessions.Size() + s.guests.Size() + int64(s.grown); got > x.memory/32*25 {
			t.Errorf("%+v: %d bytes are given out", x, got)
		}
		if got := s.visitors.Size() + s.agents.Size() + int64(s.lobby); x.files > 2*ownFiles && got > x.files-ownFiles {
			t.Errorf("%+v: %d files are given out", x, got)
		}
	}
}
