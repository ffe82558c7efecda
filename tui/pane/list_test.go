package pane

import (
	"testing"
	"time"

	"github.com/adit-tunnel/adit/inspect"
)

// TestConnectionPathClipped: where there is no room, whose connection it is gives way to what has passed.
func TestConnectionPathClipped(t *testing.T) {
	r := &Row{Carried: inspect.TCP, Path: "203.0.113.7:52144 · 27 B ↑ 5 B ↓"}
	for width, want := range map[int]string{40: r.Path, 30: "203.0.113.7:52… · 27 B ↑ 5 B ↓", 12: "203.0.113.7…"} {
		if got, _ := pathCell(r, Mark{}, width, time.Time{}); got != want {
			t.Errorf("%d cells: %q, want %q", width, got, want)
		}
	}
	request := &Row{Path: "/a · b"}
	if got, _ := pathCell(request, Mark{}, 5, time.Time{}); got != "/a ·…" {
		t.Errorf("a request's: %q", got)
	}
}
