package tui

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/tui/pane"
)

// shelf keeps views and memos in memory.
type shelf struct {
	inspect.Keeper
	views []inspect.View
	memos []string
}

func (s *shelf) Keeping() inspect.Keeping                      { return inspect.Keeping{} }
func (s *shelf) Views(context.Context) ([]inspect.View, error) { return slices.Clone(s.views), nil }
func (s *shelf) Memos(context.Context, inspect.MemoList) ([]string, error) {
	return slices.Clone(s.memos), nil
}

func (s *shelf) SaveView(_ context.Context, v inspect.View) error {
	if strings.ContainsRune(v.Name, '/') {
		return &inspect.InputError{Text: "a view's name has no slash"}
	}
	s.views = append(slices.DeleteFunc(s.views, func(o inspect.View) bool { return o.Name == v.Name }), v)
	return nil
}

func (s *shelf) DeleteView(_ context.Context, name string) error {
	s.views = slices.DeleteFunc(s.views, func(o inspect.View) bool { return o.Name == name })
	return nil
}

func (s *shelf) AddMemo(_ context.Context, _ inspect.MemoList, text string) error {
	s.memos = slices.Insert(slices.DeleteFunc(s.memos, func(o string) bool { return o == text }), 0, text)
	return nil
}

func (s *shelf) DeleteMemo(_ context.Context, _ inspect.MemoList, text string) error {
	if !slices.Contains(s.memos, text) {
		return inspect.ErrNotFound
	}
	s.memos = slices.DeleteFunc(s.memos, func(o string) bool { return o == text })
	return nil
}

// keeping gives the bench a Keeper, with views.
func (b *bench) keeping(views ...inspect.View) *shelf {
	s := &shelf{views: views}
	b.m.work.source.Keeper = s
	b.second()
	return s
}

// onFullDisk gives the bench a disk that takes nothing more.
func (b *bench) onFullDisk() {
	b.f.unkept, b.m.work.feed.keeps, b.m.work.feed.keeper = true, true, &shelf{}
}

// second lets the dashboard's beat come.
func (b *bench) second() {
	b.now = b.now.Add(time.Second)
	b.m.now = b.now
	b.run(b.m.readViews())
}

// putFive records exchanges that differ in all that the list can be sorted by.
func (b *bench) putFive() {
	five := []*inspect.Exchange{
		exchange(1, "POST", "/c", 200, "OK"), exchange(2, "GET", "/a", 404, "Not Found"), exchange(3, "GET", "/e", 500, "Oops"),
		exchange(4, "PUT", "/b", 201, "Created"), failed(5, "GET", "/d"),
	}
	for n, x := range five {
		x.Duration = time.Duration((n*3)%5+1) * time.Second
		x.Request.Size = int64((n*2)%5) * 1000
	}
	b.put(five...)
}

// paths are those of the rows on the screen.
func (b *bench) paths() string {
	var paths []string
	for at := b.m.rows.first; at <= b.m.rows.bottom(); at++ {
		paths = append(paths, b.m.rows.row(at).Path)
	}
	return strings.Join(paths, "")
}

func TestOrders(t *testing.T) {
	b := newBench(t, 100, 30)
	b.putFive()
	b.press("up", "up")
	chosen := b.selected()
	for _, c := range []struct{ keys, want, header string }{
		{"op", "/a/b/c/d/e", "Path▴"},
		{"oo", "/e/d/c/b/a", "Path▾"},
		{"od", "/b/a/d/e/c", "Took▾"},
		{"os", "/e/d/a/b/c", "Size▾"},
		{"oc", "/d/e/a/b/c", "Status▾"},
		{"oa", "/c/a/e/b/d", "Time  "},
		{"oo", "/d/b/e/a/c", "Time▾"},
	} {
		for _, k := range c.keys {
			b.press(string(k))
		}
		wantIn(t, ansi.Strip(b.frame()), c.header)
		if got := b.paths(); got != c.want {
			t.Errorf("%s: %s, want %s", c.keys, got, c.want)
		}
		if b.selected() != chosen {
			t.Fatalf("%s: the selection went from %s to %s", c.keys, chosen, b.selected())
		}
	}
}

