package tui

import (
	"errors"
	"fmt"
	"testing"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/tui/pane"
)

// A webhook arrives and is read. Its signature is old, so it is sent again with a fresh one; what differs in the answer does not matter, and is left out
// from then on: now it is the same. No secret is seen meanwhile.
func TestStoryOfAStaleSignature(t *testing.T) {
	r := newRobot(t, 120, 40)
	r.never = []string{"hunter2", "Bearer abc", "tok123"}
	r.verdict = inspect.Verdict{Provider: "github", State: inspect.Stale, Text: "signed 3 h ago", CanSign: true}
	r.answer = func(n int, x *inspect.Exchange) { says(x, 200, fmt.Sprintf(`{"id":%d,"ok":true}`, 1+n)) }
	r.arrive(says(hook(1), 200, `{"id":1,"ok":true}`))
	r.sees("/hooks?access_token=••", "200 Fine")
	r.press("enter")
	r.sees("github · push", "stale (github): signed 3 h ago")
	r.press("2")
	r.sees("X-GitHub-Event: push", "Authorization: Bearer ••••")

	r.press("R")
	r.sees("signed anew     [ ]")
	r.press("tab", "tab", "tab", "tab", " ")
	r.sees("signed anew     [x]")
	r.press("enter")
	r.sees("replayed → 200 Fine in 12 ms, 1 value differs", "↻ /hooks")
	if !r.lastSent().Resign {
		t.Error("it was not signed anew")
	}

	r.press("D")
	r.sees("answer: 1 value differs", "- $.id 1", "+ $.id 2")
	r.goTo("+ $.id")
	r.press("I")
	r.sees("$.id is left out from now on", "nothing differs that matters")
	r.press("r")
	r.sees("replayed → 200 Fine in 12 ms, same body")
	if n := r.sends(); n != 2 {
		t.Errorf("%d requests were sent", n)
	}
}

// A filter is typed and saved as a view. Ten of what it shows are marked and sent again; in the middle of it the person stops, and has a table of what
// came of it, which leads to what differs.
func TestStoryOfARunThatIsStopped(t *testing.T) {
	r := newRobot(t, 130, 40)
	for n := range 14 {
		target := fmt.Sprintf("/stripe/%02d", n)
		if n%7 == 0 {
			target = "/other"
		}
		r.arrive(exchange(n, "POST", target, 200, "OK"))
	}
	r.sees("/stripe/13")
	r.press("/")
	r.write("path:/stripe/*")
	r.sees("12 of 14 match path:/stripe/*")
	r.misses("/other")
	r.press("ctrl+s")
	r.sees("save path:/stripe/* as")
	r.write("payments")
	r.sees("saved as the view payments", "[payments 12]")

	r.press("g", "v")
	for range 9 {
		r.press("down")
	}
	r.press("v")
	r.sees("10 marked")
	fourth, goOn := make(chan struct{}), make(chan struct{})
	r.answer = func(n int, x *inspect.Exchange) {
		switch n {
		case 3:
			says(x, 500, `{}`)
		case 4:
			close(fourth)
			<-goOn
		}
	}
	r.press("r")
	r.awaits(fourth)
	r.sees("replaying 4 of 10 · 2 passed · 1 differ — esc stops")
	r.press("esc")
	close(goOn)
	r.sees("Replayed 10 requests: 3 passed, 1 differs, 0 failed, 6 not sent", "differs  POST /stripe/03", "200 OK → 500 Fine")
	r.press("enter")
	r.until(func() bool { return r.m.detail.tab == pane.Diff && r.m.detail.row.ID == "replay-3" }, "the difference is open")
	r.sees("500")
	r.press("T")
	r.sees("Replayed 10 requests")
	r.press("esc", "esc", ">")
	r.sees("/other", "[all 18]")
	if n := r.sends(); n != 4 {
		t.Errorf("%d requests were sent", n)
	}
}

