package cli

import (
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/adit-tunnel/adit/config"
)

// optionFlags adds the flags of the table of options for a command that starts endpoints of a protocol; with "" those of the agent alone. What
// is older, or comes later, works or is answered, but stays out of the help.
func optionFlags(to *pflag.FlagSet, protocol string) {
	for _, o := range config.Flags(protocol) {
		addFlag(to, o, o.Name, o.Standing != config.Works)
		for _, older := range o.Older {
			addFlag(to, o, older, true)
		}
	}
	to.StringSlice("config", nil, "configuration `FILE` instead of the usual ones; several, with commas or one by one, are laid on top of each other")
	markOfAgents(to.Lookup("config"))
}

func addFlag(to *pflag.FlagSet, o *config.Option, name string, hidden bool) {
	switch o.Kind {
	case config.Bool:
		to.Bool(name, o.Default == "true", o.Usage)
	case config.Strings:
		to.StringSlice(name, nil, o.Usage)
	default:
		to.String(name, "", o.Usage)
	}
	f := to.Lookup(name)
	f.Hidden = hidden
	if o.Scope == config.OfAgent {
		markOfAgents(f)
	}
}

// withAgent marks the commands that run an agent.
var withAgent = map[string]string{"adit_with_agent": ""}

func runsAgent(c *cobra.Command) bool {
	_, ok := c.Annotations["adit_with_agent"]
	return ok
}

// markOfAgents has help show a flag behind a command's own.
func markOfAgents(f *pflag.Flag) { f.Annotations = map[string][]string{ofAgents: {}} }

// setFlags are the flags that were set, by name without dashes.
func setFlags(f *pflag.FlagSet) map[string][]string {
	set := map[string][]string{}
	f.Visit(func(f *pflag.Flag) {
		if list, ok := f.Value.(pflag.SliceValue); ok && len(list.GetSlice()) > 0 {
			set[f.Name] = list.GetSlice()
		} else if ok {
			set[f.Name] = []string{""} // what is set to nothing is not as if it were not set: it may stand for a door
		} else {
			set[f.Name] = []string{f.Value.String()}
		}
	})
	return set
}

// givenFlags are those of names that stand in args, whatever else does: for who must know before a command has been understood, or when it was not.
func givenFlags(args []string, names ...string) map[string][]string {
	f := pflag.NewFlagSet("", pflag.ContinueOnError)
	f.ParseErrorsWhitelist.UnknownFlags = true
	f.Usage = func() {}
	for _, name := range names {
		f.String(name, "", "")
	}
	_ = f.Parse(args) // the command says what is wrong
	return setFlags(f)
}
