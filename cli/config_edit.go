package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strings"

	"github.com/spf13/cobra"

	"github.com/adit-tunnel/adit/config"
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
	name, editor, err := a.editor(path)
	if err != nil {
		return err
	}
	editor.Stdin, editor.Stdout, editor.Stderr = a.In, a.Out, a.Err
	if err := runEditor(editor); err != nil {
		return fmt.Errorf("the editor %s: %w\n  the file is as it left it; choose another one with EDITOR", name, err)
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

// editor is the command that opens path. The variables hold a command line ("code --wait"), which a shell reads where there is one.
func (a *app) editor(path string) (name string, c *exec.Cmd, err error) {
	for _, line := range []string{a.env("VISUAL"), a.env("EDITOR")} {
		words := strings.Fields(line)
		switch {
		case len(words) == 0:
		case runtime.GOOS == "windows":
			return words[0], exec.Command(words[0], append(words[1:], path)...), nil
		default:
			return words[0], exec.Command("sh", "-c", "exec "+line+` "$1"`, words[0], path), nil
		}
	}
	names := []string{"nano", "vi"}
	if runtime.GOOS == "windows" {
		names = []string{"notepad"}
	}
	for _, name := range names {
		if found, err := exec.LookPath(name); err == nil {
			return name, exec.Command(found, path), nil
		}
	}
	return "", nil, usage("there is no editor: neither VISUAL nor EDITOR is set, and %s is not there", strings.Join(names, " or "))
}

// checkFile reads the file at path alone, as a command with an agent would; the error joins all mistakes.
func (a *app) checkFile(path string) error {
	_, err := config.Load(config.Sources{Files: []string{path}, CheckKeys: checkKeys})
	return err
}