func TestClicksOnTheList(t *testing.T) {
	b := newBench(t, 100, 30)
	b.keeping(inspect.View{Name: "errors", Filter: "status:>=500"})
	b.putFive()
	b.second()
	header := strings.Split(ansi.Strip(b.frame()), "\n")[b.m.boxes.list.top+2]
	b.run(b.m.clickList(strings.Index(header, "Path"), 2))
	if got := b.paths(); got != "/a/b/c/d/e" {
		t.Errorf("a click on Path gives %s", got)
	}
	b.run(b.m.clickList(20, 4))
	if b.selected() != "018f-0004" {
		t.Errorf("a click on the second row selects %s", b.selected())
	}
	b.run(b.m.clickList(12, 1))
	wantIn(t, ansi.Strip(b.frame()), "[errors 2]", "2 of 5 match status:>=500")
}

func TestColumnsAreChosen(t *testing.T) {
	b := newBench(t, 120, 30)
	b.putFive()
	wantIn(t, ansi.Strip(b.frame()), "Took      Size")
	b.press("s", "s", "h")
	wantIn(t, ansi.Strip(b.frame()), "[ ] Size", "[x] Host")
	b.press("esc")
	wantIn(t, ansi.Strip(b.frame()), "Took  Host", "otter.tunnel.example.…")
	other := exchange(6, "GET", "/x", 200, "OK")
	other.Endpoint = "api"
	other.Request.Head = []byte("GET /x HTTP/1.1\r\nX-GitHub-Event: push\r\n\r\n")
	b.put(other)
	b.send(keyOf("end"))
	b.m.look.Width = 200
	b.m.arrange()
	wantIn(t, ansi.Strip(b.frame()), "Endpoint", "Label", "github · push") // they have something to tell now
}

func TestSignsOfWhatIsKept(t *testing.T) {
	b := newBench(t, 120, 30)
	x := exchange(1, "GET", "/a", 200, "OK")
	row := pane.RowOf(inspect.Item{Seq: 1, Exchange: x, Pinned: true, Tags: []string{"bug-42", "seen"}, Note: "look"})
	b.m.rows.put([]pane.Row{row})
	wantIn(t, ansi.Strip(b.frame()), `/a ◆ #bug-42 #seen "`)
	row.Path = strings.Repeat("/long", 50)
	if line := ansi.Strip(b.m.look.Table(0).Row(&row, pane.Mark{}, start)); !strings.Contains(line, `… ◆ # "`) {
		t.Errorf("a long path hides the signs: %q", line)
	}
}

// What is drawn over the panes masks the secrets of what it is about, too; for presenting nothing is edited.
func TestSheetsMaskSecrets(t *testing.T) {
	k := newKept(t, 120, 30, exchange(1, "GET", "/a?token=tok123", 200, "OK"), exchange(2, "GET", "/b?token=tok123", 200, "OK"))
	for _, keys := range [][]string{{"e"}, {"e", "m", "enter"}, {"e"}, {"R"}, {"f"}, {"r"}, {"*", "r", "T"}} {
		k.press(keys...)
		wantNotIn(t, k.frame(), "tok123")
		k.press("esc")
	}
	k.m.maskAll = true
	k.press("e")
	wantIn(t, k.frame(), "editing would show what is masked")
}

func TestListMasksSecrets(t *testing.T) {
	b := newBench(t, 120, 30)
	b.put(exchange(1, "GET", "/cb?code=1&access_token=hunter2", 200, "OK"))
	wantIn(t, b.frame(), "/cb?code=1&access_token=••••")
	b.m.maskAll = true
	wantIn(t, b.frame(), "/cb?code=••••")
}

func TestFollowing(t *testing.T) {
	b := newBench(t, 100, 24)
	for n := range 20 {
		b.f.put(exchange(n, "GET", fmt.Sprintf("/%d", n), 200, "OK"))
	}
	b.sync()
	b.press("F")
	here := b.paths()
	b.put(exchange(20, "GET", "/20", 200, "OK"), exchange(21, "GET", "/21", 200, "OK"))
	if b.paths() != here {
		t.Errorf("standing still, the list goes from %s to %s", here, b.paths())
	}
	wantIn(t, ansi.Strip(b.frame()), "↓ 2 new")
	b.press("G")
	if !strings.HasSuffix(b.paths(), "/21") || b.m.rows.unseen() != 0 {
		t.Errorf("G shows %s with %d new", b.paths(), b.m.rows.unseen())
	}
}

