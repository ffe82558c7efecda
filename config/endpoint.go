package config

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
)

// CommandLineName is the name of the endpoint that the command line starts, unless --name says another.
const CommandLineName = "command_line"

// Endpoint is one public URL that somebody described: in a file, on the command line, or at the local API.
type Endpoint struct {
	Name     string
	Protocol string   // http, tcp or tls
	URL      string   // wanted public URL, as written; "" the relay's choice
	Host     string   // the host name in URL; a label alone means one under the relay's domain; "" the relay's choice
	Port     int      // the port in URL, of a tcp endpoint; 0 the relay's choice
	Schemes  []string // wanted of the public URL; nil: the relay's choice

	Upstream   string // as written: 8080, host:port, http://…
	Address    string // Upstream as an URL (UpstreamURL); "" when the endpoint is of a kind that NotYet names
	HostHeader string // preserve, rewrite, or a literal Host
	Inspect    bool

	UpstreamProtocol          string   // http1 or http2
	ProxyProtocol             int      // in front of each connection to the service: version 1 or 2; 0: none
	VerifyUpstream            bool     // check the certificate of a service that speaks TLS
	UpstreamCAs               string   // file of authorities for that; "": the system's
	UpstreamCert, UpstreamKey string   // files of the certificate that the service is shown
	TerminateAt               string   // where a tls endpoint's TLS ends: edge, agent or upstream
	Certificate, Key          string   // files for TLS that ends at the agent
	ClientCAs                 []string // files of authorities for visitors' certificates

	BasicAuth             []string // USER:PASSWORD, or references (Secret) to such
	AllowCIDRs, DenyCIDRs []string
	Metadata, Description string
	Pooling               bool

	NotYet []NotYet // what is used and comes later; not empty: it must not be started
	Where  string   // "file PATH:LINE", "command line" or "api"

	values []value // what it was made from
}

// Policy is the traffic policy that the relay is to run in front of the endpoint, in JSON; "" when there is nothing to run.
// References in BasicAuth must have been replaced by what they name.
func (e *Endpoint) Policy() string {
	type action struct {
		Type   string         `json:"type"`
		Config map[string]any `json:"config"`
	}
	type rule struct {
		Actions []action `json:"actions"`
	}
	phases := map[string][]rule{}
	if len(e.AllowCIDRs) > 0 || len(e.DenyCIDRs) > 0 {
		c := map[string]any{"enforce": true}
		if len(e.AllowCIDRs) > 0 {
			c["allow"] = e.AllowCIDRs
		}
		if len(e.DenyCIDRs) > 0 {
			c["deny"] = e.DenyCIDRs
		}
		phases["on_tcp_connect"] = []rule{{[]action{{"restrict-ips", c}}}}
	}
	if len(e.BasicAuth) > 0 {
		c := map[string]any{"realm": "adit", "credentials": e.BasicAuth}
		phases["on_http_request"] = []rule{{[]action{{"basic-auth", c}}}}
	}
	if len(phases) == 0 {
		return ""
	}
	text, err := json.Marshal(phases)
	if err != nil {
		panic("config: a policy of texts cannot be written: " + err.Error())
	}
	return string(text)
}

// endpoint makes an Endpoint of what was written for it.
func (d draft) endpoint(m *mistakes) Endpoint {
	slices.SortStableFunc(d.values, func(a, b value) int { return a.option.rank - b.option.rank }) // proto stands before url
	e := Endpoint{Name: d.name, Where: d.where, Protocol: cmp.Or(d.protocol, "http"), HostHeader: "preserve", Inspect: true, values: d.values}
	for _, v := range d.values {
		e.take(v, m)
	}
	d.finish(&e, m)
	return e
}

// take puts one value where it belongs.
func (e *Endpoint) take(v value, m *mistakes) {
	if !v.used() {
		return
	}
	text := v.texts[0]
	switch v.option.Name {
	case "name":
		e.Name = text
	case "proto":
		e.Protocol = text
	case "upstream":
		e.Upstream = text
	case "url":
		e.takeURL(v, m)
	case "scheme":
		if len(e.Schemes) > 0 && !slices.Contains(v.texts, "http") {
			m.at(v, "%s is wanted here, and http in %q", strings.Join(v.texts, ","), e.URL)
		}
		e.Schemes = v.texts
	case "inspect":
		e.Inspect = text == "true"
	case "host-header":
		e.HostHeader = text
	case "upstream-protocol":
		e.UpstreamProtocol = text
	case "upstream-proxy-protocol":
		e.ProxyProtocol = int(text[0] - '0')
	case "upstream-tls-verify":
		e.VerifyUpstream = text == "true"
	case "upstream-tls-verify-cas":
		e.UpstreamCAs = v.path()
	case "upstream-client-crt":
		e.UpstreamCert = v.path()
	case "upstream-client-key":
		e.UpstreamKey = v.path()
	case "basic-auth":
		e.BasicAuth = v.texts
		if len(v.texts) > 10 {
			m.at(v, "%d pairs, where at most 10 are offered", len(v.texts))
		}
	case "cidr-allow":
		e.AllowCIDRs = v.texts
	case "cidr-deny":
		e.DenyCIDRs = v.texts
	case "metadata":
		e.Metadata = text
	case "description":
		e.Description = text
	case "pooling-enabled":
		e.Pooling = true
	default:
		e.takeTLS(v)
	}
	if v.option.Standing == Later {
		e.later(v.key, v.where)
	}
}

