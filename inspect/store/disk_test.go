package store

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/inspect"
)

// files returns what is in all files below dir, by name.
func files(t testing.TB, dir string) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		all[path], err = os.ReadFile(path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// raw does statements on the database of dir, past the store.
func raw(t testing.TB, dir, statements string) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, "captures.db")+"?_pragma=busy_timeout(20000)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(statements); err != nil {
		t.Fatal(err)
	}
}

// secret is an exchange full of words that stand nowhere else.
func secret(id string, size int) *inspect.Exchange {
	x := rich(id)
	x.State, x.Upgraded = inspect.Done, false
	x.Request.Target, x.Request.Head = "/zanzibar"+id, []byte("POST /zanzibar HTTP/1.1\r\nX-Key: zanzibar\r\nContent-Type: text/plain\r\n\r\n")
	x.Request.Body, x.Request.Tail = []byte(strings.Repeat("zanzibar ", size)), []byte("zanzibar")
	x.Request.Kept = int64(len(x.Request.Body))
	x.Response.Head, x.Response.Body = []byte("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n"), x.Request.Body
	x.Response.Kept = x.Request.Kept
	return x
}

// After a purge nothing of what was deleted is in any file: not in free pages, the index of words, the log, or a file of its own. What is pinned, and what
// the filter does not mean, stays.
func TestPurgeReallyDeletes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := run(t, Options{Dir: dir})
	for i := range 30 {
		s.Record(secret(fmt.Sprint("s", i), []int{10, 3000, 8000}[i%3]))
		s.Record(exchange(fmt.Sprint("other", i), inspect.Done, 50))
	}
	pinned, tag, note := true, "kept", "yes"
	if _, err := s.Mark(t.Context(), "other7", inspect.Marks{Pinned: &pinned, AddTags: []string{tag}, Note: &note}); err != nil {
		t.Fatal(err)
	}
	s.settled()
	eventually(t, "the words are there", func() bool {
		n, err := column[int](s.db.Load(), "SELECT count(*) FROM words WHERE words MATCH 'zanzibar'")
		return err == nil && n[0] == 30
	})
	raw(t, dir, "VACUUM INTO '"+s.path()+".v0'")
	n, err := s.Purge(t.Context(), inspect.Query{Limit: 59})
	if n != 59 || err != nil {
		t.Errorf("%d purged, %v", n, err)
	}
	wantIDs(t, "what is pinned stays", list(t, s, inspect.Query{}), "other7")
	for name, content := range files(t, dir) {
		if i := bytes.Index(content, []byte("zanzibar")); i >= 0 {
			t.Errorf("at %d of %s: %q", i, name, content[max(0, i-20):min(len(content), i+40)])
		}
		if strings.Contains(name, "bodies") {
			t.Error("left behind: ", name)
		}
	}
	if it, err := s.Get(t.Context(), "other7"); err != nil || !it.Pinned || it.Note != note || strings.Join(it.Tags, " ") != tag {
		t.Errorf("%+v, %v", it, err)
	}
	s.Record(exchange("next", inspect.Done, 1))
	s.settled()
	wantIDs(t, "it goes on", list(t, s, inspect.Query{}), "next", "other7")
}