// A replay stands below its original, and so does a replay of it. Neither moves what is selected, nor counts as new below.
func TestReplaysStandBelowTheirOriginal(t *testing.T) {
	b := newBench(t, 100, 30)
	b.putFive()
	b.press("g", "down")
	replay := exchange(6, "GET", "/again", 200, "OK")
	replay.ReplayOf = "018f-0002"
	again := exchange(7, "GET", "/more", 200, "OK")
	again.ReplayOf = replay.ID
	first := exchange(8, "POST", "/first", 200, "OK")
	first.ReplayOf = "018f-0001"
	b.put(replay, again, first, exchange(9, "GET", "/new", 200, "OK"))
	if got := b.paths(); got != "/c/first/a/again/more/e/b/d/new" {
		t.Errorf("rows %s", got)
	}
	wantIn(t, ansi.Strip(b.frame()), "  ↻ /again", "  ↻ /more")
	if b.selected() != "018f-0002" {
		t.Errorf("selected %s", b.selected())
	}
	b.press("o", "p")
	wantIn(t, ansi.Strip(b.frame()), "   ↻ /again") // elsewhere it is a row like others
	if got := b.paths(); got != "/a/again/b/c/d/e/first/more/new" {
		t.Errorf("sorted: %s", got)
	}
}

func TestUnseenCountsNoReplaysAbove(t *testing.T) {
	w := newWindow()
	w.resize(3)
	rows := upTo(1, 8)
	for i := range rows {
		rows[i].ID = inspect.ID(fmt.Sprint(rows[i].Seq))
	}
	w.put(rows)
	w.home()
	if w.move(1); w.unseen() != 0 {
		t.Fatalf("%d new before anything has come", w.unseen())
	}
	w.put([]pane.Row{{Seq: 9, Nth: 9, ID: "9", ReplayOf: "1"}, {Seq: 10, Nth: 10, ID: "10"}, {Seq: 11, Nth: 11, ID: "11", ReplayOf: "8"}})
	if w.unseen() != 1 {
		t.Errorf("%d new below, want the one that is no replay", w.unseen())
	}
	wantVisible(t, &w, 9, 2, 3) // the selected row stays in its line
	if w.sel != 2 {
		t.Errorf("selected %d", w.sel)
	}
}

func TestMarks(t *testing.T) {
	b := newBench(t, 100, 30)
	b.putFive()
	b.now = b.now.Add(time.Minute) // they have come
	b.press("g", " ", "down", " ")
	wantIn(t, b.frame(), "2 marked")
	b.press("v", "up", "up")
	want := func(ids ...inspect.ID) {
		t.Helper()
		var got []inspect.ID
		for _, r := range b.m.targets() {
			got = append(got, r.ID)
		}
		if !slices.Equal(got, ids) {
			t.Errorf("keys act on %v, want %v", got, ids)
		}
	}
	want("018f-0001", "018f-0002", "018f-0003", "018f-0004")
	b.press("down") // the range gives back what it has taken, not what was marked before
	want("018f-0001", "018f-0003", "018f-0004")
	b.press("esc")
	wantNotIn(t, b.frame(), "marking a range")
	b.press("v", ":")
	b.press("esc", "down")
	wantNotIn(t, b.frame(), "marking a range")
	want("018f-0001", "018f-0003", "018f-0004")

	b.press("/")
	b.write("path:/a")
	b.press("enter")
	wantIn(t, b.frame(), "3 marked, 3 of them not in this list")
	want("018f-0001", "018f-0003", "018f-0004")
	b.press("*")
	want("018f-0001", "018f-0002", "018f-0003", "018f-0004")
	b.press("esc")
	b.sync()
	b.press("M")
	if got := b.paths(); got != "/c/a/e/b" {
		t.Errorf("only the marked ones: %s", got)
	}
	b.press("esc")
	if got := b.paths(); got != "/c/a/e/b/d" {
		t.Errorf("all again: %s", got)
	}
	b.press("*")
	b.put(exchange(100, "GET", "/meanwhile", 200, "OK")) // which is no reason to mark once more
	b.press("*")
	if len(b.m.marks) != 0 {
		t.Errorf("** leaves %d marks", len(b.m.marks))
	}
}

