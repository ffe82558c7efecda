package store

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/adit-tunnel/adit/inspect"
)

// flooded is as if more came than can be written, whatever comes: all that has ended is packed.
var flooded = pace{summary: -1, packed: -1, nothing: 1000}

// ended are exchanges that have ended, of all kinds.
func ended(n int) (all []*inspect.Exchange) {
	r := rand.New(rand.NewPCG(1, 2))
	for i := range n {
		x := someExchange(r, i, time.Unix(1700000000, 5))
		if x.State = max(x.State, inspect.Done); i%3 == 0 {
			x.ID = inspect.ID(fmt.Sprintf("0190a0b0-0000-7000-8000-%012x", i))
		}
		all = append(all, x)
	}
	return all
}

// record records exchanges, and waits until they are committed.
func (r *running) record(all ...*inspect.Exchange) {
	r.t.Helper()
	for _, x := range all {
		r.Record(x)
	}
	eventually(r.t, "they are committed", func() bool {
		return !slices.ContainsFunc(all, func(x *inspect.Exchange) bool { it, _ := r.window.peek(x.ID); return !it.Committed })
	})
}

func (r *running) waiting() int {
	r.t.Helper()
	n, err := r.countWaiting()
	if err != nil {
		r.t.Fatal(err)
	}
	return int(n)
}

// killed returns a directory as it is when the agent of s is killed now.
func (r *running) killed() string {
	r.t.Helper()
	dir := r.t.TempDir()
	raw(r.t, r.o.Dir, "VACUUM INTO '"+filepath.Join(dir, "captures.db")+"'")
	return dir
}

// summaryOf is what is left of an exchange of which only the line is kept.
func summaryOf(x *inspect.Exchange) *inspect.Exchange {
	if x.IsConnection() {
		return x // it has nothing else
	}
	s := *x
	s.Request.Message = inspect.Message{Size: x.Request.Size, Dropped: true}
	if x.Response != nil {
		r := *x.Response
		r.Message = inspect.Message{Size: r.Size, Dropped: true}
		s.Response = &r
	}
	return &s
}

// What comes in a flood is committed, counted as lines, and found by who comes after a kill -9: each exchange once, even if two come at once.
func TestFloodIsKept(t *testing.T) {
	t.Parallel()
	s := run(t, Options{Dir: t.TempDir(), pace: flooded})
	all := ended(packRows + 10)
	s.Record(exchange("under way", inspect.Pending, 10))
	s.record(all...)
	if k := s.Keeping(); k.Summaries == 0 || k.Summaries+k.Stored != uint64(len(all)) || k.NotStored != 0 {
		t.Errorf("%+v", k)
	}
	if shown := list(t, s, inspect.Query{Limit: -1}); len(shown) != len(all)+1 || !shown[0].Committed {
		t.Errorf("%d are shown", len(shown))
	}
	dir := s.killed()
	var wait sync.WaitGroup
	shells := make([]*Store, 2)
	for i := range shells {
		wait.Go(func() { shells[i] = attach(t, dir) })
	}
	wait.Wait()
	kept := list(t, shells[0], inspect.Query{Limit: -1})
	latest, err := shells[1].Latest(t.Context())
	if err != nil || len(kept) != len(all) || int(latest) != len(all) || shells[0].Keeping().Waiting != 0 {
		t.Fatalf("%d are kept, after %d changes, %v: %+v", len(kept), latest, err, shells[0].Keeping())
	}
	for i, it := range kept {
		want := summaryOf(all[len(all)-1-i])
		if diff := cmp.Diff(want, it.Exchange, cmpopts.EquateComparable(netip.AddrPort{}), sameBytes); diff != "" || it.Summary == it.IsConnection() {
			t.Fatalf("%s: -recorded +kept\n%s", want.ID, diff)
		}
	}
	s.stop()
	if under, err := attach(t, s.o.Dir).Get(t.Context(), "under way"); err != nil || under.State != inspect.Interrupted {
		t.Errorf("what was under way at the end: %v, %v", under.State, err)
	}
}

// When the flood is over, the agent makes rows of what was packed, and writes what was under way all the while.
func TestAfterAFlood(t *testing.T) {
	t.Parallel()
	runtime.LockOSThread() // as the writer does: it measures its thread
	defer runtime.UnlockOSThread()
	s, w := filled(t, Options{}, 0, nil)
	w.flood.on = true
	slow, all := exchange("under way", inspect.Pending, 10), ended(20)
	s.Record(slow)
	for _, x := range all {
		s.Record(x)
	}
	rows := func() (n int) {
		items, err := inspect.Collect(s.search(t.Context(), s.db.Load(), inspect.Query{}))
		if err != nil {
			t.Error(err)
		}
		return len(items)
	}
	w.work(t.Context())
	if it, err := s.Get(t.Context(), slow.ID); err != nil || it.Committed || rows() != 0 {
		t.Errorf("in the flood: %d rows, what is under way is committed: %v, %v", rows(), it.Committed, err)
	}
	w.work(t.Context()) // nothing has come since
	if it, err := s.Get(t.Context(), slow.ID); err != nil || !it.Committed || rows() != len(all)+1 {
		t.Errorf("behind it: %d rows, what is under way is committed: %v, %v", rows(), it.Committed, err)
	}
	if shown := list(t, s, inspect.Query{}); len(shown) != len(all)+1 || len(s.window.unsettled()) != 1 {
		t.Errorf("%d are shown, %d of them out of the window", len(shown), len(s.window.unsettled()))
	}
	w.work(t.Context())
	if w.packs {
		t.Error("it goes on looking for packs")
	}
}

