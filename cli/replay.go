package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/view"
)

// replayOptions are the flags of "adit replay".
type replayOptions struct {
	method, path, body string
	headers            []string
	timeout            time.Duration
	asJSON             bool
}

func (a *app) replayCommand() *cobra.Command {
	var o replayOptions
	c := &cobra.Command{
		Use:     "replay id",
		Short:   "Send a captured request to the local service again",
		GroupID: "inspect",
		Long: `Send a captured request to the local service again, as it was or with changes, and print
how that came out. An agent that has the request's endpoint must be running, with its local
API. The exit code is 0 when a response came, 1 when none did, and 124 on time-out.`,
		Example: `  adit replay last
  adit replay 1f0c93ab --header 'X-Debug: 1' --header 'Cookie:'
  adit replay 1f0c93ab --method PUT --path /v2/hook --body @changed.json`,
		Args:              exactly("the request's ID", newest),
		ValidArgsFunction: a.completeExchanges,
		RunE: func(c *cobra.Command, args []string) error {
			if o.timeout < 0 {
				return usage("--timeout %s is negative\n  0 waits for ever", o.timeout)
			}
			return a.runReplay(c, args[0], o)
		},
	}
	f := c.Flags()
	f.StringVar(&o.method, "method", "", "send it with the `METHOD`")
	f.StringVar(&o.path, "path", "", "send it to this `PATH`, query included")
	f.StringArrayVar(&o.headers, "header", nil, "put in or replace a header field, `'NAME: VALUE'`; 'NAME:' takes it out, 'NAME;' sends it empty")
	f.StringVar(&o.body, "body", "", "send this `TEXT` as content; @FILE: what is in the file, @-: standard input")
	f.DurationVar(&o.timeout, "timeout", 30*time.Second, "wait no longer than this `DURATION` for the response; 0: for ever")
	apiFlags(c, &o.asJSON)
	return c
}

func (a *app) runReplay(c *cobra.Command, what string, o replayOptions) error {
	ctx := c.Context()
	addrs, password, err := a.apiPlaces(c)
	if err != nil {
		return err
	}
	agents, err := a.runningAgents(ctx, c)
	if err != nil {
		return err
	}
	it, at, err := findReplayable(ctx, agents, what, func(r runningAgent) *agentAPI { return asking(r, addrs, password) })
	if err != nil {
		return err
	}
	edit, err := a.edit(it, o, c.Flag("body").Changed)
	if err != nil {
		return err
	}
	id, err := at.Replay(ctx, it.ID, edit)
	if err != nil {
		return err
	}
	if o.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, o.timeout)
		defer cancel()
	}
	again, err := awaitOutcome(ctx, at, id)
	if errors.Is(err, context.DeadlineExceeded) {
		return &exitError{exitTimeout, fmt.Errorf("the request was sent, and has no response after %s\n  \"adit request %s\" tells how it goes on", o.timeout, shortID(id))}
	}
	if err == nil {
		err = a.rows(o.asJSON).print(again)
	}
	if err == nil && again.Failure != nil {
		err = &exitError{exitNo, again.Failure}
	}
	return err
}

// findReplayable returns an exchange, and the agent that has its endpoint.
func findReplayable(ctx context.Context, agents []runningAgent, what string, ask func(runningAgent) *agentAPI) (it inspect.Item, at *agentAPI, err error) {
	for _, r := range agents {
		if it, err = findExchange(ctx, ask(r), what); err == nil {
			break
		}
	}
	if err != nil {
		return it, nil, err
	}
	for _, r := range agents {
		if slices.ContainsFunc(r.Endpoints, func(e runningTunnel) bool { return e.Name == it.Endpoint }) {
			return it, ask(r), nil
		}
	}
	return it, nil, &exitError{exitNo, fmt.Errorf("no running agent has the endpoint %q of this request\n  start it, and try again", view.Sanitize(it.Endpoint))}
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

// edit is what the flags change; nil: nothing.
func (a *app) edit(it inspect.Item, o replayOptions, hasBody bool) (*inspect.Edit, error) {
	e := &inspect.Edit{Method: o.method, Target: o.path}
	if len(o.headers) > 0 {
		e.Fields = append([]inspect.Field{}, view.Headers(it.Request.Head)...)
	}
	for _, h := range o.headers {
		var err error
		if e.Fields, err = changeField(e.Fields, h); err != nil {
			return nil, err
		}
	}
	if hasBody {
		body, err := a.content(o.body)
		if err != nil {
			return nil, usage("--body: %w", err)
		}
		e.Body = body
	}
	if e.Method == "" && e.Target == "" && e.Fields == nil && e.Body == nil {
		return nil, nil
	}
	return e, nil
}

// changeField puts a field in, in the place of the first of its name, or takes all of its name out.
func changeField(fs []inspect.Field, change string) ([]inspect.Field, error) {
	name, value, hasColon := strings.Cut(change, ":")
	value = strings.Trim(value, " \t")
	if !hasColon {
		bare, empty := strings.CutSuffix(change, ";")
		if !empty {
			return nil, usage("--header %q has no colon\n  write it as 'Name: value', 'Name:' to take it out, 'Name;' to send it empty", change)
		}
		name = bare
	}
	same := func(f inspect.Field) bool { return strings.EqualFold(f.Name, name) }
	at := slices.IndexFunc(fs, same)
	fs = slices.DeleteFunc(fs, same)
	if hasColon && value == "" {
		return fs, nil
	}
	if at < 0 {
		at = len(fs)
	}
	return slices.Insert(fs, at, inspect.Field{Name: name, Value: value}), nil
}

// largestContent is how much content an edit may have.
const largestContent = 1 << 20

// content is what --body names; never nil.
func (a *app) content(arg string) ([]byte, error) {
	name, isFile := strings.CutPrefix(arg, "@")
	if !isFile {
		return append([]byte{}, arg...), nil
	}
	from := a.In
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		from = f
	}
	b, err := io.ReadAll(io.LimitReader(from, largestContent+1))
	if err == nil && len(b) > largestContent {
		err = fmt.Errorf("%s has more than %s, the most that can be sent in another's place", name, view.Size(largestContent))
	}
	return b, err
}
