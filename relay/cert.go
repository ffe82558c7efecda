package relay

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/adit-tunnel/adit/relay/cert"
	"github.com/adit-tunnel/adit/wire"
)

// hosts is what a certificate is for.
type hosts struct {
	names []string
	addrs []net.IP
}

// agentHosts is by what an agent may call this relay when it verifies names (--relay-ca): the domain, the address it listens on, this machine.
func agentHosts(domain, listen string) hosts {
	h := hosts{names: []string{"localhost"}, addrs: []net.IP{net.IPv4(127, 0, 0, 1).To4(), net.IPv6loopback}}
	for _, s := range []string{domain, hostOf(listen)} {
		ip := net.ParseIP(s)
		switch {
		case s == "" || slices.Contains(h.names, s):
		case ip == nil:
			h.names = append(h.names, s)
		case !ip.IsUnspecified() && !slices.ContainsFunc(h.addrs, ip.Equal):
			h.addrs = append(h.addrs, ip)
		}
	}
	return h
}

func hostOf(addr string) string {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return ""
	}
	return host
}

// covers says that c is good for all of h.
func (h hosts) covers(c *x509.Certificate) bool {
	for _, name := range h.names {
		if !slices.Contains(c.DNSNames, name) {
			return false
		}
	}
	for _, ip := range h.addrs {
		if !slices.ContainsFunc(c.IPAddresses, ip.Equal) {
			return false
		}
	}
	return true
}

// certificate is the agents' port's certificate. It renews itself when a handshake finds it near its end, so that a relay may run for years.
type certificate struct {
	dir   string
	hosts hosts
	now   func() time.Time
	log   *slog.Logger

	mu      sync.Mutex
	ca      *cert.Authority
	current *tls.Certificate
	renewAt time.Time
}

// loadCertificate reads the CA and the server certificate from dir, making what is missing, near its end, or not for these hosts.
func loadCertificate(dir string, h hosts, now func() time.Time, log *slog.Logger) (*certificate, error) {
	ca, err := loadAuthority(dir, now())
	if err != nil {
		return nil, err
	}
	c := &certificate{dir: dir, hosts: h, now: now, log: log, ca: ca}
	path := filepath.Join(dir, leafFile)
	leaf, key, err := readPair(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return c, c.renew()
	case err != nil:
		return nil, fmt.Errorf("relay certificate %s is damaged (%w): delete it, a new one is made then", path, err)
	}
	if leaf.CheckSignatureFrom(ca.Cert) != nil || !h.covers(leaf) || !now().Before(cert.RenewAt(leaf)) {
		return c, c.renew()
	}
	c.use(leaf, key)
	return c, nil
}

// get is tls.Config's GetCertificate.
func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := c.now(); !now.Before(c.renewAt) {
		if err := c.renew(); err != nil {
			c.log.Error("the certificate of the agents' port could not be renewed", "err", err, "ends", c.current.Leaf.NotAfter)
			c.renewAt = now.Add(time.Hour)
		}
	}
	return c.current, nil
}

// pin is how agents know the CA: a hash of its public key, so that it outlives a renewed certificate.
func (c *certificate) pin() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return wire.Pin(c.ca.Cert)
}

// renew signs a new server certificate and, when its own end is near, a new one for the CA. c.mu is held, or c is not shared yet.
func (c *certificate) renew() error {
	now := c.now()
	if c.ca.NearEnd(now) {
		ca, err := renewAuthority(c.dir, c.ca, now)
		if err != nil {
			return err
		}
		c.ca = ca
	}
	leaf, key, err := c.ca.Sign("adit relay", c.hosts.names, c.hosts.addrs, now)
	if err != nil {
		return fmt.Errorf("relay certificate: %w", err)
	}
	if err := writePair(filepath.Join(c.dir, leafFile), leaf, key); err != nil {
		return fmt.Errorf("relay certificate: %w", err)
	}
	c.use(leaf, key)
	return nil
}

// use sends the CA along in the chain: agents know nothing of it but its pin.
func (c *certificate) use(leaf *x509.Certificate, key any) {
	c.current = &tls.Certificate{Certificate: [][]byte{leaf.Raw, c.ca.Cert.Raw}, PrivateKey: key, Leaf: leaf}
	c.renewAt = cert.RenewAt(leaf)
}

// tlsConfig is for the agents' port.
func (c *certificate) tlsConfig() *tls.Config {
	t := wire.ServerTLS(tls.Certificate{})
	t.Certificates, t.GetCertificate = nil, c.get
	return t
}
