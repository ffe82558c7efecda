package tui

import (
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/ansi"
	"github.com/google/go-cmp/cmp"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/tui/pane"
	"github.com/adit-tunnel/adit/tui/theme"
)

var update = flag.Bool("update", false, "write the golden frames anew")

// scenes are the states that are drawn, each by what leads there.
var scenes = []struct {
	name string
	play func(b *bench)
}{
	{"connecting", func(b *bench) {
		b.f.set(inspect.Status{State: inspect.Connecting, Version: "0.1.0", Web: "http://127.0.0.1:4040", Endpoints: []inspect.Endpoint{
			{Name: "command_line", Upstream: "http://localhost:8000"},
		}})
		b.sync()
	}},
	{"empty", func(b *bench) { b.sync() }},
	{"embedded", func(b *bench) {
		st := online()
		st.Embedded, st.Relay, st.Account, st.Plan = true, "", "", ""
		st.Endpoints[0].URL = "http://localhost:41234"
		st.Endpoints[0].Aliases = []string{"http://quiet-otter.localhost:41234"}
		b.f.set(st)
		b.sync()
	}},
	{"rows", func(b *bench) { b.putDay() }},
	{"selected", func(b *bench) {
		b.putDay()
		b.press("up", "up")
		b.put(exchange(20, "GET", "/new", 200, "OK"), exchange(21, "GET", "/newer", 200, "OK"))
	}},
	{"views", func(b *bench) { // in another order, some marked
		b.keeping(inspect.View{Name: "errors", Filter: "status:>=400"}, inspect.View{Name: "the payments of our shop", Filter: "stripe"})
		b.putDay()
		b.second()
		b.press("o", "c", "down", " ", "v", "down")
	}},
	{"filter", func(b *bench) { // while it is typed, with what would complete it
		b.putDay()
		b.press("/")
		b.write("github or st")
	}},
	{"replay", func(b *bench) { // the replay's row is selected, its original named
		b.putDay()
		b.press("g", "down")
	}},
	{"reconnecting", func(b *bench) {
		b.putDay()
		st := busy()
		st.State, st.Reason, st.NextTry = inspect.Reconnecting, "relay tunnel.example.com:4443: connection reset by peer", b.now.Add(3*time.Second)
		b.f.set(st)
		b.sync()
	}},
	{"ailing", func(b *bench) { // the local services do not answer, and the machine has just woken
		b.putDay()
		st := busy()
		st.Requests.Errors, st.Slept, st.Woke = 1234, 41*time.Minute, b.now.Add(-12*time.Second)
		st.Endpoints[0].Health = inspect.Health{State: inspect.HealthDown, Since: b.now.Add(-8 * time.Second), Reason: "refused"}
		st.Endpoints = append(st.Endpoints, inspect.Endpoint{Name: "api", URL: "https://api.example.com", Upstream: "http://localhost:9000",
			Health: inspect.Health{State: inspect.HealthDown, Since: b.now.Add(-70 * time.Minute), Reason: "timed out"}})
		b.f.set(st)
		b.sync()
		b.beats(beatsPerInterval, 2)
		b.beats(beatsPerInterval, 7)
	}},
	{"log", func(b *bench) {
		var log logOf
		log.add(slog.LevelInfo, "endpoint online  endpoint=command_line url=http://9a1b-quiet-otter-7c2f.tunnel.example.com")
		log.add(slog.LevelWarn, "no session; trying again  err=\""+evil+"\"")
		log.add(slog.LevelError, "a word that is longer than a line: "+strings.Repeat("x", 150))
		b.m.work.source.Journal = &log
		b.press("L")
	}},
	{"unreached", func(b *bench) { // the link is there, but nobody comes through
		b.now = start.Add(3 * time.Minute)
		st := busy()
		st.Proof = b.now
		b.f.set(st)
		b.sync()
	}},
	{"refused", func(b *bench) {
		st := online()
		st.Notice = "This relay restarts tonight at 22:00 UTC; your tunnel moves by itself."
		st.Endpoints = append(st.Endpoints, inspect.Endpoint{Name: "api", Upstream: "http://localhost:9000", Failure: &inspect.Failure{
			Code: 3003, Name: "ALREADY_ONLINE", Text: "api.tunnel.example.com is already online",
			Remedy: "Stop the other agent, or choose another name.",
		}})
		b.f.set(st)
		b.sync()
	}},
	{"turned", func(b *bench) { // of one address in full, of the other only a count
		st := online()
		st.Endpoints[0].Turned = 3
		st.Endpoints[0].LastTurned = &inspect.Turned{Client: "203.0.113.9\x1b]0;x\a", Status: 401, Method: "GET", Path: "/admin"}
		st.Endpoints = append(st.Endpoints, inspect.Endpoint{Name: "api", URL: "https://api.example.com", Upstream: "http://localhost:9000", Turned: 12_345_678})
		b.f.set(st)
		b.sync()
	}},
	{"detail", func(b *bench) {
		b.putDay()
		b.press("g", "down", "enter")
	}},
	{"failed", func(b *bench) {
		b.put(failed(4, "POST", "/webhooks/twilio"))
		b.press("enter")
	}},
	{"results", func(b *bench) { // of a run
		b.put(exchange(1, "POST", "/webhooks/github?"+strings.Repeat("long", 40), 200, "OK"), failed(2, "POST", "/webhooks/twilio"), exchange(3, "GET", "/"+evil, 200, "OK"))
		b.press("*", "r")
	}},
	{"options", func(b *bench) { // of a replay
		b.put(exchange(1, "POST", "/webhooks/github", 200, "OK"))
		b.press("R")
	}},
	{"edit", func(b *bench) { // of headers
		b.put(exchange(1, "POST", "/webhooks/github", 200, "OK"))
		b.press("e", "h")
	}},
	{"help", func(b *bench) { b.press("?") }},
	{"hostile", func(b *bench) { b.putHostile() }},
	{"hostile-detail", func(b *bench) {
		b.putHostile()
		b.press("enter")
	}},
}

