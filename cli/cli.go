// Package cli is what the user typed: the table of commands, and the only place where the rooms meet. Files named
// *_wiring.go join rooms; the others hold one command each.
//
// Output rules. stdout is for what was asked for: the dashboard, or lines made for scripts. stderr is for everything else: logs
// (log/slog) and errors. An error is "adit: " and what was wrong, where, and what to do next; never a stack trace. Exit codes are in
// exit.go.
package cli

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
)

// Version is the version of this program. The linker sets it for what "make" builds; it stays as it is while the program runs.
var Version = "0.1.0-dev"

// Streams are the program's standard files.
type Streams struct {
	In, Out, Err *os.File
}

// app is what every command has at hand.
type app struct {
	Streams
	args    []string // behind the program's name
	environ []string
	guard   *guard
	compat  bool // stands in for ngrok
	stand   standIn
	readied bool // no file of --ready-file and --url-file is an earlier run's any more

	stopAsked <-chan struct{} // closed when a service manager that sends no signals wants the end; nil: there is none
}

// Main runs the command line argv, the program's name first, and returns the exit code.
func Main(argv []string, s Streams, environ []string) int {
	a := &app{Streams: s, environ: environ}
	a.guard = newGuard(a)
	defer a.guard.catch()
	var err error
	if a.args, a.compat, err = program(argv); err == nil {
		err = a.execute(a.args)
	}
	a.report(err)
	a.stand.end()
	return a.exitCode(err)
}

// Tree is the table of commands, for who writes their manual. It is made anew with each call.
func Tree() *cobra.Command {
	a := &app{Streams: Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}}
	a.guard = newGuard(a)
	return a.root()
}

func (a *app) execute(args []string) error {
	root := a.root()
	args = append([]string{}, a.twoDashes(root, args)...) // never nil: cobra would take the process's own
	root.SetArgs(args)
	c, err := root.ExecuteC()
	if err != nil && runsAgent(c) && !a.readied {
		a.clearReady(c, args)
	}
	return err
}

// env looks a variable up in the environment the program was given.
func (a *app) env(name string) string {
	for i := len(a.environ) - 1; i >= 0; i-- {
		if v, ok := strings.CutPrefix(a.environ[i], name+"="); ok {
			return v
		}
	}
	return ""
}

const rootHelp = `adit gives a web service on localhost a public URL and shows every request as it
arrives: browse, inspect and replay them from the keyboard.

Start here:
  adit http 8000          put the service on port 8000 online and watch it
  adit demo               see it at work, with sample webhooks and nothing to set up`

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:                        a.name(),
		Short:                      "A tunnel to localhost with a live request inspector",
		Long:                       rootHelp,
		Version:                    Version,
		SilenceErrors:              true,
		SilenceUsage:               true,
		SuggestionsMinimumDistance: 2,
		Args:                       noSuchCommand,
		RunE:                       func(c *cobra.Command, _ []string) error { return c.Help() },
		CompletionOptions:          cobra.CompletionOptions{DisableDefaultCmd: true},
	}
	root.SetIn(a.In)
	root.SetOut(a.Out)
	root.SetErr(a.Err)
	root.SetFlagErrorFunc(flagError)
	root.SetVersionTemplate(a.version() + "\n")
	cobra.AddTemplateFunc("flagHelp", flagHelp)
	root.SetUsageTemplate(usageTemplate)
	root.SetHelpCommand(&cobra.Command{Use: "help [command]", Short: "Help on a command", Hidden: true, ValidArgsFunction: completeCommands, RunE: func(c *cobra.Command, args []string) error {
		target, rest, err := c.Root().Find(args)
		if err != nil {
			return usage("%v", err)
		}
		if err := noSuchCommand(target, rest); err != nil {
			return err
		}
		return target.Help()
	}})
	root.Flags().BoolP("version", "v", false, "print the version")
	root.Flags().String("compat", "", "stand in for the program `NAME`, which can only be ngrok; so does a file of that name")
	if a.compat {
		a.compatCommands(root)
	}
	root.AddGroup(&cobra.Group{ID: "agent", Title: "On the developer's machine:"}, &cobra.Group{ID: "inspect", Title: "What was captured:"}, &cobra.Group{ID: "relay", Title: "On a public server:"})
	root.AddCommand(a.httpCommand(), a.startCommand(), a.trustCommand(), a.tcpCommand(), a.tlsCommand(), a.udpCommand(), a.demoCommand(), a.relayCommand(), a.caCommand(), a.configCommand(), a.oldAuthtokenCommand(), a.versionCommand())
	root.AddCommand(a.requestsCommand(), a.requestCommand(), a.replayCommand(), a.waitForCommand(), a.exportCommand(), a.purgeCommand())
	root.AddCommand(a.statusCommand(), a.endpointsCommand(), a.diagnoseCommand(), a.serviceCommand(), a.completionCommand())
	complete(root)
	return root
}

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{Use: "version", Short: "Print the version", Args: none, RunE: func(*cobra.Command, []string) error {
		fmt.Fprintln(a.Out, a.version())
		return nil
	}}
}
