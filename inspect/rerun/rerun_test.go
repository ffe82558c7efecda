package rerun

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/diff"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// source is a store and a service in one: what was recorded, and what answers now.
type source struct {
	inspect.Bus
	mu     sync.Mutex
	kept   map[inspect.ID]*inspect.Exchange
	bodies map[inspect.ID]string // of responses that memory does not hold
	answer func(x inspect.Exchange) (*inspect.Exchange, error)
	sent   []inspect.ID
	under  int
	most   int // that were under way at once
}

func (s *source) Get(_ context.Context, id inspect.ID) (inspect.Item, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	x := s.kept[id]
	if x == nil {
		return inspect.Item{}, inspect.ErrNotFound
	}
	return inspect.Item{Exchange: x}, nil
}

type body struct{ *bytes.Reader }

func (body) Close() error { return nil }

func (s *source) Body(_ context.Context, id inspect.ID, _ inspect.Side) (inspect.Body, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return body{bytes.NewReader([]byte(s.bodies[id]))}, nil
}

// Replay answers some moments later.
func (s *source) Replay(_ context.Context, id inspect.ID, _ inspect.Resend) (inspect.ID, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sent = append(s.sent, id)
	x := *s.kept[id]
	x.ID, x.ReplayOf = inspect.ID(fmt.Sprint(id, "-", len(s.sent))), id
	again, err := s.answer(x)
	if err != nil {
		return "", err
	}
	s.under++
	s.most = max(s.most, s.under)
	pending := *again
	pending.State, pending.Response = inspect.Pending, nil
	s.kept[again.ID] = &pending
	time.AfterFunc(time.Millisecond, func() {
		s.mu.Lock()
		s.kept[again.ID] = again
		s.under--
		s.mu.Unlock()
		s.Publish()
	})
	return again.ID, nil
}

// answered is an exchange with that answer: a head, an empty line, and content.
func answered(id string, status int, response string) *inspect.Exchange {
	head, content, _ := strings.Cut(response, "\n\n")
	head = fmt.Sprintf("HTTP/1.1 %d X\n%s\n\n", status, head)
	return &inspect.Exchange{ID: inspect.ID(id), State: inspect.Done, Response: &inspect.Response{Status: status, Reason: "X", Message: inspect.Message{
		Head: []byte(strings.ReplaceAll(head, "\n", "\r\n")), Body: []byte(content), Kept: int64(len(content)), Size: int64(len(content)), Whole: true,
	}}}
}

func newSource(answer func(x inspect.Exchange) (*inspect.Exchange, error), kept ...*inspect.Exchange) *source {
	s := &source{kept: map[inspect.ID]*inspect.Exchange{}, bodies: map[inspect.ID]string{}, answer: answer}
	for _, x := range kept {
		s.kept[x.ID] = x
	}
	return s
}

// same answers as before.
func same(x inspect.Exchange) (*inspect.Exchange, error) { return &x, nil }

