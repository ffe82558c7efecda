package config

import (
	"cmp"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// Endpoints of the protocols tcp and tls pass connections on as they are.

// takeTLS puts a value about visitors' TLS where it belongs.
func (e *Endpoint) takeTLS(v value) {
	switch v.option.Name {
	case "terminate-at":
		e.TerminateAt = v.texts[0]
	case "crt":
		e.Certificate = v.path()
	case "key":
		e.Key = v.path()
	case "mutual-tls-cas", "agent-mutual-tls-cas":
		for _, text := range v.texts {
			one := v
			one.texts = []string{text}
			e.ClientCAs = append(e.ClientCAs, one.path())
		}
	}
}

// takePort reads the port that is wanted of a tcp endpoint: tcp://HOST:PORT, HOST:PORT, :PORT or PORT.
func (e *Endpoint) takePort(v value, m *mistakes) {
	text := e.URL
	if i := strings.Index(text, "://"); i >= 0 {
		text = text[i+3:]
	}
	port, alone := text, true
	if i := strings.LastIndexByte(text, ':'); i >= 0 && !strings.HasSuffix(text, "]") {
		port, alone = text[i+1:], false
	}
	n, err := strconv.Atoi(port)
	switch {
	case err != nil && alone: // a host, or nothing
		return
	case port == "":
		m.at(v, "%q: the port is missing behind the colon", withoutPassword(e.URL))
	case err != nil || n < 1 || n > 65535:
		m.at(v, "%q: %s is no port number; they go from 1 to 65535", withoutPassword(e.URL), port)
	}
	if e.Port = n; alone {
		e.Host = ""
	}
}

// finishPassing reads where the service of a tcp or tls endpoint is, and finds what contradicts.
func (d draft) finishPassing(e *Endpoint, upstream value, m *mistakes) {
	var err error
	if e.Address, err = passingURL(e.Upstream); err != nil {
		m.at(upstream, "%v", err)
	}
	kind, _, _ := strings.Cut(e.Address, "://")
	if e.Protocol == "tls" {
		d.finishTLS(e, m)
	}
	d.fitting(e, kind, m)
}

// finishTLS says where TLS ends: a certificate is enough to end it at the agent.
func (d draft) finishTLS(e *Endpoint, m *mistakes) {
	at, named := e.TerminateAt, e.TerminateAt != ""
	if !named && (e.Certificate != "" || e.Key != "") {
		at = "agent"
	}
	e.TerminateAt = cmp.Or(at, "upstream")
	for _, v := range d.values {
		switch name := v.option.Name; {
		case !v.used():
		case (name == "crt" || name == "key") && e.TerminateAt != "agent":
			m.at(v, "certificate and key are for TLS that ends at the agent, not at the %s", e.TerminateAt)
		case name == "crt" && e.Key == "":
			m.at(v, "the certificate's key is missing: %s", d.spelled("key", v))
		case name == "key" && e.Certificate == "":
			m.at(v, "the key's certificate is missing: %s", d.spelled("crt", v))
		case name == "terminate-at" && e.TerminateAt == "agent" && e.Certificate == "":
			m.at(v, "to end TLS at the agent takes a certificate and its key: %s and %s", d.spelled("crt", v), d.spelled("key", v))
		case strings.HasSuffix(name, "mutual-tls-cas") && e.TerminateAt == "upstream":
			m.at(v, "who asks visitors for certificates ends their TLS: say that it ends at the agent or the edge (%s)", d.spelled("terminate-at", v))
		}
	}
}

// passingURL reads where a service is that takes connections: a port, HOST:PORT, tcp://HOST:PORT, or tls://HOST:PORT for one to which TLS is spoken.
func passingURL(text string) (string, error) {
	scheme, rest, ok := strings.Cut(text, "://")
	if !ok {
		scheme, rest = "tcp", text
	}
	if scheme != "tcp" && scheme != "tls" {
		return "", fmt.Errorf("%q: the service of a tcp or tls endpoint is named by a port, HOST:PORT, tcp://HOST:PORT or tls://HOST:PORT", withoutPassword(text))
	}
	if n, err := strconv.Atoi(rest); err == nil {
		if n < 1 || n > 65535 || rest[0] == '+' {
			return "", fmt.Errorf("%s is no port number: they go from 1 to 65535", rest)
		}
		rest = "localhost:" + rest
	}
	u, err := url.Parse(scheme + "://" + withBrackets(rest))
	if err != nil || u.Hostname() == "" || strings.Contains(u.Hostname(), "%") || u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.Trim(u.Path, "/") != "" {
		return "", fmt.Errorf("%q is no address: give a port, or HOST:PORT", withoutPassword(text))
	}
	if strings.Contains(u.Hostname(), ":") && u.Host[0] != '[' {
		return "", fmt.Errorf("%q is no address: an IPv6 address with its port is written [ADDRESS]:PORT, as in [::1]:22", withoutPassword(text))
	}
	if u.Port() == "" {
		return "", fmt.Errorf("%q: a port is missing behind the host", withoutPassword(text))
	}
	if n, err := strconv.Atoi(u.Port()); err != nil || n < 1 || n > 65535 {
		return "", fmt.Errorf("%q: %s is no port number: they go from 1 to 65535", withoutPassword(text), u.Port())
	}
	return scheme + "://" + net.JoinHostPort(u.Hostname(), u.Port()), nil
}

// withBrackets puts the brackets around an IPv6 address in front of a port where somebody has left them out: here there is always a port.
func withBrackets(hostport string) string {
	i := strings.LastIndexByte(hostport, ':')
	if i < 0 {
		return hostport
	}
	if a, err := netip.ParseAddr(hostport[:i]); err != nil || !a.Is6() || a.Zone() != "" {
		return hostport
	}
	return "[" + hostport[:i] + "]" + hostport[i:]
}
