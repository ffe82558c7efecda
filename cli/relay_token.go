package cli

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/adit-tunnel/adit/relay/control"
	"github.com/adit-tunnel/adit/relay/registry"
)

func (a *app) tokenCommand() *cobra.Command {
	c := ownerGroup("token", "Make, list and revoke tokens for agents")
	c.AddCommand(a.tokenCreate(), a.tokenList(), a.tokenRevoke())
	return c
}

// tokenOptions are the flags of "token create".
type tokenOptions struct {
	control.Token
	plan, file string
	from       []string
}

func (a *app) tokenCreate() *cobra.Command {
	b, o := &book{app: a}, tokenOptions{}
	c := &cobra.Command{
		Use:   "create",
		Short: "Make a token and print it, once",
		Long: `Make a token for an account and print it. Only its hash is kept, so it cannot be shown
again. A relay that runs knows it at once. The account is made if it is new.

--name, --protocol and --cidr narrow down what the token may do; each may be given more
than once. With --token-file the token's line is appended to a file instead, which a relay
that is started with --token-file takes over.`,
		Example: `  adit relay token create --account acme
  adit relay token create --account acme --name 'app-*' --cidr 203.0.113.0/24 --note "the build"`,
		Args: none,
	}
	b.command(c, nil)
	f := c.Flags()
	c.RunE = func(*cobra.Command, []string) error {
		for flag, list := range map[string][]string{"name": o.Names, "protocol": o.Protocols, "cidr": o.from} {
			if f.Changed(flag) && len(list) == 0 {
				return usage("--%s is empty\n  leave it out for a token that may do anything", flag)
			}
		}
		return b.createToken(o)
	}
	f.StringVar(&o.Account, "account", "", "the `ACCOUNT` the token belongs to")
	f.StringVar(&o.plan, "plan", "", "the `PLAN` of an account that is new (default free)")
	f.StringSliceVar(&o.Names, "name", nil, "only for `NAME`: app, app-* (under the relay's domain), www.example.com")
	f.StringSliceVar(&o.Protocols, "protocol", nil, "only for endpoints of `PROTOCOL` http, tcp or tls")
	f.StringSliceVar(&o.from, "cidr", nil, "only for agents whose address is in `CIDR`")
	f.StringVar(&o.Note, "note", "", "a `TEXT` that the list shows")
	f.StringVar(&o.file, "token-file", "", "append the token's hash to `FILE` instead of the relay's store")
	return c
}

func (b *book) createToken(o tokenOptions) (err error) {
	if o.Account == "" {
		return usage("--account is missing\n  try \"adit relay token create --account acme\"")
	}
	for i, name := range o.Names {
		o.Names[i] = registry.CanonicalScope(name)
	}
	if o.From, err = prefixes("--cidr", o.from); err != nil {
		return err
	}
	if o.file != "" {
		return b.appendToken(o)
	}
	return b.with(func(s control.Store) error {
		if err := o.Check(); err != nil { // before an account is made for it
			return err
		}
		if err := haveAccount(s, o.Account, o.plan); err != nil {
			return err
		}
		secret, t, err := s.CreateToken(o.Token)
		if err != nil {
			return err
		}
		return b.show(control.Secret{Secret: secret, Token: t}, func(row func(...any)) { row(secret) })
	})
}

// haveAccount makes an account that is new. One that is not keeps its plan: to name another one here is a mistake.
func haveAccount(s control.Store, name, plan string) error {
	_, err := s.CreateAccount(name, cmp.Or(plan, control.DefaultPlan))
	switch {
	case !errors.Is(err, control.ErrExists):
		return err
	case plan == "":
		return nil
	}
	all, err := s.Accounts()
	if err != nil {
		return err
	}
	for _, a := range all {
		if a.Name == name && a.Plan != plan {
			return usage("the account %s has the plan %q\n  change it with \"adit relay account set %s --plan %s\"", name, a.Plan, name, plan)
		}
	}
	return nil
}

// appendToken is the way without a store, whose lines have no room for more.
func (b *book) appendToken(o tokenOptions) error {
	if len(o.Names)+len(o.Protocols)+len(o.From) > 0 || o.Note != "" || b.json {
		return usage("--token-file keeps only account and plan: leave --name, --protocol, --cidr, --note and --json out, or --token-file")
	}
	t, err := control.AppendToken(o.file, o.Account, cmp.Or(o.plan, control.DefaultPlan))
	if err != nil {
		return &exitError{exitUsage, err}
	}
	fmt.Fprintln(b.Out, t)
	return nil
}

func (a *app) tokenList() *cobra.Command {
	b, account := &book{app: a}, ""
	c := b.command(&cobra.Command{Use: "list", Short: "List tokens: their ids, accounts and what they are for", Args: none}, func(s control.Store, _ []string) error {
		all, err := s.Tokens(account)
		if err != nil {
			return err
		}
		return b.show(all, func(row func(...any)) {
			row("ID", "ACCOUNT", "CREATED", "FOR", "NOTE")
			for _, t := range all {
				row(t.ID, t.Account, t.Created.Format(time.DateOnly), purpose(t), t.Note)
			}
		})
	})
	c.Flags().StringVar(&account, "account", "", "only those of `ACCOUNT`")
	return c
}

// purpose is a token's scopes in words.
func purpose(t control.Token) string {
	var parts []string
	if t.Absent {
		parts = append(parts, "nothing: its line is gone from "+t.File)
	}
	if len(t.Names) > 0 {
		parts = append(parts, strings.Join(t.Names, ", "))
	}
	if len(t.Protocols) > 0 {
		parts = append(parts, strings.Join(t.Protocols, ", "))
	}
	if len(t.From) > 0 {
		from := make([]string, len(t.From))
		for i, p := range t.From {
			from[i] = p.String()
		}
		parts = append(parts, "from "+strings.Join(from, ", "))
	}
	if parts == nil {
		return "anything"
	}
	return strings.Join(parts, "; ")
}

func (a *app) tokenRevoke() *cobra.Command {
	b := &book{app: a}
	return b.command(&cobra.Command{
		Use: "revoke ID", Short: "Revoke a token: agents that use it are disconnected within 5 s", Args: exactly("the token's id", "tok_…"),
	}, func(s control.Store, args []string) error {
		if err := s.RevokeToken(args[0]); err != nil {
			return err
		}
		b.done("revoked %s", args[0])
		return nil
	})
}
