package pane

import (
	"net/netip"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/tui/theme"
)

func TestFitTakesTheLeastImportantLines(t *testing.T) {
	all := []Line{{"name", RankName}, {"", RankBlank}, {"state", RankState}, {"version", RankVersion}, {"", RankBlank}, {"url 1", RankForwarding},
		{"url 2", RankForwarding}, {"ttl", RankConnections}, {"0", RankConnections}, {"also", RankAlias}}
	tests := []struct {
		room int
		want string
	}{
		{10, "name  state version  url 1 url 2 ttl 0 also"},
		{9, "name  state version  url 1 url 2 ttl 0"},
		{8, "name  state version url 1 url 2 ttl 0"},
		{7, "name state version url 1 url 2 ttl 0"},
		{5, "name state url 1 url 2"},
		{3, "state url 1 url 2"},
		{1, "url 1"},
		{0, ""},
	}
	for _, tt := range tests {
		var texts []string
		for _, l := range Fit(all, tt.room) {
			texts = append(texts, l.Text)
		}
		if got := strings.Join(texts, " "); got != tt.want {
			t.Errorf("Fit(%d) = %q, want %q", tt.room, got, tt.want)
		}
	}
}

func TestFigures(t *testing.T) {
	for f, want := range map[float64]string{0: "0.00", 0.154: "0.15", 1204.5: "1204.50", 12345.67: "12345.7", 1234567.8: "1234568"} {
		if got := decimal(f); got != want {
			t.Errorf("decimal(%v) = %q, want %q", f, got, want)
		}
	}
	for n, want := range map[int64]string{0: "0", 9_999_999: "9999999", 12_345_678: "12.3M"} {
		if got := count(n); got != want {
			t.Errorf("count(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestNextTry(t *testing.T) {
	now := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	tests := map[time.Duration]string{
		-time.Second: "trying now", 0: "trying now", 1: "next try in 1 s", 2500 * time.Millisecond: "next try in 3 s", 95 * time.Second: "next try in 1:35",
	}
	for left, want := range tests {
		if got := nextTry(now.Add(left), now); got != want {
			t.Errorf("nextTry(%v) = %q, want %q", left, got, want)
		}
	}
}

func TestColumnsGiveWayInOrder(t *testing.T) {
	for width := 1; width < 200; width++ {
		c := columnsFor(width)
		total := c.clock + markCell + methodCell + c.path + gap + c.status
		if c.took > 0 {
			total += gap + c.took
		}
		if total != width {
			t.Errorf("%d cells are used of %d", total, width)
		}
		if width >= 40 && c.path < 12 {
			t.Errorf("width %d leaves %d cells for the path", width, c.path)
		}
	}
}

func TestBreakLosesNothing(t *testing.T) {
	for _, s := range []string{"http://9a1b-quiet-otter.tunnel.example.com/", "a b  c   d", "日本語テキスト", "  lead"} {
		for w := 2; w < 50; w++ {
			parts := Break(s, w)
			if got := strings.Join(parts, ""); got != s {
				t.Errorf("Break(%q, %d) = %q", s, w, parts)
			}
			for _, p := range parts {
				if Width(p) > w {
					t.Errorf("Break(%q, %d) has a line of %d cells", s, w, Width(p))
				}
			}
		}
	}
}

func TestSafeCutsBetweenCharacters(t *testing.T) {
	for limit := range 20 {
		if got := safe("日本語テキスト", limit); strings.Contains(got, `\x`) || len(got) > limit {
			t.Errorf("safe(%d) = %q", limit, got)
		}
	}
}

var styles = regexp.MustCompile(`\x1b\[[0-9;]*m`)

// Whatever was captured, a row and the details of an exchange fit and hold nothing that a terminal acts on.
func FuzzExchange(f *testing.F) {
	f.Add("POST", "/webhooks", []byte("POST / HTTP/1.1\r\nA: b\r\n\r\n"), []byte(`{"a":1}`), "OK", 80)
	f.Add("\x1b[2J", "/\x1b]52;c;eA==\x07", []byte("\x1b[2J\r\n: \u009b\n\u202e:x\xff"), []byte("\x00\x1b\u2028日本"), "\u0300\u0300", 40)
	f.Add("", "\t", []byte("\r\nContent-Type: application/x-www-form-urlencoded\r\n"), []byte("a=%1b[2J&b"), "\n", 3)
	f.Fuzz(func(t *testing.T, method, target string, head, body []byte, reason string, width int) {
		width = 2 + int(uint(width)%150)
		x := &inspect.Exchange{ID: inspect.ID(target), Endpoint: method, Client: netip.AddrPort{}, State: inspect.Done}
		x.Request = inspect.Request{Method: method, Target: target, Message: inspect.Message{Head: head, Body: body, Size: int64(len(body)), Trailers: head}}
		x.Response = &inspect.Response{Status: len(body), Reason: reason, Message: x.Request.Message}
		x.Failure = &inspect.Failure{Name: reason, Text: method, Remedy: target}
		l := Look{Theme: theme.Colourful(), Zone: time.UTC, Width: width}
		d := l.Detail(x, x)
		lines := append(d.Overview, d.Lines...)
		lines = append(lines, l.Row(RowOf(inspect.Item{Seq: 1, Exchange: x}), len(body)%2 == 0, x.Start))
		for _, line := range lines {
			if w := Width(line); w > width {
				t.Errorf("a line of %d cells on %d: %q", w, width, line)
			}
			for _, r := range styles.ReplaceAllString(line, "") {
				if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == unicode.ReplacementChar {
					t.Errorf("%q in %q", r, line)
				}
			}
		}
	})
}
