package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/adit-tunnel/adit/inspect"
)

// waitOptions are the flags of "adit wait-for".
type waitOptions struct {
	count         int
	timeout       time.Duration
	expect, since string
	asJSON        bool
}

func (a *app) waitForCommand() *cobra.Command {
	var o waitOptions
	c := &cobra.Command{
		Use:     "wait-for filter",
		Short:   "Wait until a request that a filter selects has come, and print it",
		GroupID: "inspect",
		Long: `Wait until requests that the filter selects have come and ended (a stream: has opened), and
print them. Those count that end after the command has started; with --since those after
a cursor, so that nothing is missed in between. Connections of tcp and tls endpoints count,
from when they are open, if the filter says kind:, as in kind:tcp.

  at=$(adit requests --cursor)
  stripe trigger invoice.paid
  adit wait-for --since "$at" 'body.$.type:invoice.paid' --expect status:2xx

The exit code is 0 when they have come, 1 when one does not meet --expect, 2 when a filter
is wrong, and 124 when --timeout has passed.`,
		Example: `  adit wait-for 'path:/hook/* method:post'
  adit wait-for 'header.x-github-event:push' --count 2 --timeout 2m --json
  adit wait-for path:/health --since start --expect 'status:200 dur:<1s'`,
		Args:              exactly("a filter, in quotes", "'path:/hook/*'"),
		ValidArgsFunction: completeFilter,
		RunE:              func(c *cobra.Command, args []string) error { return a.runWaitFor(c, args[0], o) },
	}
	f := c.Flags()
	f.IntVar(&o.count, "count", 1, "wait for `N` requests")
	f.DurationVar(&o.timeout, "timeout", 30*time.Second, "wait no longer than this `DURATION`; 0: for ever")
	f.StringVar(&o.expect, "expect", "", "a `FILTER` that each of them has to meet")
	f.StringVar(&o.since, "since", "", "count those behind the `CURSOR` that \"adit requests --cursor\" has printed, or all that are kept: start")
	f.BoolVar(&o.asJSON, "json", false, "print a JSON object a line, with the fields of the local API")
	_ = c.RegisterFlagCompletionFunc("expect", func(c *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
		return completeFilter(c, nil, typed) // whatever the argument is
	})
	captureFlags(c)
	return c
}

func (a *app) runWaitFor(c *cobra.Command, filter string, o waitOptions) error {
	f, err := parseFilter(filter)
	if err != nil {
		return err
	}
	var expect *inspect.Filter
	if o.expect != "" {
		if expect, err = parseFilter(o.expect); err != nil {
			return fmt.Errorf("--expect: %w", err)
		}
	}
	if o.count < 1 || o.timeout < 0 {
		return usage("--count must be at least 1, and --timeout not negative\n  try \"adit wait-for path:/hook --count 2 --timeout 1m\"")
	}
	if err := checkSince(c); err != nil {
		return err
	}
	return a.withCaptures(c, func(ctx context.Context, s captures) error {
		if o.timeout > 0 {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, o.timeout)
			defer cancel()
		}
		came, err := a.waitFor(ctx, s, f, expect, o)
		if errors.Is(err, context.DeadlineExceeded) {
			return &exitError{exitTimeout, fmt.Errorf("%d of %d requests have come within %s that match %s%s", came, o.count, o.timeout, filter, notCompared(s.Unread()))}
		}
		return err
	})
}

// waitFor prints matches until there are enough of them, and says how many came.
func (a *app) waitFor(ctx context.Context, s captures, f, expect *inspect.Filter, o waitOptions) (came int, err error) {
	from := o.since
	if from == "" {
		if from, err = cursorNow(ctx, s); err != nil {
			return 0, err
		}
	}
	out, kinds := a.rows(o.asJSON), f.Names(inspect.KeyKind)
	for it, err := range outcomes(ctx, s, from, f, false) {
		if err == nil && it.IsConnection() && !kinds {
			continue // what is waited for are requests
		}
		if err == nil {
			err = out.print(it)
		}
		if err != nil {
			return came, err
		}
		if came++; !matches(ctx, s, it, expect) {
			return came, &exitError{exitNo, fmt.Errorf("%s came, and does not meet --expect %s: %s", it.ID, o.expect, outcomeOf(it.Exchange))}
		}
		if came == o.count {
			return came, nil
		}
	}
	return came, ctx.Err()
}

// notCompared says that some requests could not be compared with the filter.
func notCompared(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("\n  of %d others only the line was kept, since they came faster than they could be stored: whether their content matches is not known", n)
}
