package tui

import (
	"context"
	"runtime/debug"
	"sync"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/diff"
	"github.com/adit-tunnel/adit/inspect/rerun"
	"github.com/adit-tunnel/adit/inspect/view"
	"github.com/adit-tunnel/adit/tui/pane"
)

// run is some requests that are sent again. Two commands belong to it: send, which fills it, and progress, which tells the model how far it is.
type run struct {
	what   string // for the person: "POST /webhooks/github", "12 requests"
	stop   context.CancelFunc
	strict bool   // no rule leaves anything out
	edited bool   // what is sent is not what was recorded
	known  result // what the model has been told of it

	last     time.Time     // when progress has told something; its own
	news     chan struct{} // there is something to tell
	mu       sync.Mutex
	outcomes []rerun.Outcome // not told yet
	table    rerun.Table
	err      error
	ended    bool
	panicked *PanicError
	started  sync.WaitGroup // goroutines that have not ended, their panics told
}

// result is how far a run is, for the model.
type result struct {
	rows  map[inspect.ID]pane.Row // of the originals
	done  []rerun.Outcome         // without their differences, but for that of a single one
	table rerun.Table
	over  bool
	err   error

	stopping bool // the person has stopped it
}

// ran is news of a run.
type ran struct {
	run      *run
	outcomes []rerun.Outcome
	table    rerun.Table
	ended    bool
	err      error
}

// newRun plans to send rows again.
func (w *work) newRun(rows []pane.Row, what string, plan rerun.Plan, strict bool) (*run, tea.Cmd) {
	ctx, stop := context.WithCancel(w.root)
	r := &run{what: what, stop: stop, strict: strict, edited: plan.Resend.Edit != nil, news: make(chan struct{}, 1)}
	plan.IDs = idsOf(rows)
	r.known.rows = map[inspect.ID]pane.Row{}
	for _, row := range rows {
		r.known.rows[row.ID] = row
	}
	r.known.table.Planned = len(rows) * max(plan.Times, 1)
	return r, tea.Batch(w.send(ctx, r, plan), w.progress(r))
}

// send sends what is planned and returns when all of it has come out.
func (w *work) send(ctx context.Context, r *run, plan rerun.Plan) tea.Cmd {
	return safely(func() tea.Msg {
		defer r.stop()
		if !r.strict {
			plan.Rules = keptRules(ctx, w.source.Keeper)
		}
		plan.Go = r.start
		single := r.known.table.Planned == 1
		table, err := rerun.Run(ctx, rerun.Here{Reader: w.source.Reader, Replayer: w.source.Replayer, Observer: w.source.Observer}, plan,
			func(o rerun.Outcome, t rerun.Table) {
				if !single {
					o.Diff = diff.Diff{}
				} else if o.Verdict == rerun.Failed {
					o.Status = w.failure(ctx, o)
				}
				r.tell(func() { r.outcomes, r.table = append(r.outcomes, o), t })
			})
		r.started.Wait() // rerun.Run does not wait until a panic has been told
		r.tell(func() { r.table, r.err, r.ended = table, err, true })
		return nil
	})
}

// start starts a goroutine of the run's. A panic in it stops the run, and ends the dashboard in good order.
func (r *run) start(f func()) {
	r.started.Add(1)
	go func() {
		defer r.started.Done()
		defer func() {
			if v := recover(); v != nil {
				r.tell(func() { r.panicked = &PanicError{v, debug.Stack()} })
				r.stop()
			}
		}()
		f()
	}()
}

// failure is why a replay was not answered, in words.
func (w *work) failure(ctx context.Context, o rerun.Outcome) string {
	it, err := w.source.Reader.Get(ctx, o.Replay)
	if err != nil || it.Failure == nil {
		return o.Status
	}
	return view.Sanitize(pane.FailureText(*it.Failure))
}

// tell changes what is to be told next.
func (r *run) tell(change func()) {
	r.mu.Lock()
	change()
	r.mu.Unlock()
	select {
	case r.news <- struct{}{}:
	default:
	}
}

// progress waits for news of a run and for the frame to be over, and tells all there is.
func (w *work) progress(r *run) tea.Cmd {
	return safely(func() tea.Msg {
		select {
		case <-r.news:
		case <-w.root.Done():
			return nil
		}
		if !pace(&r.last, frame, w.root.Done()) {
			return nil
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.panicked != nil {
			return r.panicked
		}
		told := ran{r, r.outcomes, r.table, r.ended, r.err}
		r.outcomes = nil
		return told
	})
}

// keptRules are what comparisons leave out. What cannot be read leaves nothing out: more differs then, and is seen.
func keptRules(ctx context.Context, k inspect.Keeper) diff.Rules {
	if k == nil {
		return nil
	}
	rules, _ := diff.KeptRules(ctx, k)
	return rules
}
