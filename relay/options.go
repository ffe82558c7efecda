package relay

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/adit-tunnel/adit/budget"
	"github.com/adit-tunnel/adit/relay/cert"
	"github.com/adit-tunnel/adit/relay/registry"
)

// Options says where the relay listens and who may use it. Addresses are HOST:PORT as net.Listen takes them; port 0 takes a free one.
type Options struct {
	Domain        string         // endpoints are NAME.Domain; required unless Embedded
	HTTP          string         // public listener; "" none. It or HTTPS is required unless Embedded: then each endpoint has a port of its own on 127.0.0.1 and [::1]
	HTTPS         string         // public listener with TLS, for visitors of http and tls endpoints and, by ALPN, for agents; "" none
	Redirect      bool           // visitors of HTTP are sent to HTTPS, unless the endpoint wants http
	HSTS          time.Duration  // how long a visitor over HTTPS is told to come only so (Strict-Transport-Security); 0: it is not told
	Agents        string         // agents' listener; "" none, or the same as HTTPS: agents come where visitors do, to HTTPS or as WebSockets. Required when Embedded
	TCPPorts      [2]int         // first and last port that tcp endpoints may get, on the host of HTTP, or else of HTTPS; zeros: this relay has no tcp endpoints
	Admin         string         // health, metrics and the owner's API; "" none
	PublicURL     string         // "https://*.DOMAIN[:PORT]" when something in front ends TLS; "": https://NAME.Domain:PORT and http://NAME.Domain:PORT, as far as there are listeners
	Trust         []netip.Prefix // peers whose forwarding fields are believed
	Proxy         []netip.Prefix // peers that must begin each public connection with a PROXY protocol header, which is believed
	Certs         []cert.Pair    // certificate files, for the names that they hold
	ACME          *cert.ACME     // the CA that gives the other certificates; nil: an internal one, for names below Domain
	TokenFile     string         // whose tokens the control store takes over
	Tokens        []string       // further tokens, in memory. Without any token everybody may use it, and it listens only on loopback
	Resolver      string         // the DNS server that is asked whose domains are, HOST:PORT; "": the system's
	StateDir      string         // CA, keys, control store; required, made with 0700 when missing
	Region        string         // what Welcome says; "": "this machine" when Embedded
	Version       string         // of the program
	Embedded      bool           // for this machine only, in the agent's process
	Account, Plan string         // what Welcome says of Tokens' owner; "": "local (embedded relay)" when Embedded, else "local"
	Log           *slog.Logger   // nil: silent
	AccessLog     io.Writer      // one line per request; nil none. Lines it fails to write are lost, and counted
	Go            func(func())   // starts goroutines; nil: plain go
	Grace         time.Duration  // how long requests under way may go on after Run's ctx has ended; 0: 30 s
	Limits        Limits
	Memory        int64 // bytes that the relay may use, of which it counts what strangers can make grow; 0: what the process may (package budget)
	Files         int64 // connections and files that it may have open; 0: what the process may
	PerAddress    int   // public connections that one address, or one /64 of IPv6, may have; 0: 1,000; negative: any number. Loopback and Trust are nobody's

	// Inherited are listeners of the process whose place this one takes, as its Listeners gave them. New owns them, also when it fails.
	Inherited map[string]*os.File

	// Gather adds figures to the metrics page, as admin.Source's does; nil: none.
	Gather func(set func(name string, value float64))
}

// Limits are the time limits of the public side; 0 takes the default in brackets.
type Limits struct {
	Head   time.Duration // [10 s] a request head, and a new connection's first byte
	Idle   time.Duration // [75 s] between requests
	Body   time.Duration // [30 s] without a byte of the request body
	Reader time.Duration // [60 s] a visitor that reads nothing
	Auth   time.Duration // [10 s] before authentication on the agents' port, of which Auth itself may take 10 s
}

const defaultGrace = 30 * time.Second

// withDefaults fills in what was left out.
func (o Options) withDefaults() Options {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Go == nil {
		o.Go = func(f func()) { go f() }
	}
	if o.Grace == 0 {
		o.Grace = defaultGrace
	}
	if o.Memory == 0 {
		o.Memory, _ = budget.Memory()
	}
	if o.Files == 0 {
		o.Files = budget.Files()
	}
	account := "local"
	if o.Embedded {
		account = "local (embedded relay)"
		if o.Region == "" {
			o.Region = "this machine"
		}
	}
	if o.Account == "" {
		o.Account = account
	}
	return o
}

