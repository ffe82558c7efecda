package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/adit-tunnel/adit/config"
)

// configCommand groups what is done with the configuration file.
func (a *app) configCommand() *cobra.Command {
	c := &cobra.Command{
		Use:     "config",
		Short:   "Write, check and change the configuration file",
		GroupID: "agent",
		Long: `Write, check and change the configuration file. What a command does not change stays
as it is: comments, order and line ends. The file can be read by its owner alone.`,
		Args: noSuchCommand,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(a.addAuthtokenCommand(), a.addRelayCommand(), a.addWebhookSecretCommand(), a.addAPIKeyCommand(), a.configShowCommand(), a.configCheckCommand(),
		a.editCommand(), a.upgradeCommand(), a.importCommand(), a.schemaCommand())
	return c
}

// fileFlags adds the flags of the commands that work on one file. Those that say where logs go are taken, as programs that drive
// ngrok give them to every command, though there are no logs here.
func fileFlags(c *cobra.Command) {
	f := c.Flags()
	f.String("config", "", "configuration `FILE` (default: the user's own)")
	for _, name := range []string{"log", "log-level", "log-format"} {
		f.String(name, "", "not used here")
		_ = f.MarkHidden(name) // it is there
	}
}

// configFile is the one file that a command with fileFlags works on.
func (a *app) configFile(c *cobra.Command) (string, error) {
	path := c.Flag("config").Value.String()
	switch {
	case strings.Contains(path, ","):
		return "", usage("--config %s: name the one file that is to be changed", path)
	case path != "":
		return path, nil
	}
	path, err := a.userFile()
	if err != nil {
		return "", usage("the place of the configuration file: %w\n  or name one with --config FILE", err)
	}
	return path, nil
}

// change edits the configuration file of c and says what was saved, on standard output and only when it is on the disk: programs
// wait for this line and end adit at once.
func (a *app) change(c *cobra.Command, what string, f func(*config.Document) error) error {
	path, err := a.configFile(c)
	if err != nil {
		return err
	}
	if err := config.EditFile(path, f); err != nil {
		return &exitError{exitUsage, err}
	}
	_, err = fmt.Fprintf(a.Out, "%s saved to configuration file: %s\n", what, path)
	return err
}
