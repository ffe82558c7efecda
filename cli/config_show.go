package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/adit-tunnel/adit/config"
)

func (a *app) configShowCommand() *cobra.Command {
	var origin bool
	c := &cobra.Command{
		Use:   "show",
		Short: "Print the configuration that all layers make, and where each value comes from",
		Long: `Print the configuration as it holds: defaults, the system's file, the user's, the
project's, the environment and flags on top of each other. Secrets are masked.`,
		Example: `  adit config show
  adit config show --origin`,
		Args: none,
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := config.Load(a.sources(c))
			if err != nil {
				return &exitError{exitUsage, err}
			}
			a.tellNotices(cfg)
			_, err = fmt.Fprint(a.Out, cfg.Show(origin))
			return err
		},
	}
	c.Flags().BoolVar(&origin, "origin", false, "say behind each value where it comes from")
	agentFlags(c.Flags())
	return c
}

func (a *app) configCheckCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "check",
		Short: "Report all mistakes of the configuration at once",
		Long: `Read the configuration as a command with an agent would, and report every mistake with its
file and line. Keys whose behaviour comes with a later version are named, too.`,
		Example: `  adit config check
  adit config check --config adit.yml`,
		Args: none,
		RunE: func(c *cobra.Command, _ []string) error { return a.runCheck(c) },
	}
	agentFlags(c.Flags())
	return c
}

func (a *app) runCheck(c *cobra.Command) error {
	s := a.sources(c)
	cfg, err := a.loadFrom(s)
	if err != nil {
		return err
	}
	if len(cfg.Files) == 0 {
		return usage("there is no configuration file\n  its place is %s; \"adit config edit\" begins one", s.User)
	}
	a.tellNotices(cfg)
	a.report(later("", cfg.NotYet))
	for _, e := range cfg.Endpoints {
		a.report(notYet(&e))
	}
	for _, path := range cfg.Files {
		fmt.Fprintf(a.Out, "Valid configuration file at %s\n", path)
	}
	return nil
}

// tellNotices says on standard error what is noteworthy about the configuration.
func (a *app) tellNotices(cfg *config.Config) {
	for _, n := range cfg.Notices {
		a.warn(n)
	}
}
