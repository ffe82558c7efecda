package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/diff"
	"github.com/adit-tunnel/adit/inspect/rerun"
)

const (
	mostRuns      = 4 // under way at once
	mostTimeoutMS = 3_600_000
)

// runJSON is which requests are sent again, and how. Without rules to ignore those that are kept are taken.
type runJSON struct {
	IDs       []inspect.ID `json:"ids"`
	Filter    *string      `json:"filter"` // instead of ids: the newest 1000 that match, oldest first
	Edit      *editJSON    `json:"edit"`
	Times     int          `json:"times"`
	Rate      float64      `json:"rate"` // per second; 0: one after the other
	TimeoutMS float64      `json:"timeout_ms"`
	Ignore    *[]string    `json:"ignore"`
	waysJSON
}

// outcomeJSON is a line of the answer: what came of one request.
type outcomeJSON struct {
	Original inspect.ID  `json:"original"`
	Replay   *inspect.ID `json:"replay"`
	Verdict  string      `json:"verdict"`
	Status   string      `json:"status"`
	Was      string      `json:"was"`
	TookMS   float64     `json:"took_ms"`
	Changed  []string    `json:"changed"`
	Error    *string     `json:"error"`
	Done     int         `json:"done"`
	Planned  int         `json:"planned"`
}

// endJSON is the last line.
type endJSON struct {
	Table tableJSON `json:"table"`
	Error *string   `json:"error"` // why nothing more can be sent
}

type tableJSON struct {
	Planned int `json:"planned"`
	Done    int `json:"done"`
	Passed  int `json:"passed"`
	Differ  int `json:"differ"`
	Failed  int `json:"failed"`
}

// run sends many requests again and tells of each as it has come out. Who goes away ends it.
func (s *Server) run(w http.ResponseWriter, r *http.Request) *apiError {
	var in runJSON
	if problem := readStrict(r, &in); problem != nil {
		return problem
	}
	plan, problem := s.planOf(r, &in)
	if problem != nil {
		return problem
	}
	if !s.runs.enter(r.Context(), s.limits.turn) {
		return busy(fmt.Sprintf("%d runs are under way", mostRuns))
	}
	defer s.runs.leave()
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	s.spawn(func() {
		select {
		case <-s.ending:
			cancel()
		case <-ctx.Done():
		}
	})
	return s.tell(ctx, w, plan, cancel)
}

// planOf reads a plan.
func (s *Server) planOf(r *http.Request, in *runJSON) (p rerun.Plan, problem *apiError) {
	p = rerun.Plan{IDs: in.IDs, Times: in.Times, Rate: in.Rate, Timeout: time.Duration(in.TimeoutMS * float64(time.Millisecond)), Rules: s.rules(r), Go: s.spawn}
	switch {
	case in.TimeoutMS < 0 || in.TimeoutMS > mostTimeoutMS:
		return p, badRequest("timeout_ms", fmt.Sprintf("want milliseconds, at most %d", mostTimeoutMS))
	case (in.Filter == nil) == (in.IDs == nil):
		return p, badRequest("which requests", "want ids or a filter")
	case in.Filter != nil:
		f, problem := filterOf(*in.Filter)
		if problem != nil {
			return p, problem
		}
		items, err := rerun.Choose(r.Context(), s.reader, f, 0)
		if err != nil {
			return p, internal("list exchanges", err)
		}
		p.IDs = rerun.IDs(items)
	}
	if in.Edit == nil {
		in.Edit = &editJSON{}
	}
	if p.Resend, problem = in.with(in.Edit); problem != nil {
		return p, problem
	}
	if in.Ignore != nil {
		var err error
		if p.Rules, err = diff.ParseRules(*in.Ignore); err != nil {
			return p, badRequest("ignore", err.Error()).saying("invalid_rule", "docs/api.md describes them")
		}
	}
	if _, err := p.Sends(); err != nil {
		return p, badRequest("invalid run", err.Error())
	}
	return p, nil
}

// tell writes the outcomes of a run. Before the first one an error can still be the answer.
func (s *Server) tell(ctx context.Context, w http.ResponseWriter, p rerun.Plan, stop func()) *apiError {
	out := s.patiently(w)
	line := func(v any) {
		b, err := json.Marshal(v)
		if err == nil {
			w.Header().Set("Content-Type", "application/x-ndjson")
			_, err = out.Write(append(b, '\n'))
		}
		if err == nil {
			err = out.control.Flush()
		}
		if err != nil { // the reader has gone
			stop()
		}
	}
	source := rerun.Here{Reader: s.reader, Replayer: s.replayer, Observer: s.observer}
	table, err := rerun.Run(ctx, source, p, func(o rerun.Outcome, t rerun.Table) { line(toldOf(o, t)) })
	var edit *inspect.EditError
	switch {
	case errors.As(err, &edit) && table.Done == 0:
		return notReplayed("", err)
	case err != nil && !errors.As(err, &edit):
		s.cut("run", err)
	}
	line(RunEndOf(table, err))
	return nil
}

func toldOf(o rerun.Outcome, t rerun.Table) outcomeJSON {
	out := outcomeJSON{
		Original: o.Original, Verdict: string(o.Verdict), Status: o.Status, Was: o.Was, TookMS: msOf(o.Took), Changed: append([]string{}, o.Changed...),
		Done: t.Done, Planned: t.Planned,
	}
	if o.Replay != "" {
		out.Replay = &o.Replay
	}
	if o.Err != nil {
		out.Error = validText(o.Err)
	}
	return out
}

// validText is an error's text, as JSON may hold it.
func validText(err error) *string {
	text := strings.ToValidUTF8(err.Error(), "\ufffd")
	return &text
}
