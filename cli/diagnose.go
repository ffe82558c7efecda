package cli

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/adit-tunnel/adit/agent"
	"github.com/adit-tunnel/adit/config"
	"github.com/adit-tunnel/adit/inspect/view"
)

// diagnosis is what "adit diagnose" found, and the report that it writes. No secret is in it.
type diagnosis struct {
	Version  string    `json:"adit"`
	System   string    `json:"system"`
	Time     time.Time `json:"time"`
	Result   string    `json:"result"` // the worst of the verdicts
	Findings []finding `json:"checks"`

	app     *app
	section string
}

// finding is one check as it stands in the report.
type finding struct {
	Section string `json:"section"`
	Name    string `json:"name"`
	Verdict string `json:"verdict"` // ok, warn or error
	Detail  string `json:"detail"`
	Remedy  string `json:"remedy,omitempty"`
	Millis  int64  `json:"ms"`
}

func (a *app) diagnoseCommand() *cobra.Command {
	var report string
	c := &cobra.Command{
		Use:     "diagnose [service | endpoint]",
		Short:   "Find out why a tunnel does not work",
		GroupID: "agent",
		Long: `Go the way of a tunnel step by step and tell what works: the relay's name, TCP, TLS with
pin or certificate, the protocol with the token, the clock, proxies, the state
directory, the local API, and the local service if one is named: as "adit http" takes it,
as tcp:// or tls://HOST:PORT, or by the name of an endpoint in the configuration. Without
a relay in the configuration, the one inside adit is tried. Where the way to the relay
seems to be closed to all but HTTP, its WebSocket is tried.

The exit code is 0 when a tunnel would work, and 1 when not. The report holds no
secrets. A web service is asked HEAD / once.`,
		Example: `  adit diagnose 8000
  adit diagnose https://localhost:3000
  adit diagnose --relay tunnel.example.com --relay-pin sha256:… --write-report report.json`,
		Args: atMostOne("the service's port or address, or an endpoint's name"),
		ValidArgsFunction: func(c *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return a.completeEndpoints(c, args, word)
		},
		RunE: func(c *cobra.Command, args []string) error { return a.runDiagnose(c, args, report) },
	}
	c.Flags().StringVarP(&report, "write-report", "w", "", "`FILE` to write what was found to, as JSON")
	agentFlags(c.Flags())
	return c
}

func (a *app) runDiagnose(c *cobra.Command, args []string, report string) error {
	cfg, err := a.agentConfig(c)
	if err != nil {
		return err
	}
	var service *config.Endpoint
	if len(args) == 1 {
		if service, err = serviceOf(cfg, args[0]); err != nil {
			return err
		}
	}
	d := &diagnosis{Version: Version, System: runtime.GOOS + "/" + runtime.GOARCH, Time: time.Now().UTC(), Result: string(agent.CheckOK), app: a}
	if err := d.run(c.Context(), cfg, service); err != nil {
		return err
	}
	if report != "" {
		if err := d.write(report); err != nil {
			return err
		}
	}
	if d.Result == string(agent.CheckFailed) {
		return &exitError{code: exitNo}
	}
	return nil
}

// serviceOf is the endpoint of the configuration that has the name arg, or one that leads to the service arg.
func serviceOf(cfg *config.Config, arg string) (*config.Endpoint, error) {
	for i := range cfg.Endpoints {
		if cfg.Endpoints[i].Name == arg {
			return &cfg.Endpoints[i], nil
		}
	}
	protocol := "http"
	if strings.HasPrefix(arg, "tcp://") || strings.HasPrefix(arg, "tls://") {
		protocol = "tcp"
	}
	e, _, err := config.CommandLine(protocol, arg, nil)
	if err != nil {
		return nil, &exitError{exitUsage, err}
	}
	return &e, nil
}

// run makes all checks, in the order in which a person would.
func (d *diagnosis) run(ctx context.Context, cfg *config.Config, service *config.Endpoint) error {
	d.begin("This machine")
	for _, n := range cfg.Notices {
		d.found(agent.Check{Name: "Configuration", Verdict: agent.CheckWarn, Detail: n})
	}
	d.found(checkStateDir(cfg.StateDir))
	d.found(d.app.checkProxies(cfg))
	d.found(d.app.checkLocalAPI(ctx, cfg))
	if err := d.relay(ctx, cfg); err != nil {
		return err
	}
	if service != nil {
		d.begin("Local service " + service.Address)
		checks, err := agent.DiagnoseService(ctx, agentEndpoint(service))
		if err != nil {
			return &exitError{exitUsage, err}
		}
		d.found(checks...)
	}
	d.conclude()
	return nil
}

