// Package rerun sends many recorded requests again and compares each answer with the one there was: a regression run. It knows neither a store nor an
// agent, only what it needs of them.
//
//	table, err := rerun.Run(ctx, source, rerun.Plan{IDs: ids, Rules: rules}, func(o rerun.Outcome, t rerun.Table) { … })
//	fmt.Println(table) // 12 passed, 1 differs, 0 failed
package rerun

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/diff"
)

// ErrTimeout says that an answer did not end in time, ErrStopped that it had not when the run was stopped.
var (
	ErrTimeout = errors.New("it has not ended in time")
	ErrStopped = errors.New("it had not ended when the run was stopped")
)

// Bounds of a run.
const (
	MaxSends = 10_000 // requests
	MaxRate  = 1000   // requests per second
	atOnce   = 16     // requests that are under way, with a rate
)

// Source is what a run needs of a Reader and a Replayer. One that is an Observer's Watch, too, is asked for outcomes when it hints at changes, and else from
// time to time.
type Source interface {
	Get(ctx context.Context, id inspect.ID) (inspect.Item, error)
	Body(ctx context.Context, id inspect.ID, side inspect.Side) (inspect.Body, error)
	Replay(ctx context.Context, id inspect.ID, r inspect.Resend) (inspect.ID, error)
}

// Here is the Source of an agent in the same process.
type Here struct {
	inspect.Reader
	inspect.Replayer
	inspect.Observer
}

var _ Source = Here{}

// Plan says what is sent, and how. An ID that comes twice is sent twice.
type Plan struct {
	IDs     []inspect.ID // in the order in which they are sent
	Resend  inspect.Resend
	Times   int           // how often all of them are sent; 0: once
	Rate    float64       // per second, as long as no more than 16 are under way; 0: one after the other, as fast as answers come
	Timeout time.Duration // how long each may take to its end; 0: 30 s
	Rules   diff.Rules    // what does not matter
	Go      func(func())  // starts goroutines, all of which end before Run does; nil: the go statement
}

// Verdict says how a replay came out.
type Verdict string

// The verdicts. Differences between the requests fail nothing: that is what edits are for.
const (
	Passed  Verdict = "passed"   // the same status, and nothing else in the response that matters
	Differs Verdict = "differs"  // another answer
	Failed  Verdict = "failed"   // no answer, or none in time
	NotSent Verdict = "not sent" // Err says why
)

// Outcome is what came of one request. Its texts are safe to show.
type Outcome struct {
	Original inspect.ID
	Replay   inspect.ID // "" with NotSent
	Verdict  Verdict
	Status   string        // "200 OK", or what is wrong
	Was      string        // Status of the original
	Took     time.Duration // as the replay's Duration
	Changed  []string      // what differs and matters in the response, each in a few words; the first five
	Diff     diff.Diff     // may be megabytes: who collects outcomes leaves it out
	Err      error         // with NotSent, and with Failed when there is no telling from the exchange: it wraps ErrTimeout, is ErrStopped, or the source's
}

// Table is how far a run is. What failed was not sent, or not answered.
type Table struct{ Planned, Done, Passed, Differ, Failed int }

// String returns "12 passed, 1 differs, 0 failed", and how many were not sent when it was stopped.
func (t Table) String() string {
	differ := "differ"
	if t.Differ == 1 {
		differ = "differs"
	}
	s := fmt.Sprintf("%d passed, %d %s, %d failed", t.Passed, t.Differ, differ, t.Failed)
	if left := t.Planned - t.Done; left > 0 {
		s += fmt.Sprintf(", %d not sent", left)
	}
	return s
}

func (t *Table) add(v Verdict) {
	t.Done++
	switch v {
	case Passed:
		t.Passed++
	case Differs:
		t.Differ++
	default:
		t.Failed++
	}
}

// Sends is how many requests a plan is about. The error is an *inspect.InputError.
func (p *Plan) Sends() (int, error) {
	times := max(p.Times, 1)
	wrong := func(format string, args ...any) (int, error) {
		return 0, &inspect.InputError{Text: fmt.Sprintf(format, args...)}
	}
	switch {
	case p.Times < 0:
		return wrong("%d times: a request can be sent once or more", p.Times)
	case math.IsNaN(p.Rate) || p.Rate < 0 || p.Rate > MaxRate:
		return wrong("a rate of %g: it is more than 0 and at most %d per second; 0 waits for each answer", p.Rate, MaxRate)
	case p.Timeout < 0:
		return wrong("a time-out of %s: it cannot be negative", p.Timeout)
	case len(p.IDs) > MaxSends/times:
		return wrong("%d requests %d times: at most %d can be sent in one run", len(p.IDs), times, MaxSends)
	}
	return len(p.IDs) * times, nil
}

// Run sends what is planned, and tells each as it ends each outcome with the table up to it; each is called by one goroutine at a time, that of Run. The end
// of ctx stops the run: nothing more is sent, and what is under way is waited for as long as graceTime; what has not ended then has failed.
//
// The error is ctx's when the run was stopped, an *inspect.InputError when there is no such plan, and an *inspect.EditError when nothing can be sent with
// its Resend; what is wrong with single requests is in their outcomes.
func Run(ctx context.Context, s Source, p Plan, each func(Outcome, Table)) (Table, error) {
	n, err := p.Sends()
	t := Table{Planned: n}
	if err != nil || n == 0 {
		return t, err
	}
	if p.Go == nil {
		p.Go = func(f func()) { go f() }
	}
	r := newRunner(ctx, s, p)
	defer r.end()
	r.p.Go(func() { r.sendAll(n) })
	for o := range r.outcomes {
		if err == nil {
			err = PlanError(o.Err)
		}
		if err == nil {
			t.add(o.Verdict)
			each(o, t)
		}
	}
	if err == nil && t.Done < n {
		err = ctx.Err()
	}
	return t, err
}
