package tui

import (
	"errors"
	"strings"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/adit-tunnel/adit/inspect"
)

func wantIn(t *testing.T, frame string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(frame, text) {
			t.Errorf("the screen does not show %q:\n%s", text, frame)
		}
	}
}

func wantNotIn(t *testing.T, frame string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if strings.Contains(frame, text) {
			t.Errorf("the screen shows %q:\n%s", text, frame)
		}
	}
}

func quits(cmd tea.Cmd) bool {
	if cmd == nil {
		return false
	}
	_, ok := cmd().(tea.QuitMsg)
	return ok
}

func TestOpenScrollAndGoBack(t *testing.T) {
	b := newBench(t, 80, 24)
	x := exchange(1, "POST", "/webhooks/github", 200, "OK")
	x.Request.Body = []byte(strings.Repeat("a line of text\n", 100))
	x.Request.Size = int64(len(x.Request.Body))
	b.put(x, exchange(2, "GET", "/other", 404, "Not Found"))
	b.press("up", "up", "enter")
	wantIn(t, b.frame(), "POST /webhooks/github", "200 OK in 12 ms", "203.0.113.9:51234", "application/json")
	b.press("2")
	wantIn(t, b.frame(), "Content-Type: application/json", "a line of text", "0%")
	b.press("G")
	wantIn(t, b.frame(), "100%")
	b.press("g", "j", "pgdown", "k", "pgup", "home")
	wantIn(t, b.frame(), "Content-Type: application/json", "0%")
	b.press("]")
	wantIn(t, b.frame(), "Response", "text/plain")
	b.press("q")
	wantIn(t, b.frame(), "HTTP Requests")
	if b.selected() != x.ID {
		t.Errorf("selected %q, want %q", b.selected(), x.ID)
	}
}

// On a terminal that is low, what to do about a failure is within reach.
func TestLowTerminalScrollsTheOverview(t *testing.T) {
	b := newBench(t, 40, 12)
	b.put(failed(1, "POST", "/webhooks/twilio"))
	b.press("enter")
	seen := b.frame()
	for range 20 {
		b.press("down")
		wantIn(t, b.frame(), "LOCAL_REFUSED after", "1 overview")
		seen += b.frame()
	}
	wantIn(t, seen, "Start your service", "Request", "Response")
}

func TestWithoutEndpointsNoURLIsPromised(t *testing.T) {
	b := newBench(t, 80, 24)
	st := b.f.Status()
	st.Endpoints = nil
	b.f.set(st)
	b.sync()
	wantIn(t, b.frame(), "No endpoint is started.", st.Web+"/api/tunnels")
	if strings.Contains(b.frame(), "in a moment") {
		t.Error("a URL is promised that nothing will bring")
	}
}

func TestDetailFollowsItsExchange(t *testing.T) {
	b := newBench(t, 80, 24)
	x := exchange(1, "GET", "/slow", 200, "OK")
	pending := *x
	pending.State, pending.Response = inspect.Pending, nil
	b.put(&pending)
	b.press("enter", "3")
	wantIn(t, b.frame(), "pending", "waiting for the local service")
	b.put(x)
	wantIn(t, b.frame(), "200 OK in 12 ms", "text/plain")
}

func TestReplayFromListIsLinkedAndTold(t *testing.T) {
	b := newBench(t, 80, 24)
	b.put(exchange(1, "POST", "/webhooks/github", 200, "OK"))
	sending := b.send(keyOf("r"))
	wantIn(t, b.frame(), "replaying POST /webhooks/github")
	b.run(sending)
	b.sync()
	wantIn(t, b.frame(), "replayed → 200 OK in 12 ms, same body", "↻ /webhooks/github")
	if len(b.f.replays) != 1 || b.f.replays[0] != "018f-0001" {
		t.Errorf("replayed %v", b.f.replays)
	}
	b.press("r")
	if len(b.f.replays) != 2 || b.f.replays[1] != "018f-0001" {
		t.Errorf("the second replay is of %v, want the same request again", b.f.replays)
	}
	b.press("down", "enter")
	wantIn(t, b.frame(), "replay of", "↻ 22:41:08.120 POST /webhooks/github")
}

func TestReplayFromDetail(t *testing.T) {
	b := newBench(t, 80, 24)
	b.put(exchange(1, "GET", "/a", 200, "OK"), exchange(2, "GET", "/b", 200, "OK"))
	b.press("up", "up", "enter", "r")
	if len(b.f.replays) != 1 || b.f.replays[0] != "018f-0001" {
		t.Fatalf("replayed %v", b.f.replays)
	}
	b.sync()
	wantIn(t, b.frame(), "replayed → 200 OK in 12 ms", "GET /a")
}

func TestReplayFailures(t *testing.T) {
	b := newBench(t, 100, 24)
	b.put(failed(1, "GET", "/a"))
	b.press("r")
	b.sync()
	wantIn(t, b.frame(), "replay failed: nothing listens on localhost:8000")
	b.f.refuse = errors.New("the body was not kept\x1b[2J")
	b.press("r")
	wantIn(t, b.frame(), "replay failed: the body was not kept")
	wantNotIn(t, b.frame(), "\x1b[2J")
	b.now = b.now.Add(time.Minute)
	b.send(beat{b.f.Status()})
	wantNotIn(t, b.frame(), "replay failed")
}

func TestOpenWhatIsNoLongerKept(t *testing.T) {
	b := newBench(t, 80, 24)
	b.put(exchange(1, "GET", "/a", 200, "OK"))
	b.f.forget(1)
	b.press("enter")
	wantIn(t, b.frame(), "HTTP Requests", "no longer kept")
}