func TestOutcomes(t *testing.T) {
	large := strings.Repeat("x", 1<<20)
	s := newSource(func(x inspect.Exchange) (*inspect.Exchange, error) {
		now := func(status int, response string) (*inspect.Exchange, error) {
			again := answered(string(x.ID), status, response)
			again.ReplayOf = x.ReplayOf
			return again, nil
		}
		switch x.ReplayOf {
		case "differs":
			return now(200, "A: 2\n\n{\"id\":1,\"n\":2}")
		case "ruled out":
			return now(200, "Date: now\n\n{\"id\":2,\"n\":1}")
		case "status":
			return now(500, "")
		case "refused":
			return nil, &inspect.Failure{Text: "it was \x1b an upgrade"}
		case "fails":
			x.State, x.Response, x.Failure = inspect.Failed, nil, &inspect.Failure{Name: "LOCAL_REFUSED"}
		case "told":
			x.State, x.Response, x.Failure = inspect.Failed, answered("", 502, "Adit-Error: 1\n\nno").Response, &inspect.Failure{Name: "LOCAL_RESET"}
			x.Response.Made = true
		}
		return &x, nil
	}, answered("same", 200, "A: 1"), answered("differs", 200, "A: 1\n\n{\"id\":1,\"n\":1}"), answered("ruled out", 200, "Date: then\n\n{\"id\":1,\"n\":1}"),
		answered("status", 200, ""), answered("refused", 200, ""), answered("fails", 200, ""), answered("told", 200, ""), answered("large", 200, ""))
	s.kept["large"].Response.Kept, s.kept["large"].Response.Size = 1<<21, 1<<21
	s.bodies["large"], s.bodies["large-8"] = large+large, large+large[1:]+"y"
	rules, err := diff.ParseRules([]string{"$.id"})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	table, err := Run(t.Context(), s, Plan{IDs: []inspect.ID{"same", "differs", "ruled out", "status", "refused", "fails", "told", "gone", "large"}, Rules: rules}, func(o Outcome, now Table) {
		if now.Done != len(got)+1 {
			t.Errorf("%d are done with the outcome of %s", now.Done, o.Original)
		}
		got = append(got, fmt.Sprintf("%s: %s, was %q, is %q, %q", o.Original, o.Verdict, o.Was, o.Status, o.Changed))
	})
	want := []string{
		`same: passed, was "200 X", is "200 X", []`,
		`differs: differs, was "200 X", is "200 X", ["header.A" "$.n"]`,
		`ruled out: passed, was "200 X", is "200 X", []`,
		`status: differs, was "200 X", is "500 X", ["status 200 → 500"]`,
		`refused: not sent, was "200 X", is "it was \\x1b an upgrade ", []`,
		`fails: failed, was "200 X", is "LOCAL_REFUSED", ["no answer now"]`,
		`told: failed, was "200 X", is "LOCAL_RESET", ["no answer now"]`,
		`gone: not sent, was "", is "not kept, or no longer", []`,
		`large: differs, was "200 X", is "200 X", ["sha256" "of the older content the first 1 MiB are compared" "of the newer content the first 1 MiB are compared"]`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if err != nil || table.String() != "2 passed, 3 differ, 4 failed" {
		t.Errorf("%s, %v", table, err)
	}
}

// With a rate several are under way, a bounded number of them; without one, each waits for the one before.
func TestTimesAndRate(t *testing.T) {
	for _, rate := range []float64{0, MaxRate} {
		s := newSource(same, answered("a", 200, ""), answered("b", 200, ""))
		table, err := Run(t.Context(), s, Plan{IDs: []inspect.ID{"a", "b"}, Times: 20, Rate: rate}, func(Outcome, Table) {})
		if err != nil || table.Passed != 40 || len(s.sent) != 40 {
			t.Errorf("rate %v: %s of %d, %v", rate, table, len(s.sent), err)
		}
		if rate == 0 && (s.most != 1 || !slices.Equal(s.sent[:4], []inspect.ID{"a", "b", "a", "b"})) || s.most > atOnce {
			t.Errorf("rate %v: %d at once, %v", rate, s.most, s.sent)
		}
	}
}

// A run that is stopped sends nothing more, waits for what is under way, and says how many were not sent.
func TestStop(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	s := newSource(func(x inspect.Exchange) (*inspect.Exchange, error) {
		if x.ID == "a-3" {
			stop()
		}
		return &x, nil
	}, answered("a", 200, ""))
	table, err := Run(ctx, s, Plan{IDs: []inspect.ID{"a"}, Times: 100}, func(Outcome, Table) {})
	if !errors.Is(err, context.Canceled) || table.String() != "3 passed, 0 differ, 0 failed, 97 not sent" || len(s.sent) != 3 {
		t.Errorf("%s, %d sent, %v", table, len(s.sent), err)
	}
}

// What was sent and has not ended some moments after a stop is not said to be unsent.
func TestStopWhileOneGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		s := newSource(func(x inspect.Exchange) (*inspect.Exchange, error) {
			stop()
			x.State = inspect.Open
			return &x, nil
		}, answered("a", 200, ""))
		table, err := Run(ctx, s, Plan{IDs: []inspect.ID{"a"}, Times: 3}, func(o Outcome, _ Table) {
			if o.Verdict != Failed || !errors.Is(o.Err, ErrStopped) || o.Replay != "a-1" {
				t.Errorf("%+v", o)
			}
		})
		if !errors.Is(err, context.Canceled) || table.String() != "0 passed, 0 differ, 1 failed, 2 not sent" {
			t.Errorf("%s, %v", table, err)
		}
	})
}

