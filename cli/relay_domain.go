package cli

import (
	"time"

	"github.com/spf13/cobra"

	"github.com/adit-tunnel/adit/relay/control"
	"github.com/adit-tunnel/adit/relay/registry"
)

func (a *app) domainCommand() *cobra.Command {
	c := ownerGroup("domain", "Reserve host names for accounts")
	c.AddCommand(a.domainReserve(), a.domainList(), a.domainRelease())
	return c
}

func (a *app) domainReserve() *cobra.Command {
	b, account := &book{app: a}, ""
	c := b.command(&cobra.Command{
		Use: "reserve NAME", Short: "Reserve a host name for an account", Args: exactly("the host name", "www.example.com --account acme"),
		Long: `Reserve a host name for an account: no other account gets it, and whoever had it before
loses it when the account's agent asks for it. It may be one under the relay's domain, or
any other one whose DNS points at the relay. *.dev.example.com is every name below
dev.example.com.`,
		Example: `  adit relay domain reserve www.example.com --account acme
  adit relay domain reserve '*.dev.example.com' --account acme`,
	}, func(s control.Store, args []string) error {
		if account == "" {
			return usage("--account is missing\n  try \"adit relay domain reserve %s --account acme\"", args[0])
		}
		name, ok := registry.CanonicalPattern(args[0])
		if !ok {
			return usage("%q is no host name, such as www.example.com", args[0])
		}
		if err := s.ReserveDomain(name, account); err != nil {
			return err
		}
		b.done("%s is reserved for the account %s", name, account)
		return nil
	})
	c.Flags().StringVar(&account, "account", "", "the `ACCOUNT` that may have it")
	return c
}

func (a *app) domainList() *cobra.Command {
	b := &book{app: a}
	return b.command(&cobra.Command{Use: "list", Short: "List reserved host names", Args: none}, func(s control.Store, _ []string) error {
		all, err := s.Domains()
		if err != nil {
			return err
		}
		return b.show(all, func(row func(...any)) {
			row("NAME", "ACCOUNT", "SINCE")
			for _, d := range all {
				row(d.Name, d.Account, d.Created.Format(time.DateOnly))
			}
		})
	})
}

func (a *app) domainRelease() *cobra.Command {
	b := &book{app: a}
	return b.command(&cobra.Command{Use: "release NAME", Short: "Give a reserved host name free", Args: exactly("the host name", "www.example.com")}, func(s control.Store, args []string) error {
		name, ok := registry.CanonicalPattern(args[0])
		if !ok {
			name = args[0]
		}
		if err := s.ReleaseDomain(name); err != nil {
			return err
		}
		b.done("%s is free", name)
		return nil
	})
}