func (e *Endpoint) later(key, where string) { e.NotYet = append(e.NotYet, NotYet{key, where}) }

// takeURL reads the public URL that is wanted; its scheme says what kind of endpoint it is, where nothing else does.
func (e *Endpoint) takeURL(v value, m *mistakes) {
	e.URL = v.texts[0]
	scheme, host, err := publicURL(e.URL, e.Protocol)
	switch {
	case err != nil:
		m.at(v, "%v", err)
	case strings.Contains(strings.TrimPrefix(host, "*."), "*"):
		m.at(v, "%q: a wildcard stands for all names below another one, as in *.dev.example.com", e.URL)
	case strings.HasSuffix(strings.ToLower(host), ".internal"): // which asks for the binding of that name
		e.later(v.key+": an internal name", v.where)
	case (scheme == "http" || scheme == "https") && e.Protocol != "http":
		m.at(v, "%q is not of a %s endpoint", withoutPassword(e.URL), e.Protocol)
	case (scheme == "tcp" || scheme == "tls") && scheme != e.Protocol:
		e.Protocol = scheme
	case scheme == "http": // https is what a relay that has it gives first anyway
		e.Schemes = []string{scheme}
	}
	e.Host = host
	if e.Protocol == "tcp" && err == nil {
		e.takePort(v, m)
	}
}

// finish reads what needs to know of other values: where the service is.
func (d draft) finish(e *Endpoint, m *mistakes) {
	i := slices.IndexFunc(d.values, func(v value) bool { return v.option.Name == "upstream" })
	if i < 0 || e.Upstream == "" {
		m.add(d.at(), "", "the endpoint %q does not say where its service is: add \"%s\"", e.Name, d.addrKey())
		return
	}
	v := d.values[i]
	for _, v := range d.values {
		if v.used() && !slices.Contains(v.option.Protocols, e.Protocol) {
			m.at(v, "this means something only to %s endpoints, and this is one of %s", strings.Join(v.option.Protocols, " and "), e.Protocol)
		}
	}
	if e.Protocol != "http" {
		d.finishPassing(e, v, m)
		return
	}
	address, kind, err := UpstreamURL(e.Upstream)
	if err != nil {
		m.at(v, "%v", err)
	}
	e.Address = address
	d.fitting(e, kind, m)
}

// fitting finds what is said of the service that its kind has no use for: whoever asks for a check must not believe in one that is not made.
func (d draft) fitting(e *Endpoint, kind string, m *mistakes) {
	for _, v := range d.values {
		switch name := v.option.Name; {
		case !v.used() || kind == "":
		case ofCertificates(name) && e.TerminateAt == "upstream":
			m.at(v, "the service gets the visitor's own TLS, in which adit has no part: this is for TLS that ends at the agent or the edge (%s)", d.spelled("terminate-at", v))
		case ofCertificates(name) && kind != "https" && kind != "tls":
			m.at(v, "certificates mean something only to a service that speaks TLS, as %s://HOST:PORT; %s is of kind %s",
				map[bool]string{true: "https", false: "tls"}[e.Protocol == "http"], withoutPassword(e.Upstream), kind)
		case (name == "upstream-protocol" || name == "upstream-proxy-protocol") && kind == "file":
			m.at(v, "files are served by adit itself, with nothing in between")
		case name == "upstream-client-crt" && e.UpstreamKey == "":
			m.at(v, "the certificate's key is missing: %s", d.spelled("upstream-client-key", v))
		case name == "upstream-client-key" && e.UpstreamCert == "":
			m.at(v, "the key's certificate is missing: %s", d.spelled("upstream-client-crt", v))
		}
	}
}

// ofCertificates says that an option is of TLS with the service.
func ofCertificates(name string) bool {
	return strings.HasPrefix(name, "upstream-tls-") || strings.HasPrefix(name, "upstream-client-")
}

// spelled is how an option of endpoints is written where v is.
func (d draft) spelled(name string, v value) string {
	switch o := Lookup(OfEndpoint, name); {
	case strings.HasPrefix(v.key, "--"):
		return "--" + name
	case d.tunnel:
		return o.V2[0]
	default:
		return o.V3[0]
	}
}

// addrKey is how the upstream is spelled where d stands.
func (d draft) addrKey() string {
	if d.tunnel {
		return "addr: 8080"
	}
	return "upstream: {url: 8080}"
}
