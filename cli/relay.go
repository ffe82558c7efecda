package cli

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"path/filepath"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/adit-tunnel/adit/config"
	"github.com/adit-tunnel/adit/relay"
	"github.com/adit-tunnel/adit/relay/control"
)

type relayOptions struct {
	relay.Options
	trust, timeouts []string
	accessLog       string
	log             logOptions
	stateDir        string
}

func (a *app) relayCommand() *cobra.Command {
	var o relayOptions
	c := &cobra.Command{
		Use:     "relay",
		Short:   "Run the public server that agents connect to",
		GroupID: "relay",
		Long: `Run a relay: the public server that gives agents' services their URLs.

Point *.DOMAIN at this machine, make a token for each account, and start it. Behind
nginx, Caddy or a balancer that ends TLS, say so with --public-url and --trust-forwarded.
Accounts, plans, tokens and domains may be changed while it runs.`,
		Example: `  adit relay token create --account acme
  adit relay --domain tunnel.example.com --http :8080 --agents :4443`,
		Args: noSuchCommand,
		RunE: func(*cobra.Command, []string) error { return a.runRelay(o) },
	}
	f := c.Flags()
	f.StringVar(&o.Domain, "domain", "", "endpoints get URLs below this `DOMAIN`")
	f.StringVar(&o.HTTP, "http", ":8080", "where visitors come in, `HOST:PORT`")
	f.StringVar(&o.Agents, "agents", ":"+config.DefaultAgentsPort, "where agents come in, `HOST:PORT`; false: as WebSockets\nwhere visitors do, alone")
	f.StringVar(&o.Admin, "admin", "127.0.0.1:4480", "health, metrics and the owner's API, `HOST:PORT`, or false")
	f.StringVar(&o.TokenFile, "token-file", "", "take the tokens of `FILE` over (adit relay token create --token-file)")
	f.StringVar(&o.Resolver, "resolver", "", "DNS server that is asked whose domains are, `HOST:PORT` (default the system's)")
	f.StringVar(&o.PublicURL, "public-url", "", "`URL` pattern of what is seen from outside, such as https://*.tunnel.example.com")
	f.StringSliceVar(&o.trust, "trust-forwarded", nil, "`CIDR` of peers whose X-Forwarded fields are believed")
	f.IntVar(&o.PerAddress, "conns-per-address", 1000,
		"at most `N` connections from one address (IPv6: /64), 0: no limit;\nthis machine and --trust-forwarded are not counted")
	f.StringVar(&o.Region, "region", "", "name of the `REGION` that agents show")
	f.StringVar(&o.accessLog, "access-log", "stdout", "a line for each request: stdout, stderr, false or a `FILE`")
	f.DurationVar(&o.Grace, "grace", 0, "`DURATION` that requests under way may go on when the relay stops (default 30s)")
	f.StringSliceVar(&o.timeouts, "timeout", nil, "`NAME=DURATION` of a time limit: head (10s), idle (75s), body (30s), reader (60s), auth (10s)")
	f.StringVar(&o.stateDir, "state-dir", "", "`DIR` for certificate authority, keys and accounts")
	f.StringVar(&o.log.to, "log", "stderr", "where logs go: stderr, stdout, false or a `FILE`")
	f.StringVar(&o.log.level, "log-level", "info", "`LEVEL`: debug, info, warn, error or crit")
	f.StringVar(&o.log.format, "log-format", "term", "`FORMAT`: logfmt, json, or term (logfmt where no terminal is)")
	f.IntVar(&o.log.maxSize, "log-max-size", logMaxSize, "`MIB` after which a log file is set aside for a new one, three are kept; 0: never")
	c.AddCommand(a.accountCommand(), a.planCommand(), a.tokenCommand(), a.domainCommand())
	return c
}

