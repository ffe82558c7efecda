package cli

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"path/filepath"
	"strings"
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
	agent := &idle{}
	memory := store.NewMemory(store.Options{OnChange: func(uint64) { agent.Publish() }})
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
	a := &app{}
	a.guard = newGuard(a)
	running := &nearby{a: a, found: []*agentAPI{{base: "http://" + ln.Addr().String()}}, looked: time.Now().Add(time.Hour)}
	for _, want := range []struct {
		first  inspect.ID
		unread int
	}{{"y", 1}, {"x", 0}} {
		s := &stored{Store: s, agents: running}
		if it := firstOf(s.Changes(t.Context(), fromStart, f)); it.ID != want.first || s.Unread() != want.unread {
			t.Errorf("%s came; %d could not be compared", it.ID, s.Unread())
		}
		memory.Record(x)
	}
	// What is not stored at all is told by the agent as it comes.
	running.a.guard.Go(func() {
		for i := 0; ctx.Err() == nil; i++ {
			memory.Record(hook(inspect.ID(fmt.Sprint("later", i))))
			time.Sleep(5 * time.Millisecond)
		}
	})
	both := &stored{Store: s, agents: running}
	now, err := both.Cursor(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if it := firstOf(both.Changes(t.Context(), now, f)); !strings.HasPrefix(string(it.ID), "later") {
		t.Errorf("%s came", it.ID)
	}
}

// firstOf is the first item of a sequence that has one.
func firstOf(seq iter.Seq2[inspect.Item, error]) inspect.Item {
	for it, err := range seq {
		if err == nil {
			return it
		}
		break
	}
	return inspect.Item{Exchange: &inspect.Exchange{}}
}
