package store

import (
	"bytes"
	"io"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/inspect"
)

// spillAll writes content in pieces, as far as it is taken.
func spillAll(t *testing.T, s *Store, id string, content []byte) (taken int64) {
	t.Helper()
	sp := s.Spill(inspect.ID(id), inspect.ResponseSide)
	if sp == nil {
		t.Fatal("there is no room")
	}
	defer sp.Close()
	piece := make([]byte, 20_000) // of the size for which blocks are used again
	for len(content) > 0 {
		n := copy(piece, content)
		if !sp.Write(piece[:n]) {
			return taken
		}
		taken += int64(n)
		content = content[n:]
		clear(piece)
		q := sp.(*spill).q
		eventually(t, "the disk keeps up", func() bool { q.mu.Lock(); defer q.mu.Unlock(); return q.queued < q.room/2 })
	}
	return taken
}

// What files may take of the processor is saved up: a while of nothing pays for large bodies at once, what has been begun goes on when no other may begin, and a
// rest makes all well again.
func TestAllowance(t *testing.T) {
	a := newAllowance(pace{summary: 0.1 / float64(runtime.GOMAXPROCS(0))})
	for i, s := range []struct {
		wall, taken  time.Duration
		short, spent bool
	}{
		{time.Hour, 0, false, false},
		{time.Second, 400 * time.Millisecond, false, false},
		{time.Second, 400 * time.Millisecond, true, false},
		{time.Second, 400 * time.Millisecond, true, true},
		{time.Second, 100 * time.Millisecond, true, true},
		{4 * time.Second, 0, true, false},
		{4 * time.Second, 0, false, false},
	} {
		if a.enter(s.wall, s.taken); a.short() != s.short || a.spent() != s.spent {
			t.Errorf("step %d: short %v, spent %v, %v saved", i, a.short(), a.spent(), a.saved)
		}
	}
}

// download is an exchange with much content, of which memory has the beginning.
func download(id string, state inspect.State, content []byte, kept int64) *inspect.Exchange {
	x := exchange(id, state, 3)
	x.Request.Kept = 3
	x.Response = &inspect.Response{Status: 200}
	x.Response.Body, x.Response.Kept, x.Response.Size, x.Response.Whole = content[:1000], kept, int64(len(content)), state == inspect.Done
	return x
}

// Large content is read from its file: before its exchange is committed, after it, and by another run.
func TestSpilledContent(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := run(t, Options{Dir: dir})
	content := bytes.Repeat([]byte("0123456789abcde\n"), 200_000)
	s.Record(download("large", inspect.Open, content, 1000))
	kept := spillAll(t, s.Store, "large", content)
	s.Record(download("large", inspect.Done, content, kept))
	want := func(what string, r inspect.Reader) {
		t.Helper()
		b, err := r.Body(t.Context(), "large", inspect.ResponseSide)
		if err != nil {
			t.Fatal(what, ": ", err)
		}
		defer b.Close()
		got, err := io.ReadAll(io.NewSectionReader(b, 0, b.Size()))
		if err != nil || !bytes.Equal(got, content) {
			t.Errorf("%s: %d bytes of %d, %v", what, len(got), len(content), err)
		}
	}
	s.settled()
	want("committed", s)
	s.stop()
	again := attach(t, dir)
	want("another run", again)
	it, err := again.Get(t.Context(), "large")
	if err != nil || !bytes.Equal(it.Response.Body, content[:maxHeld]) || it.Response.Kept != int64(len(content)) {
		t.Errorf("%d bytes in memory of %d, %v", len(it.Response.Body), it.Response.Kept, err)
	}
	if left, err := filepath.Glob(filepath.Join(dir, "spill-*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// What is refused, and what belongs to no exchange that is kept, leaves no file.
func TestSpilledInVain(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := run(t, Options{Dir: dir})
	content := make([]byte, maxSpill+1)
	s.Record(download("huge", inspect.Open, content, 1000))
	taken := spillAll(t, s.Store, "huge", content)
	if taken > maxSpill || taken < maxSpill-100_000 {
		t.Errorf("%d bytes are taken", taken)
	}
	if s.Spill("huge", inspect.ResponseSide) != nil {
		t.Error("a second file for the same content")
	}
	s.Record(download("huge", inspect.Done, content, 1000))
	spillAll(t, s.Store, "unknown", content[:300_000])
	s.settled()
	eventually(t, "the files are gone", func() bool {
		left, err := filepath.Glob(filepath.Join(dir, "spill-*", "*"))
		return err == nil && len(left) == 0
	})
	b, err := s.Body(t.Context(), "huge", inspect.ResponseSide)
	if err != nil || b.Size() != 1000 {
		t.Errorf("%v, %v", b, err)
	}
	b.Close()
}

// No more files are open at once than the store may have: what comes beyond keeps its beginning and its end.
func TestFewFiles(t *testing.T) {
	s := run(t, Options{Dir: t.TempDir(), Files: 1})
	first := s.Spill("a", inspect.ResponseSide)
	if first == nil || s.Spill("b", inspect.ResponseSide) != nil {
		t.Fatal("one file may be open")
	}
	first.Close()
	eventually(t, "there is room again", func() bool {
		next := s.Spill("c", inspect.ResponseSide)
		if next != nil {
			next.Close()
		}
		return next != nil
	})
}
