package cli

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"github.com/coreos/go-systemd/v22/daemon"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/adit-tunnel/adit/config"
	"github.com/adit-tunnel/adit/relay"
	"github.com/adit-tunnel/adit/relay/cert"
	"github.com/adit-tunnel/adit/relay/control"
)

type relayOptions struct {
	relay.Options
	trust, proxy, timeouts []string
	accessLog              string
	tcpPorts               string
	log                    logOptions
	stateDir               string
	config                 string
	certs, keys            []string
	acme                   cert.ACME
}

func (a *app) relayCommand() *cobra.Command {
	var check bool
	c := &cobra.Command{
		Use:     "relay",
		Short:   "Run the public server that agents connect to",
		GroupID: "relay",
		Long: `Run a relay: the public server that gives agents' services their URLs.

Point *.DOMAIN at this machine, make a token for each account, and start it. Behind
nginx, Caddy or a balancer that ends TLS, say so with --public-url and --trust-forwarded.
Accounts, plans, tokens and domains may be changed while it runs. Every flag may stand in
a file instead (adit relay init), which SIGHUP has it read again. SIGUSR2 starts the program
anew, as it is on the disk, without a request lost.`,
		Example: `  adit relay token create --account acme
  adit relay --domain tunnel.example.com --http :8080 --agents :4443
  adit relay --config /etc/adit/relay.yml`,
		Args: noSuchCommand,
		RunE: func(c *cobra.Command, _ []string) error {
			given := setFlags(c.Flags())
			delete(given, "check")
			s, err := a.relaySettings(given)
			if err != nil {
				return err
			}
			if check {
				return a.checkRelay(s)
			}
			return a.runRelay(s)
		},
	}
	relayFlags(c.Flags(), &relayOptions{})
	c.Flags().BoolVar(&check, "check", false, "look for mistakes, say where the relay would listen, and end")
	c.AddCommand(a.relayInitCommand(), a.relayUnitCommand(), a.relayHealthCommand(), a.accountCommand(), a.planCommand(), a.tokenCommand(), a.domainCommand())
	return c
}

// relayFlags are the settings of a relay: flags, and keys of its configuration file.
func relayFlags(f *pflag.FlagSet, o *relayOptions) {
	f.StringVar(&o.Domain, "domain", "", "endpoints get URLs below this `DOMAIN`")
	f.StringVar(&o.HTTP, "http", ":8080", "where visitors come in, `HOST:PORT`, or false")
	f.StringVar(&o.HTTPS, "https", "", "where visitors come in with TLS, `HOST:PORT`; agents may, too")
	f.BoolVar(&o.Redirect, "redirect-https", false, "send visitors of --http to --https, unless the endpoint wants http")
	f.DurationVar(&o.HSTS, "hsts", 0, "tell visitors of --https to come only there, for `DURATION` (8760h is a year)")
	f.StringVar(&o.tcpPorts, "tcp-ports", "", "`FIRST-LAST` of the ports that tcp endpoints get, such as 20000-20999 (default none)")
	f.StringVar(&o.Agents, "agents", ":"+config.DefaultAgentsPort,
		"where agents come in, `HOST:PORT`; may be that of --https; false:\nwhere visitors do, alone")
	f.StringVar(&o.Admin, "admin", "127.0.0.1:4480", "health, metrics and the owner's API, `HOST:PORT`, or false")
	f.StringVar(&o.TokenFile, "token-file", "", "take the tokens of `FILE` over (adit relay token create --token-file)")
	f.StringVar(&o.Resolver, "resolver", "", "DNS server that is asked whose domains are, `HOST:PORT` (default the system's)")
	f.StringVar(&o.PublicURL, "public-url", "", "`URL` pattern of what is seen from outside, such as https://*.tunnel.example.com")
	o.certificateFlags(f)
	f.StringSliceVar(&o.trust, "trust-forwarded", nil, "`CIDR` of peers whose X-Forwarded fields are believed")
	f.StringSliceVar(&o.proxy, "trust-proxy-protocol", nil,
		"`CIDR` of balancers that must, and alone may, begin a public connection\nwith a PROXY protocol header (version 1 or 2)")
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
	f.StringVar(&o.config, relayConfigFlag, "", "`FILE` with settings (default "+config.RelayFile(runtime.GOOS, os.Getenv)+", if it is there)")
}

// runningRelay is a relay and what is done to it while it runs.
type runningRelay struct {
	*relay.Relay
	a        *app
	settings *relaySettings // it was started with
	log      *slog.Logger
	level    *slog.LevelVar
	files    *logFiles
	count    lifeCounts
}

