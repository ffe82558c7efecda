package cli

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/rerun"
)

// replayOptions are the flags of "adit replay".
type replayOptions struct {
	method, path, body string
	headers            []string
	hasBody            bool
	edit               bool
	to                 string
	resign, noCookies  bool

	times  int
	rate   float64
	diff   bool
	ignore []string

	timeout time.Duration
	asJSON  bool
}

func (a *app) replayCommand() *cobra.Command {
	var o replayOptions
	c := &cobra.Command{
		Use:     "replay <id | filter>",
		Short:   "Send captured requests again, as they were or changed, and compare the answers",
		GroupID: "inspect",
		Long: `Send a captured request to the local service again, as it was or with changes, and print
how that came out. An agent that has the request's endpoint must be running, with its local
API. The exit code is 0 when a response came, with --diff when it is the same one; 1 when
none did, or another one; and 124 on time-out.

With a filter, or --times, many are sent, and each answer is compared with the one there
was: a regression run. A filter means the newest 1000 requests that match, oldest first, and
replays only if it says "replay:". The exit code is 0 when all have passed, 1 when an answer
differs or none came, and 124 when one has not come in time. Ctrl+C prints how far it came.`,
		Example: `  adit replay last
  adit replay 1f0c93ab --header 'X-Debug: 1' --header 'Cookie:'
  adit replay 1f0c93ab --method PUT --path /v2/hook --body @changed.json
  adit replay last --edit
  adit replay last --to 3001 --diff
  adit replay 'path:/hook* status:2xx' --to https://staging.example.com --resign
  adit replay 'tag:regression' --rate 20 --ignore '$..id' --ignore header.etag`,
		Args:              exactly("the request's ID or a filter in quotes", newest),
		ValidArgsFunction: a.completeReplay,
		RunE: func(c *cobra.Command, args []string) error {
			o.hasBody = c.Flag("body").Changed
			if err := o.check(); err != nil {
				return err
			}
			return a.runReplay(c, args[0], o)
		},
	}
	o.flags(c)
	return c
}

// flags adds them to the command.
func (o *replayOptions) flags(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&o.method, "method", "", "send it with the `METHOD`")
	f.StringVar(&o.path, "path", "", "send it to this `PATH`, query included")
	f.StringArrayVar(&o.headers, "header", nil, "put in or replace a header field, `'NAME: VALUE'`; 'NAME:' takes it out, 'NAME;' sends it empty")
	f.StringVar(&o.body, "body", "", "send this `TEXT` as content; @FILE: what is in the file, @-: standard input")
	f.BoolVar(&o.edit, "edit", false, "change it in the editor that $VISUAL or $EDITOR names before it is sent")
	f.StringVar(&o.to, "to", "", "send it to another `TARGET` than its endpoint's: a port, HOST:PORT, http://HOST:PORT or https://HOST")
	f.BoolVar(&o.resign, "resign", false, "sign it anew, with the secret that is configured for its provider")
	f.BoolVar(&o.noCookies, "drop-cookies", false, "send it without its cookies")
	f.IntVar(&o.times, "times", 1, "send it, or all of them, `N` times")
	f.Float64Var(&o.rate, "rate", 0, "send so many per second, `N`; 0: each when the one before has its answer")
	f.BoolVar(&o.diff, "diff", false, "print what is different in answers that are not the same")
	f.StringArrayVar(&o.ignore, "ignore", nil, "leave out of the comparison, `RULE`: header.NAME, $.path[*].in.json, content; beside those that are kept")
	f.DurationVar(&o.timeout, "timeout", 30*time.Second, "wait no longer than this `DURATION` for each response; 0: for ever")
	apiFlags(c, &o.asJSON)
}

