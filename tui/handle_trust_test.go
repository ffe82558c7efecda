package tui

import (
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"

	"github.com/adit-tunnel/adit/inspect"
)

// text is the screen without styles.
func (b *bench) text() string { return ansi.Strip(b.frame()) }

// beats lets seconds pass, in each of which n requests come.
func (b *bench) beats(seconds int, n int64) {
	for range seconds {
		b.now = b.now.Add(time.Second)
		st := b.f.Status()
		st.Requests.Count += n
		st.Endpoints[0].Requests.Count += n
		b.f.set(st)
		b.send(beat{st})
	}
}

func TestTrustInTheHead(t *testing.T) {
	down := func(reason string, ago time.Duration) func(*inspect.Status) {
		return func(st *inspect.Status) {
			st.Endpoints[0].Health = inspect.Health{State: inspect.HealthDown, Since: start.Add(-ago), Reason: reason}
		}
	}
	for _, c := range []struct {
		name        string
		change      func(*inspect.Status)
		want, never string
	}{
		{"refused", down("refused", 8*time.Second), "http://localhost:8000 refused for 8 s", ""},
		{"timed out for long", down("timed out", 70*time.Minute), "timed out for 1 h", ""},
		{"well", func(st *inspect.Status) {
			st.Endpoints[0].Health = inspect.Health{State: inspect.HealthUp, Since: start}
		}, "-> http://localhost:8000\n", " for "},
		{"third try", func(st *inspect.Status) {
			st.State, st.Reason, st.Attempt, st.NextTry = inspect.Reconnecting, "connection refused", 3, start.Add(4*time.Second)
		}, "reconnecting, attempt 3, next try in 4 s", ""},
		{"how to try at once", func(st *inspect.Status) { st.State, st.Attempt = inspect.Reconnecting, 1 }, "ctrl+r try now", ""},
		{"slept", func(st *inspect.Status) { st.Slept, st.Woke = 41*time.Minute, start.Add(-12*time.Second) }, "was asleep for 41 min; back since 12 s", ""},
		{"slept, not back", func(st *inspect.Status) {
			st.State, st.Slept, st.Woke = inspect.Reconnecting, 41*time.Minute, start.Add(-12*time.Second)
		}, "was asleep for 41 min\n", "back since"},
		{"slept long ago", func(st *inspect.Status) { st.Slept, st.Woke = 41*time.Minute, start.Add(-time.Minute) }, "online", "asleep"},
		{"errors", func(st *inspect.Status) { st.Requests.Count, st.Requests.Errors = 200, 3 }, "1.5%", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, 100, 24)
			st := online()
			c.change(&st)
			b.f.set(st)
			b.sync()
			wantIn(t, b.text(), c.want)
			if c.never != "" {
				wantNotIn(t, strings.Split(b.text(), "ttl")[0], c.never)
			}
		})
	}
}

// The figures of each endpoint and of all come in turn, and the line of the latest traffic with them.
func TestFiguresInTurn(t *testing.T) {
	b := newBench(t, 80, 24)
	st := online()
	st.Endpoints = append(st.Endpoints, inspect.Endpoint{Name: "api", URL: "https://api.example.com", Upstream: "http://localhost:9000"})
	b.f.set(st)
	b.sync()
	b.beats(beatsPerInterval, 0)
	b.beats(beatsPerInterval, 1)
	b.beats(beatsPerInterval, 40)
	b.beats(beatsPerInterval, 0)
	wantIn(t, b.text(), "of all endpoints", "▁▂█▁ 246")
	b.press("%")
	wantIn(t, b.text(), "of command_line", "▁▂█▁ 246")
	b.press("%")
	wantIn(t, b.text(), "of api", "▁▁▁▁ 0")
	b.press("%")
	wantIn(t, b.text(), "of all endpoints")
}