// busy is online with figures.
func busy() inspect.Status {
	st := online()
	st.Conns = inspect.Meters{Count: 12, Open: 2, Rate1: 0.15, Rate5: 0.08, P50: 5150 * time.Millisecond, P90: 140020 * time.Millisecond}
	st.Requests = inspect.Meters{Count: 123456, Open: 1, Rate1: 1204.5, Rate5: 98.76, P50: 12 * time.Millisecond, P90: 61 * time.Millisecond}
	return st
}

// putDay records one of each kind.
func (b *bench) putDay() {
	b.now = start.Add(20 * time.Second)
	st := busy()
	st.Proof, st.Endpoints[0].Proof = b.now, b.now.Add(-7*time.Second)
	b.f.set(st)
	socket := exchange(7, "GET", "/socket", 101, "Switching Protocols")
	socket.State, socket.Upgraded = inspect.Open, true
	socket.Response.Head = []byte("HTTP/1.1 101 Switching Protocols\r\nupgrade: WebSocket\r\nConnection: Upgrade\r\n\r\n")
	pending := exchange(8, "PATCH", "/api/v1/orders/4711", 200, "OK")
	pending.State, pending.Response, pending.Start = inspect.Pending, nil, b.now.Add(-200*time.Millisecond)
	slow := exchange(6, "GET", "/events/2026", 200, "OK")
	slow.Duration, slow.Wait = 83*time.Second, 82*time.Second
	slow.Response.Head = []byte("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n\r\n")
	again := exchange(9, "POST", "/webhooks/github", 200, "OK")
	again.ReplayOf = "018f-0001"
	b.put(
		exchange(1, "POST", "/webhooks/github", 200, "OK"),
		exchange(2, "GET", "/api/v1/orders?limit=100&cursor=eyJpZCI6MTIzNDU2Nzg5MH0&sort=created", 304, "Not Modified"),
		exchange(3, "DELETE", "/api/v1/orders/4711", 404, "Not Found"),
		exchange(4, "OPTIONS", "/webhooks/stripe", 500, "Internal Server Error"),
		failed(5, "POST", "/webhooks/twilio"),
		slow, socket, pending, again,
	)
}

// evil is what a stranger may send to get at the terminal: a clear screen, the title, the clipboard, a C1 sequence, a mirrored text, a
// newline, marks that pile up, and characters of two cells and of none.
const evil = "\x1b[2J\x1b]0;owned\x07\x1b]52;c;ZXZpbA==\x07\u009b31m\u202egnp\r\nZ\u0300\u0301\u0302\u0303\u0304\u0305\u0306日本\u200b👍🏽❤️क्षि\xff"

