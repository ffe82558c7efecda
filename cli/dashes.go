package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// twoDashes reads long flags with one dash (-subdomain=x), as ngrok's second version had them, and hints at how they are written.
func (a *app) twoDashes(root *cobra.Command, args []string) []string {
	c, _, err := root.Find(args)
	if err != nil {
		return args
	}
	c.InitDefaultHelpFlag() // else it is no flag before the command runs
	out := make([]string, 0, len(args))
	isValue := false // of the flag before it
	for i, arg := range args {
		if arg == "--" {
			return append(out, args[i:]...)
		}
		f, attached := flagOf(c, arg)
		if !isValue && f != nil && !strings.HasPrefix(arg, "--") {
			a.hint(fmt.Sprintf("%s is read as -%s: long flags have two dashes", word(arg), word(arg)))
			arg = "-" + arg
		}
		isValue = !isValue && f != nil && !attached && f.NoOptDefVal == ""
		out = append(out, arg)
	}
	return out
}

// flagOf is the long flag of c that arg is, with one dash or two; nil when it is none. attached says that its value comes with it.
func flagOf(c *cobra.Command, arg string) (f *pflag.Flag, attached bool) {
	name, ok := strings.CutPrefix(arg, "-")
	if !ok {
		return nil, false
	}
	name, _, attached = strings.Cut(strings.TrimPrefix(name, "-"), "=")
	if len(name) < 2 {
		return nil, false
	}
	return c.Flags().Lookup(name), attached
}

// word is a flag without its value, which may be a secret.
func word(arg string) string {
	name, _, _ := strings.Cut(arg, "=")
	return name
}
