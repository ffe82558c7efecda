package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/adit-tunnel/adit/inspect"
)

// unhurried lets the writer take all the time there is: what is tested must not depend on how busy the machine is.
var unhurried = pace{summary: 1000, packed: 1000, nothing: 1000, spare: 1000}

// running is a store at work.
type running struct {
	*Store
	t    testing.TB
	stop func() // ends the run and closes; may be called again
}

func run(t testing.TB, o Options) *running {
	t.Helper()
	if o.pace == (pace{}) {
		o.pace = unhurried
	}
	s, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	return start(t, s)
}

func start(t testing.TB, s *Store) *running {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Keep(ctx) }()
	r := &running{Store: s, t: t}
	r.stop = sync.OnceFunc(func() {
		cancel()
		if err := errors.Join(<-ended, s.Close()); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(r.stop)
	return r
}

func attach(t testing.TB, dir string) *Store {
	t.Helper()
	s, err := Attach(Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("never: ", what)
		}
	}
}

// settled waits until everything is committed as it is shown.
func (r *running) settled() {
	r.t.Helper()
	eventually(r.t, "all is committed", func() bool { return len(r.window.unsettledEnds()) == 0 })
}

// unsettledEnds are the items that have ended and are not committed.
func (m *Memory) unsettledEnds() (all []inspect.Item) {
	for _, it := range m.unsettled() {
		if !it.Committed {
			all = append(all, it)
		}
	}
	return all
}

// rich is an exchange of which everything is known.
func rich(id string) *inspect.Exchange {
	x := &inspect.Exchange{
		ID: inspect.ID(id), Endpoint: "web", Start: time.Unix(1700000000, 123456789), Duration: 1234567, Wait: 5, Connect: 6, Tries: 2,
		Client: netip.MustParseAddrPort("[fe80::1%eth0]:8080"), State: inspect.Done, ReplayOf: "other", Edited: true, Resigned: true, Upgraded: true,
	}
	x.Request = inspect.Request{Method: "POST", Target: "/a b?c=\xff\x00d?e", Host: "exämple.test", Message: inspect.Message{
		Head: []byte("POST / HTTP/1.1\r\nX: \x00\xff\r\n\r\n"), Body: []byte("\x00ask"), Kept: 4, Size: 9, Tail: []byte("tail"), Trailers: []byte("T: 1\r\n"), Dropped: true, Withheld: true, Redacted: true,
		Passed: []inspect.Passed{{Offset: 0, After: 3}, {Offset: 4, After: 1 << 40}},
	}}
	x.Response = &inspect.Response{Status: 201, Reason: "Fine", Made: true, Message: inspect.Message{
		Head: []byte("HTTP/1.1 201 Fine\r\n\r\n"), Body: bytes.Repeat([]byte("answer"), inline), Kept: 6 * inline, Size: 6 * inline, Whole: true,
	}}
	return x
}

// What was recorded is given back exactly, by another run, whatever it holds.
func TestReopenedStoreGivesBackWhatWasRecorded(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := run(t, Options{Dir: dir, Label: func(x *inspect.Exchange) string { return "label of " + string(x.ID) }})
	failed := rich("failed")
	failed.State, failed.Response, failed.Failure = inspect.Failed, nil, &inspect.Failure{Code: 2001, Name: "LOCAL_REFUSED", Text: "\"no\"\n", Remedy: "start it"}
	bare := &inspect.Exchange{ID: "bare", State: inspect.Done, Start: time.Unix(5, 0), Response: &inspect.Response{Status: 204}}
	odd := rich("../../odd id")
	odd.To = "https://staging.example.com"
	want := []*inspect.Exchange{rich("rich"), failed, bare, odd}
	for _, x := range want {
		pending := *x
		pending.State, pending.Response, pending.Failure = inspect.Pending, nil, nil
		s.Record(&pending)
	}
	eventually(t, "the requests are committed", func() bool { n, _ := s.Latest(t.Context()); return n >= int64(len(want)) })
	for _, x := range want {
		s.Record(x)
	}
	s.settled()
	before := list(t, s, inspect.Query{})
	s.stop()

	again := attach(t, dir)
	for i, x := range want {
		it, err := again.Get(t.Context(), x.ID)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(x, it.Exchange, cmpopts.EquateComparable(netip.AddrPort{}), sameBytes); diff != "" {
			t.Errorf("%s: -recorded +kept\n%s", x.ID, diff)
		}
		if it.Label != "label of "+string(x.ID) || !it.Committed || it.Nth != 0 || it.Seq != before[len(want)-1-i].Seq {
			t.Errorf("%s: %+v", x.ID, it)
		}
		for side := inspect.RequestSide; side <= inspect.ResponseSide; side++ {
			wantContent(t, again, x, side)
		}
	}
	if _, err := again.Get(t.Context(), "never"); !errors.Is(err, inspect.ErrNotFound) {
		t.Error("what was never recorded is there: ", err)
	}
}