// relay goes the way to the relay that is configured, or to one inside this process.
func (d *diagnosis) relay(ctx context.Context, cfg *config.Config) error {
	proxy := d.app.proxyFor(cfg)
	o := agent.Options{Relay: cfg.Relay, Proxy: proxy.url, ProxyFrom: proxy.from, Pin: cfg.RelayPin, CA: cfg.RelayCA, Token: cfg.Authtoken, Version: Version, Go: d.app.guard.Go}
	if cfg.Relay == "" {
		d.begin("No relay is configured: the one inside adit")
		end, err := d.app.embedForAWhile(&o)
		if err != nil {
			d.found(agent.Check{Name: "Start", Verdict: agent.CheckFailed, Detail: err.Error()})
			return nil
		}
		defer end()
	} else {
		d.begin(fmt.Sprintf("Relay %s (%s)", cfg.Relay, cfg.Origin("relay")))
	}
	checks, err := agent.Diagnose(ctx, o)
	if err != nil {
		return &exitError{exitUsage, err}
	}
	d.found(checks...)
	return nil
}

// embedForAWhile starts a relay inside this process, with a state of its own that end removes, and tells o of it.
func (a *app) embedForAWhile(o *agent.Options) (end func(), err error) {
	dir, err := os.MkdirTemp("", "adit-diagnose-")
	if err != nil {
		return nil, err
	}
	p := &parts{log: discard()}
	if p.slot, err = agent.TakeSlot(dir); err == nil {
		err = a.embed(p, o)
	}
	if err != nil {
		p.close()
		_ = os.RemoveAll(dir) // err says more
		return nil, err
	}
	run := a.start(p.embedded.Run)
	return func() {
		_ = run.stop() // it has no work that could fail
		p.close()
		_ = os.RemoveAll(dir)
	}, nil
}

func (d *diagnosis) begin(section string) {
	if len(d.Findings) > 0 {
		fmt.Fprintln(d.app.Out)
	}
	d.section = section
	fmt.Fprintln(d.app.Out, view.Sanitize(section))
}

var verdictTags = map[agent.Verdict]string{agent.CheckOK: "[ OK ]", agent.CheckWarn: "[ WARN ]", agent.CheckFailed: "[ ERR ]"}

// found shows checks and keeps them for the report.
func (d *diagnosis) found(checks ...agent.Check) {
	for _, c := range checks {
		took := ""
		if ms := c.Took.Milliseconds(); ms > 0 {
			took = fmt.Sprintf(" (%d ms)", ms)
		}
		fmt.Fprintf(d.app.Out, "  %-9s%-16s %s%s\n", verdictTags[c.Verdict], c.Name, view.Sanitize(c.Detail), took)
		if c.Remedy != "" {
			fmt.Fprintf(d.app.Out, "  %-9s%-16s %s\n", "", "", view.Sanitize(c.Remedy))
		}
		d.Findings = append(d.Findings, finding{d.section, c.Name, string(c.Verdict), c.Detail, c.Remedy, c.Took.Milliseconds()})
		if c.Verdict == agent.CheckFailed || c.Verdict == agent.CheckWarn && d.Result == string(agent.CheckOK) {
			d.Result = string(c.Verdict)
		}
	}
}

func (d *diagnosis) conclude() {
	text := "A tunnel works here."
	switch agent.Verdict(d.Result) {
	case agent.CheckWarn:
		text = "A tunnel works here; the warnings tell what may get in its way."
	case agent.CheckFailed:
		text = "A tunnel does not work here."
	}
	fmt.Fprintln(d.app.Out, "\n"+text)
}

func (d *diagnosis) write(path string) error {
	b, err := indentedJSON(d)
	if err == nil {
		err = writeFile(path, b)
	}
	if err != nil {
		return usage("the report: %w", err)
	}
	return nil
}
