package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/adit-tunnel/adit/inspect"
)

// requestsOptions are the flags of "adit requests".
type requestsOptions struct {
	asJSON, follow, cursor bool
	limit                  int
	since                  string
}

func (a *app) requestsCommand() *cobra.Command {
	var o requestsOptions
	c := &cobra.Command{
		Use:     "requests [filter]",
		Short:   "List the requests that were captured",
		GroupID: "inspect",
		Long: `List the captured requests, newest first, whether an agent runs or not: all that is kept,
or what a filter selects (docs/filter.md); connections of tcp and tls endpoints, too. With
--follow, print each as it ends, until Ctrl+C; a stream or a connection as it opens, too.`,
		Example: `  adit requests
  adit requests 'method:post status:>=500 path:/hook/*'
  adit requests --follow 'status:5xx or dur:>1s'
  adit requests --json 'body.$.type:invoice.paid' | jq .id`,
		Args:              atMostOne("a filter, in quotes"),
		ValidArgsFunction: completeFilter,
		RunE: func(c *cobra.Command, args []string) error {
			f, err := filterArg(args)
			if err != nil {
				return err
			}
			if o.limit < 0 {
				return usage("--limit %d is below 0\n  0 lists all", o.limit)
			}
			if err := checkSince(c); err != nil {
				return err
			}
			return a.withCaptures(c, func(ctx context.Context, s captures) error { return a.runRequests(ctx, s, f, o) })
		},
	}
	f := c.Flags()
	f.BoolVar(&o.asJSON, "json", false, "print a JSON object a line, with the fields of the local API")
	f.BoolVarP(&o.follow, "follow", "f", false, "print what comes, as it ends")
	f.IntVarP(&o.limit, "limit", "n", 100, "list the newest `N`; 0: all")
	f.BoolVar(&o.cursor, "cursor", false, "print the place behind the last change, for --since")
	f.StringVar(&o.since, "since", "", "with --follow: begin behind the `CURSOR` that --cursor has printed, or with all that is kept: start")
	captureFlags(c)
	return c
}

func (a *app) runRequests(ctx context.Context, s captures, f *inspect.Filter, o requestsOptions) error {
	switch {
	case o.cursor:
		at, err := cursorNow(ctx, s)
		if err == nil {
			_, err = fmt.Fprintln(a.Out, at)
		}
		return err
	case o.since != "" && !o.follow:
		return usage("--since is where --follow begins\n  add --follow, or use \"adit wait-for\"")
	case o.follow:
		return a.followRequests(ctx, s, f, o)
	}
	limit := o.limit
	if limit == 0 {
		limit = -1
	}
	out, none := a.rows(o.asJSON), true
	for it, err := range s.List(ctx, inspect.Query{Filter: f, Limit: limit}) {
		if err == nil {
			none, err = false, out.print(it)
		}
		if err != nil {
			return err
		}
	}
	if none && !o.asJSON {
		a.complain(nothingFound(f))
	}
	return nil
}

func nothingFound(f *inspect.Filter) string {
	if f == nil {
		return "nothing has been captured yet; \"adit http 8000\" puts a service online and captures its requests"
	}
	return "nothing that is kept matches the filter"
}

func (a *app) followRequests(ctx context.Context, s captures, f *inspect.Filter, o requestsOptions) error {
	from := o.since
	if from == "" {
		var err error
		if from, err = cursorNow(ctx, s); err != nil {
			return err
		}
	}
	out := a.rows(o.asJSON)
	for it, err := range outcomes(ctx, s, from, f, true) {
		if err == nil {
			err = out.print(it)
		}
		if err != nil && !errors.Is(err, context.Canceled) {
			return err
		}
	}
	return nil
}