func (b *bench) putHostile() {
	st := online()
	st.Account, st.Plan, st.Region, st.Notice = "acme"+evil, "free"+evil, "eu"+evil, "Hello"+evil
	st.Endpoints[0].Upstream = "http://localhost:8000" + evil
	b.f.set(st)
	x := exchange(1, "PO"+evil, "/webhooks/"+evil, 200, "OK"+evil)
	x.Request.Head = []byte("POST /" + evil + " HTTP/1.1\r\nX-" + evil + ": " + evil + "\r\n\r\n")
	x.Request.Body = []byte("text " + evil)
	x.Response.Body = []byte(`{"a":"` + evil + `"}`)
	x.Response.Trailers = []byte("X-T: " + evil + "\r\n")
	x.Failure = &inspect.Failure{Name: "N" + evil, Text: "T" + evil, Remedy: "R" + evil}
	x.Endpoint, x.ReplayOf, x.State = "e"+evil, "r"+evil, inspect.Failed
	b.put(x)
}

// lines returns the frame's lines after checking what holds for every frame: as many lines as the terminal has, none wider, and no control
// characters but styles.
func (b *bench) lines(width, height int) []string {
	b.t.Helper()
	lines := strings.Split(b.frame(), "\n")
	if len(lines) != height {
		b.t.Errorf("%dx%d: %d lines", width, height, len(lines))
	}
	for _, line := range lines {
		if w := pane.Width(line); w > width {
			b.t.Errorf("%dx%d: a line of %d cells: %q", width, height, w, line)
		}
		bare := styles.ReplaceAllString(line, "")
		if i := strings.IndexFunc(bare, func(r rune) bool {
			return unicode.IsControl(r) || unicode.Is(unicode.Cf, r)
		}); i >= 0 || !utf8.ValidString(bare) {
			b.t.Errorf("%dx%d: what a terminal acts on, in %q", width, height, line)
		}
	}
	return lines
}

var styles = regexp.MustCompile(`\x1b\[[0-9;]*m`)

func TestFrames(t *testing.T) {
	for _, s := range scenes {
		t.Run(s.name, func(t *testing.T) {
			var out strings.Builder
			for _, width := range []int{40, 60, 80, 120} {
				const height = 24
				b := newBench(t, width, height)
				s.play(b)
				fmt.Fprintf(&out, "── %d × %d\n", width, height)
				for _, line := range b.lines(width, height) {
					out.WriteString(strings.TrimRight(ansi.Strip(line), " ") + "\n")
				}
			}
			golden(t, s.name, out.String())
		})
	}
}

func TestFrameWithStyles(t *testing.T) {
	b := newBench(t, 80, 24)
	b.m.look.Theme = theme.Colourful(theme.Unknown)
	b.putDay()
	b.press("up", "up")
	golden(t, "styles", strings.ReplaceAll(strings.Join(b.lines(80, 24), "\n")+"\n", "\x1b", "␛"))
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got; go test -update writes it anew):\n%s", path, diff)
	}
}

// manySizes are widths and heights, the least and the largest that are promised among them.
func manySizes() (sizes [][2]int) {
	for width := 1; width <= 132; width += 7 {
		for height := 1; height <= 40; height += 3 {
			sizes = append(sizes, [2]int{width, height})
		}
	}
	return append(sizes, [2]int{30, 8}, [2]int{400, 120})
}

// Every scene fits every terminal, also while it is being resized, and the URL is there whole whenever there is room for it.
func TestEverySize(t *testing.T) {
	for _, s := range scenes {
		t.Run(s.name, func(t *testing.T) {
			b := newBench(t, 80, 24)
			s.play(b)
			for _, size := range manySizes() {
				width, height := size[0], size[1]
				b.send(tea.WindowSizeMsg{Width: width, Height: height})
				b.fill()
				lines := b.lines(width, height)
				if b.m.top() != nil || !b.m.boxes.list.seen() || firstURL(b.m.status) == "" || width < 29 || height < 8 {
					continue
				}
				if text := ansi.Strip(strings.Join(lines, "")); !strings.Contains(strings.ReplaceAll(text, " ", ""), firstURL(b.m.status)) {
					t.Errorf("%dx%d: the URL is cut:\n%s", width, height, strings.Join(lines, "\n"))
				}
			}
		})
	}
}
