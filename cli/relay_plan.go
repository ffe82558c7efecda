package cli

import (
	"strconv"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/adit-tunnel/adit/relay/control"
)

func (a *app) planCommand() *cobra.Command {
	c := ownerGroup("plan", "Set, list and delete plans: the limits of accounts")
	c.AddCommand(a.planSet(), a.planList(), a.planDelete())
	return c
}

func (a *app) planSet() *cobra.Command {
	b, want := &book{app: a}, control.Plan{}
	var length time.Duration
	c := &cobra.Command{
		Use: "set NAME", Short: "Make a plan, or change limits of one", Args: exactly("the plan's name", "pro --endpoints 20"),
		Long: `Make a plan, or change it: limits that are not named stay as they are, 0 is none. What
is changed holds at once, for agents that are online, too.`,
		Example: `  adit relay plan set free --endpoints 3 --sessions 3 --rate 60 --bandwidth 1000000
  adit relay plan set pro --session-length 0 --random-names=false`,
	}
	f := c.Flags()
	b.command(c, func(s control.Store, args []string) error {
		if length%time.Second != 0 {
			return usage("--session-length %v: it is a number of whole seconds", length)
		}
		want.Name, want.SessionFor = args[0], int(length/time.Second)
		p, err := changedPlan(s, want, f)
		if err != nil {
			return err
		}
		if err := s.SetPlan(p); err != nil {
			return err
		}
		return b.showPlans(p)
	})
	f.IntVar(&want.Endpoints, "endpoints", 0, "at most `N` endpoints of an account at once")
	f.IntVar(&want.Sessions, "sessions", 0, "at most `N` agents of an account at once")
	f.IntVar(&want.Rate, "rate", 0, "at most `N` requests a second; more are answered 429")
	f.Int64Var(&want.Bandwidth, "bandwidth", 0, "at most `BYTES` of content a second, both directions together; more is slowed down")
	f.DurationVar(&length, "session-length", 0, "an agent is disconnected after `DURATION`")
	f.BoolVar(&want.RandomOnly, "random-names", false, "names are the relay's choice, but for domains that are the account's")
	return c
}

// changedPlan is the plan as it is, with the limits that were given.
func changedPlan(s control.Store, want control.Plan, f *pflag.FlagSet) (control.Plan, error) {
	p := control.Plan{Name: want.Name}
	all, err := s.Plans()
	if err != nil {
		return p, err
	}
	for _, old := range all {
		if old.Name == want.Name {
			p = old
		}
	}
	for flag, take := range map[string]func(){
		"endpoints": func() { p.Endpoints = want.Endpoints }, "sessions": func() { p.Sessions = want.Sessions }, "rate": func() { p.Rate = want.Rate },
		"bandwidth": func() { p.Bandwidth = want.Bandwidth }, "session-length": func() { p.SessionFor = want.SessionFor },
		"random-names": func() { p.RandomOnly = want.RandomOnly },
	} {
		if f.Changed(flag) {
			take()
		}
	}
	return p, nil
}

func (a *app) planList() *cobra.Command {
	b := &book{app: a}
	return b.command(&cobra.Command{Use: "list", Short: "List plans and their limits", Args: none}, func(s control.Store, _ []string) error {
		all, err := s.Plans()
		if err != nil {
			return err
		}
		return b.showPlans(all...)
	})
}

func (b *book) showPlans(all ...control.Plan) error {
	return b.show(all, func(row func(...any)) {
		row("NAME", "ENDPOINTS", "SESSIONS", "REQUESTS/S", "BYTES/S", "SESSION", "NAMES")
		for _, p := range all {
			names, length := "any", "-"
			if p.RandomOnly {
				names = "random"
			}
			if p.SessionFor > 0 {
				length = p.SessionLength().String()
			}
			row(p.Name, limitText(int64(p.Endpoints)), limitText(int64(p.Sessions)), limitText(int64(p.Rate)), limitText(p.Bandwidth), length, names)
		}
	})
}

// limitText is a limit in a table.
func limitText(n int64) string {
	if n == 0 {
		return "-"
	}
	return strconv.FormatInt(n, 10)
}

func (a *app) planDelete() *cobra.Command {
	b := &book{app: a}
	return b.command(&cobra.Command{Use: "delete NAME", Short: "Delete a plan that no account has", Args: exactly("the plan's name", "pro")}, func(s control.Store, args []string) error {
		if err := s.DeletePlan(args[0]); err != nil {
			return err
		}
		b.done("deleted the plan %s", args[0])
		return nil
	})
}
