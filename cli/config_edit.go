package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"

	"github.com/spf13/cobra"

	"github.com/adit-tunnel/adit/config"
	"github.com/adit-tunnel/adit/inspect/edit"
)

// starter is what a new file begins with.
const starter = `version: 3
agent:
  # relay: tunnel.example.com:4443
  # relay_pin: sha256:…
`

func (a *app) editCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "edit",
		Short: "Open the configuration file in an editor and check it afterwards",
		Long: `Open the configuration file in the editor that $VISUAL or $EDITOR names, else nano, vi or
Notepad, and check it afterwards. What was written is kept, mistakes or not.`,
		Args: none,
		RunE: func(c *cobra.Command, _ []string) error { return a.runEdit(c) },
	}
	fileFlags(c)
	return c
}

func (a *app) runEdit(c *cobra.Command) error {
	path, err := a.configFile(c)
	if err != nil {
		return err
	}
	if _, err = os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		err = config.WriteFile(path, []byte(starter))
	}
	if err != nil {
		return &exitError{exitUsage, err}
	}
	argv, err := edit.Editor(a.env, path)
	if err != nil {
		return usage("%w", err)
	}
	editor := exec.Command(argv[0], argv[1:]...)
	editor.Stdin, editor.Stdout, editor.Stderr = a.In, a.Out, a.Err
	if err := runEditor(editor); err != nil {
		return fmt.Errorf("the editor %s: %w\n  the file is as it left it; choose another one with EDITOR", argv[len(argv)-2], err)
	}
	if err := os.Chmod(path, 0o600); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return &exitError{exitUsage, err}
	}
	if err := a.checkFile(path); err != nil {
		return usage("%w\n  what you wrote is kept; mend it with: adit config edit", err)
	}
	return nil
}

// runEditor lets the editor have the terminal: its Ctrl+C, which comes here, too, is the editor's to take.
func runEditor(editor *exec.Cmd) error {
	interrupts := make(chan os.Signal, 1)
	signal.Notify(interrupts, os.Interrupt)
	defer signal.Stop(interrupts)
	return editor.Run()
}

// checkFile reads the file at path alone, as a command with an agent would; the error joins all mistakes.
func (a *app) checkFile(path string) error {
	_, err := config.Load(config.Sources{Files: []string{path}, CheckKeys: checkKeys})
	return err
}
