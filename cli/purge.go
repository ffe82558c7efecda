package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/adit-tunnel/adit/inspect"
)

func (a *app) purgeCommand() *cobra.Command {
	var all, yes bool
	c := &cobra.Command{
		Use:     "purge [filter]",
		Short:   "Delete captured requests for good",
		GroupID: "inspect",
		Long: `Delete the captured requests that a filter selects, or with --all everything, so that
nothing of them can be recovered from the store's files. Pinned ones stay unless the filter
names pinned:, and so do those under way. On a terminal it asks first; the exit code is 1
when the answer is no.`,
		Example: `  adit purge 'age:>7d'
  adit purge 'endpoint:demo' --yes
  adit purge --all`,
		Args:              atMostOne("a filter, in quotes"),
		ValidArgsFunction: completeFilter,
		RunE: func(c *cobra.Command, args []string) error {
			f, err := filterArg(args)
			switch {
			case err != nil:
				return err
			case all == (f != nil):
				return usage("give either a filter or --all\n  try \"%s 'age:>7d'\"", c.CommandPath())
			}
			return a.withCaptures(c, func(ctx context.Context, s captures) error { return a.runPurge(ctx, s, f, yes) })
		},
	}
	c.Flags().BoolVar(&all, "all", false, "delete everything but what is pinned")
	c.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	captureFlags(c)
	return c
}

func (a *app) runPurge(ctx context.Context, s captures, f *inspect.Filter, yes bool) error {
	if !yes {
		n, err := countPurged(ctx, s, f)
		if err != nil {
			return err
		}
		if yes, err = a.confirm(fmt.Sprintf("Delete %s for good?", captured(n))); err != nil {
			return err
		}
		if !yes {
			return &exitError{exitNo, errors.New("nothing was deleted")}
		}
	}
	n, err := s.Purge(ctx, inspect.Query{Filter: f, Limit: -1})
	if err != nil {
		return fmt.Errorf("%s deleted, then: %w", captured(n), err)
	}
	_, err = fmt.Fprintf(a.Out, "%s deleted\n", captured(n))
	return err
}

// countPurged says how many exchanges Purge would delete now.
func countPurged(ctx context.Context, s captures, f *inspect.Filter) (n int, err error) {
	for it, err := range s.List(ctx, inspect.Query{Filter: f, Limit: -1}) {
		if err != nil {
			return 0, err
		}
		if it.Ended() && (!it.Pinned || f.Names(inspect.KeyPinned)) {
			n++
		}
	}
	return n, nil
}

// confirm asks the person at the terminal; without one it refuses.
func (a *app) confirm(question string) (bool, error) {
	if !term.IsTerminal(int(a.In.Fd())) || !term.IsTerminal(int(a.Err.Fd())) {
		return false, usage("nobody is there who could be asked: %s\n  say --yes", question)
	}
	fmt.Fprintf(a.Err, "%s [y/N] ", question)
	answer, err := bufio.NewReader(a.In).ReadString('\n')
	if errors.Is(err, io.EOF) {
		fmt.Fprintln(a.Err) // Ctrl+D leaves the cursor behind the question
	} else if err != nil {
		return false, fmt.Errorf("the answer: %w", err)
	}
	answer = strings.ToLower(strings.TrimSpace(answer))
	return answer == "y" || answer == "yes", nil
}

// captured counts what is kept: requests, and connections of tcp and tls endpoints.
func captured(n int) string {
	if n == 1 {
		return "1 capture"
	}
	return strconv.Itoa(n) + " captures"
}
