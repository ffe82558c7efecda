package cli

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"

	"github.com/spf13/cobra"

	"github.com/adit-tunnel/adit/config"
	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/tui/pane"
)

// captures is where a command finds exchanges: the store of the person's state directory, whether an agent runs or not, or with --api what a running
// agent tells.
type captures interface {
	List(ctx context.Context, q inspect.Query) iter.Seq2[inspect.Item, error]
	Get(ctx context.Context, id inspect.ID) (inspect.Item, error)
	Body(ctx context.Context, id inspect.ID, side inspect.Side) (inspect.Body, error)
	// Find returns the IDs that begin or end with part, the newest first, at most limit.
	Find(ctx context.Context, part string, limit int) ([]inspect.ID, error)
	Purge(ctx context.Context, q inspect.Query) (int, error)
	// Verdict says what a webhook's signature is worth, as far as a running agent can tell: the zero Verdict without one.
	Verdict(ctx context.Context, id inspect.ID) (inspect.Verdict, error)
	// Memos returns the texts on a list, newest first.
	Memos(ctx context.Context, list inspect.MemoList) ([]string, error)
	// Cursor is the place behind the last change there is, in the store's or the agent's own words.
	Cursor(ctx context.Context) (string, error)
	// Changes yields the exchanges that have changed after a cursor and match f as they are then, in the order of their changes, and waits for more until ctx
	// ends, whose error is the last one. The cursor fromStart stands before everything.
	Changes(ctx context.Context, cursor string, f *inspect.Filter) iter.Seq2[inspect.Item, error]
	// Unread is how many exchanges Changes could not compare with f, since it asks for content and only their line was kept.
	Unread() int
	Close() error
}

// fromStart is the cursor before everything that is kept.
const fromStart = "start"

// newest is the word for the exchange that began last.
const newest = "last"

// captureFlags adds the flags that say whose captures are meant.
func captureFlags(c *cobra.Command) {
	f := c.Flags()
	f.String("api", "", "ask the running agent whose local API is at `HOST:PORT`, instead of reading the store")
	f.StringSlice("config", nil, "configuration `FILE`")
	addFlag(f, config.Lookup(config.OfAgent, "state-dir"), "state-dir", false)
	f.Lookup("state-dir").Annotations = nil // it is one of this command's own
}

// openCaptures opens what c's flags point to. The caller closes it.
func (a *app) openCaptures(c *cobra.Command) (captures, error) {
	if c.Flag("api").Changed {
		return a.openAgent(c)
	}
	return a.openStore(c)
}

// withCaptures runs f on what c's flags point to.
func (a *app) withCaptures(c *cobra.Command, f func(ctx context.Context, s captures) error) error {
	s, err := a.openCaptures(c)
	if err != nil {
		return err
	}
	return errors.Join(f(c.Context(), s), s.Close())
}

// shortest is how many characters of an ID must be given.
const shortest = 4

// findExchange returns the exchange that a person means: by its ID, by the beginning or the end of it, or by the word "last".
func findExchange(ctx context.Context, s captures, what string) (inspect.Item, error) {
	what = strings.ToLower(what)
	if what == newest {
		return findNewest(ctx, s, func(inspect.Item) bool { return true })
	}
	if len(what) < shortest {
		return inspect.Item{}, usage("%q is too short for an exchange's ID\n  give at least %d characters of its beginning or end; \"adit requests\" lists them", what, shortest)
	}
	it, err := s.Get(ctx, inspect.ID(what))
	if !errors.Is(err, inspect.ErrNotFound) {
		return it, err
	}
	id, err := findByPart(ctx, s, what)
	if err != nil {
		return inspect.Item{}, err
	}
	return s.Get(ctx, id)
}

// findNewest returns the newest exchange of which is holds.
func findNewest(ctx context.Context, s captures, is func(inspect.Item) bool) (inspect.Item, error) {
	for it, err := range s.List(ctx, inspect.Query{Limit: -1}) {
		switch {
		case err != nil:
			return inspect.Item{}, err
		case is(it):
			return s.Get(ctx, it.ID)
		}
	}
	return inspect.Item{}, notKept("there is no exchange yet")
}

// findByPart returns the only ID that begins or ends with part.
func findByPart(ctx context.Context, s captures, part string) (inspect.ID, error) {
	found, err := s.Find(ctx, part, 2)
	switch {
	case err != nil:
		return "", err
	case len(found) == 0:
		return "", notKept(fmt.Sprintf("no exchange has an ID that begins or ends with %q", part))
	case len(found) > 1:
		return "", &exitError{exitNo, fmt.Errorf("more than one exchange has an ID that begins or ends with %q: %s and %s\n  write more of it", part, found[0], found[1])}
	}
	return found[0], nil
}

func notKept(text string) error {
	return &exitError{exitNo, fmt.Errorf("%s\n  \"adit requests\" lists what is kept", text)}
}

// parseFilter reads the filter of a command: its only argument, or that of a flag.
func parseFilter(text string) (*inspect.Filter, error) {
	f, err := inspect.ParseFilter(text)
	if err == nil {
		return f, nil
	}
	var wrong *inspect.FilterError
	if errors.As(err, &wrong) {
		err = fmt.Errorf("%w\n%s", wrong, indented(wrong.Caret(pane.Width)))
	}
	return nil, &exitError{exitUsage, err}
}

// filterArg is parseFilter of arguments of which there is at most one; nil without any.
func filterArg(args []string) (*inspect.Filter, error) {
	if len(args) == 0 {
		return nil, nil
	}
	return parseFilter(args[0])
}

// indented puts two spaces before each line, as second lines of a message have.
func indented(text string) string { return "  " + strings.ReplaceAll(text, "\n", "\n  ") }