func (o *replayOptions) check() error {
	changes := o.method != "" || o.path != "" || len(o.headers) > 0 || o.hasBody
	plan := rerun.Plan{Times: o.times, Rate: o.rate}
	_, err := plan.Sends()
	switch {
	case o.timeout < 0:
		return usage("--timeout %s is negative\n  0 waits for ever", o.timeout)
	case o.edit && changes:
		return usage("--edit and the flags that change a request are two ways\n  change all of it in the editor, or nothing")
	case o.times < 1:
		return usage("--times must be at least 1")
	case err != nil:
		return usage("%w", err)
	}
	for _, h := range o.headers {
		if _, err := changeField(nil, h); err != nil {
			return err
		}
	}
	return nil
}

// many says that one request is sent like many: each answer is compared, and there is a table.
func (o *replayOptions) many() bool { return o.times > 1 || o.rate > 0 }

// idForm is what is an exchange's ID, or a part of one, rather than a filter.
var idForm = regexp.MustCompile(`^[0-9a-fA-F-]+$`)

func (a *app) runReplay(c *cobra.Command, what string, o replayOptions) error {
	ctx := c.Context()
	one := what == newest || idForm.MatchString(what)
	var f *inspect.Filter
	var err error
	switch {
	case strings.TrimSpace(what) == "": // a variable in a script that is not set
		return usage("the filter is empty, so that all that is kept would be sent\n  if that is what you want, say 'path:/*'")
	case one && len(o.ignore) > 0 && !o.diff && !o.many():
		return usage("--ignore is about a comparison\n  --diff makes one")
	case !one && o.edit:
		return usage("--edit is for one request\n  name it by its ID; \"adit requests\" lists them")
	case !one:
		if f, err = parseFilter(what); err != nil {
			return err
		}
	}
	addrs, password, err := a.apiPlaces(c)
	if err != nil {
		return err
	}
	agents, err := a.runningAgents(ctx, c)
	if err != nil {
		return err
	}
	s, err := newSender(a, o, agents, func(r runningAgent) *agentAPI { return asking(r, addrs, password) })
	if err != nil {
		return err
	}
	if !one {
		return a.replayMany(ctx, s, f, nil)
	}
	it, at, err := s.find(ctx, what)
	if err == nil {
		if err = it.NeedRequest(); err != nil {
			err = &exitError{exitNo, err}
		}
	}
	if err == nil && o.edit {
		err = s.editByHand(ctx, at, it)
	}
	switch {
	case err != nil:
		return err
	case o.many():
		return a.replayMany(ctx, s, nil, []inspect.Item{it})
	}
	return a.replayOne(ctx, s, it, at)
}

// replayOne sends one request, and prints what came of it.
func (a *app) replayOne(ctx context.Context, s *sender, it inspect.Item, at *agentAPI) error {
	rules, err := s.rules(ctx)
	if err != nil {
		return err
	}
	r, err := s.resend(it)
	if err != nil {
		return err
	}
	id, err := at.Replay(ctx, it.ID, r)
	if err != nil {
		return err
	}
	if s.o.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, s.o.timeout)
		defer cancel()
	}
	again, err := awaitOutcome(ctx, at, id)
	if errors.Is(err, context.DeadlineExceeded) {
		return &exitError{exitTimeout, fmt.Errorf("the request was sent, and has no response after %s\n  \"adit request %s\" tells how it goes on", s.o.timeout, shortID(id))}
	}
	if err == nil {
		err = a.rows(s.o.asJSON).print(again)
	}
	switch {
	case err != nil:
		return err
	case again.Failure != nil:
		return &exitError{exitNo, again.Failure}
	case s.o.diff:
		return a.compareReplay(ctx, at, it, again, rules)
	}
	return nil
}

// awaitOutcome asks until an exchange has a response, or has ended without one.
func awaitOutcome(ctx context.Context, s captures, id inspect.ID) (inspect.Item, error) {
	const pace = 50 * time.Millisecond
	for {
		it, err := s.Get(ctx, id)
		if err != nil || settledOutcome(it.Exchange) {
			return it, err
		}
		if !pause(ctx, pace) {
			return it, ctx.Err()
		}
	}
}