// An answer that does not end fails the request, and not the run.
func TestTimeout(t *testing.T) {
	s := newSource(func(x inspect.Exchange) (*inspect.Exchange, error) {
		x.State = inspect.Open
		return &x, nil
	}, answered("a", 200, ""))
	table, err := Run(t.Context(), s, Plan{IDs: []inspect.ID{"a"}, Timeout: 30 * time.Millisecond}, func(o Outcome, _ Table) {
		if o.Verdict != Failed || o.Status != "it has not ended in time (30 ms)" || !errors.Is(o.Err, ErrTimeout) || o.Replay != "a-1" {
			t.Errorf("%+v", o)
		}
	})
	if err != nil || table.Failed != 1 {
		t.Errorf("%s, %v", table, err)
	}
}

func TestWrongPlans(t *testing.T) {
	refuse := func(err error) *source {
		return newSource(func(inspect.Exchange) (*inspect.Exchange, error) { return nil, err }, answered("a", 200, ""))
	}
	never := func(Outcome, Table) { t.Error("an outcome is told") }
	for _, p := range []Plan{{Times: -1}, {Rate: -1}, {Rate: MaxRate + 1}, {Timeout: -1}, {Times: MaxSends + 1}} {
		p.IDs = []inspect.ID{"a"}
		var wrong *inspect.InputError
		if _, err := Run(t.Context(), refuse(nil), p, never); !errors.As(err, &wrong) {
			t.Errorf("%+v: %v", p, err)
		}
	}
	var edit *inspect.EditError
	s := refuse(&inspect.EditError{Key: "to", Text: "no such place"})
	if _, err := Run(t.Context(), s, Plan{IDs: []inspect.ID{"a"}, Times: 9}, never); !errors.As(err, &edit) || len(s.sent) != 1 {
		t.Errorf("%v, %d sent", err, len(s.sent))
	}
	table, err := Run(t.Context(), refuse(&inspect.EditError{Key: "resign"}), Plan{IDs: []inspect.ID{"a"}, Times: 9}, func(Outcome, Table) {})
	if err != nil || table.Failed != 9 {
		t.Errorf("%s, %v", table, err)
	}
	if table, err := Run(t.Context(), s, Plan{}, never); err != nil || table != (Table{}) {
		t.Errorf("nothing to send: %s, %v", table, err)
	}
}

// lister has exchanges, newest first.
type lister []inspect.Item

func (l lister) List(_ context.Context, q inspect.Query) iter.Seq2[inspect.Item, error] {
	return func(yield func(inspect.Item, error) bool) {
		for _, it := range l {
			if q.Filter.Match(it, time.Now(), nil) && !yield(it, nil) {
				return
			}
		}
	}
}

func TestChoose(t *testing.T) {
	l := lister{{Exchange: answered("new", 200, "")}, {Exchange: answered("replay", 200, "")}, {Exchange: answered("old", 200, "")}, {Exchange: answered("bad", 500, "")}}
	l[1].ReplayOf = "old"
	for _, tt := range []struct {
		filter string
		limit  int
		want   string
	}{
		{"", 0, "[bad old new]"}, {"status:200", 0, "[old new]"}, {"status:200", 1, "[new]"}, {"replay:yes", 0, "[replay]"}, {"status:404", 0, "[]"},
	} {
		f, err := inspect.ParseFilter(tt.filter)
		if err != nil {
			t.Fatal(err)
		}
		items, err := Choose(t.Context(), l, f, tt.limit)
		if got := fmt.Sprint(IDs(items)); got != tt.want || err != nil {
			t.Errorf("%s, %d: %s, %v", tt.filter, tt.limit, got, err)
		}
	}
}