func TestOpenWhatCannotBeRead(t *testing.T) {
	b := newBench(t, 80, 24)
	b.put(exchange(1, "GET", "/a", 200, "OK"))
	b.f.broken = errors.New("disk I/O error\x1b[2J")
	for _, key := range []string{"enter", "f"} {
		b.m.toast = toast{}
		b.press(key)
		wantIn(t, b.frame(), "this request cannot be read: disk I/O error")
		wantNotIn(t, b.frame(), "\x1b[2J", "no longer kept")
	}
}

func TestQuitKeys(t *testing.T) {
	b := newBench(t, 80, 24)
	b.put(exchange(1, "GET", "/a", 200, "OK"))
	b.press("enter")
	if quits(b.send(keyOf("q"))) {
		t.Error("q quits from the detail screen")
	}
	b.press("?")
	if quits(b.send(keyOf("q"))) {
		t.Error("q quits from the help")
	}
	b.press("esc")
	if !quits(b.send(keyOf("q"))) {
		t.Error("q does not quit from the list")
	}
	for _, screen := range []string{"esc", "enter", "?"} {
		b.press(screen)
		if !quits(b.send(keyOf("ctrl+c"))) {
			t.Errorf("ctrl+c does not quit after %s", screen)
		}
	}
}

func TestReconnectNow(t *testing.T) {
	b := newBench(t, 80, 24)
	st := online()
	st.State, st.Reason, st.NextTry = inspect.Reconnecting, "connection reset by peer", start.Add(9*time.Second)
	b.f.set(st)
	b.sync()
	wantIn(t, b.frame(), "reconnecting, next try in 9 s", "connection reset by peer")
	b.now = b.now.Add(8500 * time.Millisecond)
	b.send(beat{b.f.Status()})
	wantIn(t, b.frame(), "next try in 1 s")
	for range 100 { // it is held down
		b.press("ctrl+r")
		b.now = b.now.Add(30 * time.Millisecond)
	}
	if b.f.dials != 1 {
		t.Errorf("%d tries", b.f.dials)
	}
	b.now = b.now.Add(heldWithin)
	b.press("ctrl+r")
	if b.f.dials != 2 {
		t.Errorf("%d tries after it has been let go", b.f.dials)
	}
}

func TestPastedTextIsNoKeys(t *testing.T) {
	b := newBench(t, 80, 24)
	b.put(exchange(1, "GET", "/a", 200, "OK"))
	if cmd := b.send(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune("q"), Paste: true}); cmd != nil {
		t.Error("a pasted q quits")
	}
}

func TestKeysReadAtOnce(t *testing.T) {
	b := newBench(t, 80, 24)
	for n := range 4 {
		b.put(exchange(n, "GET", "/a", 200, "OK"))
	}
	b.send(keyOf("kkk"))
	if b.selected() != "018f-0001" {
		t.Errorf("selected %q after kkk", b.selected())
	}
	b.press("enter", "/")
	b.run(b.send(tea.KeyMsg{Type: tea.KeyEsc, Alt: true}))
	if w := b.m.where(); w != onList {
		t.Errorf("esc twice leads to %s", w)
	}
}

func TestOneReadAFrame(t *testing.T) {
	b := newBench(t, 80, 24)
	b.put(exchange(0, "GET", "/a", 200, "OK"))
	for n := range 100 {
		b.f.put(exchange(n+1, "GET", "/a", 200, "OK"))
	}
	before := b.f.reads
	b.sync()
	if got := b.f.reads - before; got != 1 {
		t.Errorf("%d reads for 100 hints", got)
	}
	if got := len(b.m.rows.rows); got != 101 {
		t.Errorf("%d rows", got)
	}
}

func TestLaggedReadsTheListAgain(t *testing.T) {
	b := newBench(t, 80, 24)
	b.put(exchange(1, "GET", "/a", 200, "OK"))
	for n := range 20 {
		b.f.put(exchange(n+2, "GET", "/b", 200, "OK"))
	}
	b.f.forget(15)
	b.m.work.feed.listed = time.Time{}
	b.sync()
	if got := len(b.m.rows.rows); got != 6 {
		t.Errorf("%d rows, want those that are kept", got)
	}
}

// Changes that were forgotten between two readings of the list are not lost to the screen: it is read again when its time has come, though
// everything since has been read and nothing else happens.
func TestForgottenChangesAreReadLater(t *testing.T) {
	b := newBench(t, 80, 24)
	for n := range 20 {
		b.f.put(exchange(n+1, "GET", "/a", 200, "OK"))
	}
	b.sync()
	b.f.put(exchange(21, "GET", "/a", 200, "OK"))
	b.f.forget(21)
	b.put(exchange(30, "GET", "/b", 200, "OK")) // lags, and the list has just been read
	b.m.work.feed.listed = time.Time{}
	b.sync()
	if got := len(b.m.rows.rows); got != 1 {
		t.Errorf("%d rows, want the one that is kept", got)
	}
}

func TestPanicInACommandEndsTheDashboard(t *testing.T) {
	b := newBench(t, 80, 24)
	cmd := safely(func() tea.Msg { panic("oops") })
	if !quits(b.send(cmd())) {
		t.Error("the dashboard goes on")
	}
	if b.m.panicked == nil || b.m.panicked.Value != "oops" || len(b.m.panicked.Stack) == 0 {
		t.Errorf("panicked: %v", b.m.panicked)
	}
}