// Check returns all mistakes that can be seen without opening anything, in the words of the command line.
func (o Options) Check() error {
	o = o.withDefaults()
	return o.check()
}

// check returns all mistakes at once, in the words of the command line. It brings Domain into its one spelling.
func (o *Options) check() error {
	var errs []error
	wrong := func(format string, a ...any) { errs = append(errs, fmt.Errorf(format, a...)) }
	if o.StateDir == "" {
		wrong("--state-dir is missing: the relay keeps its CA and keys there")
	}
	if o.Grace < 0 {
		wrong("--grace %v: requests cannot be given less than no time", o.Grace)
	}
	if _, _, err := net.SplitHostPort(o.Resolver); o.Resolver != "" && err != nil {
		wrong("--resolver %q is not HOST:PORT, such as 127.0.0.1:53", o.Resolver)
	}
	if o.Embedded {
		if o.Agents == "" {
			wrong("--agents is missing: the address that agents connect to, like :4443")
		}
		errs = append(append(errs, o.checkEmbedded()...), o.checkReach()...)
	} else {
		errs = append(errs, o.checkPublic()...) // of another one the control store knows whether it lets everybody in (openStore)
	}
	return errors.Join(errs...)
}

// listeners is how many of them endpoints with ports of their own may want.
func (o *Options) listeners() int64 {
	switch {
	case o.Embedded:
		return math.MaxInt64
	case o.TCPPorts == [2]int{}:
		return 0
	}
	return int64(o.TCPPorts[1] - o.TCPPorts[0] + 1)
}

// checkReach keeps a relay that lets everybody in, or that is meant for this machine, on this machine.
func (o *Options) checkReach() (errs []error) {
	why := "an embedded relay is for this machine only: listen on 127.0.0.1"
	if !o.Embedded {
		why = "this relay has no tokens: make one with \"adit relay token create\", or listen on 127.0.0.1"
	}
	for _, l := range []struct{ flag, addr string }{{"--agents", o.Agents}, {"--http", o.HTTP}, {"--https", o.HTTPS}} {
		if l.addr != "" && !isLoopback(l.addr) {
			errs = append(errs, fmt.Errorf("%s %s can be reached from other machines, and %s", l.flag, l.addr, why))
		}
	}
	return errs
}

func (o *Options) checkEmbedded() (errs []error) {
	if o.TCPPorts != [2]int{} {
		errs = append(errs, errors.New("--tcp-ports has no meaning for an embedded relay: its endpoints have ports of their own on this machine"))
	}
	for _, f := range []struct{ flag, value string }{{"--domain", o.Domain}, {"--http", o.HTTP}, {"--https", o.HTTPS}, {"--public-url", o.PublicURL}} {
		if f.value != "" {
			errs = append(errs, fmt.Errorf("%s has no meaning for an embedded relay: its endpoints have ports of their own on this machine", f.flag))
		}
	}
	return errs
}

func (o *Options) checkPublic() (errs []error) {
	if o.HTTP == "" && o.HTTPS == "" {
		errs = append(errs, errors.New("--http and --https are missing: the public addresses for visitors, like :8080 and :8443"))
	}
	errs = append(append(errs, o.checkAddresses()...), o.checkHTTPS()...)
	if p := o.TCPPorts; p != [2]int{} && (p[0] < 1 || p[1] > 65535 || p[0] > p[1]) {
		errs = append(errs, fmt.Errorf("--tcp-ports %d-%d is no range of ports, such as 20000-20999", p[0], p[1]))
	}
	if o.Domain == "" {
		return append(errs, errors.New("--domain is missing: endpoints are NAME.DOMAIN, like tunnel.example.com"))
	}
	domain, err := checkDomain(o.Domain)
	if err != nil {
		return append(errs, err)
	}
	o.Domain = domain
	if o.PublicURL != "" {
		if _, err := parsePublicURL(o.PublicURL, domain); err != nil {
			errs = append(errs, err)
		}
	}
	return errs
}

