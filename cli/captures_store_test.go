package cli

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/store"
	"github.com/adit-tunnel/adit/inspect/web"
)

// idle is an agent that does nothing.
type idle struct {
	inspect.Replayer
	inspect.Controller
	inspect.Bus
}

func (*idle) Status() inspect.Status { return inspect.Status{Version: "1", State: inspect.Online} }

// lineOnly makes a store with two exchanges; of the first only the line was kept.
func lineOnly(t *testing.T, x, y *inspect.Exchange) *store.Store {
	t.Helper()
	dir := t.TempDir()
	s, err := store.Open(store.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	s.Record(x)
	s.Record(y)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := errors.Join(s.Keep(ctx), s.Close()); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", filepath.Join(dir, "captures.db"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = db.Exec(`UPDATE exchanges SET flags = flags | 16 WHERE id = 'x';
		DELETE FROM messages WHERE key / 2 IN (SELECT seq FROM exchanges WHERE id = 'x')`) // as a writer does that has no time for more
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	if s, err = store.Attach(store.Options{Dir: dir}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// What came faster than it could be stored is compared by the content that a running agent still has; where none has it, that is said.
func TestContentOfALine(t *testing.T) {
	hook := func(id inspect.ID) *inspect.Exchange {
		x := &inspect.Exchange{ID: id, State: inspect.Done, Start: time.Now(), Request: inspect.Request{Method: "POST", Target: "/hook"}}
		x.Request.Message = inspect.Message{Head: []byte("POST /hook HTTP/1.1\r\n\r\n"), Body: []byte("word"), Kept: 4, Size: 4, Whole: true}
		return x
	}
	x := hook("x")
	s := lineOnly(t, x, hook("y"))
	f, err := parseFilter("body:word")
	if err != nil {
		t.Fatal(err)
	}
	memory, agent := store.NewMemory(store.Options{}), &idle{}
	ln, err := web.Listen("127.0.0.1:0", false)
	if err != nil {
		t.Fatal(err)
	}
	ctx, end := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- web.New(web.Options{Reader: memory, Keeper: memory, Replayer: agent, Observer: agent, Controller: agent}).Run(ctx, ln)
	}()
	defer func() {
		end()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}()
	running := &nearby{found: []*agentAPI{{base: "http://" + ln.Addr().String()}}, looked: time.Now().Add(time.Hour)}
	for _, want := range []struct {
		first  inspect.ID
		unread int
	}{{"y", 1}, {"x", 0}} {
		s := &stored{Store: s, agents: running}
		for it, err := range s.Changes(t.Context(), fromStart, f) {
			if err != nil || it.ID != want.first || string(it.Request.Body) != "word" || s.Unread() != want.unread {
				t.Errorf("%s came with %q, %v; %d could not be compared", it.ID, it.Request.Body, err, s.Unread())
			}
			break
		}
		memory.Record(x)
	}
}
