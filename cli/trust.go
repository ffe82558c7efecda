package cli

import (
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/adit-tunnel/adit/config"
)

func (a *app) trustCommand() *cobra.Command {
	var forget bool
	c := &cobra.Command{
		Use:     "trust [file]",
		Short:   "Trust a project's adit.yml with more than endpoints",
		GroupID: "agent",
		Long: `Trust a project's file as it is now: that of this folder, or the one that is named.

A project's adit.yml comes with its repository, and may describe endpoints only. A relay,
a token, a web address, references to secrets (env:, file:, cmd:, keychain:), and files
outside its folder count when you trust it. What it sets is shown; when the file changes,
it needs trust again.`,
		Example: `  adit trust
  adit trust ~/src/shop/adit.yml
  adit trust --forget`,
		Args:              atMostOne("the project file"),
		ValidArgsFunction: completeFiles,
		RunE:              func(c *cobra.Command, args []string) error { return a.runTrust(c, args, forget) },
	}
	c.Flags().BoolVar(&forget, "forget", false, "trust it no more")
	agentFlags(c.Flags())
	return c
}

func (a *app) runTrust(c *cobra.Command, args []string, forget bool) error {
	s := a.sources(c)
	path := s.Project
	if len(args) > 0 {
		path = args[0]
	}
	if path == "" {
		return usage("there is no %s in this folder or above it\n  name the file: adit trust FILE", config.ProjectFile)
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return usage("%w", err)
	}
	s.Project = "" // it does not say where trust is kept
	cfg, err := a.loadFrom(s)
	if err != nil {
		return err
	}
	if forget {
		err = config.Distrust(cfg.StateDir, path)
	} else {
		err = a.trust(cfg, path)
	}
	if err != nil {
		return &exitError{exitUsage, err}
	}
	return nil
}

// trust shows what the file asks for, and notes that it may have it.
func (a *app) trust(below *config.Config, path string) error {
	project, err := config.ReadProject(path, below)
	if err != nil {
		return err
	}
	if len(project.Asks) == 0 {
		fmt.Fprintln(a.Out, "  nothing but endpoints")
	}
	for _, line := range project.Asks {
		fmt.Fprintf(a.Out, "  %s\n", line)
	}
	if err := project.Trust(below.StateDir); err != nil {
		return err
	}
	fmt.Fprintf(a.Out, "%s is trusted as it is now\n", path)
	return nil
}
