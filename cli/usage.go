package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/adit-tunnel/adit/config"
)

const usageTemplate = `Usage:
  {{if .HasAvailableSubCommands}}{{.CommandPath}} <command>{{if .HasAvailableLocalFlags}} [flags]{{end}}{{if .Runnable}}{{if .HasParent}}
  {{.UseLine}}{{end}}{{end}}{{else}}{{.UseLine}}{{end}}{{if .HasExample}}

Examples:
{{.Example}}{{end}}{{if .HasAvailableSubCommands}}{{$cmds := .Commands}}{{range $group := .Groups}}

{{.Title}}{{range $cmds}}{{if (and (eq .GroupID $group.ID) .IsAvailableCommand)}}
  {{rpad .Name .NamePadding}}  {{.Short}}{{end}}{{end}}{{end}}

{{if .Groups}}Also:{{else}}Commands:{{end}}{{range $cmds}}{{if (and (eq .GroupID "") .IsAvailableCommand)}}
  {{rpad .Name .NamePadding}}  {{.Short}}{{end}}{{end}}{{end}}{{if .HasAvailableLocalFlags}}
{{flagHelp .}}{{end}}{{if .HasAvailableSubCommands}}

"{{.CommandPath}} <command> --help" tells more.{{end}}
`

// helpWidth is how wide lines of flags may become: two columns of text still fit beside each other on most screens.
const helpWidth = 110

// ofAgents marks the flags that all commands with an agent share: help shows them behind a command's own.
const ofAgents = "adit_agent"

// flagHelp lists a command's flags, its own first.
func flagHelp(c *cobra.Command) string {
	own, shared := pflag.NewFlagSet("", pflag.ContinueOnError), pflag.NewFlagSet("", pflag.ContinueOnError)
	c.LocalFlags().VisitAll(func(f *pflag.Flag) {
		if f.Annotations[ofAgents] != nil {
			shared.AddFlag(f)
		} else {
			own.AddFlag(f)
		}
	})
	text := "\nFlags:\n" + own.FlagUsagesWrapped(helpWidth)
	if shared.HasFlags() {
		text += "\nThe agent (all but --config also in the configuration file, and as ADIT_RELAY and so on in the environment):\n"
		text += shared.FlagUsagesWrapped(helpWidth)
	}
	return strings.TrimRight(text, "\n")
}

// flagError names what was wrong with a flag and guesses what was meant. The value of a flag that is not known stays out: it may be a secret.
func flagError(c *cobra.Command, err error) error {
	text := err.Error()
	var unknown *pflag.NotExistError
	if errors.As(err, &unknown) {
		written := "--" + unknown.GetSpecifiedName()
		if short := unknown.GetSpecifiedShortnames(); short != "" {
			written = word("-" + short) // a long flag with one dash, as a rule
		}
		text = "unknown flag: " + written
		name := strings.TrimLeft(written, "-")
		if o := config.Lookup(config.OfEndpoint, name); o != nil && c.Flags().Lookup("inspect") != nil { // of another kind of endpoint
			text = fmt.Sprintf("%s means something only to %s endpoints", written, strings.Join(o.Protocols, " and "))
		} else if n := config.Nearest(name, shownFlags(c)); n != "" {
			text += fmt.Sprintf(" (did you mean --%s?)", n)
		}
	}
	var wrong *pflag.InvalidValueError
	if errors.As(err, &wrong) && wanted[wrong.GetFlag().Value.Type()] != "" {
		text = fmt.Sprintf("--%s %q is %s", wrong.GetFlag().Name, wrong.GetValue(), wanted[wrong.GetFlag().Value.Type()])
	}
	return usage("%s\n  see \"%s --help\"", text, c.CommandPath())
}

// wanted says what a value is not, by the type of its flag.
var wanted = map[string]string{
	"bool": "neither true nor false", "int": "no whole number", "int64": "no whole number", "float64": "no number",
	"duration": "no time with its unit, such as 30s or 2m",
}

// shownFlags are the flags of c that help shows, without dashes.
func shownFlags(c *cobra.Command) []string {
	var names []string
	c.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			names = append(names, f.Name)
		}
	})
	return names
}

// noSuchCommand is the Args rule of commands that only hold others.
func noSuchCommand(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	text := fmt.Sprintf("unknown command %q", strings.TrimSpace(c.CommandPath()+" "+args[0]))
	if s := c.SuggestionsFor(args[0]); len(s) > 0 {
		text += fmt.Sprintf(" (did you mean \"%s %s\"?)", c.CommandPath(), s[0])
	}
	return usage("%s\n  see \"%s --help\"", text, c.CommandPath())
}

// exactly is the Args rule of commands with one argument.
func exactly(what, example string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		switch {
		case len(args) == 0:
			return usage("%s is missing\n  try \"%s %s\"", what, c.CommandPath(), example)
		case len(args) > 1:
			return usage("%d arguments where one is wanted (%s): %s", len(args), what, strings.Join(args, " "))
		}
		return nil
	}
}

// atMostOne is the Args rule of commands with one argument that may be left out.
func atMostOne(what string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) > 1 {
			return usage("%d arguments where one is wanted (%s): %s", len(args), what, strings.Join(args, " "))
		}
		return nil
	}
}

// none is the Args rule of commands without arguments.
func none(c *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usage("%s takes no arguments, but got %q", c.CommandPath(), args[0])
	}
	return nil
}