// checkAddresses looks for addresses that are none, and for one that is to be listened on twice.
func (o *Options) checkAddresses() (errs []error) {
	taken := map[string]string{}
	for _, l := range []struct{ flag, addr string }{{"--http", o.HTTP}, {"--https", o.HTTPS}, {"--agents", o.Agents}, {"--admin", o.Admin}} {
		if l.addr == "" {
			continue
		}
		_, port, err := net.SplitHostPort(l.addr)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s %q is not HOST:PORT, such as :8080", l.flag, l.addr))
			continue
		}
		if _, err := net.LookupPort("tcp", port); err != nil {
			errs = append(errs, fmt.Errorf("%s %q has no port from 0 to 65535", l.flag, l.addr))
		}
		other := taken[l.addr]
		taken[l.addr] = l.flag
		switch {
		case other == "" || port == "0" || l.flag == "--agents" && other == "--https":
		case l.flag == "--agents":
			errs = append(errs, fmt.Errorf("--agents %s is the address of --http: agents share one with --https, or come as WebSockets (--agents false)", l.addr))
		default:
			errs = append(errs, fmt.Errorf("%s %s is the address of %s, too: each needs its own", l.flag, l.addr, other))
		}
	}
	return errs
}

// checkHTTPS looks for options of https that are wrong, or have no effect without it.
func (o *Options) checkHTTPS() (errs []error) {
	if o.HSTS < 0 || o.HSTS%time.Second != 0 {
		errs = append(errs, fmt.Errorf("--hsts %v is not a number of whole seconds", o.HSTS))
	}
	if (len(o.Certs) > 0 || o.ACME != nil) && o.HTTPS == "" {
		errs = append(errs, errors.New("--cert and --acme have no meaning without --https, like --https :443"))
	}
	if o.HSTS > 0 && o.HTTPS == "" {
		errs = append(errs, errors.New("--hsts has no meaning without --https: whatever ends TLS in front of the relay promises it"))
	}
	if o.Redirect && (o.HTTPS == "" || o.HTTP == "") {
		errs = append(errs, errors.New("--redirect-https sends visitors from --http to --https: it takes both"))
	}
	return errs
}

// checkDomain returns the domain's one spelling. There must be room for a name and its dot in front of it.
func checkDomain(domain string) (string, error) {
	name, port, ok := registry.CanonicalHost(nil, []byte(strings.TrimPrefix(domain, "*.")))
	s := string(name)
	_, err := netip.ParseAddr(strings.Trim(s, "[]"))
	switch {
	case !ok || strings.Contains(s, "_"):
		return "", fmt.Errorf("--domain %q is not a domain name", domain)
	case err == nil:
		return "", fmt.Errorf("--domain %q is an address: endpoints are NAME.DOMAIN, which takes a domain name", domain)
	case port != 0:
		return "", fmt.Errorf("--domain %q has a port: it belongs to --http", domain)
	case len(s) > 253-64:
		return "", fmt.Errorf("--domain %q is too long: no name fits in front of it", domain)
	}
	return s, nil
}

// publicURL is what endpoints' URLs look like: before and after the host.
type publicURL struct{ before, after string }

func (p publicURL) of(host string) string { return p.before + host + p.after }

// parsePublicURL reads a pattern like https://*.tunnel.example.com:8443. Its host must be *.domain: routing goes by the Host field, which whatever
// stands in front passes on.
func parsePublicURL(pattern, domain string) (publicURL, error) {
	bad := func(why string) (publicURL, error) {
		return publicURL{}, fmt.Errorf("--public-url %q %s: it looks like https://*.%s", pattern, why, domain)
	}
	scheme, rest, ok := strings.Cut(pattern, "://")
	if !ok || scheme != "http" && scheme != "https" {
		return bad("does not begin with http:// or https://")
	}
	rest, ok = strings.CutPrefix(strings.TrimSuffix(rest, "/"), "*.")
	if !ok {
		return bad("has no * for the endpoint's name")
	}
	if _, err := url.Parse(scheme + "://" + rest); err != nil || strings.ContainsAny(rest, "/?#@*") {
		return bad("is more than a host and a port")
	}
	name, _, ok := registry.CanonicalHost(nil, []byte(rest))
	if !ok || string(name) != domain {
		return bad("is not under --domain")
	}
	u := publicURL{before: scheme + "://"}
	if i := strings.LastIndexByte(rest, ':'); i >= 0 && len(rest[i:]) > 1 {
		u.after = rest[i:]
	}
	return u, nil
}

// isLoopback says that only this machine reaches an address to listen on.
func isLoopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	if host == "localhost" {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.Unmap().IsLoopback()
}