func TestClearView(t *testing.T) {
	b := newBench(t, 100, 30)
	b.putFive()
	b.press("z")
	wantIn(t, b.frame(), "Nothing new", "earlier ones hidden")
	b.put(exchange(6, "GET", "/new", 200, "OK"))
	if got := b.paths(); got != "/new" {
		t.Errorf("after z: %s", got)
	}
	b.press("z")
	if got := b.paths(); got != "/c/a/e/b/d/new" {
		t.Errorf("after z z: %s", got)
	}
}

func TestViews(t *testing.T) {
	b := newBench(t, 100, 30)
	s := b.keeping(inspect.View{Name: "gone\x1b[2J", Filter: "no:such"})
	b.putFive()
	b.press("/")
	b.write("status:>=400")
	b.press("ctrl+s")
	b.write("bad/name")
	b.press("enter")
	wantIn(t, b.frame(), "has no slash", "bad/name")
	b.press("ctrl+u")
	b.write("errors")
	b.press("enter")
	if len(s.views) != 2 || s.views[1] != (inspect.View{Name: "errors", Filter: "status:>=400"}) {
		t.Fatalf("kept %v", s.views)
	}
	wantIn(t, ansi.Strip(b.frame()), `all 5 │ gone\x1b[2J ? │ [errors 3]`)
	b.press(">")
	b.sync()
	wantIn(t, ansi.Strip(b.frame()), "[all 5] │")
	b.press("<")
	wantIn(t, ansi.Strip(b.frame()), "[errors 3]", "3 of 5 match")
	b.press("<")
	wantIn(t, b.frame(), "there is no no: here") // a view that cannot be read says so
	for n := range 100 {
		b.f.put(exchange(100+n, "GET", "/x", 500, "Oops"))
	}
	b.second()
	wantIn(t, ansi.Strip(b.frame()), "[errors 99+]")
	b.press("V", "d", "2")
	if len(s.views) != 1 {
		t.Errorf("after deleting: %v", s.views)
	}
	wantNotIn(t, ansi.Strip(b.frame()), "errors 99+")
	b.press("V", "d")
	b.m.views.all = nil // another face has deleted it under the menu
	if b.press("1"); len(s.views) != 0 {
		t.Errorf("the menu has deleted another one: %v", s.views)
	}
}

func TestViewsWithTheSameFilter(t *testing.T) {
	b := newBench(t, 100, 30)
	b.keeping(inspect.View{Name: "bad", Filter: "status:>=400"}, inspect.View{Name: "failed", Filter: "status:>=400"})
	b.putFive()
	b.second()
	for _, want := range []string{"[bad 3] │ failed 3", "bad 3 │ [failed 3]", "[all 5]"} {
		b.press(">")
		wantIn(t, ansi.Strip(b.frame()), want)
	}
}

func TestFilterHistory(t *testing.T) {
	b := newBench(t, 100, 30)
	s := b.keeping()
	s.memos = []string{"from-the-page"}
	b.putFive()
	b.press("/")
	b.write("path:/a")
	b.press("enter", "esc", "/")
	wantIn(t, ansi.Strip(b.frame()), "/path:/a", "1 of 5") // the last text is back, and shown
	b.write("met")
	wantIn(t, ansi.Strip(b.frame()), "/method:", "\n/met") // a letter begins anew; the rest is completed
	b.press("tab")
	b.write("put")
	if got := b.paths(); got != "/b" {
		t.Errorf("method:put shows %s", got)
	}
	b.press("enter", "/", "up")
	wantIn(t, ansi.Strip(b.frame()), "/path:/a")
	b.press("up")
	wantIn(t, ansi.Strip(b.frame()), "/from-the-page")
	b.press("down", "down")
	wantIn(t, ansi.Strip(b.frame()), "/method:put")
	if want := []string{"method:put", "path:/a", "from-the-page"}; !slices.Equal(s.memos, want) {
		t.Errorf("kept %q, want %q", s.memos, want)
	}
}

