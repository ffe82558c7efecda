package cli

import (
	"runtime"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/adit-tunnel/adit/config"
)

// agentFlags adds the flags of the settings that package config layers.
func agentFlags(to *pflag.FlagSet) {
	f := pflag.NewFlagSet("agent", pflag.ContinueOnError)
	f.String("relay", "", "relay to use, `HOST:PORT`; without one, a relay starts inside adit and its URLs work on this machine")
	f.String("relay-pin", "", "the relay's `PIN`, sha256:…, as it prints it at its start")
	f.String("relay-ca", "", "`FILE` of certificate authorities that may vouch for the relay (PEM)")
	f.String("authtoken", "", "`TOKEN` for the relay")
	f.String("web-addr", "", "`HOST:PORT` of the local API, or false (default 127.0.0.1:4040, or the next free port)")
	f.Bool("no-tui", false, "print lines instead of the dashboard")
	f.String("give-up", "", "end with exit code 4 after `DURATION` without a relay, such as 30s (default: never)")
	f.String("legs", "", "connections to the relay, `N` of 1 to 4; a crowd of visitors makes it more by itself (default 1)")
	f.String("state-dir", "", "`DIR` for keys, slots and captures")
	f.String("config", "", "configuration `FILE`")
	f.String("log", "", "where logs go: stderr, stdout, false or a `FILE` (default stderr; none under the dashboard)")
	f.String("log-level", "", "`LEVEL`: debug, info, warn, error or crit (default info)")
	f.String("log-format", "", "`FORMAT`: logfmt, json, or term, which is logfmt where no terminal is (default term)")
	f.String("log-max-size", "", "`MIB` after which a log file is set aside for a new one, three are kept; 0: never (default 10)")
	f.String("ready-file", "", "`FILE` to write when all endpoints are up, with their URLs (JSON); it goes away with adit")
	f.String("url-file", "", "`FILE` to write when all endpoints are up, one URL a line; it goes away with adit")
	f.VisitAll(func(flag *pflag.Flag) { flag.Annotations = map[string][]string{ofAgents: {}} })
	to.AddFlagSet(f)
}

// agentConfig loads the configuration for a command with agentFlags.
func (a *app) agentConfig(c *cobra.Command) (*config.Config, error) {
	path, required, err := a.configPath(c)
	if err != nil {
		return nil, err
	}
	set := map[string]string{}
	c.Flags().Visit(func(f *pflag.Flag) { set[f.Name] = f.Value.String() })
	cfg, err := config.Load(config.Sources{File: path, Required: required, Environ: a.environ, Flags: set})
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

func (a *app) configPath(c *cobra.Command) (path string, required bool, err error) {
	if f := c.Flag("config"); f.Changed {
		return f.Value.String(), true, nil
	}
	path, err = config.File(runtime.GOOS, a.env)
	if err != nil {
		return "", false, nil // no home, no file: flags and environment are enough
	}
	return path, false, nil
}
