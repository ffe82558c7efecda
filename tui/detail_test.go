package tui

import (
	"bytes"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/ansi"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/tui/pane"
)

// hook is a webhook with secrets, as the nth exchange of the day.
func hook(n int) *inspect.Exchange {
	x := exchange(n, "POST", "/hooks?access_token=tok123", 200, "OK")
	setBody(&x.Request.Message, "POST /hooks?access_token=tok123 HTTP/1.1\r\nAuthorization: Bearer abc\r\nX-GitHub-Event: push\r\nContent-Type: application/json\r\n\r\n",
		`{"user":{"name":"Zoe","password":"hunter2"},"items":[{"id":7},{"id":8}]}`)
	return x
}

func setBody(m *inspect.Message, head, body string) {
	m.Head, m.Body, m.Kept, m.Size, m.Whole = []byte(head), []byte(body), int64(len(body)), int64(len(body)), true
}

// screen is what is read on it.
func (b *bench) screen() string { return ansi.Strip(b.frame()) }

// under is the line under the cursor.
func (b *bench) under() string {
	d := &b.m.detail
	if d.cursor >= len(d.doc.strips) {
		return ""
	}
	return d.doc.lines[d.doc.strips[d.cursor].Line].String()
}

// goTo moves the cursor to the next line that has text.
func (b *bench) goTo(text string) {
	b.t.Helper()
	for range 1000 {
		if strings.Contains(b.under(), text) {
			return
		}
		b.press("j")
	}
	b.t.Fatalf("%q is on no line:\n%s", text, b.screen())
}

