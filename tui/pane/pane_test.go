package pane

import (
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/diff"
	"github.com/adit-tunnel/adit/inspect/view"
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
	for f, want := range map[float64]string{0: "0.00", 0.154: "0.15", 1204.5: "1204.5", 12345.67: "12346", 123456.7: "123457"} {
		if got := decimal(f); got != want {
			t.Errorf("decimal(%v) = %q, want %q", f, got, want)
		}
	}
	for n, want := range map[int64]string{0: "0", 999_999: "999999", 1_234_567: "1.2M", 12_345_678_900: "12346M"} {
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

// Columns leave in a fixed order while the terminal gets narrower, all of them fit, and the path keeps what it needs.
func TestColumnsGiveWayInOrder(t *testing.T) {
	order := []Column{ColLabel, ColEndpoint, ColSize, ColDuration, ColTime, ColHost}
	gone := 0
	for width := 250; width > 0; width-- {
		table := Look{Width: width}.Table(AllColumns())
		end, path := 0, 0
		for _, c := range table.cells {
			if c.left < end {
				t.Errorf("width %d: %v begins within the column before", width, c.column)
			}
			if end = c.left + c.width; c.column == ColPath {
				path = c.width
			}
			if at, ok := table.At(c.left); width >= bareBelow && (!ok || at != c.column) {
				t.Errorf("width %d: %v is found at the cell of %v", width, at, c.column)
			}
		}
		if width >= bareBelow && (end != width || path < 12) {
			t.Errorf("%d cells are used of %d, %d for the path", end, width, path)
		}
		for gone < len(order) && !table.Has(order[gone]) {
			gone++
		}
		for _, c := range order[gone:] {
			if !table.Has(c) {
				t.Errorf("width %d: %v has left before %v", width, c, order[gone])
			}
		}
	}
	if gone != len(order) {
		t.Errorf("%v never leaves", order[gone])
	}
}

func TestBreakLosesNothing(t *testing.T) {
	for _, s := range []string{
		"http://9a1b-quiet-otter.tunnel.example.com/", "a b  c   d", "日本語テキスト", "  lead",
		"👍🏽❤️क्षि1️⃣ กำ👍🏽क्षि", strings.Repeat("क्", 60), strings.Repeat("\u1100", 60),
	} {
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

func TestWordsKeepOptionsWhole(t *testing.T) {
	for w := len("--relay-pin"); w < 60; w++ {
		lines := Words("Pass the --relay-pin that the relay prints, or a-very-long-word-that-does-not-fit, at its start.", w)
		if !slices.ContainsFunc(lines, func(s string) bool { return strings.Contains(s, "--relay-pin") }) {
			t.Errorf("%d: %q", w, lines)
		}
		for _, line := range lines {
			if Width(line) > w || strings.HasPrefix(line, " ") || strings.HasSuffix(line, " ") {
				t.Errorf("%d: %q", w, line)
			}
		}
	}
}

// The option to copy is on one line, from the narrowest terminal on that the dashboard is made for.
func TestLocalOnlyKeepsItsOptionWhole(t *testing.T) {
	for width := 34; width < 200; width++ {
		l := Look{Theme: theme.Colourless(), Zone: time.UTC, Width: width}
		whole := false
		for _, line := range l.advice(inspect.Status{Embedded: true}) {
			whole = whole || strings.Contains(line.Text, "--relay HOST:PORT")
		}
		if !whole {
			t.Errorf("width %d: %v", width, l.advice(inspect.Status{Embedded: true}))
		}
	}
}

// The command to copy stays one command for a shell as long as the URL fits, and is whole anyway.
func TestCurlCanBeCopied(t *testing.T) {
	const url = "http://9a1b-quiet-otter.example.com"
	for width := 10; width < 60; width++ {
		lines := Look{Theme: theme.Colourless(), Width: width}.command("curl " + url)
		for i := range lines {
			lines[i] = ansi.Strip(lines[i])
		}
		want := "curl " + url
		if width >= len(url) && width < len(want) {
			want = "curl \\" + url
		}
		if got := strings.Join(lines, ""); got != want || width >= len(url) && len(lines) > 2 {
			t.Errorf("width %d: %q", width, lines)
		}
	}
}

// Terminals that count code points and those that count what is seen as one put the columns of a row into the same places.
func TestRowsAreOfOneWidthEverywhere(t *testing.T) {
	for _, s := range []string{"/👍🏽/❤️/क्षि", "/1️⃣/ｱﾞ/กำ", "/日本/ok", "/नि"} {
		row := Row{Method: safe(s, pathLimit), Path: safe(s, pathLimit), Status: "200 OK", Host: safe(s, pathLimit), Tags: tagsOf([]string{s})}
		line := Look{Theme: theme.Colourless(), Zone: time.UTC, Width: 120}.Table(AllColumns()).Row(&row, Mark{Selected: true}, time.Time{})
		if seen, points := ansi.StringWidth(line), ansi.StringWidthWc(line); seen != 120 || points != 120 {
			t.Errorf("%q: %d and %d cells: %q", s, seen, points, line)
		}
	}
}

// Of what did not come today the list says the day.
func TestTimeOfAnotherDay(t *testing.T) {
	now := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	for width, want := range map[int]string{120: "Mar 03 05:06 ", 50: "Mar 03  "} {
		table := Look{Theme: theme.Colourless(), Zone: time.UTC, Width: width}.Table(AllColumns() &^ Of(ColHost))
		if got := ansi.Strip(table.Row(&Row{Start: now.Add(-24 * time.Hour)}, Mark{}, now)); !strings.HasPrefix(got, want) {
			t.Errorf("width %d: %q", width, got)
		}
	}
}

func TestTookFitsItsColumn(t *testing.T) {
	now := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	tests := []struct {
		lasted     time.Duration
		done, live string
	}{
		{200 * time.Millisecond, "200 ms", "…"},
		{3500 * time.Millisecond, "3.50 s", "3 s …"},
		{time.Hour - 1, "59 min", "59 min …"},
		{24*time.Hour - 1, "23 h", "23 h …"},
		{999 * 24 * time.Hour, "999 d", "999 d …"},
	}
	for _, tt := range tests {
		l := Look{}
		done := l.took(&Row{Duration: tt.lasted}, now)
		live := l.took(&Row{Start: now.Add(-tt.lasted), Live: true}, now)
		if done != tt.done || live != tt.live || Width(done) > 8 || Width(live) > 8 {
			t.Errorf("%v: %q and %q, want %q and %q", tt.lasted, done, live, tt.done, tt.live)
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
		x.Request = inspect.Request{Method: method, Target: target, Message: inspect.Message{Head: head, Body: body, Kept: int64(len(body)), Size: int64(len(body)), Trailers: head}}
		x.Response = &inspect.Response{Status: len(body), Reason: reason, Message: x.Request.Message}
		x.Failure = &inspect.Failure{Name: reason, Text: method, Remedy: target}
		l := Look{Theme: theme.Colourful(theme.Unknown), Zone: time.UTC, Width: width}
		lines := allTabs(l, x, len(body)%3 == 0)
		r := RowOf(inspect.Item{Seq: 1, Exchange: x, Tags: []string{target}, Note: reason, Pinned: len(body)%3 == 0})
		row := l.Table(AllColumns()).Row(&r, Mark{Selected: len(body)%2 == 0}, x.Start)
		if seen, points := ansi.StringWidth(row), ansi.StringWidthWc(row); seen != points {
			t.Errorf("a row of %d or %d cells: %q", seen, points, row)
		}
		lines = append(lines, row)
		for _, line := range lines {
			if w := Width(line); w > width {
				t.Errorf("a line of %d cells on %d: %q", w, width, line)
			}
			if !utf8.ValidString(line) {
				t.Errorf("not UTF-8: %q", line)
			}
			for _, r := range styles.ReplaceAllString(line, "") {
				if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
					t.Errorf("%q in %q", r, line)
				}
			}
		}
	})
}

// allTabs draws what all tabs show of an exchange, wrapped or not.
func allTabs(l Look, x *inspect.Exchange, wrapped bool) (lines []string) {
	s := &Subject{Item: inspect.Item{Exchange: x, Note: x.Request.Target, Tags: []string{"a"}}, Origin: x}
	s.Bodies[0] = view.Open(&x.Request.Message, nil, view.Limits{})
	s.Mask.Content(&s.Bodies[0])
	m := MessageLine{Message: view.Message{Payload: x.Request.Body, Size: 3}, Number: 1, Preview: view.Sanitize(string(x.Request.Body))}
	d := diff.Of(x, &inspect.Exchange{Request: inspect.Request{Message: inspect.Message{Head: x.Request.Body, Body: x.Request.Head}}}, diff.Options{})
	texts := slices.Concat(l.Overview(s), l.Message("Request", &x.Request.Message, &s.Bodies[0], &s.Mask), RawLines(s.Mask.Head(x.Request.Head)), l.Timing(s), l.Notes(s),
		[]Text{l.MessageRow(&m, true, &s.Mask)}, l.Family([]Relative{{Item: s.Item, Brief: "same body"}}, true), l.Changes(x, x, &d, &s.Mask))
	width := 0
	if wrapped {
		width = l.Width
	}
	for i, strip := range Strips(texts, width) {
		line := texts[strip.Line].String()
		from, to := runeAt(line, len(line)/3), runeAt(line, len(line)/2)
		found := []Found{{Line: strip.Line, From: from, To: to}}
		lines = append(lines, l.Draw(texts[strip.Line], strip, i%7*map[bool]int{false: 1}[wrapped], found, i%2 == 0))
	}
	return append(lines, l.TabBar(Raw, 5), l.DetailTitle(RowOf(s.Item), l.Focus(true, false)))
}

// runeAt is where the character begins that the byte belongs to.
func runeAt(s string, at int) int {
	for at > 0 && !utf8.RuneStart(s[at]) {
		at--
	}
	return at
}

// FuzzClip: what is clipped fits, by both ways of counting, and what fits already stays as it is.
func FuzzClip(f *testing.F) {
	f.Add("acme Z\u0300\u0301\u0302\u0303日本\u200b👍🏽❤️क्षि and more of it", 18)
	f.Add("\x1b[1m👩‍👩‍👧‍👦👩‍👩‍👧‍👦\x1b[0m", 3)
	f.Add("\xbe\xbe\x80\xa7݀\xf0\x800", 1)
	f.Fuzz(func(t *testing.T, s string, w int) {
		w = min(w, len(s))
		got := Clip(s, w)
		if Width(got) > max(w, 0) || w > 0 && Width(s) <= w && got != s {
			t.Errorf("Clip(%q, %d) = %q, of %d cells", s, w, got, Width(got))
		}
	})
}
