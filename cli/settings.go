package cli

import (
	"context"
	"errors"
	"os"
	"runtime"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/adit-tunnel/adit/config"
)

// agentFlags adds the flags of the settings that package config layers.
func agentFlags(to *pflag.FlagSet) { optionFlags(to, "") }

// agentConfig loads the configuration for a command that runs an agent: nothing in it is for later, and token and password are there.
func (a *app) agentConfig(c *cobra.Command) (*config.Config, error) {
	cfg, err := a.loadFrom(a.sources(c))
	if err != nil {
		return nil, err
	}
	if err := later("", cfg.NotYet); err != nil {
		return nil, err
	}
	if err := cfg.Resolve(context.Background(), a.secretOptions()); err != nil {
		return nil, &exitError{exitUsage, err}
	}
	return cfg, nil
}

// loadFrom reads all layers and settles where state is kept.
func (a *app) loadFrom(s config.Sources) (*config.Config, error) {
	cfg, err := config.Load(s)
	if err == nil && cfg.StateDir == "" {
		cfg.StateDir, err = config.StateDir(runtime.GOOS, a.env)
	}
	if err == nil {
		err = webhookMistakes(cfg)
	}
	if err != nil {
		return nil, &exitError{exitUsage, err}
	}
	return cfg, nil
}

// sources says where the configuration of a command comes from. Without a home there are fewer places, and flags and environment are enough.
func (a *app) sources(c *cobra.Command) config.Sources {
	s := config.Sources{Environ: a.environ, Flags: setFlags(c.Flags()), CheckKeys: checkKeys}
	s.Files = s.Flags["config"]
	s.System = config.SystemFile(runtime.GOOS, a.env)
	s.User, _ = config.File(runtime.GOOS, a.env)
	s.StateDir, _ = config.StateDir(runtime.GOOS, a.env)
	if a.compat {
		s.Ngrok, _ = a.ngroksFile()
		return s
	}
	if dir, err := os.Getwd(); err == nil {
		s.Project = config.FindProject(dir, a.home())
	}
	if sameFile(s.Project, s.User) { // seen from a folder of dotfiles that links lead to, say
		s.Project = ""
	}
	return s
}

// sameFile says that both paths lead to one file.
func sameFile(a, b string) bool {
	one, err := os.Stat(a)
	if err != nil {
		return false
	}
	two, err := os.Stat(b)
	return err == nil && os.SameFile(one, two)
}

// home is the person's home, as their shell has it; "" when it is not known.
func (a *app) home() string {
	if runtime.GOOS == "windows" {
		return a.env("USERPROFILE")
	}
	return a.env("HOME")
}

// twoMistakes joins what is wrong with the command line and with the configuration.
func twoMistakes(first, second error) error {
	if err := errors.Join(first, second); err != nil {
		return &exitError{exitUsage, err}
	}
	return nil
}
