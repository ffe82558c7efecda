package rerun

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/diff"
	"github.com/adit-tunnel/adit/inspect/view"
)

const (
	graceTime   = 2 * time.Second  // for what is under way when a run is stopped
	timeDefault = 30 * time.Second // for each request
	lateTime    = 5 * time.Second  // for an answer's content to be written to its file, and for an exchange to be found at all
	mostChanged = 5
)

// runner is a run under way.
type runner struct {
	s        Source
	p        Plan
	ctx      context.Context // ends when nothing more is to be sent
	work     context.Context // ends the waiting for what is under way
	stop     context.CancelFunc
	end      context.CancelFunc
	outcomes chan Outcome
}

// newRunner makes one that Run's goroutine must end.
func newRunner(ctx context.Context, s Source, p Plan) *runner {
	r := &runner{s: s, p: p, outcomes: make(chan Outcome)}
	r.ctx, r.stop = context.WithCancel(ctx)
	var cancel context.CancelFunc
	r.work, cancel = context.WithCancel(context.WithoutCancel(ctx))
	grace := context.AfterFunc(r.ctx, func() {
		t := time.NewTimer(graceTime)
		defer t.Stop()
		select {
		case <-t.C:
			cancel()
		case <-r.work.Done():
		}
	})
	r.end = func() { grace(); r.stop(); cancel() }
	return r
}

// sendAll sends n requests, and closes outcomes when the last has come out.
func (r *runner) sendAll(n int) {
	var under sync.WaitGroup
	defer close(r.outcomes)
	defer under.Wait()
	places := make(chan struct{}, 1)
	if r.p.Rate > 0 {
		places = make(chan struct{}, atOnce)
	}
	begin := time.Now()
	for i := range n {
		if r.p.Rate > 0 && !pause(r.ctx, time.Until(begin.Add(time.Duration(float64(i)/r.p.Rate*float64(time.Second))))) {
			return
		}
		select {
		case places <- struct{}{}:
		case <-r.ctx.Done():
			return
		}
		if r.ctx.Err() != nil {
			return
		}
		under.Add(1)
		r.p.Go(func() {
			defer under.Done()
			o, ok := r.send(r.p.IDs[i%len(r.p.IDs)])
			if PlanError(o.Err) != nil {
				r.stop()
			}
			if ok {
				r.outcomes <- o
			}
			<-places
		})
	}
}

// pause waits; false: ctx has ended.
func pause(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// PlanError is what is wrong with the plan rather than with one request, of an error of Replay or Prepare: nothing else of it can be sent either. nil: nothing.
func PlanError(err error) error {
	var edit *inspect.EditError
	if errors.As(err, &edit) && edit.Key != "resign" { // whose are signed, and how, each says itself
		return edit
	}
	return nil
}

// send sends a request again and waits for its end; false: the run was stopped before it was sent.
func (r *runner) send(id inspect.ID) (o Outcome, ok bool) {
	o = Outcome{Original: id, Verdict: NotSent}
	limit := r.p.Timeout
	if limit == 0 {
		limit = timeDefault
	}
	ctx, cancel := context.WithTimeout(r.work, limit)
	defer cancel()
	original, err := r.s.Get(ctx, id)
	if err == nil {
		err = original.NeedRequest()
	}
	if err == nil {
		o.Was = view.Status(original.Exchange)
		o.Replay, err = r.s.Replay(ctx, id, r.p.Resend)
	}
	if err != nil {
		o.Err, o.Status = err, said(err)
		return o, r.work.Err() == nil
	}
	again, err := r.ended(ctx, o.Replay)
	if err != nil {
		switch {
		case r.work.Err() != nil:
			err = ErrStopped
		case ctx.Err() != nil:
			err = fmt.Errorf("%w (%s)", ErrTimeout, view.Duration(limit))
		}
		o.Verdict, o.Err, o.Status = Failed, err, said(err)
		return o, true
	}
	r.judge(ctx, &o, original, again)
	return o, true
}

// said is what an error says, in one line that is safe to show.
func said(err error) string { return view.Sanitize(strings.ReplaceAll(err.Error(), "\n", "; ")) }

// judge compares the answers.
func (r *runner) judge(ctx context.Context, o *Outcome, original, again inspect.Item) {
	o.Status, o.Took = view.Status(again.Exchange), again.Duration
	older, newer := contents(ctx, r.s, original), contents(ctx, r.s, again)
	defer older.Close()
	defer newer.Close()
	o.Diff = diff.Of(original.Exchange, again.Exchange, diff.Options{Bodies: diff.BodiesOf(&older, &newer), Rules: r.p.Rules})
	o.Changed = diff.Briefs(o.Diff, mostChanged)
	switch {
	case again.State != inspect.Done:
		o.Verdict = Failed
		switch { // adit's own answer is no news of the service
		case made(again) && made(original):
			o.Changed = nil
		case made(again):
			o.Changed = []string{"no answer now"}
		}
	case o.Diff.Old != o.Diff.New || !o.Diff.Response.Equal():
		o.Verdict = Differs
	default:
		o.Verdict = Passed
	}
}

// made says that adit has answered in place of the service.
func made(it inspect.Item) bool { return it.Response != nil && it.Response.Made }
