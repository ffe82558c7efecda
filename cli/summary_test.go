package cli

import (
	"testing"
	"time"

	"github.com/adit-tunnel/adit/inspect"
)

func TestSummary(t *testing.T) {
	endpoint := inspect.Endpoint{URL: "https://otter.example.com", Upstream: "http://localhost:8000"}
	for _, c := range []struct {
		requests inspect.Meters
		ran      time.Duration
		want     string
	}{
		{inspect.Meters{}, 300 * time.Millisecond, "adit ran for 1 s: no request\n  https://otter.example.com -> http://localhost:8000\n"},
		{inspect.Meters{Count: 1}, 61 * time.Second, "adit ran for 1 min 1 s: 1 request\n  https://otter.example.com -> http://localhost:8000\n  here\n"},
		{inspect.Meters{Count: 37, Errors: 2}, 42 * time.Second, "adit ran for 42 s: 37 requests, 2 failed\n  https://otter.example.com -> http://localhost:8000\n  here\n"},
	} {
		st := inspect.Status{Endpoints: []inspect.Endpoint{endpoint, {Name: "refused"}}, Requests: c.requests}
		if got := summary(st, c.ran, "here"); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}
