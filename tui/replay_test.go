package tui

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/ansi"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/tui/pane"
)

// says is a response of JSON.
func says(x *inspect.Exchange, status int, body string) *inspect.Exchange {
	n := int64(len(body))
	x.Response = &inspect.Response{Status: status, Reason: "Fine", Message: inspect.Message{
		Head: []byte("HTTP/1.1 200 Fine\r\nContent-Type: application/json\r\n\r\n"), Body: []byte(body), Kept: n, Size: n, Whole: true,
	}}
	return x
}

func TestReplaySaysHowItCompares(t *testing.T) {
	for _, c := range []struct {
		name   string
		answer func(int, *inspect.Exchange)
		refuse error
		rule   string
		want   string
	}{
		{name: "same", want: "replayed → 200 OK in 12 ms, same body"},
		{name: "status", answer: func(_ int, x *inspect.Exchange) { says(x, 500, `{"id":1}`) }, want: "replayed → 500 Fine in 12 ms, status 200 → 500"},
		{name: "values", answer: func(_ int, x *inspect.Exchange) { says(x, 200, `{"id":2,"at":3}`) }, want: ", 2 values differ"},
		{name: "a rule", rule: "$.id", answer: func(_ int, x *inspect.Exchange) { says(x, 200, `{"id":2,"at":1}`) }, want: ", same body"},
		{name: "failure", answer: func(_ int, x *inspect.Exchange) { *x = *failedAs(x) }, want: "replay failed: nothing listens on localhost:8000"},
		{name: "refused", refuse: &inspect.Failure{Text: "the request was not kept whole.", Remedy: "\x1b[2JNone."}, want: "replay failed: the request was not kept whole."},
	} {
		t.Run(c.name, func(t *testing.T) {
			x := says(exchange(1, "POST", "/hook", 200, "OK"), 200, `{"id":1,"at":1}`)
			x.Response.Reason = "OK"
			k := newKept(t, 120, 24, x)
			k.answer, k.refuse = c.answer, c.refuse
			if c.rule != "" {
				if err := k.AddMemo(t.Context(), inspect.DiffIgnores, c.rule); err != nil {
					t.Fatal(err)
				}
			}
			k.press("r")
			wantIn(t, k.frame(), c.want)
		})
	}
}

// failedAs makes x one that was not answered.
func failedAs(x *inspect.Exchange) *inspect.Exchange {
	f := failed(1, x.Request.Method, x.Request.Target)
	f.ID, f.ReplayOf = x.ID, x.ReplayOf
	return f
}

// Marked requests are one run: it tells how far it is while keys work, and ends in a table of which enter opens a difference.
func TestReplayOfMarkedRequests(t *testing.T) {
	k := newKept(t, 120, 30, exchange(1, "GET", "/a", 200, "OK"), exchange(2, "GET", "/b", 200, "OK"), exchange(3, "GET", "/c", 200, "OK"))
	k.answer = func(n int, x *inspect.Exchange) {
		if n == 2 {
			says(x, 500, `{}`)
		}
	}
	k.press("*")
	batch := k.send(keyOf("r"))().(tea.BatchMsg)
	wantIn(t, k.frame(), "░░░ replaying 1 of 3 — esc stops")
	k.press("g")
	batch[0]()
	k.run(batch[1])
	k.sync()
	wantIn(t, ansi.Strip(k.frame()), "Replayed 3 requests: 2 passed, 1 differs, 0 failed", "differs  GET /b", "200 OK → 500 Fine", "passed   GET /c")
	k.press("enter")
	if d := &k.m.detail; d.row.ID != "replay-2" || d.tab != pane.Diff {
		t.Errorf("%q is open at tab %d", d.row.ID, d.tab)
	}
	wantIn(t, ansi.Strip(k.frame()), "500")
	k.press("T", "esc")
	wantNotIn(t, k.frame(), "Replayed 3 requests")
}

