package store

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/adit-tunnel/adit/inspect"
)

// database writes a store of some exchanges, and returns what is in its file.
func database(t testing.TB) []byte {
	t.Helper()
	dir := t.TempDir()
	s := run(t, Options{Dir: dir})
	for i := range 50 {
		s.Record(exchange(fmt.Sprint("x", i), inspect.Done, 5000))
	}
	s.settled()
	s.stop()
	b, err := os.ReadFile(s.path())
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// survives demands that a store on a file that may be damaged opens, keeps what is recorded now, and has not thrown anything away.
func survives(t testing.TB, file []byte) {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "captures.db")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path+"-wal", nil, 0o600); err != nil { // its last writer was killed
		t.Fatal(err)
	}
	s, err := Open(Options{Dir: dir, pace: unhurried})
	if err != nil {
		if strings.Contains(err.Error(), errForeign.Error()) {
			return
		}
		t.Fatal(err)
	}
	r := start(t, s)
	r.Record(exchange("new", inspect.Done, 10))
	eventually(t, "it is kept, or said why not", func() bool {
		k := r.Keeping()
		return k.Stored == 1 || k.Problem != ""
	})
	if _, err := inspect.Collect(r.List(t.Context(), inspect.Query{Limit: -1})); err != nil && r.Keeping().Problem+r.Keeping().Notice == "" && !exists(r.marker()) {
		t.Error("it cannot be read, and that is not noted: ", err)
	}
	notice := r.Keeping().Notice
	r.stop()
	moved, err := filepath.Glob(path + ".damaged-*")
	if err != nil {
		t.Fatal(err)
	}
	if len(moved) > 0 && !strings.Contains(notice, "damaged") {
		t.Errorf("the file was moved aside, and people were told %q", notice)
	}
	for _, m := range moved {
		if b, err := os.ReadFile(m); !strings.HasSuffix(m, "-wal") && !strings.HasSuffix(m, "-shm") && (err != nil || len(b) != len(file)) {
			t.Errorf("%d bytes of %d are left in %s: %v", len(b), len(file), m, err)
		}
	}
}

// A database that was cut off somewhere is moved aside, and a fresh one begun.
func TestTruncatedDatabase(t *testing.T) {
	t.Parallel()
	file := database(t)
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 12 {
		survives(t, file[:rnd.IntN(len(file))])
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "captures.db"), file[:len(file)/2], 0o600); err != nil {
		t.Fatal(err)
	}
	s := run(t, Options{Dir: dir})
	if k := s.Keeping(); !strings.Contains(k.Notice, "captures.db.damaged-") {
		t.Errorf("%+v", k)
	}
	s.Record(exchange("new", inspect.Done, 10))
	s.settled()
	wantIDs(t, "the fresh one", list(t, s, inspect.Query{}), "new")
}

// FuzzDamagedDatabase writes over a part of a database: it may be lost, but nothing crashes, hangs or goes unsaid.
func FuzzDamagedDatabase(f *testing.F) {
	file := database(f)
	f.Add(uint32(100), []byte("\xff\xff\xff\xff"))
	f.Add(uint32(4096), []byte{0, 1, 2})
	f.Fuzz(func(t *testing.T, at uint32, with []byte) {
		b := append([]byte{}, file...)
		copy(b[int(at)%len(b):], with)
		survives(t, b)
	})
}

// A database that is found to be damaged while it is in use is said to be, and moved aside at the next start.
func TestDamagedInUse(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := run(t, Options{Dir: dir})
	s.failed(fmt.Errorf("reading: %w", errDamaged))
	if k := s.Keeping(); !strings.Contains(k.Problem+k.Notice, "damaged") {
		t.Errorf("%+v", k)
	}
	s.stop()
	again := run(t, Options{Dir: dir})
	if k := again.Keeping(); !strings.Contains(k.Notice, "captures.db.damaged-") {
		t.Errorf("%+v", k)
	}
}

