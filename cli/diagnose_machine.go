package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"

	"github.com/adit-tunnel/adit/agent"
	"github.com/adit-tunnel/adit/config"
	"github.com/adit-tunnel/adit/inspect/web"
)

// checkStateDir writes into the state directory, as an agent would.
func checkStateDir(dir string) agent.Check {
	c := agent.Check{Name: "State directory", Verdict: agent.CheckOK, Detail: dir}
	err := os.MkdirAll(dir, 0o700)
	var f *os.File
	if err == nil {
		f, err = os.CreateTemp(dir, ".diagnose-*")
	}
	if err == nil {
		_, err = f.WriteString("x\n")
		err = errors.Join(closeWith(f, err), os.Remove(f.Name()))
	}
	if err != nil {
		c.Verdict, c.Detail, c.Remedy = agent.CheckFailed, err.Error(), "Choose another directory with --state-dir DIR, or make room on the disk."
	}
	return c
}

// checkProxies tells which proxy is asked for the relay, and of those that are not.
func (a *app) checkProxies(cfg *config.Config) agent.Check {
	c := agent.Check{Name: "Proxy", Verdict: agent.CheckOK}
	p := a.proxyFor(cfg)
	switch {
	case p.err != nil:
		c.Verdict, c.Detail, c.Remedy = agent.CheckFailed, p.err.Error(), "Correct it, name another proxy with --proxy-url, or leave the relay out with NO_PROXY."
	case p.url != "":
		c.Detail = fmt.Sprintf("%s (%s)", withoutUser(p.url), p.from)
	case p.from != "":
		c.Detail = fmt.Sprintf("%s is set, but not for %s", p.from, cmp.Or(cfg.Relay, "the relay inside adit"))
	default:
		c.Detail = "none is set"
	}
	return c
}

// withoutUser is a proxy's address without the name and the password in it.
func withoutUser(v string) string {
	raw := v
	if !strings.Contains(raw, "://") {
		raw = "http://" + raw
	}
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" {
		return "(cannot be read)"
	}
	return u.Scheme + "://" + u.Host
}

// checkLocalAPI tells whether the port of the local API can be had.
func (a *app) checkLocalAPI(ctx context.Context, cfg *config.Config) agent.Check {
	c := agent.Check{Name: "Local API", Verdict: agent.CheckOK}
	if cfg.WebAddr == "false" {
		c.Detail = "turned off: " + cfg.Origin("web-addr")
		return c
	}
	isDefault := cfg.Origin("web-addr") == "default"
	ln, err := web.Listen(cfg.WebAddr, isDefault)
	if err != nil {
		c.Verdict, c.Detail = agent.CheckFailed, err.Error()
		c.Remedy = "Choose another address with --web-addr, or turn it off with --web-addr false."
		return c
	}
	got := ln.Addr().String()
	_ = ln.Close()
	if c.Detail = got + " is free"; !isDefault || got == cfg.WebAddr {
		return c
	}
	who := "another program"
	if _, err := askAgent(ctx, cfg.WebAddr, ""); err == nil {
		who = "another agent"
	}
	c.Detail = fmt.Sprintf("%s is taken by %s; %s", cfg.WebAddr, who, c.Detail)
	return c
}
