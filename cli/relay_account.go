package cli

import (
	"time"

	"github.com/spf13/cobra"

	"github.com/adit-tunnel/adit/relay/control"
)

func (a *app) accountCommand() *cobra.Command {
	c := ownerGroup("account", "Make, list, change and delete accounts")
	c.AddCommand(a.accountCreate(), a.accountList(), a.accountSet(), a.accountDelete())
	return c
}

const planFlag = "the account's `PLAN` (adit relay plan list)"

func (a *app) accountCreate() *cobra.Command {
	b, plan := &book{app: a}, ""
	c := b.command(&cobra.Command{Use: "create NAME", Short: "Make an account", Args: exactly("the account's name", "acme")}, func(s control.Store, args []string) error {
		acc, err := s.CreateAccount(args[0], plan)
		if err != nil {
			return err
		}
		return b.show(acc, func(row func(...any)) { row("made the account " + acc.Name + " on the plan " + acc.Plan) })
	})
	c.Flags().StringVar(&plan, "plan", control.DefaultPlan, planFlag)
	return c
}

func (a *app) accountList() *cobra.Command {
	b := &book{app: a}
	return b.command(&cobra.Command{
		Use: "list", Short: "List accounts, their plans, and what proves that a domain is theirs", Args: none,
		Long: `List accounts and their plans. A domain outside the relay's own is an account's when it is
reserved for it (adit relay domain reserve), or when the TXT record _adit.NAME in the DNS
holds the account's proof.`,
	}, func(s control.Store, _ []string) error {
		all, err := s.Accounts()
		if err != nil {
			return err
		}
		return b.show(all, func(row func(...any)) {
			row("NAME", "PLAN", "CREATED", "TXT RECORD _adit.DOMAIN")
			for _, acc := range all {
				row(acc.Name, acc.Plan, acc.Created.Format(time.DateOnly), acc.Proof)
			}
		})
	})
}

func (a *app) accountSet() *cobra.Command {
	b, plan := &book{app: a}, ""
	c := b.command(&cobra.Command{Use: "set NAME", Short: "Give an account another plan", Args: exactly("the account's name", "acme --plan pro")}, func(s control.Store, args []string) error {
		if plan == "" {
			return usage("--plan is missing\n  try \"adit relay account set %s --plan free\"", args[0])
		}
		if err := s.SetAccount(args[0], plan); err != nil {
			return err
		}
		b.done("the account %s has the plan %s", args[0], plan)
		return nil
	})
	c.Flags().StringVar(&plan, "plan", "", planFlag)
	return c
}

func (a *app) accountDelete() *cobra.Command {
	b := &book{app: a}
	return b.command(&cobra.Command{
		Use: "delete NAME", Short: "Delete an account, its tokens and its reserved domains", Args: exactly("the account's name", "acme"),
	}, func(s control.Store, args []string) error {
		if err := s.DeleteAccount(args[0]); err != nil {
			return err
		}
		b.done("deleted the account %s, its tokens and domains", args[0])
		return nil
	})
}