func TestFilterByValue(t *testing.T) {
	b := newBench(t, 100, 40)
	b.putFive()
	hook := exchange(6, "POST", "/hook/7", 200, "OK")
	hook.Request.Head = []byte("POST /hook/7 HTTP/1.1\r\nX-GitHub-Event: push\r\nX-Event-\xff: a\r\n\r\n")
	b.put(hook)
	b.press("f")
	wantIn(t, ansi.Strip(b.frame()), "Show only those with the same", "status:200", "status:2xx", "path:/hook/*", `"github · push"`, "header.x-github-event:=push", "ip:203.0.113.9")
	b.press("2") // the class
	if got := b.paths(); got != "/c/b/hook/7" {
		t.Errorf("status:2xx shows %s", got)
	}
	b.press("!", "f")
	wantIn(t, ansi.Strip(b.frame()), "Leave out")
	b.press("3") // the method
	if got := b.paths(); got != "/b" {
		t.Errorf("without POST: %s", got)
	}
	wantIn(t, b.frame(), "status:2xx not method:=POST")
}

// What was found by a filter is still selected when the filter goes, so that one sees what came around it.
func TestSelectionOutlivesItsFilter(t *testing.T) {
	b := newBench(t, 100, 40)
	for n := range 100 {
		b.f.put(exchange(n, "GET", fmt.Sprintf("/%d", n), 200, "OK"))
	}
	b.sync()
	b.press("/")
	b.write("path:=/50")
	b.press("enter", "up", "esc")
	b.sync()
	if b.selected() != "018f-0050" || !strings.Contains(b.paths(), "/49/50/51") {
		t.Errorf("selected %s among %s", b.selected(), b.paths())
	}
}

// A filter that is typed moves nothing under the person: who passes stays selected, who does not is again when the filter goes.
func TestFilterKeepsTheSelection(t *testing.T) {
	b := newBench(t, 100, 40)
	b.put(exchange(1, "GET", "/a", 200, "OK"), exchange(2, "GET", "/b", 200, "OK"), exchange(3, "GET", "/c", 200, "OK"))
	b.press("up", "up", "/")
	for _, step := range []struct {
		text string
		want inspect.ID
	}{{"path:/*", "018f-0002"}, {" path:/c", ""}} {
		b.write(step.text)
		if b.selected() != step.want {
			t.Errorf("behind %s %q is selected, want %q", step.text, b.selected(), step.want)
		}
	}
	b.press("esc")
	b.sync()
	if b.selected() != "018f-0002" {
		t.Errorf("without the filter %q is selected", b.selected())
	}
	if b.press("/"); !strings.Contains(ansi.Strip(b.frame()), "/path:/* path:/c") {
		t.Errorf("what esc has taken away is not in the line again:\n%s", b.frame())
	}
	b.press("esc", "G")
	b.put(exchange(4, "GET", "/c", 200, "OK"))
	if b.sync(); b.selected() != "" {
		t.Errorf("%q is selected behind G", b.selected())
	}
}

// On a terminal with room for both, the pane with the keyboard is told by a sign, and the keys share the room out.
func TestPanesShareTheScreen(t *testing.T) {
	b := newBench(t, 120, 40)
	b.putFive()
	wantNotIn(t, b.frame(), "▸ HTTP")
	b.press("enter")
	wantIn(t, ansi.Strip(b.frame()), "  HTTP Requests", "▸ GET")
	b.press("tab")
	wantIn(t, b.frame(), "▸ HTTP Requests")
	if b.m.boxes.beside {
		t.Error("at 120 columns they are beside each other")
	}
	if b.press("-"); !b.m.boxes.beside {
		t.Error("- does not turn them")
	}
	if b.press("+"); b.m.boxes.list.seen() {
		t.Error("+ leaves the list")
	}
	b.press("_", "J")
	if !b.m.boxes.list.seen() || !b.m.boxes.detail.seen() {
		t.Error("_ does not bring both back")
	}
	b.press("esc", "esc")
	if b.m.boxes.detail.seen() {
		t.Error("esc leaves the detail open")
	}
	b.press("3") // a tab is one key away from the list
	b.press("tab", "2", "[", "]")
	if d := &b.m.detail; d.row.ID == "" || d.tab != pane.Request || b.m.focus != onList {
		t.Errorf("the tab %s is open, the keyboard is on the %s", d.tab, b.m.focus)
	}
}
