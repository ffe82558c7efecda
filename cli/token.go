package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/adit-tunnel/adit/relay/control"
)

func (a *app) tokenCommand() *cobra.Command {
	token := &cobra.Command{
		Use: "token", Short: "Make tokens for agents", Args: noSuchCommand,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	var account, plan, file string
	create := &cobra.Command{
		Use:   "create",
		Short: "Make a token and print it, once",
		Long: `Make a token for an account and print it. The file keeps only its hash, so it cannot
be shown again. A relay that runs with this file knows the token at once.`,
		Example: `  adit relay token create --account acme --plan free --token-file tokens`,
		Args:    none,
		RunE: func(*cobra.Command, []string) error {
			for _, f := range [][2]string{{"account", account}, {"token-file", file}} {
				if f[1] == "" {
					return usage("--%s is missing\n  try \"adit relay token create --account acme --token-file tokens\"", f[0])
				}
			}
			t, err := control.CreateToken(file, account, plan)
			if err != nil {
				return &exitError{exitUsage, err}
			}
			fmt.Fprintln(a.Out, t)
			return nil
		},
	}
	f := create.Flags()
	f.StringVar(&account, "account", "", "the `ACCOUNT` the token belongs to")
	f.StringVar(&plan, "plan", "free", "the account's `PLAN`, as agents show it")
	f.StringVar(&file, "token-file", "", "`FILE` to append the token's hash to")
	token.AddCommand(create)
	return token
}
