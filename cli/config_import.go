package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"strings"

	"github.com/spf13/cobra"

	"github.com/adit-tunnel/adit/config"
)

func (a *app) importCommand() *cobra.Command {
	var withToken bool
	c := &cobra.Command{
		Use:   "import [ngrok.yml]",
		Short: "Take endpoints and settings over from ngrok's configuration file",
		Long: `Take endpoints and settings over from ngrok's configuration file, of version 2 or 3; without an
argument, the one in ngrok's own place. That file is only read. Its authtoken is for
ngrok's servers and stays there, unless --with-authtoken says that it is for your relay.

When there is a configuration file already, the endpoints alone are added to it.`,
		Example: `  adit config import
  adit config import ngrok.yml --config adit.yml`,
		Args:              atMostOne("the file"),
		ValidArgsFunction: completeFiles,
		RunE:              func(c *cobra.Command, args []string) error { return a.runImport(c, args, withToken) },
	}
	c.Flags().BoolVar(&withToken, "with-authtoken", false, "take the authtoken over, too: it will be sent to the relay")
	fileFlags(c)
	return c
}

func (a *app) runImport(c *cobra.Command, args []string, withToken bool) error {
	from, text, err := a.importSource(args)
	if err != nil {
		return err
	}
	path, err := a.configFile(c)
	if err != nil {
		return err
	}
	in, err := config.Import(from, text, withToken)
	if err != nil {
		return &exitError{exitUsage, err}
	}
	what := "endpoints and settings"
	if _, err = os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		err = config.WriteFile(path, in.Text)
	} else {
		what, in.Token, in.LeftOut = "endpoints", false, nil
		err = config.EditFile(path, func(d *config.Document) error { return d.AddEndpoints(in.Text) })
	}
	if err != nil {
		return &exitError{exitUsage, err}
	}
	a.tellImport(from, path, in)
	_, err = fmt.Fprintf(a.Out, "Imported %s (%d) from %s to configuration file: %s\n", what, in.Endpoints, from, path)
	return err
}

// importSource is the file to import: the one that was named, or the first that is in a place of ngrok's.
func (a *app) importSource(args []string) (path string, text []byte, err error) {
	places := config.NgrokFiles(runtime.GOOS, a.env)
	if len(args) == 1 {
		places = args
	}
	for _, path := range places {
		text, err := config.ReadFile(path)
		if err == nil {
			return path, text, nil
		}
		if len(args) == 1 || !errors.Is(err, fs.ErrNotExist) {
			return "", nil, usage("ngrok's configuration file: %w", err)
		}
	}
	return "", nil, usage("there is no configuration file of ngrok's at %s\n  name one: adit config import PATH", strings.Join(places, ", "))
}

// tellImport says what did not come along, and what will not start.
func (a *app) tellImport(from, path string, in config.Imported) {
	for _, n := range in.Notices {
		a.warn(n)
	}
	if len(in.LeftOut) > 0 {
		a.warn("left out, because they mean nothing to adit: " + strings.Join(in.LeftOut, ", "))
	}
	if in.Token {
		a.warn("the authtoken in " + from + " is for ngrok's servers and was left out\n  save the one of your relay with: adit config add-authtoken -")
	}
	cfg, err := config.Load(config.Sources{Files: []string{path}})
	if err != nil {
		a.warn(err.Error())
		return
	}
	for _, e := range cfg.Endpoints {
		for _, n := range e.NotYet {
			a.warn(fmt.Sprintf("the endpoint %q will not start yet: this version does not offer %s", e.Name, n.Key))
		}
	}
}
