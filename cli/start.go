package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/adit-tunnel/adit/config"
)

type startOptions struct{ all, none bool }

func (a *app) startCommand() *cobra.Command {
	var o startOptions
	c := &cobra.Command{
		Use:         "start <name>... | --all | --none",
		Short:       "Put endpoints of the configuration file online",
		GroupID:     "agent",
		Annotations: withAgent,
		Long: `Put endpoints that the configuration file describes online: those that are named, or all.
They share one dashboard, one inspector and one link to the relay. With --none the agent
starts without any, and the local API adds them.`,
		Example: `  adit start web api
  adit start --all
  adit start --all --config web.yml,mine.yml`,
		Args: func(c *cobra.Command, names []string) error { return o.check(names) },
		RunE: func(c *cobra.Command, names []string) error { return a.runStart(c, names, o) },

		ValidArgsFunction: a.completeEndpoints,
	}
	c.Flags().BoolVar(&o.all, "all", false, "all endpoints")
	c.Flags().BoolVar(&o.none, "none", false, "no endpoint, only the agent and its local API")
	agentFlags(c.Flags())
	return c
}

// check wants names, or --all, or --none.
func (o startOptions) check(names []string) error {
	ways := 0
	for _, way := range []bool{len(names) > 0, o.all, o.none} {
		if way {
			ways++
		}
	}
	switch ways {
	case 0:
		return usage("it is not said what to start\n  try \"adit start NAME\", or \"adit start --all\" for every endpoint of the configuration")
	case 1:
		return nil
	}
	return usage("names, --all and --none exclude each other")
}

func (a *app) runStart(c *cobra.Command, names []string, o startOptions) error {
	cfg, err := a.agentConfig(c)
	if err != nil {
		return err
	}
	chosen, err := choose(cfg, names, o)
	if err != nil {
		return err
	}
	run, refused, err := a.startable(chosen)
	run.follow = &following{sources: a.sources(c), chosen: o.among(names), hangup: make(chan struct{}, 1)}
	switch {
	case err != nil:
		return err
	case len(refused) == 0:
		return a.runAgent(cfg, run)
	case len(run.endpoints) == 0:
		return errors.Join(refused...)
	}
	run.refused = errors.Join(refused...)
	if err := a.runAgent(cfg, run); err != nil {
		return err
	}
	return &exitError{code: exitUsage} // why was said before the others started
}

// startable parts the endpoints that can run from those that need what comes later.
func (a *app) startable(chosen []config.Endpoint) (run agentRun, refused []error, err error) {
	for _, e := range chosen {
		if why := notYet(&e); why != nil {
			refused = append(refused, why)
			continue
		}
		ready, err := a.resolved(&e)
		if err != nil {
			return run, nil, err
		}
		run.endpoints = append(run.endpoints, ready)
	}
	return run, refused, nil
}

// choose finds the endpoints that are to be started.
func choose(cfg *config.Config, names []string, o startOptions) ([]config.Endpoint, error) {
	if len(cfg.Endpoints) == 0 && !o.none {
		return nil, usage("the configuration has no endpoints%s\n  describe one below \"endpoints:\", or try \"adit http 8000\"", inFiles(cfg))
	}
	switch {
	case o.all:
		return cfg.Endpoints, nil
	case o.none:
		return nil, nil
	}
	var known []string
	for _, e := range cfg.Endpoints {
		known = append(known, e.Name)
	}
	var out []config.Endpoint
	var wrong []error
	for i, name := range names {
		at := slices.Index(known, name)
		switch {
		case at < 0:
			wrong = append(wrong, usage("there is no endpoint %q%s%s", name, inFiles(cfg), meant(name, known)))
		case !slices.Contains(names[:i], name):
			out = append(out, cfg.Endpoints[at])
		}
	}
	return out, errors.Join(wrong...)
}

// among is choose for a configuration that has changed: what is not in it any more is no mistake then.
func (o startOptions) among(names []string) func(*config.Config) []config.Endpoint {
	return func(cfg *config.Config) []config.Endpoint {
		var out []config.Endpoint
		for _, e := range cfg.Endpoints {
			if o.all || slices.Contains(names, e.Name) {
				out = append(out, e)
			}
		}
		return out
	}
}

func inFiles(cfg *config.Config) string {
	if len(cfg.Files) == 0 {
		return ": there is no configuration file"
	}
	return " in " + strings.Join(cfg.Files, ", ")
}

func meant(name string, known []string) string {
	if n := config.Nearest(name, known); n != "" {
		return fmt.Sprintf(" (did you mean %q?)", n)
	}
	return ""
}
