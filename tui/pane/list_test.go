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

// TestInterrupted: what adit did not see the end of does not look whole, and nobody knows how long it took.
func TestInterrupted(t *testing.T) {
	for code, want := range map[int]string{0: "interrupted", 200: "200 interrupted"} {
		x := &inspect.Exchange{State: inspect.Interrupted, Duration: time.Second}
		if code > 0 {
			x.Response = &inspect.Response{Status: code, Reason: "OK"}
		}
		r := RowOf(inspect.Item{Exchange: x})
		if got, _ := (Look{}).outcome(r); got != want || r.Status != want {
			t.Errorf("%q, %q, want %q", got, r.Status, want)
		}
		if got := (Look{}).took(&r, time.Time{}); got != "-" {
			t.Errorf("it took %q", got)
		}
	}
}
