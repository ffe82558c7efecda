package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/adit-tunnel/adit/config"
)

type upgradeOptions struct {
	dryRun, relocate bool
}

func (a *app) upgradeCommand() *cobra.Command {
	var o upgradeOptions
	c := &cobra.Command{
		Use:   "upgrade [version]",
		Short: "Bring the configuration file from version 2 to version 3",
		Long: `Bring the configuration file from version 2 to version 3: settings below "agent", tunnels as
a list of endpoints. Comments and empty lines go with what they are about. The file as it
was is kept beside it. A tunnel that uses a key which version 3 has no word for stays a tunnel.`,
		Example: `  adit config upgrade --dry-run
  adit config upgrade --config old.yml`,
		Args: atMostOne("the version"),
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 1 && args[0] != config.FileVersion {
				return usage("version %s: a file can only be brought to version %s", args[0], config.FileVersion)
			}
			return a.runUpgrade(c, o)
		},
	}
	c.Flags().BoolVar(&o.dryRun, "dry-run", false, "print what the file would become, without its secrets, and change nothing")
	c.Flags().BoolVar(&o.relocate, "relocate", false, "put the result in the usual place instead of where --config is")
	fileFlags(c)
	return c
}

func (a *app) runUpgrade(c *cobra.Command, o upgradeOptions) error {
	path, err := a.configFile(c)
	if err != nil {
		return err
	}
	before, err := config.ReadFile(path)
	if err != nil {
		return usage("configuration file: %w", err)
	}
	after, notices, err := config.Upgrade(path, before)
	current := errors.Is(err, config.ErrCurrent)
	if err != nil && !current {
		return &exitError{exitUsage, err}
	}
	target := path
	if o.relocate {
		if target, err = a.usualPlace(path); err != nil {
			return err
		}
	}
	if current {
		after = before
	}
	switch {
	case o.dryRun:
		return a.showUpgrade(path, after, notices)
	case current && target == path:
		fmt.Fprintf(a.Out, "Configuration file is of version %s already: %s\n", config.FileVersion, path)
		return nil
	}
	return a.saveUpgrade(path, target, before, after, notices)
}

// usualPlace is where --relocate moves the file at path to; it must not hold another one.
func (a *app) usualPlace(path string) (string, error) {
	target, err := a.newFile()
	if err != nil {
		return "", usage("%w", err)
	}
	if _, err := os.Stat(target); errors.Is(err, fs.ErrNotExist) {
		return target, nil
	}
	if sameFile(path, target) {
		return path, nil // where it is
	}
	return "", usage("--relocate: %s is there already", target)
}

func (a *app) showUpgrade(path string, after []byte, notices []string) error {
	text, err := config.WithoutSecrets(path, after)
	if err != nil {
		return &exitError{exitUsage, err}
	}
	for _, n := range notices {
		a.warn(n)
	}
	_, err = a.Out.Write(text)
	return err
}

// saveUpgrade keeps what was beside it before it writes anything. A file that moves leaves only that behind.
func (a *app) saveUpgrade(path, target string, before, after []byte, notices []string) error {
	backup, err := freeName(path + ".bak")
	if err == nil {
		err = config.WriteFile(backup, before)
	}
	if err == nil {
		err = config.WriteFile(target, after)
	}
	if err == nil && target != path {
		err = os.Remove(path)
	}
	if err != nil {
		return &exitError{exitUsage, err}
	}
	for _, n := range notices {
		a.warn(n)
	}
	_, err = fmt.Fprintf(a.Out, "Configuration file is of version %s now: %s\nWhat it was is kept in %s\n", config.FileVersion, target, backup)
	return err
}

// freeName is path, or path.2 and so on, whichever does not exist.
func freeName(path string) (string, error) {
	name := path
	for n := 2; ; n++ {
		_, err := os.Lstat(name)
		if errors.Is(err, fs.ErrNotExist) {
			return filepath.Clean(name), nil
		}
		if err != nil {
			return "", err
		}
		name = fmt.Sprintf("%s.%d", path, n)
	}
}