// esc stops a run: nothing more is sent, and the table says how much was not.
func TestRunStops(t *testing.T) {
	k := newKept(t, 120, 30, exchange(1, "GET", "/a", 200, "OK"), exchange(2, "GET", "/b", 200, "OK"))
	k.press("*")
	under, goOn := make(chan struct{}), make(chan struct{})
	k.answer = func(int, *inspect.Exchange) {
		under <- struct{}{}
		<-goOn
	}
	batch := k.send(keyOf("r"))().(tea.BatchMsg)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		batch[0]()
	}()
	<-under
	k.press("r")
	wantIn(t, k.frame(), "replaying 1 of 2 — esc stops")
	k.press("esc")
	wantIn(t, k.frame(), "replaying 1 of 2 — stopping")
	close(goOn)
	<-ended
	k.run(batch[1])
	wantIn(t, k.frame(), "1 passed, 0 differ, 0 failed, 1 not sent")
	if len(k.sent) != 1 {
		t.Errorf("%d were sent", len(k.sent))
	}
}

// A long table has pages, and keys that go from one answer that is another to the next.
func TestLongTable(t *testing.T) {
	k := newKept(t, 100, 20, exchange(1, "GET", "/a", 200, "OK"))
	k.answer = func(n int, x *inspect.Exchange) {
		if n == 30 || n == 70 {
			says(x, 500, fmt.Sprintf(`{"n":%d}`, n))
		}
	}
	k.press("R", "tab", "ctrl+u")
	k.write("100")
	k.press("enter")
	at := func() int { return k.m.top().(*runSheet).at + 1 }
	for _, c := range []struct {
		key string
		at  int
	}{{"n", 70}, {"n", 70}, {"N", 30}, {"N", 30}, {"g", 1}, {"pgdown", 16}, {"pgup", 1}, {"G", 100}, {"ctrl+u", 85}, {"N", 70}} {
		k.press(c.key)
		if at() != c.at {
			t.Errorf("%s has gone to %d, not to %d", c.key, at(), c.at)
		}
	}
	wantIn(t, ansi.Strip(k.frame()), "› differs  GET /a")
	k.press("g", "N")
	wantIn(t, k.frame(), "no further one that has not passed")
}

// A panic within a run ends the dashboard as one of its own would.
func TestPanicInARun(t *testing.T) {
	k := newKept(t, 120, 30, exchange(1, "GET", "/a", 200, "OK"))
	k.answer = func(int, *inspect.Exchange) { panic("boom") }
	batch := k.send(keyOf("r"))().(tea.BatchMsg)
	batch[0]()
	if msg, ok := batch[1]().(*PanicError); !ok || msg.Value != "boom" {
		t.Errorf("%v", msg)
	}
}

// A signature that is the secret itself says nothing of what is missing.
func TestWhatCannotBeSignedSaysWhy(t *testing.T) {
	k := newKept(t, 100, 24, exchange(1, "POST", "/hook", 200, "OK"))
	k.verdict = inspect.Verdict{Provider: "gitlab", State: inspect.Valid}
	k.press("R")
	wantIn(t, ansi.Strip(k.frame()), "no: gitlab's signature cannot be made here")
}

// Why something was not sent is told in the table, and in full when it is opened.
func TestRunOfWhatCannotBeSent(t *testing.T) {
	k := newKept(t, 80, 24, exchange(1, "GET", "/live", 101, "Switching Protocols"), exchange(2, "GET", "/live", 101, "Switching Protocols"))
	k.refuse = errors.New("it is not enough to replay it (what followed an upgrade cannot be sent again)")
	k.press("*", "r")
	wantIn(t, k.screen(), "not sent GET /live", " it is not enough to replay it")
	wantNotIn(t, k.screen(), "→")
	k.press("enter")
	wantIn(t, k.screen(), "not sent: it is not enough to replay it (what followed an upgrade cannot")
}

