package cli

import (
	"os"
	"runtime"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/adit-tunnel/adit/config"
)

// agentFlags adds the flags of the settings that package config layers.
func agentFlags(to *pflag.FlagSet) { optionFlags(to, "") }

// agentConfig loads the configuration for a command with agentFlags.
func (a *app) agentConfig(c *cobra.Command) (*config.Config, error) {
	cfg, err := config.Load(a.sources(c))
	if err != nil {
		return nil, &exitError{exitUsage, err}
	}
	if cfg.StateDir == "" {
		if cfg.StateDir, err = config.StateDir(runtime.GOOS, a.env); err != nil {
			return nil, &exitError{exitUsage, err}
		}
	}
	return cfg, nil
}

// sources says where the configuration of a command comes from. Without a home there are fewer places, and flags and environment are enough.
func (a *app) sources(c *cobra.Command) config.Sources {
	s := config.Sources{Environ: a.environ, Flags: setFlags(c.Flags())}
	s.Files = s.Flags["config"]
	s.User, _ = config.File(runtime.GOOS, a.env)
	s.System = config.SystemFile(runtime.GOOS, a.env)
	s.StateDir, _ = config.StateDir(runtime.GOOS, a.env)
	if a.compat {
		s.Ngrok, _ = a.ngrokFile()
		return s
	}
	if dir, err := os.Getwd(); err == nil {
		s.Project = config.FindProject(dir, a.env("HOME"))
	}
	return s
}
