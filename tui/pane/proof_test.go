package pane

import (
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/tui/theme"
)

func TestLatencyTellsTheLastProof(t *testing.T) {
	now := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	look := Look{Theme: theme.Colourful(theme.Unknown), Zone: time.UTC}
	const never = -1
	status := func(state inspect.SessionState, latency, heard time.Duration, proofs ...time.Duration) inspect.Status {
		st := inspect.Status{State: state, Latency: latency, Proof: now.Add(-heard)}
		for _, age := range proofs {
			e := inspect.Endpoint{URL: "http://a.example"}
			if age != never {
				e.Proof = now.Add(-age)
			}
			st.Endpoints = append(st.Endpoints, e)
		}
		return st
	}
	tests := []struct {
		name       string
		st         inspect.Status
		wide, slim string // at 80 and at 40 columns
		warn       bool
	}{
		{"fresh", status(inspect.Online, 12*time.Millisecond, 0, never), "12ms, not yet reached through the relay", "12ms, not yet reached", false},
		{"proven", status(inspect.Online, 12*time.Millisecond, 0, 4500*time.Millisecond), "12ms, reached through the relay 4 s ago", "12ms, reached 4 s ago", false},
		{"a clock set back", status(inspect.Online, 12*time.Millisecond, 0, -time.Hour), "12ms, reached through the relay 0 s ago", "12ms, reached 0 s ago", false},
		{"the oldest counts", status(inspect.Online, 12*time.Millisecond, 0, time.Second, 46*time.Second, 2*time.Second),
			"12ms, reached through the relay 46 s ago", "12ms, reached 46 s ago", true},
		{"one was never", status(inspect.Online, 12*time.Millisecond, 0, time.Second, never), "12ms, not yet reached through the relay", "12ms, not yet reached", false},
		{"stale", status(inspect.Online, 345*time.Millisecond, 0, 59*time.Minute), "345ms, reached through the relay 59 min ago", "345ms, 59 min ago", true},
		{"no link", status(inspect.Reconnecting, 0, time.Hour, 3*time.Hour), "-, reached through the relay 3 h ago", "-, reached 3 h ago", false},
		{"a silent link", status(inspect.Online, 12*time.Millisecond, 11*time.Second, 14*time.Second), "12ms, nothing heard for 11 s", "12ms, silent for 11 s", true},
		{"days", status(inspect.Stopped, 0, 0, 72*time.Hour), "-, reached through the relay 3 d ago", "-, reached 3 d ago", false},
		{"nothing bound", status(inspect.Online, 12*time.Millisecond, 0), "12ms", "12ms", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for width, want := range map[int]string{80: tt.wide, 40: tt.slim} {
				look.Width = width
				line := look.latency(tt.st, now).Text
				if got := ansi.Strip(line)[look.label():]; got != want {
					t.Errorf("%d columns: %q, want %q", width, got, want)
				}
			}
			if _, style := look.proof(tt.st, now, 80); style != nil && (style("x") == look.Warn.Render("x")) != tt.warn {
				t.Errorf("warned: %t", !tt.warn)
			}
			for width := range 130 {
				look.Width = width
				if line := look.latency(tt.st, now).Text; Width(line) > width {
					t.Errorf("%d columns: %q", width, line)
				}
			}
		})
	}
}
