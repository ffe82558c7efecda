package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/adit-tunnel/adit/relay"
	"github.com/adit-tunnel/adit/relay/control"
)

// book is what the commands of a relay's owner share: they open the control store in the relay's state directory, whether the relay runs or not.
type book struct {
	*app
	stateDir string
	json     bool
}

// ownerGroup is a command that only holds others.
func ownerGroup(use, short string) *cobra.Command {
	return &cobra.Command{Use: use, Short: short, Args: noSuchCommand, RunE: func(c *cobra.Command, _ []string) error { return c.Help() }}
}

// command makes c one that works on the store.
func (b *book) command(c *cobra.Command, run func(control.Store, []string) error) *cobra.Command {
	c.RunE = func(_ *cobra.Command, args []string) error {
		return b.with(func(s control.Store) error { return run(s, args) })
	}
	c.Flags().StringVar(&b.stateDir, "state-dir", "", "the relay's `DIR` for its state")
	c.Flags().BoolVar(&b.json, "json", false, "print JSON, for scripts")
	return c
}

// with opens the store, makes it if this relay has none yet, and closes it. What the caller can mend is wrong usage.
func (b *book) with(f func(control.Store) error) (err error) {
	given := map[string][]string{}
	if b.stateDir != "" {
		given["state-dir"] = []string{b.stateDir}
	}
	s, err := b.relaySettings(given) // the relay's own file may say where its state is
	if err != nil {
		return err
	}
	dir := s.o.StateDir
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return usage("--state-dir: %w", err)
	}
	store, notice, err := control.Open(filepath.Join(dir, relay.StoreFile))
	if err != nil {
		return usage("%w", err)
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	err = f(store)
	if notice != "" && !errors.Is(err, control.ErrReadOnly) { // which says the same
		b.warn(notice)
	}
	var own *control.Error
	if errors.As(err, &own) {
		return usage("%w", err)
	}
	return err
}

// show prints v as JSON if that was asked for, else as lines of a table.
func (b *book) show(v any, lines func(row func(...any))) error {
	if b.json {
		return b.printJSON(v)
	}
	w := tabwriter.NewWriter(b.Out, 0, 8, 2, ' ', 0)
	lines(func(cells ...any) {
		text := make([]string, len(cells))
		for i, c := range cells {
			if text[i] = fmt.Sprint(c); text[i] == "" {
				text[i] = "-"
			}
		}
		fmt.Fprintln(w, strings.Join(text, "\t"))
	})
	return w.Flush()
}

// done says what a command did, when nobody wants JSON.
func (b *book) done(format string, a ...any) {
	if !b.json {
		fmt.Fprintf(b.Out, format+"\n", a...)
	}
}
