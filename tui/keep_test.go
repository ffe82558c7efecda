package tui

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"

	"github.com/adit-tunnel/adit/inspect"
)

func TestCopyMenu(t *testing.T) {
	for key, want := range map[string]string{
		"y": "http://otter.tunnel.example.com/hook?a=1",
		"c": "curl --http1.1 'http://otter.tunnel.example.com/hook?a=1'",
		"h": "POST /hook?a=1 HTTP/1.1\nHost: otter.tunnel.example.com\nContent-Type: application/json\nContent-Length: 27\n\nHTTP/1.1 200 OK\n",
		"b": `{"event":"push","number":1}`,
		"B": "ok\n",
		"r": "POST /hook?a=1 HTTP/1.1\r\nHost: otter",
		"R": "HTTP/1.1 200 OK\r\n",
		"j": `"method":"POST"`,
		"p": "http://9a1b-quiet-otter-7c2f.tunnel.example.com",
	} {
		k := newKept(t, 120, 30, exchange(1, "POST", "/hook?a=1", 200, "OK"))
		k.press("y", key)
		if !strings.Contains(k.f.pasted, want) {
			t.Errorf("y%s copied %q, want %q in it", key, k.f.pasted, want)
		}
		wantIn(t, k.frame(), "copied the ", " by pbcopy")
	}
}

func TestCopyOfMarkedAndOfWhatThereIsNot(t *testing.T) {
	k := newKept(t, 120, 30, exchange(1, "GET", "/a", 200, "OK"), exchange(2, "GET", "/b", 200, "OK"))
	k.press("*", "y", "y")
	if want := "http://otter.tunnel.example.com/a\nhttp://otter.tunnel.example.com/b"; k.f.pasted != want {
		t.Errorf("copied %q", k.f.pasted)
	}
	wantIn(t, k.frame(), "copied 2 requests, the URL of each by pbcopy")
	x := exchange(3, "GET", "/c", 200, "OK")
	x.Response, x.State = nil, inspect.Pending
	k = newKept(t, 120, 30, x)
	k.press("y", "R")
	wantIn(t, k.frame(), "the raw response cannot be copied: no response has come")
}

// Exports hold no secrets unless the person says so, and never take the place of another file.
func TestExport(t *testing.T) {
	t.Chdir(t.TempDir())
	secret := exchange(1, "POST", "/hook?token=s3cret", 200, "OK")
	secret.Request.Head = []byte(strings.Replace(string(secret.Request.Head), "Content-Type", "Authorization: Bearer s3cret\r\nContent-Type", 1))
	k := newKept(t, 120, 30, secret, exchange(2, "GET", "/b", 200, "OK"))
	read := func(n int, pattern string) string {
		t.Helper()
		files, _ := filepath.Glob(pattern)
		if len(files) != n {
			t.Fatalf("%d files like %s: %v", len(files), pattern, files)
		}
		b, err := os.ReadFile(files[0])
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	k.press("*")
	for _, f := range k.m.work.exportForms() {
		k.press("x", f.key)
		wantIn(t, k.frame(), "2 requests exported to ")
		if text := read(1, "*-224107"+f.ends); strings.Contains(text, "s3cret") || !strings.Contains(text, "/hook") || !strings.Contains(text, "/b") {
			t.Errorf("%s: %s", f.does, text)
		}
	}
	if har := read(1, "*.har"); !json.Valid([]byte(har)) {
		t.Errorf("%s", har)
	}
	if lines := read(1, "*7.jsonl"); strings.Count(lines, "\n") != 2 {
		t.Errorf("%s", lines)
	}
	k.m.work.source.Line = nil
	k.press("x")
	wantNotIn(t, k.frame(), "JSON lines, all")
	k.press("h")
	read(2, "*.har")
	k.press("x", "y", "c")
	if !strings.Contains(k.f.pasted, "Bearer [redacted]") || !strings.Contains(k.f.pasted, "/b'") {
		t.Errorf("copied %q", k.f.pasted)
	}
	wantIn(t, k.frame(), "copied the export of 2 requests by pbcopy")
	k.press("X", "n", "r")
	read(2, "*.raw")
	k.press("X", "y", "e")
	wantIn(t, k.frame(), "2 requests exported")
	read(2, "*.http")
	if !strings.Contains(readAll(t, "*-2.http"), "Bearer s3cret") {
		t.Error("what was wanted with secrets has none")
	}
}

// What a form cannot hold is told of.
func TestExportLeavesOut(t *testing.T) {
	t.Chdir(t.TempDir())
	k := newKept(t, 160, 30, exchange(1, "GET", "/a", 200, "OK"), connection(2, inspect.TCP, inspect.Done, 1, 2))
	k.press("*", "x", "c")
	wantIn(t, k.frame(), "1 of 2 exported to ")
	k.press("x", "y", "c")
	wantIn(t, k.frame(), "copied 1 of 2: ")
}

// esc stops an export, and no half of a file stays.
func TestExportStops(t *testing.T) {
	t.Chdir(t.TempDir())
	k := newKept(t, 120, 30, exchange(1, "GET", "/a", 200, "OK"), exchange(2, "GET", "/b", 200, "OK"))
	k.press("*", "x")
	export := k.send(keyOf("c"))
	wantIn(t, k.frame(), "exported 0 of 2 — esc stops")
	k.press("esc")
	k.run(export)
	wantIn(t, k.frame(), "the export was stopped")
	if files, _ := filepath.Glob("*"); len(files) > 0 {
		t.Errorf("%v", files)
	}
}

func readAll(t *testing.T, pattern string) string {
	t.Helper()
	var all strings.Builder
	files, _ := filepath.Glob(pattern)
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(b)
	}
	return all.String()
}

