package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/diff"
	"github.com/adit-tunnel/adit/inspect/rerun"
	"github.com/adit-tunnel/adit/inspect/view"
	"github.com/adit-tunnel/adit/inspect/web"
	"github.com/adit-tunnel/adit/tui/pane"
)

// replayMany sends what f chooses, or items, and prints each outcome as it comes.
func (a *app) replayMany(ctx context.Context, s *sender, f *inspect.Filter, items []inspect.Item) error {
	rules, err := s.rules(ctx)
	if err == nil && items == nil {
		items, err = s.choose(ctx, f)
	}
	switch {
	case err != nil:
		return err
	case len(items) == 0:
		return notKept("nothing that is kept matches the filter, so nothing is sent")
	}
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	defer context.AfterFunc(ctx, stop)() // the second signal ends the program at once

	p := rerun.Plan{IDs: rerun.IDs(items), Times: s.o.times, Rate: s.o.rate, Timeout: s.o.timeout, Rules: rules, Go: a.guard.Go}
	if p.Timeout == 0 {
		p.Timeout = forEver
	}
	n, err := p.Sends()
	if err != nil {
		return usage("%w", err)
	}
	out := a.runPrinter(s.o, items)
	out.say("sending " + view.Requests(n) + " again")
	timedOut := false
	t, err := rerun.Run(ctx, s, p, func(o rerun.Outcome, t rerun.Table) {
		timedOut = timedOut || errors.Is(o.Err, rerun.ErrTimeout)
		out.print(o, t)
	})
	return runExit(ctx, out.end(t, err), err, t, timedOut)
}

// forEver is a limit that does not come to pass.
const forEver = 365 * 24 * time.Hour

// runExit is how a run ends the command.
func runExit(ctx context.Context, printing, err error, t rerun.Table, timedOut bool) error {
	var edit *inspect.EditError
	switch {
	case printing != nil:
		return printing
	case ctx.Err() != nil:
		return &exitError{code: exitInterrupted}
	case errors.As(err, &edit):
		return usage("%w", edit)
	case err != nil:
		return err
	case timedOut:
		return &exitError{code: exitTimeout}
	case t.Differ+t.Failed > 0:
		return &exitError{code: exitNo}
	}
	return nil
}

// runPrinter prints outcomes: lines for people, or objects for programs. On a terminal the state of the run stands below.
type runPrinter struct {
	*rows
	a     *app
	o     replayOptions
	live  bool
	items map[inspect.ID]inspect.Item
	err   error // of writing, the first
}

func (a *app) runPrinter(o replayOptions, items []inspect.Item) *runPrinter {
	p := &runPrinter{rows: a.rows(o.asJSON), a: a, o: o, live: a.screenOf(a.Err).terminal, items: map[inspect.ID]inspect.Item{}}
	for _, it := range items {
		p.items[it.ID] = it
	}
	return p
}

// say tells people what is going on.
func (p *runPrinter) say(text string) {
	if !p.o.asJSON {
		fmt.Fprintln(p.a.Err, text)
	}
}

func (p *runPrinter) print(o rerun.Outcome, t rerun.Table) {
	p.wipe()
	if p.o.asJSON {
		p.encode(web.OutcomeOf(o, t))
	} else {
		p.write(p.lineOf(o))
		if p.o.diff && o.Verdict == rerun.Differs {
			p.write(strings.TrimSuffix(indented(strings.TrimSuffix(o.Diff.Unified(), "\n")), "\n"))
		}
	}
	if p.live {
		fmt.Fprintf(p.a.Err, "%d of %d: %s", t.Done, t.Planned, rerun.Table{Planned: t.Done, Done: t.Done, Passed: t.Passed, Differ: t.Differ, Failed: t.Failed})
	}
}

// wipe takes the state of the run away.
func (p *runPrinter) wipe() {
	if p.live {
		fmt.Fprint(p.a.Err, "\r\x1b[K")
	}
}

// end prints the table.
func (p *runPrinter) end(t rerun.Table, err error) error {
	p.wipe()
	var edit *inspect.EditError
	if !errors.As(err, &edit) {
		err = nil
	}
	if p.o.asJSON {
		p.encode(web.RunEndOf(t, err))
	} else if t.Done > 0 || err == nil {
		p.write(t.String())
	}
	return p.err
}

func (p *runPrinter) encode(v any) {
	e := json.NewEncoder(p.w)
	e.SetEscapeHTML(false)
	p.err = cmp.Or(p.err, e.Encode(v))
}

func (p *runPrinter) write(line string) {
	_, err := fmt.Fprintln(p.w, line)
	p.err = cmp.Or(p.err, err)
}

// lineOf is an outcome in one line: how it came out, which request it was, and what differs.
func (p *runPrinter) lineOf(o rerun.Outcome) string {
	method, path := view.Title(p.items[o.Original].Exchange)
	status, more := o.Status, strings.Join(o.Changed, ", ")
	if o.Err != nil {
		status, more = "", o.Status
	}
	verdict := pane.Pad(string(o.Verdict), len(rerun.NotSent)) + "  "
	rest := column(shortID(o.Original), idColumn) + column(view.Sanitize(method), methodColumn) +
		column(view.Sanitize(path), 30) + column(status, 16) + rightColumn(tookOf(o), 7) + more
	rest = strings.TrimRight(rest, " ")
	if p.width > 0 {
		rest = pane.Clip(rest, p.width-pane.Width(verdict))
	}
	return p.paint(hueOfVerdict(o.Verdict), verdict) + rest
}

func tookOf(o rerun.Outcome) string {
	if o.Err != nil {
		return ""
	}
	return view.Duration(o.Took)
}

func hueOfVerdict(v rerun.Verdict) string {
	switch v {
	case rerun.Passed:
		return hueGood
	case rerun.Differs:
		return hueWarn
	}
	return hueBad
}

var errDiffers = errors.New("the answer is not the one there was")

// compareReplay prints how a replay's answer differs from its original's.
func (a *app) compareReplay(ctx context.Context, at *agentAPI, it, again inspect.Item, rules diff.Rules) error {
	older, err := openExchange(ctx, at, it)
	if err != nil {
		return err
	}
	defer older.Close()
	newer, err := openExchange(ctx, at, again)
	if err != nil {
		return err
	}
	defer newer.Close()
	d := diff.Of(it.Exchange, again.Exchange, diff.Options{Rules: rules, Bodies: diff.BodiesOf(&older.Contents, &newer.Contents)})
	if text := d.Unified(); text != "" {
		fmt.Fprint(a.Out, text)
	}
	if !d.Response.Equal() {
		return &exitError{exitNo, fmt.Errorf("%w: %s", errDiffers, diff.Brief(d))}
	}
	return nil
}
