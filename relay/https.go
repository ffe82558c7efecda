package relay

import (
	"crypto/tls"
	"errors"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/adit-tunnel/adit/relay/registry"
)

// maxLeaves is how many certificates for names beside the relay's own are kept. More are made again when they are asked for.
const maxLeaves = 1000

// leaves makes certificates for visitors, signed by the relay's own CA: one for the domain and all names below it, and one for each other name that is bound.
type leaves struct {
	domain string
	from   *certificate
	pick   func(host []byte) (*registry.Endpoint, error)

	mu   sync.Mutex
	made map[string]*tls.Certificate
}

func newLeaves(domain string, from *certificate, pick func([]byte) (*registry.Endpoint, error)) *leaves {
	return &leaves{domain: domain, from: from, pick: pick, made: map[string]*tls.Certificate{}}
}

// get is edge.Options.Certificate.
func (l *leaves) get(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	name := hello.ServerName
	if label, under := strings.CutSuffix(name, "."+l.domain); name == "" || name == l.domain || under && !strings.Contains(label, ".") {
		return l.of("", l.domain, "*."+l.domain)
	}
	if _, err := l.pick([]byte(name)); errors.Is(err, registry.ErrNoEndpoint) {
		return nil, nil
	}
	return l.of(name, name)
}

// of finds or makes the certificate that is kept under a key.
func (l *leaves) of(key string, names ...string) (*tls.Certificate, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.from.now()
	if c := l.made[key]; c != nil && now.Before(c.Leaf.NotAfter.Add(-leafRenew)) {
		return c, nil
	}
	c, err := l.from.leaf(hosts{names: names}, now)
	if err != nil {
		return nil, err
	}
	if len(l.made) >= maxLeaves {
		for old := range l.made { // any: which does not matter
			delete(l.made, old)
			break
		}
	}
	l.made[key] = c
	return c, nil
}

// leaf makes a certificate with the CA behind it.
func (c *certificate) leaf(h hosts, now time.Time) (*tls.Certificate, error) {
	c.mu.Lock()
	ca := c.ca
	c.mu.Unlock()
	leaf, key, err := ca.sign(h, now)
	if err != nil {
		return nil, err
	}
	return &tls.Certificate{Certificate: [][]byte{leaf.Raw, ca.cert.Raw}, PrivateKey: key, Leaf: leaf}, nil
}

// agentsByALPN says that agents have no listener of their own, but share the one for https.
func (o *Options) agentsByALPN() bool {
	if o.HTTPS == "" {
		return false
	}
	_, port, _ := net.SplitHostPort(o.HTTPS)
	return o.Agents == "" || o.Agents == o.HTTPS && port != "0"
}

// takeAgent gives a connection that came in for https to the sessions.
func (r *Relay) takeAgent(nc net.Conn) {
	if !r.handed.Give(nc) {
		nc.Close()
	}
}

// urls are what an endpoint's host is called by: first what people open.
type urls struct{ http, https *publicURL } // nil: not served

// of gives the URLs of a host whose endpoint wants these schemes; none: those that the relay has. false: none of them is served.
func (u urls) of(host string, schemes []string) (url string, aliases []string, ok bool) {
	var all []string
	for _, s := range []struct {
		scheme string
		url    *publicURL
	}{{"https", u.https}, {"http", u.http}} {
		if s.url != nil && (len(schemes) == 0 || slices.Contains(schemes, s.scheme)) {
			all = append(all, s.url.of(host))
		}
	}
	if len(all) == 0 {
		return "", nil, false
	}
	return all[0], all[1:], true
}

// urls are Options.PublicURL alone, or the domain with the ports that the listeners really have.
func (r *Relay) urls() urls {
	if u, err := parsePublicURL(r.o.PublicURL, r.o.Domain); err == nil {
		if strings.HasPrefix(u.before, "https") {
			return urls{https: &u}
		}
		return urls{http: &u}
	}
	return urls{http: urlAt("http", r.http, 80), https: urlAt("https", r.https, 443)}
}

func urlAt(scheme string, ln net.Listener, usual int) *publicURL {
	if ln == nil {
		return nil
	}
	u := &publicURL{before: scheme + "://"}
	if port := portOf(ln); port != usual {
		u.after = ":" + strconv.Itoa(port)
	}
	return u
}
