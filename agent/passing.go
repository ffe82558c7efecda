package agent

import (
	"cmp"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"

	"github.com/adit-tunnel/adit/wire"
)

// Places where a tls endpoint's TLS may end.
const (
	atUpstream = "upstream"
	atAgent    = "agent"
	atEdge     = "edge"
)

// protocol is the endpoint's, as the relay knows it.
func (ep *endpoint) protocol() string { return cmp.Or(ep.Protocol, wire.ProtocolHTTP) }

// kind is what its streams carry.
func (ep *endpoint) kind() wire.Kind {
	switch ep.protocol() {
	case wire.ProtocolTCP:
		return wire.KindTCP
	case wire.ProtocolTLS:
		return wire.KindTLS
	}
	return wire.KindHTTP
}

// wish is the port to ask for: the one that is demanded, or the one that it had before at an embedded relay. Others know themselves which one it had.
func (ep *endpoint) wish(embedded bool) int {
	if ep.Port != 0 || ep.kind() != wire.KindHTTP && !embedded {
		return ep.Port
	}
	return ep.port
}

// newPassing makes an endpoint whose visitors' connections are passed on as they are.
func newPassing(e Endpoint) (*endpoint, error) {
	wrong := func(err error) (*endpoint, error) { return nil, fmt.Errorf("endpoint %q: %w", e.Name, err) }
	if e.Protocol != wire.ProtocolTCP && e.Protocol != wire.ProtocolTLS {
		return wrong(fmt.Errorf("protocol %q: want http, tcp or tls (%s)", e.Protocol, wire.CodeUnsupported))
	}
	if e.UpstreamProtocol == "http2" || e.HostHeader != "" && e.HostHeader != "preserve" || len(e.Schemes) > 0 {
		return wrong(fmt.Errorf("UpstreamProtocol, HostHeader and Schemes are of requests: they mean nothing to a %s endpoint", e.Protocol))
	}
	up, err := parsePassing(e.Upstream)
	if err == nil {
		if e.Protocol == wire.ProtocolTLS && (e.TerminateAt == "" || e.TerminateAt == atUpstream) {
			up.kind = "tcp" // also if it speaks TLS: that is the visitor's, and not encrypted once more
		}
		err = up.equip(&e)
	}
	if err != nil {
		return wrong(err)
	}
	if err := checkTermination(&e); err != nil {
		return wrong(err)
	}
	ep, err := endpointTo(e, up)
	if err != nil {
		return nil, err
	}
	switch e.TerminateAt {
	case atAgent:
		if ep.end, err = newTLSEnd(e.Certificate, e.Key, e.ClientCAs); err != nil {
			return wrong(err)
		}
	case atEdge:
		return ep, ep.askAtEdge()
	}
	return ep, nil
}

// checkTermination finds what contradicts.
func checkTermination(e *Endpoint) error {
	switch {
	case e.Protocol == wire.ProtocolTCP && (e.TerminateAt != "" || e.Certificate != "" || e.Key != "" || len(e.ClientCAs) > 0):
		return fmt.Errorf("a tcp endpoint has no TLS to end; want a tls one")
	case e.Port != 0 && e.Protocol != wire.ProtocolTCP:
		return fmt.Errorf("only a tcp endpoint has a port to wish for")
	case e.Port < 0 || e.Port > 65535:
		return fmt.Errorf("%d is no port number: they go from 1 to 65535", e.Port)
	}
	switch e.TerminateAt {
	case "", atUpstream:
		if e.Certificate != "" || e.Key != "" || len(e.ClientCAs) > 0 {
			return fmt.Errorf("where TLS ends at the upstream, certificate, key and authorities are the upstream's; want to end it at the agent")
		}
	case atAgent:
	case atEdge:
		if e.Certificate != "" || e.Key != "" {
			return fmt.Errorf("where TLS ends at the edge, the certificate is the relay's; leave certificate and key out")
		}
	default:
		return fmt.Errorf("TLS cannot end at %q: want edge, agent or upstream", e.TerminateAt)
	}
	return nil
}

// parsePassing reads tcp://HOST:PORT or tls://HOST:PORT.
func parsePassing(s string) (*upstream, error) {
	u, err := url.Parse(s)
	if err != nil || u.Hostname() == "" || u.Scheme != "tcp" && u.Scheme != "tls" {
		return nil, fmt.Errorf("upstream %q: want tcp://HOST:PORT, or tls://HOST:PORT for a service that speaks TLS", withoutUser(s))
	}
	if n, err := strconv.Atoi(u.Port()); err != nil || n < 1 || n > 65535 {
		return nil, fmt.Errorf("upstream %q: want a port from 1 to 65535 behind the host", withoutUser(s))
	}
	if strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.User != nil || u.Fragment != "" {
		return nil, fmt.Errorf("upstream %q: nothing may follow HOST:PORT", withoutUser(s))
	}
	return upstreamAt(u.Scheme, u.Hostname(), u.Port(), u.Host), nil
}

// askAtEdge has the edge ask visitors for certificates, if there are ClientCAs.
func (ep *endpoint) askAtEdge() (err error) {
	if ep.askCAs, err = authorities(ep.ClientCAs); err != nil {
		return fmt.Errorf("endpoint %q: %w", ep.Name, err)
	}
	return fits(&ep.Endpoint, ep.askCAs)
}

// authorities joins the certificates in files as PEM, and leaves out what else is in them, such as a key: it is nobody's beyond this machine.
func authorities(files []string) (string, error) {
	var all strings.Builder
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return "", fmt.Errorf("the authorities for visitors' certificates: %w", err)
		}
		before := all.Len()
		for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
			if block.Type != "CERTIFICATE" {
				continue
			}
			if _, err := x509.ParseCertificate(block.Bytes); err != nil {
				return "", fmt.Errorf("the authorities for visitors' certificates: %s: %w", file, err)
			}
			all.Write(pem.EncodeToMemory(&pem.Block{Type: block.Type, Bytes: block.Bytes}))
		}
		if all.Len() == before {
			return "", fmt.Errorf("the authorities for visitors' certificates: no certificate (PEM) in %s", file)
		}
	}
	return all.String(), nil
}