func (a *app) runRelay(o relayOptions) error {
	r, done, err := a.newRelay(o)
	if err != nil {
		return err
	}
	defer done()
	var stop stopper
	ctx, unwatch := stop.watch(context.Background(), a.guard)
	defer unwatch()
	a.guard.Go(func() { a.announce(ctx, r, o.Domain) })
	if err := r.Run(ctx); err != nil {
		return err
	}
	if stop.interrupted.Load() {
		return &exitError{code: exitInterrupted}
	}
	return nil
}

// newRelay turns flags into a relay with open listeners; done closes what it was given.
func (a *app) newRelay(o relayOptions) (_ *relay.Relay, done func(), err error) {
	if o.Trust, err = prefixes("--trust-forwarded", o.trust); err != nil {
		return nil, nil, err
	}
	switch {
	case o.PerAddress < 0:
		return nil, nil, usage("--conns-per-address %d: it is a number of connections; 0 sets no limit", o.PerAddress)
	case o.PerAddress == 0:
		o.PerAddress = -1
	}
	if err = setLimits(&o.Limits, o.timeouts); err != nil {
		return nil, nil, err
	}
	if o.StateDir, err = a.relayState(o.stateDir); err != nil {
		return nil, nil, err
	}
	for _, addr := range []*string{&o.Agents, &o.Admin} {
		if *addr == "false" {
			*addr = ""
		}
	}
	var closeLog, closeAccess func()
	if o.Log, closeLog, err = a.logger(o.log, false); err != nil {
		return nil, nil, err
	}
	if o.AccessLog, closeAccess, err = a.accessLog(o.accessLog, o.log.maxSize, o.Log); err != nil {
		closeLog()
		return nil, nil, err
	}
	done = func() { closeAccess(); closeLog() }
	o.Version, o.Go = Version, a.guard.Go
	if o.Memory, o.Files, err = a.takeStock(); err != nil {
		done()
		return nil, nil, err
	}
	r, err := relay.New(o.Options)
	if err != nil {
		done()
		return nil, nil, &exitError{exitUsage, err}
	}
	return r, done, nil
}

// announce says how to join the relay, when it is ready.
func (a *app) announce(ctx context.Context, r *relay.Relay, domain string) {
	select {
	case <-r.Ready():
	case <-ctx.Done():
		return
	}
	fmt.Fprintf(a.Out, "ready http=%s agents=%s pin=%s\n", r.HTTPAddr(), cmp.Or(r.AgentsAddr(), "none"), r.Pin())
	var join string
	if _, port, err := net.SplitHostPort(r.AgentsAddr()); err == nil {
		join = net.JoinHostPort(domain, port)
	} else {
		join = r.SocketURL()
	}
	fmt.Fprintf(a.Err, "Agents join with:\n  adit http 8000 --relay %s --relay-pin %s --authtoken TOKEN\n", join, r.Pin())
}

func (a *app) relayState(dir string) (string, error) {
	if dir != "" {
		return dir, nil
	}
	base, err := config.StateDir(runtime.GOOS, a.env)
	if err != nil {
		return "", &exitError{exitUsage, err}
	}
	return filepath.Join(base, "relay"), nil
}

func (a *app) accessLog(to string, maxSize int, log *slog.Logger) (io.Writer, func(), error) {
	w := &lossy{what: "the access log", say: func(text string) { log.Warn(text) }}
	switch to {
	case "false", "":
		return nil, func() {}, nil
	case "stdout":
		w.w = a.Out
		return w, func() {}, nil
	case "stderr":
		w.w = a.Err
		return w, func() {}, nil
	}
	f, err := openLog(to, 0o640, maxSize)
	if err != nil {
		return nil, nil, usage("--access-log: %w", err)
	}
	w.w, w.what = f, w.what+" "+to
	return w, func() { _ = f.Close() }, nil
}

// prefixes reads CIDRs; a single address counts as a network of one.
func prefixes(flag string, values []string) ([]netip.Prefix, error) {
	var out []netip.Prefix
	for _, v := range values {
		p, err := control.ParsePrefix(v)
		if err != nil {
			return nil, usage("%s %w", flag, err)
		}
		out = append(out, p)
	}
	return out, nil
}
