package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/adit-tunnel/adit/agent"
	"github.com/adit-tunnel/adit/config"
	"github.com/adit-tunnel/adit/demo"
)

type demoOptions struct {
	length time.Duration
	count  int
	rate   float64
}

func (a *app) demoCommand() *cobra.Command {
	var o demoOptions
	c := &cobra.Command{
		Use:         "demo",
		Short:       "See adit at work with sample webhooks",
		GroupID:     "agent",
		Annotations: withAgent,
		Long: `See adit at work: a sample webhook receiver, a relay and an agent, all on this machine,
and webhooks that keep arriving. Everything goes through the real tunnel. What it captures
is in its memory only, and ends with it, unless --state-dir says where to keep it. While
it runs, the other commands see it with --api, such as adit requests --api 127.0.0.1:4040.`,
		Example: `  adit demo
  adit demo --count 20 --no-tui`,
		Args: none,
		RunE: func(c *cobra.Command, _ []string) error { return a.runDemo(c, o) },
	}
	f := c.Flags()
	f.DurationVar(&o.length, "for", 0, "end after this `DURATION`, such as 30s")
	f.IntVar(&o.count, "count", 0, "end after `N` requests")
	f.Float64Var(&o.rate, "rate", 0.7, "`N` requests a second; 0: as fast as it goes")
	agentFlags(f)
	return c
}

func (a *app) runDemo(c *cobra.Command, o demoOptions) error {
	if !(o.rate >= 0) || o.count < 0 || o.length < 0 { // a rate may be no number at all
		return usage("--rate, --count and --for must be numbers and not negative\n  try \"adit demo --count 20 --rate 2\"")
	}
	cfg, err := a.agentConfig(c)
	if err != nil {
		return err
	}
	if !c.Flag("state-dir").Changed {
		cfg.Capture.MemoryOnly = true // samples have no place among what the person has captured
	}
	cfg.Webhooks = nil
	for _, provider := range demo.Providers { // their signatures are checked with the demo's secret alone
		cfg.Webhooks = append(cfg.Webhooks, config.Webhook{Provider: provider, Secrets: []string{demo.Secret}})
	}
	receiver, err := demo.NewReceiver()
	if err != nil {
		return fmt.Errorf("the sample receiver: %w", err)
	}
	service := a.start(receiver.Run)
	d := demoRun{receiver: receiver, demoOptions: o}
	err = a.runAgent(cfg, agentRun{
		endpoints: []agent.Endpoint{{Name: "demo", Upstream: receiver.URL(), Inspect: true}},
		work:      d.send,
	})
	if d.parts != nil {
		fmt.Fprintf(a.Err, "demo: sent=%d answered=%d received=%d recorded=%d\n",
			d.result.Sent, d.result.Answered, receiver.Received(), d.parts.store.Count())
	}
	if serr := service.stop(); err == nil {
		err = serr
	}
	return err
}

// demoRun is the demo's work beside the agent.
type demoRun struct {
	demoOptions
	receiver *demo.Receiver
	parts    *parts // once the work has begun
	result   demo.Result
}

// send plays the providers until --for or --count, or until the agent ends.
func (d *demoRun) send(ctx context.Context, p *parts) error {
	s := p.agent.Status()
	if len(s.Endpoints) != 1 || s.Endpoints[0].URL == "" {
		return errors.New("the demo's endpoint got no URL")
	}
	sender := demo.Sender{URL: s.Endpoints[0].URL, Count: d.count, For: d.length, Rate: d.rate}
	d.parts, d.result = p, sender.Run(ctx)
	if d.result.Failed != nil && ctx.Err() == nil {
		return fmt.Errorf("the demo: %w", d.result.Failed)
	}
	return nil
}