// sameBytes compares bytes at once, and tells none from no bytes.
var sameBytes = cmp.Comparer(func(a, b []byte) bool { return bytes.Equal(a, b) && (a == nil) == (b == nil) })

func wantContent(t *testing.T, s inspect.Reader, x *inspect.Exchange, side inspect.Side) {
	t.Helper()
	m := x.Message(side)
	b, err := s.Body(t.Context(), x.ID, side)
	if m == nil || m.Body == nil {
		if !errors.Is(err, inspect.ErrNotFound) {
			t.Errorf("%s: content of the %s, where there was none: %v", x.ID, side, err)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if got, err := io.ReadAll(io.NewSectionReader(b, 0, b.Size())); err != nil || !bytes.Equal(got, m.Body) {
		t.Errorf("%s: content of the %s: %d bytes, %v", x.ID, side, len(got), err)
	}
}

// Rows come when requests come, are shown as not committed until they are, and a face that asks Since sees that.
func TestCommittedIsSeen(t *testing.T) {
	hints := make(chan struct{}, 100)
	s := run(t, Options{Dir: t.TempDir(), OnChange: func(uint64) {
		select {
		case hints <- struct{}{}:
		default:
		}
	}})
	var seen uint64
	var states []string
	follow := func() {
		items, _ := s.Since(seen, 0)
		for _, it := range items {
			states = append(states, fmt.Sprintf("%v:%v", it.State, it.Committed))
			seen = it.Version
		}
	}
	wait := func(last string) {
		for len(states) == 0 || states[len(states)-1] != last {
			select {
			case <-hints:
				follow()
			case <-time.After(20 * time.Second):
				t.Fatal(states)
			}
		}
	}
	s.Record(exchange("a", inspect.Pending, 1))
	follow()
	wait("pending:true")
	s.Record(exchange("a", inspect.Open, 1))
	follow()
	s.Record(exchange("a", inspect.Done, 1))
	follow()
	wait("done:true")
	if got := strings.Join(states, " "); got != "pending:false pending:true open:true done:false done:true" {
		t.Error(got)
	}
	if k := s.Keeping(); k.Stored != 1 || k.NotStored != 0 || k.Problem != "" {
		t.Errorf("%+v", k)
	}
}

// Two agents share a store: each sees the other's, in the order in which they came, with the marks that either sets.
func TestTwoAgentsShareAStore(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	a, b := run(t, Options{Dir: dir}), run(t, Options{Dir: dir})
	if a.Run() == b.Run() {
		t.Fatal("both are the run ", a.Run())
	}
	for i := range 20 {
		[]*running{a, b}[i%2].Record(exchange(fmt.Sprint("x", i), inspect.Done, 1))
		time.Sleep(time.Millisecond) // they are told apart by the microsecond
	}
	a.settled()
	b.settled()
	onA, onB := list(t, a, inspect.Query{}), list(t, b, inspect.Query{})
	if len(onA) != 20 || strings.Join(ids(onA), " ") != strings.Join(ids(onB), " ") {
		t.Errorf("%v, %v", ids(onA), ids(onB))
	}
	if n := len(list(t, a, inspect.Query{Run: a.Run()})); n != 10 {
		t.Errorf("%d are a's own", n)
	}
	if onA[0].Nth != 0 || onB[0].Nth != 10 {
		t.Errorf("nth %d, %d", onA[0].Nth, onB[0].Nth)
	}
	yes := true
	if _, err := b.Mark(t.Context(), "x0", inspect.Marks{Pinned: &yes, AddTags: []string{"z", "a"}}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a knows the mark that b has set", func() bool {
		it, err := a.Get(t.Context(), "x0")
		return err == nil && it.Pinned && strings.Join(it.Tags, " ") == "a z"
	})
	if n, err := b.Purge(t.Context(), inspect.Query{}); n != 19 || err != nil {
		t.Errorf("%d purged, %v", n, err)
	}
	eventually(t, "a has forgotten what b has purged", func() bool { _, there := a.window.peek("x2"); return !there && len(list(t, a, inspect.Query{})) == 1 })
}

// The shell's cursor: every change is seen once, in order, by whoever asks for what came after it.
func TestChanges(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := run(t, Options{Dir: dir})
	shell := attach(t, dir)
	var v int64
	seen := map[inspect.ID]inspect.State{}
	for len(seen) < 50 || seen["x49"] != inspect.Done {
		if n := len(seen); n < 50 {
			s.Record(exchange(fmt.Sprint("x", n), inspect.Pending, 1))
		} else {
			s.Record(exchange("x49", inspect.Done, 1))
		}
		if _, err := shell.Changed(t.Context(), v); err != nil {
			t.Fatal(err)
		}
		items, next, err := shell.Changes(t.Context(), v, 3)
		if err != nil || next <= v || len(items) == 0 {
			t.Fatal(items, next, err)
		}
		for _, it := range items {
			seen[it.ID] = it.State
		}
		v = next
	}
	if n, err := shell.Purge(t.Context(), inspect.Query{}); n == 0 || err != nil {
		t.Fatal(n, err)
	}
	latest, err := shell.Latest(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	// The last change was of what is gone: who goes on from there waits for the next one.
	if items, next, err := shell.Changes(t.Context(), 0, 100); err != nil || next != latest || len(items) != 49 {
		t.Errorf("%d, %d instead of %d, %v", len(items), next, latest, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := shell.Changed(ctx, v+1000); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// What is asked of a store that has been closed is an error in words.
func TestAfterClose(t *testing.T) {
	s := attach(t, t.TempDir())
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := inspect.Collect(s.List(t.Context(), inspect.Query{})); err == nil || err.Error() == "" {
		t.Errorf("List: %v", err)
	}
	if k := s.Keeping(); k.Bytes != 0 {
		t.Errorf("%+v", k)
	}
}

// Who waits for an agent's exchanges is told when the agent has died, though nobody else is there.
func TestChangesOfTheDead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := run(t, Options{Dir: dir})
	shell := attach(t, dir)
	s.Record(exchange("x", inspect.Pending, 1))
	s.settled()
	v, err := shell.Latest(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.alive.Unlock(); err != nil { // as the system does when a process ends
		t.Fatal(err)
	}
	if _, err = shell.Changed(t.Context(), v); err != nil {
		t.Fatal(err)
	}
	items, _, err := shell.Changes(t.Context(), v, 0)
	if err != nil || len(items) != 1 || items[0].State != inspect.Interrupted {
		t.Error(items, err)
	}
}

// Nobody else can read what is kept.
func TestModes(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "captures")
	s := run(t, Options{Dir: dir})
	s.Record(rich("a"))
	s.settled()
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		i, err := d.Info()
		if err == nil && i.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has the mode %v", path, i.Mode())
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// Of a name that cannot be made a directory the error says what to do.
func TestDirectoryThatCannotBe(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for what, open := range map[string]func(Options) (*Store, error){"Open": Open, "Attach": Attach} {
		if s, err := open(Options{Dir: file}); err == nil || !strings.Contains(err.Error(), "--state-dir") {
			t.Errorf("%s: %v, %v", what, s, err)
		}
	}
}
