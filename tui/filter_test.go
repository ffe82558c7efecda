package tui

import (
	"strings"
	"testing"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/ansi"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/tui/pane"
)

// yesterday is exchanges of an earlier run.
func yesterday(n int) (items []inspect.Item) {
	for i := range n {
		x := exchange(i, "GET", "/yesterday", 200, "OK")
		x.ID = inspect.ID("old-" + x.ID)
		items = append(items, inspect.Item{Seq: uint64(i + 1), Committed: true, Exchange: x})
	}
	return items
}

// write types text and runs what each key asks for.
func (b *bench) write(text string) {
	b.t.Helper()
	for _, r := range text {
		b.press(string(r))
	}
}

func TestFilterFollowsWhatIsTyped(t *testing.T) {
	b := newBench(t, 100, 30)
	b.f.earlier = yesterday(3)
	b.put(exchange(1, "POST", "/a", 200, "OK"), exchange(2, "GET", "/b", 500, "Internal Server Error"))
	wantNotIn(t, b.frame(), "/yesterday")

	b.press("/")
	wantIn(t, ansi.Strip(b.frame()), "/for example: stripe status:5xx")
	b.write("status:5")
	wantIn(t, b.frame(), "status:5", "a status is a number", "POST", "/b") // what was listed before stays meanwhile
	if lines := strings.Split(b.frame(), "\n"); strings.Index(ansi.Strip(lines[28]), "^") != len("/status:") {
		t.Errorf("the caret is in %q", lines[28])
	}
	b.write("xx")
	wantNotIn(t, b.frame(), "a status is", "  /a ")
	wantIn(t, b.frame(), "/b", "1 of 2 match status:5xx")
	b.put(exchange(3, "GET", "/late", 502, "Bad Gateway"), exchange(4, "GET", "/fine", 200, "OK"))
	wantIn(t, b.frame(), "/late", "2 of 4 match")
	wantNotIn(t, b.frame(), "/fine")

	b.press("ctrl+u")
	b.write("path:=/yesterday")
	wantIn(t, b.frame(), "0 of 4, 3 earlier match", "GET     /yesterday")
	b.press("enter", "r")
	if got := b.f.replays; len(got) != 1 || got[0] != "old-018f-0002" {
		t.Errorf("replayed %v", got)
	}

	b.press("esc")
	b.sync()
	wantIn(t, b.frame(), "/a", "/fine")
	wantNotIn(t, b.frame(), "match", "old")
}

// A caret below a filter of which only a part is seen would point elsewhere: the place is counted instead.
func TestFilterMistakeOutOfSight(t *testing.T) {
	b := newBench(t, 40, 24)
	b.press("/")
	b.write("日本語 stauts:5")
	if lines := strings.Split(b.frame(), "\n"); strings.Index(ansi.Strip(lines[22]), "^") != len("/日本語 ")-3 {
		t.Errorf("the caret is in %q", lines[22])
	}
	b.write(strings.Repeat(" path:/a", 5))
	wantIn(t, b.frame(), "filter, character 5: there is no stauts:")
	wantNotIn(t, b.frame(), "^")
}

func TestFilterCancelled(t *testing.T) {
	b := newBench(t, 100, 30)
	b.put(exchange(1, "POST", "/a", 200, "OK"), exchange(2, "GET", "/b", 500, "Internal Server Error"))
	b.press("/")
	b.write("method:post")
	b.press("enter", "/")
	b.write(" nothing")
	wantIn(t, b.frame(), "Nothing matches the filter")
	b.press("esc")
	wantIn(t, b.frame(), "1 of 2 match method:post", "/a")
	b.press("/")
	b.write(" (")
	b.press("enter")
	wantIn(t, b.frame(), "method:post (", "missing at the end") // it cannot be kept
	b.press("esc")
	wantIn(t, b.frame(), "1 of 2 match method:post")
}