// Who comes when no agent is alive enters the words that agents have not come to.
func TestWordsOfTheDead(t *testing.T) {
	t.Parallel()
	s, _ := filled(t, Options{}, 150, func(i int) *inspect.Exchange { return exchange(fmt.Sprint("x", i), inspect.Done, 10) })
	shell := attach(t, (&running{Store: s, t: t}).killed())
	if left, err := column[int](shell.db.Load(), "SELECT count(*) FROM exchanges WHERE indexed = 0"); err != nil || left[0] != 0 {
		t.Errorf("%v have no words, %v", left, err)
	}
}

// A purge takes what it asks for from packs, too, and nothing of it is left; what is marked becomes a row.
func TestPurgeOfPacks(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := run(t, Options{Dir: dir, pace: flooded})
	var all []*inspect.Exchange
	for i := range 40 {
		x := exchange(fmt.Sprint("x", i), inspect.Done, 1)
		x.Request.Target = fmt.Sprint([]string{"/zanzibar/", "/other/"}[i%2], i)
		all = append(all, x)
	}
	s.record(all...)
	if n := s.waiting(); n != len(all) {
		t.Errorf("%d of %d are packed", n, len(all))
	}
	shell := attach(t, dir)
	if k := shell.Keeping(); k.Waiting != uint64(len(all)) {
		t.Errorf("the shell has taken a living agent's packs: %+v", k)
	}
	if n, err := shell.Purge(t.Context(), inspect.Query{Filter: parse(t, "path:/zanzibar/*")}); n != 20 || err != nil {
		t.Errorf("%d purged, %v", n, err)
	}
	for name, content := range files(t, dir) {
		if bytes.Contains(content, []byte("zanzibar")) {
			t.Error("it is still in ", name)
		}
	}
	eventually(t, "the agent has forgotten what the shell has purged", func() bool { return len(list(t, s, inspect.Query{Limit: -1})) == 20 })
	if it, err := shell.Get(t.Context(), "x7"); err != nil || it.Request.Target != "/other/7" {
		t.Errorf("the shell has %q, %v", it.Request.Target, err)
	}
	if _, err := shell.Get(t.Context(), "x8"); !errors.Is(err, inspect.ErrNotFound) {
		t.Errorf("what is purged is still there: %v", err)
	}
	if _, err := s.Mark(t.Context(), "x7", inspect.Marks{Pinned: new(true)}); err != nil {
		t.Fatal(err)
	}
	if n, err := s.Purge(t.Context(), inspect.Query{Limit: 3}); n != 3 || err != nil {
		t.Errorf("%d purged of the newest three, %v", n, err)
	}
	if n, err := s.Purge(t.Context(), inspect.Query{}); n != 16 || err != nil || s.waiting() != 0 {
		t.Errorf("%d purged, %v; %d wait", n, err, s.waiting())
	}
	wantIDs(t, "what is pinned stays", list(t, s, inspect.Query{}), "x7")
}

// Packs that are too old go, as rows do.
func TestRetentionOfPacks(t *testing.T) {
	t.Parallel()
	s := run(t, Options{Dir: t.TempDir(), pace: flooded, MaxAge: time.Nanosecond})
	s.record(ended(100)...)
	eventually(t, "they are gone", func() bool { return s.waiting() == 0 })
}

// A pack that is damaged is said to be, and keeps nobody from the others; it goes with a purge.
func TestDamagedPack(t *testing.T) {
	t.Parallel()
	s := run(t, Options{Dir: t.TempDir(), pace: flooded})
	s.record(ended(10)...)
	s.record(exchange("whole", inspect.Done, 1))
	dir := s.killed()
	raw(t, dir, "UPDATE packs SET data = x'00ff00ff' WHERE last = (SELECT min(last) FROM packs)")
	shell := attach(t, dir)
	if k := shell.Keeping(); !strings.Contains(k.Notice, "damaged") || k.Waiting != 0 {
		t.Errorf("%+v", k)
	}
	wantIDs(t, "the other", list(t, shell, inspect.Query{}), "whole")
	if n, err := shell.Purge(t.Context(), inspect.Query{}); n == 0 || err != nil {
		t.Errorf("%d purged, %v", n, err)
	}
	if left, err := column[int](shell.db.Load(), "SELECT count(*) FROM packs"); err != nil || left[0] != 0 {
		t.Errorf("%v packs are left, %v", left, err)
	}
}

// FuzzPack takes bytes for a pack. What can be read of them can be packed again, and is the same then.
func FuzzPack(f *testing.F) {
	var p pack
	for i, x := range ended(20) {
		p.add(&inspect.Item{Seq: uint64(i + 1), Nth: uint64(i + 1), Run: 7, Summary: true, Exchange: x})
	}
	f.Add(p.raw)
	f.Add(p.raw[:1])
	f.Fuzz(func(t *testing.T, raw []byte) {
		items, err := unpacked(raw)
		if err != nil {
			return
		}
		var again pack
		for i := range items {
			again.add(&items[i])
		}
		same, err := unpacked(again.raw)
		if diff := cmp.Diff(items, same, cmpopts.EquateComparable(netip.AddrPort{})); diff != "" || err != nil {
			t.Errorf("%v\n%s", err, diff)
		}
	})
}