func TestNoteTagAndPin(t *testing.T) {
	k := newKept(t, 120, 30, exchange(1, "GET", "/a", 200, "OK"), exchange(2, "GET", "/b", 200, "OK"))
	k.press("*", "t")
	k.write("bug-42 old")
	k.press("enter")
	wantIn(t, k.frame(), "tagged: 2 requests")
	k.press("t")
	k.write("-old a,b")
	k.press("enter", "t")
	k.write("no!")
	k.press("enter")
	wantIn(t, k.frame(), `tagged: tag "no!": take up to`)
	k.press("*", ";")
	k.write("look at this")
	k.press("enter", ";")
	wantIn(t, ansi.Strip(k.frame()), "note: look at this")
	k.press("esc", "p")
	wantIn(t, k.frame(), "pinned: kept")
	for id, want := range map[inspect.ID]string{"018f-0001": "a b bug-42", "018f-0002": "a b bug-42"} {
		it, err := k.Get(t.Context(), id)
		if err != nil || strings.Join(it.Tags, " ") != want || it.Pinned != (id == "018f-0002") || (it.Note != "") != it.Pinned {
			t.Errorf("%+v, %v", it, err)
		}
	}
	k.press("p")
	wantIn(t, k.frame(), "no longer pinned")
}

// What a line begins with before anything is typed may be a stranger's: it is drawn as one line of the screen, and stays as it is.
func TestLineBeginsWithAnything(t *testing.T) {
	const odd = "a\u202eb\u200bc"
	x := exchange(1, "POST", "/hook", 200, "OK")
	setBody(&x.Request.Message, "POST /hook HTTP/1.1\r\nHost: a\r\nX-Odd: "+odd+"\r\n\r\n", "")
	k := newKept(t, 120, 40, x)
	k.mark(x.ID, odd)
	drawn := func() {
		t.Helper()
		frame := ansi.Strip(k.frame())
		wantIn(t, frame, "a\ufffdb\ufffdc")
		wantNotIn(t, frame, "\u202e", "\u200b")
	}
	k.press(";")
	drawn()
	k.press("esc", "enter", "2")
	k.goTo("X-Odd")
	k.press("f", "tab", "/")
	drawn()
	k.press("esc", "esc", "esc")
	k.press(";", "end", "!", "enter")
	if it, err := k.Get(t.Context(), x.ID); err != nil || it.Note != odd+"!" {
		t.Errorf("the note is %q, %v", it.Note, err)
	}
}

// A note that was written on the page may have several lines.
func TestNoteOfSeveralLines(t *testing.T) {
	k := newKept(t, 80, 24, exchange(1, "GET", "/a", 200, "OK"))
	k.mark("018f-0001", "first\n\nsecond")
	k.sync()
	k.press("enter", "9")
	if screen := ansi.Strip(k.screen()); !regexp.MustCompile(`first *\n *\n *second`).MatchString(screen) {
		t.Error(screen)
	}
}

// An export that the end of the dashboard cuts short leaves no half of a file.
func TestExportAtTheEnd(t *testing.T) {
	t.Chdir(t.TempDir())
	k := newKept(t, 120, 30, exchange(1, "GET", "/a", 200, "OK"), exchange(2, "GET", "/b", 200, "OK"))
	begun, stopped := make(chan struct{}), make(chan struct{})
	k.m.work.source.Line = func(io.Writer, inspect.Item, io.ReaderAt, io.ReaderAt) error {
		close(begun)
		<-stopped
		return nil
	}
	k.press("*", "x")
	go k.send(keyOf("j"))()
	<-begun
	stop := k.m.exporting.stop
	k.m.exporting.stop = func() {
		stop()
		close(stopped)
	}
	k.m.endExport()
	if left, err := os.ReadDir("."); len(left) > 0 || err != nil {
		t.Errorf("%v is left (%v)", left, err)
	}
}