// A request is edited with a mistake. It is said what is wrong, in the line and by the agent; nothing is lost, and when it is mended it is sent.
func TestStoryOfAnEditWithAMistake(t *testing.T) {
	r := newRobot(t, 100, 30)
	r.arrive(exchange(1, "POST", "/hook?a=1", 200, "OK"))
	r.sees("/hook?a=1")
	r.press("e")
	r.sees("Edit POST /hook?a=1")
	r.press("p")
	r.sees("path and query: /hook?a=1")
	r.press("ctrl+u")
	r.write("hook")
	r.sees("a path begins with /")
	r.press("ctrl+u")
	r.refusing(&inspect.EditError{Key: "target", Text: "has a fragment"})
	r.write("/mended#no")
	r.sees("It cannot be sent, target: has a fragment")
	r.refusing(nil)
	r.press("p")
	r.sees("path and query: /mended#no")
	r.press("backspace", "backspace", "backspace", "enter")
	r.sees("This is sent to http://localhost:8000", "POST /mended HTTP/1.1")
	r.press("enter")
	r.sees("replayed → 200 OK in 12 ms, same body")
	if e := r.lastSent().Edit; e == nil || e.Target != "/mended" || e.Method != "POST" {
		t.Errorf("sent %+v", e)
	}
	r.press("e")
	r.sees("Edit POST")
	r.misses("send what you have edited")
}

// A request is deleted and brought back, deleted again, and the others are purged: then they are gone from the store.
func TestStoryOfADeletion(t *testing.T) {
	r := newRobot(t, 100, 30)
	r.arrive(exchange(1, "GET", "/first", 200, "OK"), exchange(2, "GET", "/second", 404, "Not Found"), exchange(3, "GET", "/third", 404, "Not Found"))
	r.sees("/third")
	r.press("g", "d")
	r.sees("deleted 1 request: u brings back")
	r.misses("/first")
	r.press("u")
	r.sees("1 request brought back", "/first")
	r.press("g", "d")
	r.misses("/first")
	r.press(":")
	r.write("purge status:404")
	r.sees("Delete all, of earlier runs too, that match status:404?")
	r.press("y")
	r.sees("2 deleted")
	r.misses("/second", "/third")
	for id, want := range map[inspect.ID]error{"018f-0001": nil, "018f-0002": inspect.ErrNotFound, "018f-0003": inspect.ErrNotFound} {
		if _, err := r.Get(t.Context(), id); !errors.Is(err, want) { // the first one still can be brought back
			t.Errorf("%s: %v", id, err)
		}
	}
}

// Connections are called what they are when they are deleted and brought back; the open one stays.
func TestStoryOfDeletedConnections(t *testing.T) {
	r := newRobot(t, 100, 30)
	r.arrive(exchange(1, "GET", "/first", 200, "OK"), connection(2, inspect.TCP, inspect.Done, 1, 2), connection(3, inspect.TLS, inspect.Done, 1, 2), connection(4, inspect.TCP, inspect.Open, 1, 2))
	r.sees("1 B ↑ 2 B ↓")
	r.press("*", "d")
	r.sees("deleted 1 request and 2 connections: u brings back", "open")
	r.press("u")
	r.sees("1 request and 2 connections brought back", "/first")
}

// While one reads, requests come, the link breaks and is back; what one reads stays where it is.
func TestStoryOfAReaderInTheRush(t *testing.T) {
	r := newRobot(t, 160, 40)
	for n := range 30 {
		r.arrive(exchange(n, "GET", fmt.Sprintf("/page/%02d", n), 200, "OK"))
	}
	r.sees("/page/29")
	r.press("up", "up", "up", "enter", "3")
	read := r.m.detail.row.ID
	for n := range 3000 {
		r.arrive(exchange(100+n, "POST", "/rush", 200, "OK"))
	}
	r.until(func() bool { return r.m.total == 3030 }, "all have come")
	st := online()
	st.State, st.Reason = inspect.Reconnecting, "connection reset by peer"
	r.f.set(st)
	r.sees("reconnecting", "connection reset by peer")
	r.press("ctrl+r")
	r.f.set(online())
	r.misses("connection reset")
	if r.m.detail.row.ID != read || r.selected() != read {
		t.Errorf("%q is open and %q selected, want %q", r.m.detail.row.ID, r.selected(), read)
	}
	r.press("esc")
	r.sees("↓ 3000 new")
	r.press("G")
	r.misses("new")
}