func TestReplayWithOptions(t *testing.T) {
	k := newKept(t, 100, 24, exchange(1, "POST", "/hook", 200, "OK"))
	k.verdict = inspect.Verdict{Provider: "stripe", State: inspect.NoSecret, Text: "name it"}
	k.press("R")
	wantIn(t, ansi.Strip(k.frame()), "Replay POST /hook", "no: no secret (stripe): name it", "its own local service")
	k.refuse = &inspect.EditError{Key: "to", Text: "\"x y\" is no address"}
	k.write("x y")
	k.press("tab")
	k.write("0")
	k.press("enter")
	wantIn(t, k.frame(), "a number from 1 on, not \"0\"")
	k.press("ctrl+u")
	k.write("2")
	k.press("enter")
	wantIn(t, k.frame(), "\"x y\" is no address")
	k.refuse = nil
	k.press("ctrl+u")
	k.write("3000")
	k.press("tab", "tab", "tab", " ", "enter")
	if got := k.lastSent(); len(k.sent) != 2 || got.To != "3000" || !got.DropCookies || got.Resign {
		t.Errorf("%d sent, the last one %+v", len(k.sent), got)
	}
	wantIn(t, k.frame(), "2 passed")
	k.press("esc", "R")
	wantIn(t, ansi.Strip(k.frame()), "3000", "without cookies [x]")
	k.verdict.CanSign = true
	k.press("esc", "R", "tab", "tab", "tab", "tab", " ", "enter")
	if got := k.lastSent(); !got.Resign {
		t.Errorf("%+v", got)
	}
}

// Of several requests the first may be one that cannot be sent: the others are, and the table says which was not.
func TestOptionsOfMarkedRequests(t *testing.T) {
	k := newKept(t, 100, 24, exchange(1, "GET", "/a", 200, "OK"), exchange(2, "POST", "/b", 200, "OK"))
	k.refuse = &inspect.EditError{Key: "resign", Text: "it is not signed"}
	k.press("*", "R", "enter")
	wantIn(t, k.frame(), "Replayed 2 requests: 0 passed, 0 differ, 2 failed", "it is not signed")
	k.press("esc", "R")
	k.refuse = &inspect.EditError{Key: "to", Text: "\"x\" is no address"}
	k.press("enter")
	wantIn(t, k.frame(), "\"x\" is no address")
}

// What is edited is shown as it will be sent, kept as a draft until it is, and never lost.
func TestEditAndSend(t *testing.T) {
	k := newKept(t, 100, 30, exchange(1, "POST", "/hook?a=1", 200, "OK"))
	k.press("e", "p", "ctrl+u")
	k.write("hook")
	k.press("enter")
	wantIn(t, k.frame(), "a path begins with /")
	k.press("ctrl+u")
	k.write("/other")
	k.press("enter")
	wantIn(t, ansi.Strip(k.frame()), "This is sent to http://localhost:8000", "POST /other HTTP/1.1")
	k.refuse = &inspect.EditError{Key: "target", Text: "is wrong"}
	k.press("e", "b")
	wantIn(t, k.frame(), "Edit the body", `{"event":"push","number":1}`)
	k.press("enter")
	k.write("more")
	k.press("ctrl+s")
	wantIn(t, k.frame(), "It cannot be sent, target: is wrong", "send what you have edited")
	k.refuse = nil
	k.press("s")
	wantIn(t, k.frame(), "Content-Length: 32", "with 32 B of content", "more")
	k.press("esc", "e", "s", "enter")
	e := k.lastSent().Edit
	if e == nil || e.Target != "/other" || e.Method != "POST" || string(e.Body) != "{\"event\":\"push\",\"number\":1}\nmore" || len(e.Fields) != 3 {
		t.Errorf("sent %+v", e)
	}
	if len(k.m.drafts) != 0 {
		t.Error("the draft is still there")
	}
	k.press("E", "h")
	wantIn(t, k.frame(), "Edit the headers", "Content-Type: application/json")
	k.press("enter")
	k.write("no colon")
	k.press("ctrl+s")
	wantIn(t, k.frame(), "has no colon")
	k.press("esc")
	wantIn(t, k.frame(), "esc again drops what you typed; ctrl+s takes it", "no colon")
	k.press("esc", "E", "m", "ctrl+u")
	k.write("PUT")
	k.press("enter")
	wantIn(t, k.frame(), "kept as a draft")
	if len(k.sent) != 1 {
		t.Error("a draft was sent")
	}
	k.press("e", "s")
	wantIn(t, k.frame(), "PUT /hook?a=1 HTTP/1.1")
	k.press("e", "p", "ctrl+u")
	k.write("/" + strings.Repeat("long", 30) + "?z=last")
	k.press("enter")
	wantIn(t, k.frame(), "?z=last HTTP/1.1")
}