// A damaged database that was moved aside holds what was captured, too: it goes when everything is to go, though nothing else may be left, and never before.
func TestPurgeOfEverything(t *testing.T) {
	t.Parallel()
	s := run(t, Options{Dir: t.TempDir()})
	aside := s.path() + ".damaged-1"
	if err := os.WriteFile(aside, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s.Record(exchange("a", inspect.Done, 1))
	s.settled()
	if err := s.Clear(t.Context()); err != nil || !exists(aside) {
		t.Errorf("Clear: %v; it is left: %v", err, exists(aside))
	}
	if n, err := s.Purge(t.Context(), inspect.Query{Endpoint: "other"}); n != 0 || err != nil || !exists(aside) {
		t.Errorf("an endpoint's: %d, %v; it is left: %v", n, err, exists(aside))
	}
	if n, err := s.Purge(t.Context(), inspect.Query{Limit: -1}); n != 0 || err != nil || exists(aside) {
		t.Errorf("everything: %d, %v; it is left: %v", n, err, exists(aside))
	}
}

// What is too old or too much goes, oldest first, with its files; what is pinned and what is under way stays.
func TestRetention(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := run(t, Options{Dir: dir, MaxBytes: 3 << 20})
	s.Record(exchange("slow", inspect.Pending, 10))
	s.Record(exchange("pinned", inspect.Done, 10))
	s.settled()
	yes := true
	if _, err := s.Mark(t.Context(), "pinned", inspect.Marks{Pinned: &yes}); err != nil {
		t.Fatal(err)
	}
	for i := range 400 {
		s.Record(exchange(fmt.Sprint("x", i), inspect.Done, 10_000))
	}
	for i := range 20 {
		s.Record(exchange(fmt.Sprint("large", i), inspect.Done, 2*inline))
	}
	s.settled()
	eventually(t, "it is small enough", func() bool { n, err := s.size(); return err == nil && n <= 3<<20 })
	s.window.Clear(t.Context())
	kept := ids(list(t, s, inspect.Query{Limit: -1}))
	if n := len(kept); n < 30 || kept[0] != "large19" || kept[n-1] != "slow" || kept[n-2] != "pinned" {
		t.Errorf("kept: %v", kept)
	}
	s.stop()

	raw(t, dir, "UPDATE exchanges SET changed = changed + 1000") // a step of the schema could not be more
	aged := run(t, Options{Dir: dir, MaxAge: time.Nanosecond})
	eventually(t, "what is old is gone", func() bool { return len(list(t, aged, inspect.Query{Limit: -1})) == 1 })
	eventually(t, "its files are gone", func() bool { // which is after the rows
		left, err := filepath.Glob(filepath.Join(dir, "bodies", "*", "*"))
		return err == nil && len(left) == 0
	})
}

// What is too much goes, and nothing else, however large each exchange is.
func TestRetentionTakesWhatItMust(t *testing.T) {
	t.Parallel()
	const most, each = 3 << 20, 100_000
	s := run(t, Options{Dir: t.TempDir(), MaxBytes: most})
	for i := range 50 {
		s.Record(exchange(fmt.Sprint("x", i), inspect.Done, each))
	}
	s.settled()
	eventually(t, "it is small enough", func() bool { n, err := s.size(); return err == nil && n <= most })
	s.window.Clear(t.Context())
	kept := ids(list(t, s, inspect.Query{Limit: -1}))
	if n, err := s.size(); err != nil || n < most-3*each || len(kept) == 0 || kept[0] != "x49" {
		t.Errorf("%d bytes are kept, %v: %v", n, err, kept)
	}
}

// lock keeps the database at path locked for writing, as another program may.
func lock(t *testing.T, path string) (unlock func()) {
	t.Helper()
	db, err := sql.Open("sqlite", path+"?_pragma=busy_timeout(20000)")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	db.SetMaxOpenConns(1)
	if _, err := db.Exec("BEGIN EXCLUSIVE"); err != nil {
		t.Fatal(err)
	}
	return func() {
		if _, err := db.Exec("ROLLBACK"); err != nil {
			t.Fatal(err)
		}
	}
}

// Who only looks is not kept away by a lock, although an agent has died whose exchanges cannot be said to be interrupted as long as it lasts.
func TestLockedAfterADeath(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := run(t, Options{Dir: dir})
	s.Record(exchange("x", inspect.Pending, 1))
	eventually(t, "it is committed", func() bool { return list(t, s, inspect.Query{})[0].Committed })
	unlock := lock(t, s.path())
	if err := s.alive.Unlock(); err != nil { // as the system does when a process ends
		t.Fatal(err)
	}
	shell := attach(t, dir)
	wantIDs(t, "seen behind the lock", list(t, shell, inspect.Query{}), "x")
	v, err := shell.Latest(t.Context())
	unlock()
	if err == nil {
		_, err = shell.Changed(t.Context(), v)
	}
	if items := list(t, shell, inspect.Query{}); err != nil || items[0].State != inspect.Interrupted {
		t.Error(items, err)
	}
}

// A database that another program keeps locked is waited for: nothing that is recorded waits, people are told, and later everything is there.
func TestLockedDatabase(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := run(t, Options{Dir: dir})
	s.Record(exchange("before", inspect.Done, 1))
	s.settled()
	unlock := lock(t, s.path())
	for i := range 300 {
		s.Record(exchange(fmt.Sprint("x", i), inspect.Done, 10))
	}
	if got := list(t, s, inspect.Query{Limit: -1}); len(got) != 301 || got[0].Committed || !got[300].Committed {
		t.Errorf("%d are shown", len(got))
	}
	eventually(t, "people are told", func() bool { return strings.Contains(s.Keeping().Problem, "another program") })
	unlock()
	s.settled()
	eventually(t, "all is well", func() bool { return s.Keeping().Problem == "" })
	if k := s.Keeping(); k.NotStored != 0 || k.Stored != 301 {
		t.Errorf("%+v", k)
	}
}

// Others who write in turns keep nobody locked out, however long it lasts; one who commits nothing does.
func TestLockedByTurns(t *testing.T) {
	s := run(t, Options{Dir: t.TempDir()})
	w := &writer{s: s.Store}
	if err := w.open(); err != nil {
		t.Fatal(err)
	}
	defer w.close()
	other, err := sql.Open("sqlite", s.path()+"?_pragma=busy_timeout(20000)")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	commit := func() {
		if _, err := other.Exec("UPDATE changes SET n = n + 1"); err != nil {
			t.Fatal(err)
		}
	}
	unlock := lock(t, s.path())
	hasty, err := sql.Open("sqlite", s.path())
	if err != nil {
		t.Fatal(err)
	}
	defer hasty.Close()
	_, busy := hasty.Exec("UPDATE changes SET n = n + 1")
	unlock()
	w.outcome(busy)
	for _, turn := range []struct {
		before func()
		told   bool
	}{{commit, false}, {commit, false}, {func() {}, true}} {
		turn.before()
		w.locked = w.locked.Add(-time.Hour)
		if w.outcome(busy); (s.Keeping().Problem != "") != turn.told {
			t.Fatalf("%v: %q", busy, s.Keeping().Problem)
		}
	}
}

// Of what comes faster than the writer may write only summaries are kept, and then nothing; what there is says so, and adds up.
func TestPace(t *testing.T) {
	for _, c := range []struct {
		what string
		pace pace
	}{{"summaries", pace{summary: 1e-9, packed: 1000, nothing: 1000}}, {"nothing", pace{summary: 1e-9, nothing: 1e-9}}} {
		t.Run(c.what, func(t *testing.T) {
			dir := t.TempDir()
			s := run(t, Options{Dir: dir, pace: c.pace, Exchanges: 100})
			const all = 500
			for i := range all {
				s.Record(exchange(fmt.Sprint("x", i), inspect.Done, 10))
			}
			eventually(t, "all are counted", func() bool { k := s.Keeping(); return k.Stored+k.Summaries+k.NotStored == all })
			s.stop() // what left the window while it was being written was taken for lost until then
			k := s.Keeping()
			if k.Stored+k.Summaries+k.NotStored != all || (k.Summaries > 0) != (c.what == "summaries") || c.what == "nothing" && k.NotStored == 0 {
				t.Errorf("%+v", k)
			}
			rows := list(t, attach(t, dir), inspect.Query{Limit: -1})
			var summaries uint64
			for _, it := range rows {
				if it.Summary {
					summaries++
				}
			}
			if uint64(len(rows)) != k.Stored+k.Summaries || summaries != k.Summaries {
				t.Errorf("%d rows, %d of them summaries: %+v", len(rows), summaries, k)
			}
		})
	}
}

// What takes nothing weighs nothing after some seconds; what takes all of one core for a second is too much on any machine of less than eight.
func TestMeter(t *testing.T) {
	m := meter{pace: pace{}.withDefaults()}
	m.add(time.Second, time.Second)
	if loaded := m.load; loaded <= 0 {
		t.Error("nothing was measured")
	}
	m.add(10*time.Second, 0)
	if m.load > m.summary/10 {
		t.Errorf("after ten quiet seconds the load is %v", m.load)
	}
}

// Content whose file somebody has taken away is missing, and nothing else.
func TestContentThatIsTakenAway(t *testing.T) {
	dir := t.TempDir()
	s := run(t, Options{Dir: dir})
	x := exchange("a", inspect.Done, 2*inline)
	x.Request.Head, x.Request.Kept, x.Request.Size, x.Request.Whole = []byte("P / HTTP/1.1\r\n\r\n"), 2*inline, 2*inline, true
	s.Record(x)
	s.settled()
	s.stop()
	if err := os.RemoveAll(s.bodies()); err != nil {
		t.Fatal(err)
	}
	again := attach(t, dir)
	if it, err := again.Get(t.Context(), "a"); err != nil || it.Request.Kept != 0 || it.Request.Size != 2*inline || it.Request.Complete() {
		t.Errorf("%+v, %v", it, err)
	}
	if _, err := again.Body(t.Context(), "a", inspect.RequestSide); !errors.Is(err, inspect.ErrNotFound) {
		t.Errorf("Body: %v", err)
	}
}

// Room that is free is given back to the disk.
func TestRoomIsGivenBack(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := run(t, Options{Dir: dir})
	for i := range 100 {
		s.Record(exchange(fmt.Sprint("x", i), inspect.Done, 50_000))
	}
	s.settled()
	if n, err := s.Purge(t.Context(), inspect.Query{}); n != 100 || err != nil {
		t.Errorf("%d purged, %v", n, err)
	}
	if i, err := os.Stat(s.path()); err != nil || i.Size() > 1<<20 {
		t.Errorf("%v, %v", i.Size(), err)
	}
}
