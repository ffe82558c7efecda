package cli

import (
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/adit-tunnel/adit/config"
)

// shells are those that completion is made for.
var shells = map[string]func(root *cobra.Command, w io.Writer) error{
	"bash":       func(root *cobra.Command, w io.Writer) error { return root.GenBashCompletionV2(w, true) },
	"zsh":        func(root *cobra.Command, w io.Writer) error { return root.GenZshCompletion(w) },
	"fish":       func(root *cobra.Command, w io.Writer) error { return root.GenFishCompletion(w, true) },
	"powershell": func(root *cobra.Command, w io.Writer) error { return root.GenPowerShellCompletionWithDesc(w) },
}

func (a *app) completionCommand() *cobra.Command {
	names := slices.Sorted(maps.Keys(shells))
	return &cobra.Command{
		Use:   "completion <" + strings.Join(names, " | ") + ">",
		Short: "Print a script that completes commands, flags and endpoints in a shell",
		Long: `Print a script that makes a shell complete adit's commands, flags, and the names of
configured endpoints. Packages bring it along; else put it where the shell looks.`,
		Example: `  adit completion bash > /etc/bash_completion.d/adit
  adit completion zsh > "${fpath[1]}/_adit"
  adit completion fish > ~/.config/fish/completions/adit.fish
  adit completion powershell >> $PROFILE`,
		ValidArgs: names,
		Args: func(c *cobra.Command, args []string) error {
			if err := exactly("the shell's name", "bash")(c, args); err != nil {
				return err
			}
			if shells[args[0]] == nil {
				return usage("%q is no shell that adit knows: %s", args[0], strings.Join(names, ", "))
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error { return shells[args[0]](c.Root(), a.Out) },
	}
}

// flagValues are values that flags are often given, where the table of options does not list all there are; with a tab behind a value stands what it means.
var flagValues = map[string][]string{
	"log":        {"stderr", "stdout", "false"},
	"access-log": {"stdout", "stderr", "false"},
	"web-addr":   {"false\tno local API", "127.0.0.1:4040"},
	"admin":      {"false\tneither health nor metrics", "127.0.0.1:4480"},
	"format":     exportFormats,
	"since":      {fromStart + "\tall that is kept"},
}

// fileValued are the flags whose values are files; those of all others are none.
var fileValued = []string{"config", "relay-ca", "token-file", "log", "access-log", "write-report", "ready-file", "url-file", "output",
	"upstream-tls-verify-cas", "upstream-client-crt", "upstream-client-key", "crt", "key", "mutual-tls-cas", "cert", "acme-ca", "acme-dns-hook"}

// completeEndpoints completes the names of configured endpoints, those that stand in args left out. A configuration with mistakes has none.
func (a *app) completeEndpoints(c *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	cfg, err := a.loadFrom(a.sources(c))
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var names []string
	for _, e := range cfg.Endpoints {
		if !slices.Contains(args, e.Name) {
			names = append(names, e.Name+"\t"+e.Upstream)
		}
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

// completeCommands completes what "adit help" may be asked about.
func completeCommands(c *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	var names []string
	if of, _, err := c.Root().Find(args); err == nil {
		for _, sub := range of.Commands() {
			if sub.IsAvailableCommand() {
				names = append(names, sub.Name()+"\t"+sub.Short)
			}
		}
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

// completeFiles is for commands whose arguments are files.
func completeFiles(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveDefault
}

// complete tells the shell what may stand behind c and all commands below it, and behind their flags. Arguments are no files unless the command says so.
func complete(c *cobra.Command) {
	if c.ValidArgsFunction == nil && len(c.ValidArgs) == 0 {
		c.ValidArgsFunction = cobra.NoFileCompletions
	}
	c.LocalFlags().VisitAll(func(f *pflag.Flag) {
		if f.Value.Type() == "bool" {
			return
		}
		values, then := flagValues[f.Name], cobra.ShellCompDirectiveNoFileComp
		for _, scope := range []config.Scope{config.OfAgent, config.OfEndpoint} {
			if o := config.Lookup(scope, f.Name); o != nil && values == nil {
				values = o.Values
			}
		}
		switch {
		case slices.Contains(fileValued, f.Name):
			then = cobra.ShellCompDirectiveDefault
		case f.Name == "state-dir":
			then = cobra.ShellCompDirectiveFilterDirs
		}
		// The error would say that c has no such flag, or that it is completed already.
		_ = c.RegisterFlagCompletionFunc(f.Name, cobra.FixedCompletions(values, then))
	})
	for _, sub := range c.Commands() {
		complete(sub)
	}
}