// What is deleted is off the list at once, and leaves the store when it cannot be undone any more: after a while, with the next, or at the end.
func TestDeleteAndUndo(t *testing.T) {
	live := exchange(4, "GET", "/live", 200, "OK")
	live.State = inspect.Open
	k := newKept(t, 120, 30, exchange(1, "GET", "/a", 200, "OK"), exchange(2, "GET", "/b", 200, "OK"), exchange(3, "GET", "/c", 200, "OK"), live)
	there := func(want ...inspect.ID) {
		t.Helper()
		items, err := inspect.Collect(k.List(t.Context(), inspect.Query{}))
		if err != nil || len(items) != len(want) {
			t.Fatalf("%d are kept, want %v (%v)", len(items), want, err)
		}
		for i, it := range items {
			if it.ID != want[i] {
				t.Errorf("%q is kept, want %v", it.ID, want)
			}
		}
	}
	k.press("g", "d")
	wantIn(t, k.frame(), "deleted 1 request: u brings back")
	wantNotIn(t, ansi.Strip(k.frame()), "GET     /a")
	if k.selected() != "018f-0002" {
		t.Errorf("%q is selected", k.selected())
	}
	k.Record(exchange(1, "GET", "/a", 200, "OK")) // a later state of it
	k.sync()
	wantNotIn(t, ansi.Strip(k.frame()), "GET     /a")
	k.press("u")
	wantIn(t, ansi.Strip(k.frame()), "GET     /a", "1 request brought back")
	k.press("g", "d", "d")
	there("018f-0004", "018f-0003", "018f-0002")
	k.now = k.now.Add(undoFor + time.Second)
	k.run(k.m.carryOutIfDue(k.now))
	there("018f-0004", "018f-0003")
	k.sync()
	k.press("u")
	wantIn(t, k.frame(), "nothing to bring back")
	if _, err := k.Mark(t.Context(), "018f-0003", inspect.Marks{Pinned: new(true)}); err != nil {
		t.Fatal(err)
	}
	k.sync()
	k.press("*", "d")
	wantIn(t, k.frame(), "1 pinned. Delete?", "delete 1 request, pinned or not")
	k.press("d")
	there("018f-0004", "018f-0003")
	if err := k.m.finish(t.Context()); err != nil {
		t.Fatal(err)
	}
	there("018f-0004")
	k.press("esc", "d")
	wantIn(t, k.frame(), "what is under way cannot be deleted")
}

// What the store has been told to delete goes, though the dashboard ends before the store has come to it.
func TestDeleteAtTheEnd(t *testing.T) {
	k := newKept(t, 120, 30, exchange(1, "GET", "/a", 200, "OK"), exchange(2, "GET", "/b", 200, "OK"))
	k.press("g", "d")
	if k.send(keyOf("d")) == nil {
		t.Fatal("nothing is deleted from the store with the next")
	}
	if err := k.m.finish(t.Context()); err != nil {
		t.Fatal(err)
	}
	if items, err := inspect.Collect(k.List(t.Context(), inspect.Query{})); len(items) > 0 || err != nil {
		t.Errorf("%d are kept (%v)", len(items), err)
	}
}

func TestPurge(t *testing.T) {
	k := newKept(t, 120, 30, exchange(1, "GET", "/a", 200, "OK"), exchange(2, "GET", "/b", 500, "Oops"), exchange(3, "GET", "/c", 500, "Oops"))
	k.press("/")
	k.write("status:5xx")
	k.press("enter")
	k.press(":")
	k.write("purge")
	k.press("enter")
	wantIn(t, ansi.Strip(k.frame()), "that match status:5xx", "keep them")
	k.press("enter", ":")
	k.write("purge path:/c or path:/b")
	k.press("enter")
	wantIn(t, strings.Join(strings.Fields(strings.ReplaceAll(ansi.Strip(k.frame()), "─", "")), " "), "that match path:/c or path:/b? It cannot be undone. Pinned ones stay unless the filter names them.")
	k.press("y")
	wantIn(t, k.frame(), "2 deleted")
	wantNotIn(t, k.frame(), "/b", "/c")
	k.press("esc")
	k.sync()
	wantIn(t, k.frame(), "/a")
}

func TestOpenPage(t *testing.T) {
	k := newKept(t, 120, 30, exchange(1, "GET", "/a", 200, "OK"))
	const want = "http://127.0.0.1:4040/r/018f-0001"
	var opened string
	k.m.work.browse = func(address string) bool {
		opened = address
		return true
	}
	k.press("w")
	wantIn(t, k.frame(), "opened "+want)
	if opened != want {
		t.Errorf("opened %q", opened)
	}
	k.m.work.browse = func(string) bool { return false }
	k.press("w")
	wantIn(t, k.frame(), "copied the page's URL "+want)
	if k.f.pasted != want {
		t.Errorf("copied %q", k.f.pasted)
	}
}
