package tui

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/ansi"
	"rsc.io/qr"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/tui/pane"
	"github.com/adit-tunnel/adit/tui/theme"
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
		{"slept", func(st *inspect.Status) { st.Slept, st.Woke = 41*time.Minute, start.Add(-12*time.Second) }, "was asleep for 41 min; woke 12 s ago", ""},
		{"slept, not back", func(st *inspect.Status) {
			st.State, st.Slept, st.Woke = inspect.Reconnecting, 41*time.Minute, start.Add(-12*time.Second)
		}, "was asleep for 41 min\n", "woke"},
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
	wantIn(t, b.text(), "of all", "▁▂█▁ 246")
	b.press("%")
	wantIn(t, b.text(), "of command_line", "▁▂█▁ 246")
	b.press("%")
	wantIn(t, b.text(), "of api", "▁▁▁▁ 0")
	b.press("%")
	wantIn(t, b.text(), "of all")
}

// Quitting asks only while requests are in flight; ctrl+c never does.
func TestQuitAsksForRequestsInFlight(t *testing.T) {
	b := newBench(t, 80, 24)
	st := online()
	st.Requests.Open = 3
	b.f.set(st)
	b.sync()
	if quits(b.send(keyOf("q"))) {
		t.Fatal("quit without a question")
	}
	wantIn(t, b.text(), "3 requests are in flight.")
	b.press("esc")
	wantNotIn(t, b.text(), "in flight")
	b.send(keyOf("q"))
	if !quits(b.send(keyOf("q"))) {
		t.Error("the second q did not quit")
	}
	if !quits(b.send(keyOf("ctrl+c"))) {
		t.Error("ctrl+c did not quit")
	}
	b.press("esc")
	st.Requests.Open = 0
	b.f.set(st)
	b.sync()
	if !quits(b.send(keyOf("q"))) {
		t.Error("asked though nothing is in flight")
	}
}

// logOf is a log in memory.
type logOf []inspect.Entry

func (l *logOf) Entries(after uint64) []inspect.Entry {
	return slices.Clone((*l)[min(after, uint64(len(*l))):])
}

func (l *logOf) add(level slog.Level, text string) {
	*l = append(*l, inspect.Entry{Nth: uint64(len(*l) + 1), At: start, Level: level, Text: text})
}

// The log is followed until one scrolls, its lines are whole and harmless.
func TestLog(t *testing.T) {
	b := newBench(t, 60, 12)
	var log logOf
	b.m.work.source.Journal = &log
	log.add(slog.LevelInfo, "session online  relay=tunnel.example.com:4443")
	log.add(slog.LevelWarn, "no session; trying again  err=\""+strings.Repeat("connection refused ", 5)+"END\"")
	b.press("L")
	wantIn(t, b.text(), "22:41:07 INFO  session online", "22:41:07 WARN  no session", "END")
	for i := range 20 {
		log.add(slog.LevelError, fmt.Sprintf("line %d \x1b]0;owned\a", i))
	}
	b.send(beat{b.f.Status()})
	b.run(b.m.followLog())
	b.lines(60, 12)
	wantIn(t, b.text(), "line 19")
	b.press("k")
	log.add(slog.LevelInfo, "line 20")
	b.run(b.m.followLog())
	wantNotIn(t, b.text(), "line 20", "line 19")
	b.press("G")
	wantIn(t, b.text(), "line 20")
	b.press("g")
	wantIn(t, b.text(), "session online")
	b.press("q")
	wantIn(t, b.text(), "HTTP Requests")
}

// The QR code holds the URL: what is drawn is read back module by module.
func TestQR(t *testing.T) {
	const url = "https://quiet-otter.tunnel.example.com"
	want, err := qr.Encode(url, qr.L)
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*bench){
		"half blocks": func(*bench) {}, "ASCII": func(b *bench) { b.m.look.ASCII = true }, "colours": func(b *bench) { b.m.look.Theme = theme.Colourful(theme.Unknown) },
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, 100, 60)
			change(b)
			st := online()
			st.Endpoints[0].URL = url
			b.f.set(st)
			b.sync()
			b.press("U")
			wantIn(t, b.text(), url)
			lines := strings.Split(b.text(), "\n")
			for y := range want.Size {
				for x := range want.Size {
					if got := module(lines, x+2, y+2, b.m.look); got != want.Black(x, y) {
						t.Fatalf("module %d,%d is dark: %v", x, y, got)
					}
				}
			}
			for width := 1; width < 100; width += 9 {
				b.send(tea.WindowSizeMsg{Width: width, Height: width/2 + 1})
				b.lines(width, width/2+1)
			}
			b.send(tea.WindowSizeMsg{Width: 30, Height: 8})
			wantIn(t, strings.ReplaceAll(b.text(), "\n", " "), "too small")
		})
	}
	b := newBench(t, 100, 60)
	st := online()
	st.Embedded = true
	b.f.set(st)
	b.sync()
	b.press("U")
	wantIn(t, b.text(), "this machine only")
}

// module says whether a module that is drawn is dark.
func module(lines []string, x, y int, look pane.Look) bool {
	inked := false
	if look.ASCII {
		inked = lines[y][2*x] == '#'
	} else {
		halves := map[rune][2]bool{' ': {}, '▀': {true, false}, '▄': {false, true}, '█': {true, true}}
		inked = halves[[]rune(lines[y/2])[x]][y%2]
	}
	return inked == look.PaperIsLight
}

// In a list, secrets of queries are masked; for presenting, every value is, and the footer says so.
func TestListMasksQueries(t *testing.T) {
	b := newBench(t, 120, 24)
	b.put(exchange(1, "GET", "/hook?api_token=abc123&page=2", 200, "OK"))
	wantIn(t, b.text(), "page=2")
	wantNotIn(t, b.text(), "abc123", "masked")
	b.m.maskAll = true
	wantIn(t, b.text(), "/hook?api_token=", "all masked")
	wantNotIn(t, b.text(), "page=2")
}
