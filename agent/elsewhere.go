package agent

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"github.com/adit-tunnel/adit/inspect"
)

// parseTarget reads where a person sends a replay, as an upstream is written: a port, HOST:PORT or an URL. The error is an *inspect.EditError.
func parseTarget(text string) (*upstream, error) {
	wrong := func(format string, args ...any) (*upstream, error) {
		return nil, &inspect.EditError{Key: "to", Text: fmt.Sprintf(format, args...)}
	}
	text = strings.TrimSpace(text)
	if text != "" && strings.Trim(text, "+-0123456789") == "" { // a number, perhaps a wrong one
		text = "localhost:" + text
	}
	scheme, rest, ok := strings.Cut(text, "://")
	if !ok {
		scheme, rest = "http", text
		if strings.HasSuffix(text, ":443") {
			scheme = "https"
		}
	}
	u, err := url.Parse(scheme + "://" + rest)
	switch {
	case scheme != "http" && scheme != "https":
		return wrong("%q is not http or https", withoutUser(text))
	case err != nil || u.Hostname() == "" || !validHost(u.Host) || strings.HasSuffix(u.Host, ":"):
		return wrong("%q is no address: give a port, HOST:PORT, or an URL such as https://staging.example.com", withoutUser(text))
	case u.User != nil || u.Fragment != "" || u.RawQuery != "" || u.ForceQuery || strings.Trim(u.Path, "/") != "":
		return wrong("%q: nothing may stand beside the host and its port; path and fields are changed by an edit", withoutUser(text))
	}
	usual := map[string]string{"http": "80", "https": "443"}[scheme]
	port := u.Port()
	if port == "" {
		port = usual
	}
	if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
		return wrong("%s is no port number: they go from 1 to 65535", port)
	}
	up := upstreamAt(scheme, u.Hostname(), port, strings.TrimSuffix(u.Host, ":"+usual))
	if up.target = true; scheme == "https" {
		up.secure = secureTo(u.Hostname())
	}
	return up, nil
}

// withoutUser is the text of an URL as it may be shown: without a password in front of its host.
func withoutUser(text string) string {
	if at := strings.LastIndexByte(text, '@'); at >= 0 {
		return "…" + text[at:]
	}
	return text
}

// url is where a target is.
func (u *upstream) url() string {
	return u.kind + "://" + u.host
}

// near says that the upstream is on this machine, as far as its name tells.
func (u *upstream) near() bool {
	host, _, _ := net.SplitHostPort(u.addr)
	addr, err := netip.ParseAddr(host)
	return u.localhost || err == nil && addr.IsLoopback()
}

// elsewhere is ep for a replay that goes to another target: with its name, and in its meters. On this machine Host says what ep's options say; other machines
// serve many hosts, and get their own name, unless the person has written another.
func (ep *endpoint) elsewhere(to *upstream, hostChosen bool) *endpoint {
	e := ep.Endpoint
	e.Upstream = to.url()
	other := &endpoint{Endpoint: e, up: to, host: ep.host, conns: ep.conns, requests: ep.requests}
	switch {
	case to.near() && e.HostHeader == "rewrite", !to.near() && !hostChosen:
		other.host = []byte(to.host)
	case !to.near():
		other.host = nil
	}
	return other
}