func (a *app) runRelay(s *relaySettings) error {
	before := a.inherit()
	s.o.Inherited = before.listeners
	path, err := ownPath()
	if err != nil {
		return fmt.Errorf("where this program is: %w", err)
	}
	r, done, err := a.newRelay(s)
	if err != nil {
		return err
	}
	defer done()
	stop := stopper{hangup: make(chan struct{}, 1), renew: make(chan struct{}, 1)}
	ctx, unwatch := stop.watch(context.Background(), a.guard)
	defer unwatch()
	a.guard.Go(func() { r.announce(ctx, before) })
	a.guard.Go(func() { r.renewWhenAsked(ctx, path, stop.renew) })
	a.guard.Go(func() { r.reloadWhenAsked(ctx, stop.hangup) })
	if err := r.Run(ctx); err != nil {
		return err
	}
	if stop.interrupted.Load() {
		return &exitError{code: exitInterrupted}
	}
	return nil
}

// read turns what was written into what the relay takes.
func (o *relayOptions) read(a *app) (err error) {
	if o.Trust, err = prefixes("--trust-forwarded", o.trust); err != nil {
		return err
	}
	if o.Proxy, err = prefixes("--trust-proxy-protocol", o.proxy); err != nil {
		return err
	}
	if o.TCPPorts, err = portRange(o.tcpPorts); err != nil {
		return err
	}
	switch {
	case o.PerAddress < 0:
		return usage("--conns-per-address %d: it is a number of connections; 0 sets no limit", o.PerAddress)
	case o.PerAddress == 0:
		o.PerAddress = -1
	}
	if err = setLimits(&o.Limits, o.timeouts); err != nil {
		return err
	}
	if err = o.setCertificates(); err != nil {
		return err
	}
	if o.StateDir, err = a.relayState(o.stateDir); err != nil {
		return err
	}
	for _, addr := range []*string{&o.HTTP, &o.HTTPS, &o.Agents, &o.Admin} {
		if *addr == "false" {
			*addr = ""
		}
	}
	if _, err = logHandler(o.log.level, o.log.format); err != nil {
		return err
	}
	if err = o.log.checkSize(); err != nil {
		return err
	}
	o.Version, o.Go = Version, a.guard.Go
	return nil
}

// newRelay makes the relay with open listeners; done closes what it was given.
func (a *app) newRelay(s *relaySettings) (_ *runningRelay, done func(), err error) {
	o := &s.o
	r := &runningRelay{a: a, settings: s, level: new(slog.LevelVar), files: new(logFiles)}
	o.log.files = r.files
	var closeLog, closeAccess func()
	if o.Log, closeLog, err = a.levelledLogger(o.log, r.level); err != nil {
		return nil, nil, err
	}
	r.log = o.Log
	if o.AccessLog, closeAccess, err = a.accessLog(o.accessLog, o.log, o.Log); err != nil {
		closeLog()
		return nil, nil, err
	}
	done = func() { closeAccess(); closeLog() }
	o.Gather = r.count.gather
	if o.Memory, o.Files, err = a.takeStock(); err != nil {
		done()
		return nil, nil, err
	}
	if s.file != "" {
		o.Log.Info("configuration", "file", s.file)
	}
	if r.Relay, err = relay.New(o.Options); err != nil {
		done()
		return nil, nil, &exitError{exitUsage, err}
	}
	return r, done, nil
}

// announce says how to join the relay, when it is ready.
func (r *runningRelay) announce(ctx context.Context, before inheritance) {
	select {
	case <-r.Ready():
	case <-ctx.Done():
		return
	}
	at := "http=" + r.HTTPAddr()
	switch {
	case r.HTTPAddr() == "":
		at = "https=" + r.HTTPSAddr()
	case r.HTTPSAddr() != "":
		at += " https=" + r.HTTPSAddr()
	}
	fmt.Fprintf(r.a.Out, "ready %s agents=%s pin=%s\n", at, cmp.Or(r.AgentsAddr(), "none"), r.Pin())
	join := r.SocketURL()
	if _, port, err := net.SplitHostPort(r.AgentsAddr()); err == nil {
		join = net.JoinHostPort(r.settings.o.Domain, port)
	}
	fmt.Fprintf(r.a.Err, "Agents join with:\n  adit http 8000 --relay %s --relay-pin %s --authtoken TOKEN\n", join, r.Pin())
	if !before.serves() { // else the process before tells whom to look after from now on
		r.tellManager(daemon.SdNotifyReady)
	}
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

func (a *app) accessLog(to string, o logOptions, log *slog.Logger) (io.Writer, func(), error) {
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
	f, err := o.files.open(to, 0o640, o.maxSize)
	if err != nil {
		return nil, nil, usage("--access-log: %w", err)
	}
	w.w, w.what, w.torn = f, w.what+" "+to, torn(to)
	return w, func() { _ = f.Close() }, nil
}

// portRange reads FIRST-LAST; "" is none.
func portRange(text string) (ports [2]int, err error) {
	if text == "" {
		return ports, nil
	}
	first, last, ok := strings.Cut(text, "-")
	for i, s := range []string{first, last} {
		if ports[i], err = strconv.Atoi(s); err != nil || ports[i] < 1 || ports[i] > 65535 {
			ok = false
		}
	}
	if !ok || ports[0] > ports[1] {
		return ports, usage("--tcp-ports %q is no range of ports, such as 20000-20999", text)
	}
	return ports, nil
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