// A database of a newer version of the program is left alone: there is the window, and it is said why nothing is kept.
func TestNewerDatabase(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	run(t, Options{Dir: dir}).stop()
	raw(t, dir, fmt.Sprintf("PRAGMA user_version = %d; DROP TABLE exchanges", len(schema)+1))
	before, err := os.ReadFile(filepath.Join(dir, "captures.db"))
	if err != nil {
		t.Fatal(err)
	}
	s := run(t, Options{Dir: dir})
	s.Record(exchange("a", inspect.Done, 1))
	s.Record(exchange("b", inspect.Done, 1))
	var last uint64
	for _, want := range []string{"b", "a"} {
		items, err := inspect.Collect(s.List(t.Context(), inspect.Query{Before: last, Limit: 1}))
		if wantIDs(t, "the window, page by page", items, want); err != nil {
			t.Errorf("List: %v", err)
		}
		last = items[0].Seq
	}
	if items, err := inspect.Collect(s.List(t.Context(), inspect.Query{Before: last})); len(items) > 0 || err == nil || !strings.Contains(err.Error(), "newer version") {
		t.Errorf("List: %v, %v", items, err)
	}
	if k := s.Keeping(); !strings.Contains(k.Problem, "newer version") {
		t.Errorf("%+v", k)
	}
	s.stop()
	if after, err := os.ReadFile(filepath.Join(dir, "captures.db")); err != nil || string(after) != string(before) {
		t.Error("it was changed: ", err)
	}
	if _, err := Attach(Options{Dir: dir}); err == nil || !strings.Contains(err.Error(), "newer version") {
		t.Errorf("Attach: %v", err)
	}
}

// A database of an older version is brought up to date, with a copy of what it was beside it, and the older program goes on with what it has open.
func TestOlderDatabase(t *testing.T) { // alone: what it changes is everybody's
	dir := t.TempDir()
	older := run(t, Options{Dir: dir})
	older.Record(exchange("a", inspect.Done, 1))
	older.settled()
	defer func(now []string) { schema = now }(schema)
	schema = append(schema[:len(schema):len(schema)], "CREATE TABLE more (n INTEGER) STRICT")
	newer := attach(t, dir)
	wantIDs(t, "brought up to date", list(t, newer, inspect.Query{}), "a")
	older.Record(exchange("b", inspect.Done, 1))
	older.settled()
	wantIDs(t, "both at once", list(t, newer, inspect.Query{}), "b", "a")
	copies, err := filepath.Glob(filepath.Join(dir, "captures.db.v*"))
	if err != nil || len(copies) != 1 || !strings.HasSuffix(copies[0], fmt.Sprint(".v", len(schema)-1)) {
		t.Errorf("copies: %v, %v", copies, err)
	}
}

// A database of before memos and replays to elsewhere keeps what it has.
func TestDatabaseWithoutMemos(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	raw(t, dir, strings.Join(schema[:2], "")+`
		INSERT INTO exchanges (seq, changed, id, run, nth, state, flags, status, start, duration, wait, connect, tries, req_size, res_size,
			endpoint, method, host, path, query, client, replay_of, reason, label)
			VALUES (1, 1, 'old', 0, 1, 2, 0, 200, 1, 1, 1, 1, 1, 0, 0, 'web', 'GET', 'h', '/', '', '', 'older', 'OK', '');
		UPDATE changes SET n = 1;
		PRAGMA user_version = 2`)
	s := attach(t, dir)
	if it := list(t, s, inspect.Query{}); len(it) != 1 || it[0].ReplayOf != "older" || it[0].To != "" || it[0].Kind != inspect.HTTP {
		t.Errorf("%+v", it)
	}
	if err := s.AddMemo(t.Context(), inspect.TypedFilters, "status:5xx"); err != nil {
		t.Error(err)
	}
}

// What is no database of adit's is refused, and left alone.
func TestForeignDatabase(t *testing.T) {
	dir := t.TempDir()
	raw(t, dir, "CREATE TABLE recipes (name TEXT)")
	if _, err := Open(Options{Dir: dir}); err == nil || !strings.Contains(err.Error(), "not adit's") {
		t.Error(err)
	}
}

// A database that somebody takes away while it is in use is begun anew, with what the window still has.
func TestDatabaseThatIsTakenAway(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := run(t, Options{Dir: dir})
	s.Record(exchange("a", inspect.Done, 2*inline))
	s.settled()
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := remove(s.path() + suffix); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "there is a new one", func() bool { return exists(s.path()) })
	s.Record(exchange("b", inspect.Done, 1))
	s.settled()
	eventually(t, "it has both", func() bool {
		db, err := s.database()
		if err != nil {
			return false // it is being opened
		}
		items, err := inspect.Collect(s.search(t.Context(), db, inspect.Query{}))
		return err == nil && len(items) == 2
	})
}