// An edit can be signed anew, sent elsewhere and many times, like any replay, and is shown again before it is.
func TestEditWithOptions(t *testing.T) {
	k := newKept(t, 100, 30, exchange(1, "POST", "/hook", 200, "OK"))
	k.verdict = inspect.Verdict{Provider: "stripe", CanSign: true}
	k.press("e", "m", "ctrl+u")
	k.write("PUT")
	k.press("enter", "R")
	wantIn(t, k.frame(), "Send your edit of POST /hook")
	k.write("3000")
	k.press("tab")
	k.write("2")
	k.press("tab", "tab", "tab", " ", "enter")
	wantIn(t, ansi.Strip(k.frame()), "This is sent to http://localhost:3000", "2 times", "PUT /hook HTTP/1.1")
	if len(k.sent) > 0 {
		t.Error("it was sent before it was shown")
	}
	k.press("enter")
	if got := k.lastSent(); len(k.sent) != 2 || got.To != "3000" || !got.Resign || got.Edit == nil || got.Edit.Method != "PUT" {
		t.Errorf("%d sent, the last one %+v", len(k.sent), got)
	}
	if len(k.m.drafts) != 0 {
		t.Error("the draft is still there")
	}
}

// The whole request goes through the person's editor, again when there is a mistake in it.
func TestEditInEditor(t *testing.T) {
	k := newKept(t, 100, 30, exchange(1, "POST", "/hook", 200, "OK"))
	t.Setenv("VISUAL", "")
	t.Setenv("EDITOR", "some-editor --wait")
	texts := []string{"POST /mended HTTP/1.1\nno colon\n\n", "POST /mended HTTP/1.1\nHost: a\nAuthorization: Bearer s3cret\n\nbody\n"}
	var seen []string
	k.m.work.exec = func(cmd *exec.Cmd, done func(error) tea.Msg) tea.Cmd {
		return func() tea.Msg {
			path := cmd.Args[len(cmd.Args)-1]
			text, err := os.ReadFile(path)
			seen = append(seen, string(text))
			return done(errors.Join(err, os.WriteFile(path, []byte(texts[len(seen)-1]), 0o600)))
		}
	}
	k.press("e", "a")
	if len(seen) != 2 || !strings.Contains(seen[0], "POST /hook HTTP/1.1\nHost: otter") || !strings.Contains(seen[1], "Mistake: line") {
		t.Fatalf("the editor saw %q", seen)
	}
	wantIn(t, k.frame(), "POST /mended HTTP/1.1", "Bearer ••••", "body")
	k.press(".")
	wantIn(t, k.frame(), "Bearer s3cret")
	k.press("enter")
	if e := k.lastSent().Edit; e.Target != "/mended" || string(e.Body) != "body" {
		t.Errorf("sent %+v", e)
	}
	k.m.work.exec = func(_ *exec.Cmd, done func(error) tea.Msg) tea.Cmd {
		return func() tea.Msg { return done(errors.New("exit status 3")) }
	}
	k.press("e", "a")
	wantIn(t, k.frame(), "the editor failed, nothing is sent: exit status 3")
}

