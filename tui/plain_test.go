package tui

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/inspect"
)

// lineWriter keeps lines; a Write that ends within one is an error.
type lineWriter struct {
	mu    sync.Mutex
	lines []string
	more  chan struct{} // a token for each line
	fail  error
}

func newLineWriter() *lineWriter { return &lineWriter{more: make(chan struct{}, 100_000)} }

func (w *lineWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.fail != nil {
		return 0, w.fail
	}
	if !strings.HasSuffix(string(p), "\n") {
		return 0, fmt.Errorf("a part of a line: %q", p)
	}
	for line := range strings.Lines(string(p)) {
		w.lines = append(w.lines, line)
		w.more <- struct{}{}
	}
	return len(p), nil
}

func (w *lineWriter) wait(t *testing.T, n int) []string {
	t.Helper()
	limit := time.After(20 * time.Second)
	for range n {
		select {
		case <-w.more:
		case <-limit:
			t.Fatalf("%d lines did not come; there are %q", n, w.lines)
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.lines
}

// startPlain runs Plain until the returned function ends it.
func startPlain(t *testing.T, f *fake, w *lineWriter) (end func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error, 1)
	go func() { result <- Plain(ctx, f.source(), w) }()
	return func() error {
		cancel()
		select {
		case err := <-result:
			return err
		case <-time.After(20 * time.Second):
			t.Fatal("Plain did not return")
			return nil
		}
	}
}

func TestPlainLines(t *testing.T) {
	f, w := &fake{}, newLineWriter()
	st := online()
	st.Endpoints[0].URL = ""
	f.set(st)
	end := startPlain(t, f, w)
	f.set(online())
	w.wait(t, 1)
	pending := exchange(1, "POST", "/slow", 200, "OK")
	pending.State, pending.Response = inspect.Pending, nil
	f.put(pending)
	f.put(exchange(2, "GET", "/quick?a=b c", 404, "Not Found"))
	w.wait(t, 1)
	f.put(failed(3, "GET", "/evil\x1b[2J\nready name=x"))
	f.put(exchange(1, "POST", "/slow", 200, "OK"))
	w.wait(t, 2)
	f.put(exchange(1, "POST", "/slow", 200, "OK")) // said already
	moved := online()
	moved.Web = ""
	moved.Endpoints[0].URL = "http://other.tunnel.example.com"
	f.set(moved)
	w.wait(t, 1)
	if err := end(); err != nil {
		t.Errorf("Plain: %v", err)
	}
	want := []string{
		"ready name=command_line url=http://9a1b-quiet-otter-7c2f.tunnel.example.com inspect=http://127.0.0.1:4040\n",
		"id=018f-0002", "id=018f-0003", "id=018f-0001",
		"ready name=command_line url=http://other.tunnel.example.com inspect=none\n",
	}
	if len(w.lines) != len(want) {
		t.Fatalf("%d lines, want %d:\n%s", len(w.lines), len(want), strings.Join(w.lines, ""))
	}
	for i, line := range w.lines {
		if !strings.Contains(line, want[i]) {
			t.Errorf("line %d is %q, want %q in it", i, line, want[i])
		}
		if strings.Count(line, "\n") != 1 || strings.ContainsRune(line, 0x1b) {
			t.Errorf("line %d is not one clean line: %q", i, line)
		}
	}
}

// However fast hints come, the store and the status are read once a frame.
func TestPlainReadsOnceAFrame(t *testing.T) {
	f, w := &fake{status: online()}, newLineWriter()
	begin := time.Now()
	end := startPlain(t, f, w)
	w.wait(t, 1)
	const n = 300
	for i := range n {
		f.put(exchange(i, "GET", "/", 200, "OK"))
		<-time.After(time.Millisecond)
	}
	w.wait(t, n)
	if err := end(); err != nil {
		t.Errorf("Plain: %v", err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if most := int(time.Since(begin)/frame) + 3; f.reads > most { // the first, the last, and one that the end has hurried
		t.Errorf("%d reads, want %d at most", f.reads, most)
	}
}

func TestPlainWritesWhatHasEndedBeforeItReturns(t *testing.T) {
	f, w := &fake{status: online()}, newLineWriter()
	ctx, cancel := context.WithCancel(t.Context())
	for n := range 5000 {
		f.items = append(f.items, inspect.Item{Seq: uint64(n + 1), Nth: uint64(n + 1), Version: uint64(n + 1), Exchange: exchange(n, "GET", "/", 200, "OK")})
	}
	f.version = 5000
	cancel()
	if err := Plain(ctx, f.source(), w); err != nil {
		t.Fatal(err)
	}
	if len(w.lines) != 5001 {
		t.Errorf("%d lines, want one for the endpoint and 5000", len(w.lines))
	}
	for n, line := range w.lines[1:] {
		if !strings.Contains(line, fmt.Sprintf("id=018f-%04d", n)) {
			t.Fatalf("line %d is %q", n, line)
		}
	}
}

func TestPlainCountsWhatIsLost(t *testing.T) { plainCountsWhatIsLost(t, nil) }

// A store that cannot be read to its end must not end the agent.
func TestPlainCountsWhatCannotBeRead(t *testing.T) {
	plainCountsWhatIsLost(t, errors.New("the database is damaged"))
}

func plainCountsWhatIsLost(t *testing.T, unread error) {
	f, w := &fake{unread: unread}, newLineWriter()
	p := newPlain(f.source(), w)
	catchUp := func() {
		t.Helper()
		if err := p.catchUp(); err != nil {
			t.Fatal(err)
		}
	}
	pending := exchange(1, "GET", "/lost", 200, "OK")
	pending.State, pending.Response = inspect.Pending, nil
	f.put(pending)
	f.put(exchange(2, "GET", "/seen", 200, "OK"))
	catchUp()
	f.put(exchange(1, "GET", "/lost", 200, "OK"))
	for n := 3; n <= 12; n++ {
		f.put(exchange(n, "GET", "/fast", 200, "OK"))
	}
	f.forget(7) // 1 to 7, of which 2 has been written
	catchUp()
	f.put(exchange(13, "GET", "/next", 200, "OK"))
	catchUp()
	want := []string{"id=018f-0002", "lost exchanges=6\n", "-0008", "-0009", "-0010", "-0011", "-0012", "-0013"}
	if len(w.lines) != len(want) {
		t.Fatalf("%d lines, want %d:\n%s", len(w.lines), len(want), strings.Join(w.lines, ""))
	}
	for i, line := range w.lines {
		if !strings.Contains(line, want[i]) {
			t.Errorf("line %d is %q, want %q in it", i, line, want[i])
		}
	}
}

// TestPlainReadsWhatIsMissing: not all that the run has when changes are forgotten, which happens in every frame while exchanges come fast.
func TestPlainReadsWhatIsMissing(t *testing.T) {
	f, w := &fake{}, newLineWriter()
	p := newPlain(f.source(), w)
	catchUp := func() {
		t.Helper()
		p.floorAt = time.Time{} // a second has passed
		if err := p.catchUp(); err != nil {
			t.Fatal(err)
		}
	}
	for n := 1; n <= 5; n++ {
		f.put(exchange(n, "GET", "/", 200, "OK"))
		catchUp()
	}
	f.put(exchange(1, "GET", "/", 200, "OK")) // it is committed
	f.forget(1)
	catchUp()
	if len(f.lists) > 0 {
		t.Errorf("%d lists are read although nothing is missing", len(f.lists))
	}
	f.put(exchange(6, "GET", "/", 200, "OK"))
	f.put(exchange(7, "GET", "/", 200, "OK"))
	f.mu.Lock()
	f.items[len(f.items)-2].Version, f.lost = 0, f.version // it is on the disk only
	f.mu.Unlock()
	catchUp()
	if len(f.lists) != 1 || f.lists[0].After < firstSeq+2 {
		t.Errorf("lists read: %+v", f.lists)
	}
	if len(w.lines) != 7 {
		t.Errorf("%d lines: %q", len(w.lines), w.lines)
	}
}

// Clearing the store forgets everything, also the versions: nothing may spin or be written twice.
func TestPlainAfterEverythingIsForgotten(t *testing.T) {
	f, w := &fake{}, newLineWriter()
	p := newPlain(f.source(), w)
	f.put(exchange(1, "GET", "/", 200, "OK"))
	if err := p.catchUp(); err != nil {
		t.Fatal(err)
	}
	f.forget(1)
	f.lost += 5
	if err := p.catchUp(); err != nil {
		t.Fatal(err)
	}
	if len(w.lines) != 1 {
		t.Errorf("%d lines: %q", len(w.lines), w.lines)
	}
}

func TestPlainReturnsWhatTheWriterSays(t *testing.T) {
	f, w := &fake{status: online()}, newLineWriter()
	w.fail = errors.New("broken pipe")
	if err := Plain(t.Context(), f.source(), w); !errors.Is(err, w.fail) {
		t.Errorf("Plain: %v", err)
	}
}
