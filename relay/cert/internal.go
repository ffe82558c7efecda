package cert

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"time"
)

const (
	// internalKey is where the internal CA is kept. It is another CA than that of the agents' port, whose pin must mean that port and nothing else.
	internalKey = "ca/visitors"

	// maxLeaves is how many certificates of the internal CA are kept in memory. Making one takes less than a handshake.
	maxLeaves = 1024
)

// InternalCA is the certificate of the internal CA in PEM, to be trusted by people; fs.ErrNotExist when there is none yet.
func InternalCA(s Store) ([]byte, error) {
	text, _, err := s.Item(internalKey)
	if err != nil {
		return nil, err
	}
	ca, err := ParseAuthority(text)
	if err != nil {
		return nil, fmt.Errorf("the internal CA is damaged: %w", err)
	}
	return PEM(ca.Cert), nil
}

// internal makes certificates with the internal CA.
type internal struct {
	store  Store
	domain string
	now    func() time.Time

	mu     sync.Mutex
	ca     *Authority
	since  time.Time                   // when the store got it
	leaves map[string]*tls.Certificate // by the name that they are for

	failures uint64
}

// openInternal reads the internal CA, or makes it: also when it is for another domain than the relay's, for which it is worth nothing.
func openInternal(s Store, domain string, now func() time.Time) (*internal, error) {
	c := &internal{store: s, domain: domain, now: now, leaves: map[string]*tls.Certificate{}}
	err := c.read()
	switch {
	case err == nil && c.ca.domain() == domain:
		return c, nil
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	ca, err := NewAuthority(internalName(domain), domain, now())
	return c, c.keep(ca, err)
}

// read takes the CA that the store has; fs.ErrNotExist.
func (c *internal) read() error {
	text, since, err := c.store.Item(internalKey)
	if err != nil {
		return fmt.Errorf("internal CA: %w", err)
	}
	ca, err := ParseAuthority(text)
	if err != nil {
		return fmt.Errorf("internal CA: it is damaged: %w", err)
	}
	c.ca, c.since = ca, since
	return nil
}

// internalName is how people find the CA among those that they trust. A common name has at most 64 characters (RFC 5280, appendix A.1).
func internalName(domain string) string {
	const name = "adit relay CA"
	if long := name + " for " + domain; len(long) <= 64 {
		return long
	}
	return name
}

// keep takes a CA that was made, if it was, once the store has it in place of the one that was read before. If another process with this store was quicker, as two
// that start together, its CA is taken: people trust one.
func (c *internal) keep(ca *Authority, err error) error {
	var text []byte
	if err == nil {
		text, err = ca.PEM()
	}
	if err == nil {
		err = replace(c.store, internalKey, text, c.since)
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("internal CA: %w", err)
	}
	return c.read()
}

// get is a certificate for a name that is served. The relay's domain and all names one label below it have one in common.
func (c *internal) get(name string) (*tls.Certificate, error) {
	if err := c.possible(name); err != nil {
		return nil, unavailable(name, err)
	}
	names := []string{name}
	if name == c.domain || parent(name) == c.domain {
		names = []string{"*." + c.domain, c.domain}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	if leaf := c.leaves[names[0]]; leaf != nil && now.Before(RenewAt(leaf.Leaf)) {
		return leaf, nil
	}
	leaf, err := c.sign(names, now)
	if err != nil {
		c.failures++
	}
	return leaf, err
}

// possible says why there can be no certificate for a name.
func (c *internal) possible(name string) error {
	if name == c.domain || strings.HasSuffix(name, "."+c.domain) {
		return nil
	}
	return fmt.Errorf("a certificate for %s takes --cert or --acme at the relay, whose own CA is for names below %s only", name, c.domain)
}

// sign makes a certificate, and before it the CA's anew if that is near its end; while the store does not take it, the old one does, to its last day. c.mu is held.
func (c *internal) sign(names []string, now time.Time) (*tls.Certificate, error) {
	if c.ca.NearEnd(now) {
		ca, err := c.ca.Renewed(now)
		if err := c.keep(ca, err); err != nil {
			if now.After(c.ca.Cert.NotAfter) {
				return nil, err // which get counts
			}
			c.failures++
		}
	}
	leaf, key, err := c.ca.Sign("adit relay", names, nil, now)
	if err != nil {
		return nil, unavailable(names[0], err)
	}
	for old := range c.leaves {
		if len(c.leaves) < maxLeaves {
			break
		}
		delete(c.leaves, old)
	}
	made := &tls.Certificate{Certificate: [][]byte{leaf.Raw}, PrivateKey: key, Leaf: leaf}
	c.leaves[names[0]] = made
	return made, nil
}