// A text that is longer than the screen is seen where it is typed, also after the terminal has become smaller.
func TestEditLongText(t *testing.T) {
	x := exchange(1, "POST", "/hook", 200, "OK")
	x.Request.Body = []byte(strings.Repeat("line\n", 60) + "the end")
	x.Request.Kept, x.Request.Size = int64(len(x.Request.Body)), int64(len(x.Request.Body))
	k := newKept(t, 80, 30, x)
	k.press("e", "b")
	wantIn(t, k.frame(), "Edit the body", "the end")
	k.send(tea.WindowSizeMsg{Width: 80, Height: 12})
	wantIn(t, k.frame(), "Edit the body", "the end")
}

// What has been typed is not lost by one key, and typing on takes that back; without a change the key is not in the way.
func TestEditIsNotDroppedByOneKey(t *testing.T) {
	k := newKept(t, 80, 24, exchange(1, "POST", "/hook", 200, "OK"))
	k.press("e", "b", "esc")
	wantNotIn(t, k.frame(), "Edit the body")
	k.press("e", "b", "X", "esc", "Y", "esc")
	wantIn(t, k.frame(), "again drops what you typed", "XY")
	k.press("esc")
	wantNotIn(t, k.frame(), "XY", "again drops")
}

// What typing in the dashboard would change unseen is left to an editor.
func TestEditLeavesTheUnseenToAnEditor(t *testing.T) {
	for name, change := range map[string]func(*inspect.Request){
		"b": func(r *inspect.Request) { r.Body = []byte("{\r\n\t\"a\": 1}") },
		"h": func(r *inspect.Request) { r.Head = []byte("POST / HTTP/1.1\r\nX-Odd: a\u202eb\r\n\r\n") },
		"p": func(r *inspect.Request) { r.Target = "/a\u009bb" },
	} {
		x := exchange(1, "POST", "/hook", 200, "OK")
		change(&x.Request)
		x.Request.Kept, x.Request.Size = int64(len(x.Request.Body)), int64(len(x.Request.Body))
		k := newKept(t, 120, 30, x)
		k.press("e", name)
		wantIn(t, k.frame(), "not seen", "all of it in $EDITOR")
	}
}

func TestDiffKey(t *testing.T) {
	k := newKept(t, 160, 30, exchange(1, "GET", "/a", 200, "OK"), exchange(2, "GET", "/b", 200, "OK"))
	k.press("g", " ", "G", "up", "D")
	if d := &k.m.detail; d.tab != pane.Diff || d.against != "018f-0001" || d.row.ID != "018f-0002" {
		t.Errorf("%q is compared with %q at tab %d", d.row.ID, d.against, d.tab)
	}
	wantIn(t, ansi.Strip(k.frame()), "/b")
}

func TestKeysSayWhatIsMissing(t *testing.T) {
	b := newBench(t, 100, 24)
	b.m.work.source.Replayer = nil
	b.put(exchange(1, "GET", "/a", 200, "OK"))
	for key, want := range map[string]string{
		"r": "replay is not available", "R": "replay is not available", "e": "replay is not available", "d": "nothing is kept here", "p": "nothing is kept here",
		"t": "nothing is kept here", ";": "nothing is kept here", "u": "nothing to bring back", "T": "nothing has been replayed together",
		"n": "n works in the request: the next place that was found", "Q": "Q does nothing here; ? shows the keys",
	} {
		b.m.toast = toast{}
		b.press(key)
		wantIn(t, b.frame(), want)
	}
}

// Where no request is, the keys that need one say so.
func TestKeysSayThatThereIsNoRequest(t *testing.T) {
	k := newKept(t, 100, 24)
	for _, key := range []string{"enter", "r", "R", "e", "D", "7", "f", "space", "v", "x", "X", "w", ";", "t", "p", "d", "+", "tab"} {
		k.m.toast = toast{}
		k.press(key)
		wantIn(t, k.frame(), "no request is listed")
	}
}
