package demo

import (
	"context"
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// receiver runs one until the test ends.
func receiver(t *testing.T) *Receiver {
	t.Helper()
	r, err := NewReceiver()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	return r
}

// TestTour: one round of everything, event stream, WebSocket and the slow one included, is answered to the last.
func TestTour(t *testing.T) {
	r := receiver(t)
	got := (&Sender{URL: r.URL(), Count: len(tour), Rate: 100}).Run(t.Context())
	if n := int64(len(tour)); got.Sent != n || got.Answered != n || got.Failed != nil || r.Received() != n {
		t.Errorf("%+v, %d received", got, r.Received())
	}
}

func TestFlood(t *testing.T) {
	r := receiver(t)
	const n = 500
	if got := (&Sender{URL: r.URL(), Count: n}).Run(t.Context()); got.Sent != n || got.Answered != n || got.Failed != nil || r.Received() != n {
		t.Errorf("%+v, %d received", got, r.Received())
	}
}

// TestFor: the sending ends when its time is over, and what is under way is waited for.
func TestFor(t *testing.T) {
	r := receiver(t)
	got := (&Sender{URL: r.URL(), For: 50 * time.Millisecond, Rate: 20}).Run(t.Context())
	if got.Sent == 0 || got.Answered != got.Sent || got.Failed != nil || r.Received() != got.Sent {
		t.Errorf("%+v, %d received", got, r.Received())
	}
}

// TestNobodyThere: a sender whose requests fail says why.
func TestNobodyThere(t *testing.T) {
	r, err := NewReceiver()
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if got := (&Sender{URL: r.URL(), Count: 3}).Run(t.Context()); got.Sent != 3 || got.Answered != 0 || got.Failed == nil {
		t.Errorf("%+v", got)
	}
}

func TestInterval(t *testing.T) {
	for rate, want := range map[float64]time.Duration{
		0.5: 2 * time.Second, 20: 50 * time.Millisecond, 1e12: 1, math.Inf(1): 1, 1e-300: time.Hour,
	} {
		if got := interval(rate); got != want {
			t.Errorf("%v a second: every %v, want %v", rate, got, want)
		}
	}
}

// TestReceiverChecksSignatures: what a stranger sends, or what was changed on its way, is refused.
func TestReceiverChecksSignatures(t *testing.T) {
	r := receiver(t)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for _, m := range []struct {
		make                maker
		header              string
		whole, changed, not int
	}{
		{githubPush, "X-Hub-Signature-256", 200, 401, 401},
		{stripePaid, "Stripe-Signature", 200, 400, 400},
		{stripeFailed, "Stripe-Signature", 500, 400, 400},
	} {
		send := func(change func(*http.Request)) int {
			t.Helper()
			q, err := m.make(t.Context(), r.URL(), 7)
			if err != nil {
				t.Fatal(err)
			}
			change(q)
			a, err := client.Do(q)
			if err != nil {
				t.Fatal(err)
			}
			a.Body.Close()
			return a.StatusCode
		}
		if got := send(func(*http.Request) {}); got != m.whole {
			t.Errorf("%s as sent: %d, want %d", m.header, got, m.whole)
		}
		if got := send(func(q *http.Request) { q.Header.Del(m.header) }); got != m.not {
			t.Errorf("no %s: %d, want %d", m.header, got, m.not)
		}
		if got := send(func(q *http.Request) {
			q.Header.Set(m.header, strings.ReplaceAll(q.Header.Get(m.header), "1", "2")+"0")
		}); got != m.changed {
			t.Errorf("another %s: %d, want %d", m.header, got, m.changed)
		}
	}
}
