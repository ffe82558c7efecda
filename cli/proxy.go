package cli

import (
	"fmt"
	"net/url"
	"strings"

	"golang.org/x/net/http/httpproxy"

	"github.com/adit-tunnel/adit/config"
)

// proxyVariables are what other programs take the proxy of connections with TLS from, in the order in which they count. ngrok reads the last one, too; in
// capitals a web server may have made it of a visitor's field Proxy.
var proxyVariables = []string{"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "http_proxy"}

// chosenProxy is the proxy on the way to the relay.
type chosenProxy struct {
	url  string // may hold a password; "": none
	from string // where it is written; with no url: it is written there, but not for this relay
	err  error  // what is wrong with it
}

// proxyFor is the proxy that is configured, or the environment's where NO_PROXY does not leave the relay out. A relay on this machine needs none of the
// environment's.
func (a *app) proxyFor(cfg *config.Config) chosenProxy {
	if cfg.Proxy != "" && cfg.Relay != "" {
		return chosenProxy{url: cfg.Proxy, from: cfg.Origin("proxy-url")}
	}
	for _, name := range proxyVariables {
		v := a.env(name)
		if v == "" {
			continue
		}
		p := chosenProxy{from: "env " + name}
		host := cfg.Relay
		if _, rest, ok := strings.Cut(host, "://"); ok {
			host = rest
		}
		c := httpproxy.Config{HTTPSProxy: v, NoProxy: a.firstEnv("no_proxy", "NO_PROXY")}
		u, err := c.ProxyFunc()(&url.URL{Scheme: "https", Host: host})
		switch {
		case cfg.Relay == "":
		case err != nil:
			p.url = v
		case u != nil:
			p.url = u.String()
		}
		if p.url != "" && config.CheckProxy(p.url) != nil { // desktops set socks://, too
			p.err = fmt.Errorf("%s: %w", p.from, config.CheckProxy(p.url))
		}
		return p
	}
	return chosenProxy{}
}

func (a *app) firstEnv(names ...string) string {
	for _, name := range names {
		if v := a.env(name); v != "" {
			return v
		}
	}
	return ""
}