// A word that only a row's label has selects the row while it comes, too.
func TestFilterKnowsLabels(t *testing.T) {
	b := newBench(t, 100, 30)
	b.put(exchange(0, "POST", "/other", 200, "OK"))
	b.press("/")
	b.write("amazon")
	b.press("enter")
	x := exchange(1, "POST", "/topic", 200, "OK")
	x.Request.Head = []byte("POST /topic HTTP/1.1\r\nX-Amz-Sns-Message-Type: Notification\r\n\r\n")
	b.put(x)
	wantIn(t, b.frame(), "/topic", "1 of 2 match")
}

// Pasted text is one filter, and none of its letters is a key.
func TestFilterPasted(t *testing.T) {
	b := newBench(t, 100, 30)
	b.put(exchange(1, "POST", "/a", 200, "OK"), exchange(2, "GET", "/b", 500, "Internal Server Error"))
	b.press("/")
	if cmd := b.send(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune("path:/b quit"), Paste: true}); cmd != nil {
		b.send(cmd())
	}
	wantIn(t, b.frame(), "path:/b quit", "Nothing matches")
	b.press("q")
	wantIn(t, b.frame(), "path:/b quitq")
}

// A row that has passed and passes no longer leaves the list, but not under the person's hands.
func TestFilterLetsRowsGo(t *testing.T) {
	b := newBench(t, 100, 30)
	b.press("/")
	b.write("status:pending")
	b.press("enter")
	for i, path := range []string{"/first", "/second"} {
		x := exchange(i, "GET", path, 0, "")
		x.State, x.Response = inspect.Pending, nil
		b.put(x)
	}
	wantIn(t, b.frame(), "/first", "/second", "2 of 2 match")
	b.press("up")
	b.put(exchange(0, "GET", "/first", 200, "OK"), exchange(1, "GET", "/second", 200, "OK"))
	wantNotIn(t, b.frame(), "/first")
	wantIn(t, b.frame(), "/second")
}

func TestOlderRunsAreAboveTheFirstRow(t *testing.T) {
	b := newBench(t, 100, 30)
	b.f.earlier = yesterday(5)
	b.put(exchange(1, "GET", "/today", 200, "OK"))
	wantNotIn(t, b.frame(), "/yesterday")
	b.press("up")
	wantIn(t, b.frame(), "/yesterday", "/today")
	if n := strings.Count(b.frame(), "/yesterday"); n != 5 {
		t.Errorf("%d rows of an earlier run", n)
	}
}

// Whoever starts adit again need not wait for a request to have those of earlier runs.
func TestOlderRunsOfAnEmptyList(t *testing.T) {
	b := newBench(t, 100, 30)
	b.sync()
	b.press("up")
	wantIn(t, b.screen(), "earlier runs have left no request either", "No request yet")
	b = newBench(t, 100, 30)
	b.f.earlier = yesterday(5)
	b.sync()
	wantIn(t, b.screen(), "↑ ↓ earlier")
	b.press("up", "up")
	wantIn(t, b.screen(), "/yesterday", "↑ ↓ select")
	if b.selected() == "" {
		t.Error("nothing is selected")
	}
}

// What is not on the disk yet is dim, where there is a disk; what does not get there within a second says so, but not before: each row would flicker.
func TestRowsAreDimUntilCommitted(t *testing.T) {
	const word = "○ not on the disk"
	b := newBench(t, 100, 30)
	b.onFullDisk()
	x := exchange(1, "GET", "/a", 200, "OK")
	b.now = x.Start.Add(x.Duration)
	b.put(x)
	row := func() string { return b.m.table().Row(b.m.rows.row(0), pane.Mark{}, b.m.now) }
	if dim := row(); !strings.Contains(dim, "\x1b[2m") || strings.Count(dim, "\x1b[") != 2 || strings.Contains(dim, word) {
		t.Errorf("not committed: %q", dim)
	}
	b.second()
	b.second()
	wantIn(t, b.screen(), "/a "+word)
	b.f.unkept = false
	b.put(x)
	if kept := row(); strings.Contains(kept, "\x1b[2mGET") || strings.Contains(kept, word) {
		t.Errorf("committed: %q", kept)
	}
}