func TestTabs(t *testing.T) {
	b := newBench(t, 100, 30)
	again := hook(2)
	again.ReplayOf, again.Edited, again.To = hook(1).ID, true, "http://localhost:9000"
	socket := exchange(3, "GET", "/events", 200, "OK")
	setBody(&socket.Response.Message, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n", "event: tick\ndata: {\"n\":1}\n\ndata: two\n\n")
	socket.Response.Passed = []inspect.Passed{{After: 20 * time.Millisecond}}
	b.put(hook(1), again, socket)
	b.m.layout.size = detailOnly
	b.press("up", "up", "up", "enter")
	for _, c := range []struct {
		key  string
		want []string
	}{
		{"1", []string{"outcome", "200 OK in 12 ms", "from", "github · push", "client", "Request  72 B application/json", "Response"}},
		{"2", []string{"Authorization: Bearer ••••", `"name": "Zoe"`, `"id": 7`}},
		{"3", []string{"HTTP/1.1 200 OK", "text/plain", "ok"}},
		{"4", []string{"POST /hooks?access_token=••••", "X-GitHub-Event: push", `{"user":{"name":"Zoe","password":"••••`, "HTTP/1.1 200 OK"}},
		{"5", []string{"connect", "400 µs", "wait", "11 ms", "█"}},
		{"6", []string{"no messages: this is not a stream"}},
		{"7", []string{"› 22:41:08.120  original", "22:41:09.120  ↻ replay", "same body", "edited", "to http://localhost:9000"}},
		{"8", []string{"- 22:41:08.120", "+ ↻ 22:41:09.120", "nothing differs that matters"}},
		{"9", []string{"nothing has been noted"}},
	} {
		b.press(c.key)
		wantIn(t, b.screen(), c.want...)
	}
	b.press("7")
	b.goTo("replay")
	b.press("enter")
	if b.m.detail.row.ID != again.ID || b.selected() != again.ID {
		t.Errorf("enter on the replay has opened %q", b.m.detail.row.ID)
	}
	b.press("1")
	wantIn(t, b.screen(), "↻ 22:41:08.120 POST /hooks?access_token=••••••••, edited", "sent to")
	b.press("[", "esc", "down", "enter")
	wantIn(t, b.screen(), "nothing has been noted") // the tab stays
	b.press("6")
	wantIn(t, b.screen(), "2 messages", "+20 ms", "tick", "two")
	b.goTo("tick")
	b.press("enter")
	wantIn(t, b.screen(), `"n": 1`)
	b.press("esc")
	wantNotIn(t, b.screen(), `"n": 1`)
}

// A replay is in the tab of replays as soon as it is in the list.
func TestReplaysComeToTheirTab(t *testing.T) {
	b := newBench(t, 80, 24)
	b.put(hook(1))
	b.press("enter", "7")
	wantIn(t, b.screen(), "no replays: this request has not been sent again")
	b.press("r")
	b.sync()
	wantIn(t, b.screen(), "original", "↻ replay", "same body")
	b.now = b.now.Add(10 * time.Second) // the toast has gone
	b.send(beat{b.f.Status()})
	wantNotIn(t, b.screen(), "enter open")
	b.goTo("↻ replay")
	wantIn(t, b.screen(), "enter open")
}

// What passed after an upgrade is frames: the overview says where to read them.
func TestOverviewOfAWebSocket(t *testing.T) {
	b := newBench(t, 80, 30)
	x := exchange(1, "GET", "/live", 101, "Switching Protocols")
	x.Upgraded = true
	setBody(&x.Response.Message, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n", "\x81\x05hello")
	b.put(x)
	b.press("enter")
	wantIn(t, b.screen(), "said", "27 B by the client, 7 B by the service: see the tab messages")
	wantNotIn(t, b.screen(), "\\x81")
	b.press("6")
	wantIn(t, b.screen(), "hello")
}

// The tab of a replay that has been sent again has what came of that, too, compared with the replay.
func TestReplayOfAReplayIsInItsTab(t *testing.T) {
	b := newBench(t, 100, 30)
	edited, sibling, again := hook(2), hook(3), hook(4)
	edited.ReplayOf, edited.Edited, sibling.ReplayOf, again.ReplayOf = hook(1).ID, true, hook(1).ID, edited.ID
	for _, x := range []*inspect.Exchange{edited, again} {
		setBody(&x.Response.Message, string(x.Response.Head), "no")
	}
	b.put(hook(1), edited, sibling, again)
	b.m.layout.size = detailOnly
	b.press("g", "down", "enter", "7")
	wantIn(t, b.screen(), "original", "› 22:41:09.120  ↻ replay  200 OK in 12 ms · 1 line differs · edited", "22:41:10.120  ↻ replay", "22:41:11.120  ↻ of this 200 OK in 12 ms · same body")
}

func TestVerdictIsShown(t *testing.T) {
	b := newBench(t, 80, 30)
	b.f.verdict = inspect.Verdict{Provider: "github", State: inspect.NoSecret, Text: "adit config add-webhook-secret github"}
	b.put(hook(1))
	b.press("enter")
	wantIn(t, b.screen(), "signature", "no secret (github): adit config")
}

func TestSecretsAreShownForAWhile(t *testing.T) {
	b := newBench(t, 80, 30)
	b.put(hook(1))
	b.press("enter")
	for _, tab := range []string{"1", "2", "4"} {
		b.press(tab)
		wantNotIn(t, b.screen(), "hunter2", "Bearer abc", "tok123")
	}
	b.press("2", ".")
	wantIn(t, b.screen(), "hunter2", "Bearer abc", "tok123", "secrets shown for 10 s")
	b.now = b.now.Add(10 * time.Second)
	b.send(beat{b.f.Status()})
	b.fill()
	wantNotIn(t, b.screen(), "hunter2", "Bearer abc", "secrets shown")
	b.m.maskPaths, _ = inspect.ParseJSONPaths([]string{"$.user.name"})
	for _, tab := range []string{"1", "4", "2"} {
		b.press(tab)
		wantNotIn(t, b.screen(), "Zoe")
	}
	b.m.maskAll = true
	b.press("3", "2", ".")
	wantNotIn(t, b.screen(), "hunter2", "Zoe", "push")
	wantIn(t, b.screen(), "everything stays masked")
}

func TestThingUnderTheCursor(t *testing.T) {
	b := newBench(t, 100, 30)
	b.put(hook(1), exchange(2, "GET", "/other", 200, "OK"))
	b.press("up", "up", "enter", "2")
	for line, want := range map[string]string{
		"X-GitHub-Event":   "header.x-github-event push ",
		`"name"`:           "body.$.user.name Zoe $.user.name",
		`"id": 8`:          "body.$.items[1].id 8 $.items[1].id",
		`"items"`:          ` [{"id": 7},{"id": 8}] $.items`,
		"Authorization":    "header.authorization Bearer abc ",
		`"password"`:       "body.$.user.password •••••••• $.user.password",
		"POST /hooks":      " POST /hooks?access_token=tok123 HTTP/1.1 ",
		`application/json`: " ",
	} {
		b.press("g")
		if b.goTo(line); line == "application/json" {
			continue
		}
		thing, ok := b.m.thing()
		if got := thing.Key + " " + thing.Value + " " + thing.Path; !ok || got != want {
			t.Errorf("%s: %q, want %q", line, got, want)
		}
	}
	b.press("1")
	for line, want := range map[string]string{"outcome": "status 200", "client": "ip 203.0.113.9", "host": "host otter.tunnel.example.com"} {
		b.press("g")
		b.goTo(line)
		if thing, ok := b.m.thing(); !ok || thing.Key+" "+thing.Value != want {
			t.Errorf("%s: %s %s", line, thing.Key, thing.Value)
		}
	}
	b.press("2")
	b.goTo(`"password"`)
	b.press("f")
	wantIn(t, b.screen(), "this value is masked")
	b.press("g")
	b.goTo(`"id": 8`)
	if b.press("y"); strings.Count(b.frame(), "value under the cursor") != 1 {
		t.Errorf("the menu has a choice twice:\n%s", b.frame())
	}
	b.press("P")
	if b.f.pasted != "$.items[1].id" {
		t.Errorf("copied %q", b.f.pasted)
	}
	b.press("f")
	if got := b.m.prompt.filter.String(); got != `body.$.items[1].id:=8` {
		t.Errorf("the filter is %s", got)
	}
}

// What is masked on a line is not copied from it either, until it is shown.
func TestMaskedIsNotCopied(t *testing.T) {
	b := newBench(t, 100, 40)
	stream := exchange(2, "GET", "/events", 200, "OK")
	setBody(&stream.Response.Message, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n", "data: {\"token\":\"tok123\"}\n\n")
	b.put(hook(1), stream)
	for _, c := range []struct{ row, tab, line, want string }{
		{"g", "1", "POST /hooks", "POST /hooks?access_token=tok123"},
		{"g", "2", "POST /hooks", "POST /hooks?access_token=tok123 HTTP/1.1"},
		{"G", "6", `{"token":`, `{"token":"tok123"}`},
	} {
		b.f.pasted = ""
		b.press("esc", "esc", c.row, "enter", c.tab)
		b.goTo(c.line)
		b.press("y", "v")
		wantIn(t, b.screen(), "this value is masked")
		b.press(".", "y", "v", ".")
		if b.f.pasted != c.want {
			t.Errorf("tab %s: copied %q, want %q", c.tab, b.f.pasted, c.want)
		}
	}
}

func TestFindInTab(t *testing.T) {
	b := newBench(t, 80, 24)
	x := exchange(1, "GET", "/text", 200, "OK")
	setBody(&x.Response.Message, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n", strings.Repeat("nothing\n", 100)+"A Needle, and a needle\n"+strings.Repeat("nothing\n", 100)+"NEEDLE")
	b.put(x)
	b.press("enter", "3", "/")
	b.write("needle")
	wantIn(t, b.screen(), "find needle", "1 of 3", "A Needle, and a needle")
	if lines := b.m.viewDetail(); !strings.Contains(strings.Join(lines, "\n"), "\x1b[7m") {
		t.Error("what was found does not stand out")
	}
	b.press("enter", "n", "n")
	if b.under() != "NEEDLE" {
		t.Errorf("the cursor is on %q", b.under())
	}
	wantIn(t, b.screen(), "3 of 3")
	b.press("n")
	wantIn(t, b.screen(), "1 of 3")
	b.press("N")
	wantIn(t, b.screen(), "3 of 3")
	b.press("esc")
	wantNotIn(t, b.screen(), "of 3")
	b.press("/")
	b.write("zzz")
	wantIn(t, b.screen(), "not found")
	b.press("esc")
	if b.under() != "NEEDLE" || b.m.detail.find.text != "" {
		t.Errorf("after a search that was put away the cursor is on %q", b.under())
	}
}

func TestJSONPath(t *testing.T) {
	b := newBench(t, 80, 24)
	b.put(hook(1))
	b.press("enter", "2", "|")
	b.write("$.items[*].id")
	b.press("enter")
	wantIn(t, b.screen(), "2 values at $.items[*].id", "7\n", "8\n")
	wantNotIn(t, b.screen(), "Authorization")
	b.press("|", "ctrl+u")
	b.write("items")
	b.press("enter")
	wantIn(t, b.screen(), "a path within JSON looks like")
	b.press("esc", "esc")
	wantIn(t, b.screen(), "Authorization")
	b.press("|")
	b.write("$.user.password")
	b.press("enter")
	wantIn(t, b.screen(), "1 value at", "••••")
	wantNotIn(t, b.screen(), "hunter2")
}

// endless is content that is not in memory: numbered lines of 16 bytes.
type endless struct {
	size int64
	read int64 // bytes that were read
}

func (l *endless) ReadAt(p []byte, at int64) (int, error) {
	n := 0
	for n < len(p) && at < l.size {
		line := []byte("line 0000000000\n")
		for i, number := 14, at/16; number > 0; i, number = i-1, number/10 {
			line[i] += byte(number % 10)
		}
		c := copy(p[n:], line[at%16:])
		n, at = n+c, at+int64(c)
	}
	l.read += int64(n)
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (l *endless) Size() int64  { return l.size }
func (l *endless) Close() error { return nil }

// Of a large body only what is near the screen is read, wherever one goes.
func TestLargeBody(t *testing.T) {
	b := newBench(t, 80, 24)
	content := &endless{size: 20 << 20}
	x := exchange(1, "GET", "/large", 200, "OK")
	setBody(&x.Response.Message, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n", strings.Repeat("line 0000000000\n", 1<<16))
	x.Response.Kept, x.Response.Size = content.size, content.size
	b.f.content = content
	b.put(x)
	b.press("enter", "3")
	wantIn(t, b.screen(), "20 MiB", "line 0000000000", "0%")
	b.press("G")
	wantIn(t, b.screen(), "line 0001310719", "100%")
	for range 500 {
		b.press("pgup")
	}
	wantNotIn(t, b.screen(), "line 0001310719")
	if got := len(b.m.detail.doc.lines); got > 6*chunkBytes/16 {
		t.Errorf("%d lines are kept", got)
	}
	if content.read > 8<<20 {
		t.Errorf("%d bytes were read", content.read)
	}
	b.press("g")
	wantIn(t, b.screen(), "HTTP/1.1 200 OK", "0%")
	seen := 0
	for range 500 { // every line comes once, across chunks
		b.press("pgdown")
		var n int
		if _, err := fmt.Sscanf(b.under(), "line %d", &n); err != nil || n <= seen || n > seen+30 {
			t.Fatalf("after line %d comes %q", seen, b.under())
		}
		seen = n
	}
	b.press("/")
	b.write("LINE 0000600000")
	b.press("enter")
	if b.under() != "line 0000600000" {
		t.Errorf("the search has come to %q", b.under())
	}
	b.press("/", "ctrl+u")
	b.write("line 0000000001")
	b.press("enter")
	wantIn(t, b.screen(), "not found from here on, n begins anew")
	b.press("n")
	if b.under() != "line 0000000001" {
		t.Errorf("the search from the beginning has come to %q", b.under())
	}
	wantNotIn(t, b.screen(), "begins anew")
	b.press("/", "ctrl+u")
	b.write("line 0000600000")
	ended := b.send(keyOf("enter"))
	b.press("esc")
	again := b.send(keyOf("n"))
	b.run(ended) // what was ended says nothing of the one that has begun since
	wantIn(t, b.screen(), "searching on …")
	if b.run(again); b.under() != "line 0000600000" {
		t.Errorf("the search that has begun again has come to %q", b.under())
	}
}

func TestUnwrapped(t *testing.T) {
	b := newBench(t, 80, 24)
	x := exchange(1, "GET", "/long", 200, "OK")
	setBody(&x.Response.Message, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n", strings.Repeat("0123456789", 30)+"END")
	b.put(x)
	b.press("enter", "3")
	wantIn(t, b.screen(), "END")
	b.press("W")
	wantNotIn(t, b.screen(), "END")
	for range 7 {
		b.press("l")
	}
	wantIn(t, b.screen(), "END", "→ 280")
	b.press("h", "W")
	wantIn(t, b.screen(), "END")
	b.press("2", "W", "l")
	wantIn(t, b.screen(), "GET /long", "nothing is beside these lines")
}

func TestDiffRules(t *testing.T) {
	b := newBench(t, 100, 30)
	was, now := hook(1), hook(2)
	now.ReplayOf = was.ID
	setBody(&was.Response.Message, "HTTP/1.1 200 OK\r\n\r\n", `{"id":1,"ok":true,"token":"aaa"}`)
	setBody(&now.Response.Message, "HTTP/1.1 200 OK\r\n\r\n", `{"id":2,"ok":true,"token":"bbb"}`)
	shelf := b.keeping()
	b.put(was, now)
	b.press("up", "enter", "8")
	wantIn(t, b.screen(), "2 values differ", "- $.id 1", "+ $.id 2", "- $.token ••••")
	b.goTo("+ $.id")
	wantIn(t, b.screen(), "esc back", "I ignore")
	if thing, _ := b.m.thing(); thing.Key != "body.$.id" || thing.Value != "2" || thing.Path != "$.id" {
		t.Errorf("%+v", thing)
	}
	b.press("I")
	if fmt.Sprint(shelf.memos) != "[$.id]" {
		t.Errorf("rules: %q", shelf.memos)
	}
	wantIn(t, b.screen(), "1 value differs", "$.id 2  (left out)", "$.id is left out from now on")
	b.goTo("+ $.id")
	b.press("I")
	wantIn(t, b.screen(), "2 values differ", "$.id is compared again")
	if len(shelf.memos) > 0 {
		t.Errorf("rules: %q", shelf.memos)
	}
}

// What the pager gets is safe for the terminal, whole, and without secrets.
func TestBodyInPager(t *testing.T) {
	t.Setenv("PAGER", "a-pager -x")
	b := newBench(t, 80, 24)
	var ran *exec.Cmd
	var got bytes.Buffer
	b.m.work.exec = func(cmd *exec.Cmd, done func(error) tea.Msg) tea.Cmd {
		return func() tea.Msg {
			ran = cmd
			_, err := io.Copy(&got, cmd.Stdin)
			return done(err)
		}
	}
	x := hook(1)
	setBody(&x.Response.Message, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n", "one\x1b[2J\ttwo\r\npassword=hunter2\n\nend")
	b.put(x)
	b.press("enter", "b")
	if ran == nil || strings.Join(ran.Args, " ") != "a-pager -x" {
		t.Fatalf("%v has run", ran)
	}
	if want := "one\\x1b[2J two\npassword=••••••••\n\nend"; got.String() != want {
		t.Errorf("the pager got %q, want %q", got.String(), want)
	}
	b.m.maskPaths, _ = inspect.ParseJSONPaths([]string{"$.user.name"})
	ran = nil
	if b.press("2", "b"); ran != nil {
		t.Errorf("%v has run with values that are masked", ran)
	}
	wantIn(t, b.screen(), "values within this JSON are masked")
	x.Response.Kept, x.Request.Kept = 0, 0
	b.press("3", "b")
	wantIn(t, b.screen(), "the body cannot be shown: there is none")
}

// Whatever was captured, each tab fits and holds nothing that a terminal acts on, wrapped or not, masked or not.
func TestHostileTabs(t *testing.T) {
	for _, size := range [][2]int{{30, 8}, {80, 24}, {160, 40}} {
		b := newBench(t, size[0], size[1])
		b.putHostile()
		again := *b.f.items[0].Exchange
		again.ID, again.ReplayOf, again.Start = "again", b.f.items[0].ID, start.Add(time.Hour)
		again.Request.Body, again.To = []byte("other "+evil), "http://"+evil
		b.put(&again)
		b.press("up", "enter")
		for tab := range pane.Tabs {
			b.press(strconv.Itoa(tab + 1))
			for _, key := range []string{"j", "W", "l", ".", "W", "G"} {
				b.press(key)
				b.lines(size[0], size[1])
			}
		}
	}
}
