package cert

import (
	"context"
	"crypto/tls"
	"errors"
	"io/fs"
	"strings"
	"time"

	"github.com/caddyserver/certmagic"
)

// begin starts an attempt, which for a new certificate is from the share of account. m.mu is held.
func (m *managed) begin(subject, account string, h *held) {
	if m.closed {
		return
	}
	h.busy = make(chan struct{})
	old := h.cert
	m.going++
	m.under.Add(1)
	m.run(func() {
		defer m.under.Done()
		c, err := m.attempt(subject, account, old)
		m.ended(subject, h, c, err)
	})
}

// attempt gets a certificate from the store or the CA, in place of old, if there is one. With an error comes what the store has, even if it has expired.
func (m *managed) attempt(subject, account string, old *tls.Certificate) (*tls.Certificate, error) {
	ctx, cancel := context.WithTimeout(m.ctx, attemptLimit)
	defer cancel()
	select {
	case m.slots <- struct{}{}:
		defer func() { <-m.slots }()
	case <-ctx.Done():
		return old, ctx.Err()
	}
	stored, err := m.load(ctx, subject)
	renewal := old != nil
	if !renewal {
		if old = stored; err == nil && time.Now().Before(stored.Leaf.NotAfter) {
			return stored, nil
		}
	}
	switch {
	case err == nil:
		err = m.config.RenewCertSync(ctx, subject, false)
	case errors.Is(err, fs.ErrNotExist), m.clear(ctx, subject, err):
		err = nil
		if !renewal {
			err = m.orders.take(account, time.Now())
		}
		if err == nil {
			err = m.config.ObtainCertSync(ctx, subject)
		}
	}
	if err != nil {
		return old, err
	}
	return m.load(ctx, subject)
}

// clear deletes what the store has of a subject, when load has failed though the store gives all of it: it is damaged, and would be in the way for ever. false: the
// store is what ails, or it could not be deleted.
func (m *managed) clear(ctx context.Context, subject string, why error) (cleared bool) {
	issuer := m.issuer.IssuerKey()
	for _, part := range []func(issuer, subject string) string{certmagic.StorageKeys.SiteCert, certmagic.StorageKeys.SitePrivateKey, certmagic.StorageKeys.SiteMeta} {
		if _, err := m.storage.Load(ctx, part(issuer, subject)); err != nil || ctx.Err() != nil {
			return false
		}
	}
	if m.storage.Delete(ctx, certmagic.StorageKeys.CertsSitePrefix(issuer, subject)) != nil {
		return false
	}
	m.log.Warn("a certificate in the store is damaged; it is ordered anew", "name", subject, "err", why)
	return true
}

// load reads a certificate from the store; fs.ErrNotExist.
func (m *managed) load(ctx context.Context, subject string) (*tls.Certificate, error) {
	c, err := m.config.CacheManagedCertificate(ctx, subject)
	if err != nil {
		return nil, err
	}
	m.cache.Remove([]string{c.Hash()})
	return &c.Certificate, nil
}

// ended takes what came of an attempt.
func (m *managed) ended(subject string, h *held, c *tls.Certificate, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.going--
	now := time.Now()
	if err == nil {
		if h.cert == nil || !h.cert.Leaf.Equal(c.Leaf) {
			m.log.Info("a certificate is in use", "name", subject, "ends", c.Leaf.NotAfter)
		}
		h.cert, h.err, h.failures = c, nil, 0
		h.due = renewAt(c)
	} else {
		if h.cert == nil {
			h.cert = c
		}
		h.err = plain(err)
		m.failures++
		wait := h.hurry(backoff(err, h.failures))
		if _, ok := errors.AsType[*tooMany](err); !ok { // which says nothing of the name
			h.failures++
		}
		h.due = now.Add(wait)
		m.tell(subject, h, err, wait)
	}
	close(h.busy)
	h.busy = nil
}

// tell logs a failure: what the CA says of a name each time, what is wrong with the CA once a minute.
func (m *managed) tell(subject string, h *held, err error, wait time.Duration) {
	left := 0
	if m.ctx.Err() != nil {
		return
	}
	if !said(err) {
		var now bool
		if left, now = m.quiet.may(time.Now()); !now {
			return
		}
	}
	args := []any{"name", subject, "err", h.err, "next try in", wait.Round(time.Second)}
	if h.cert != nil {
		args = append(args, "the old one ends", h.cert.Leaf.NotAfter)
	}
	if left > 0 {
		args = append(args, "failures not logged", left)
	}
	m.log.Warn("no certificate could be had", args...)
}

// renewAt is when a certificate has lived for two thirds of its life.
func renewAt(c *tls.Certificate) time.Time {
	return c.Leaf.NotAfter.Add(-c.Leaf.NotAfter.Sub(c.Leaf.NotBefore) / 3)
}

// plain leaves out what certmagic puts before an error.
func plain(err error) error {
	if _, rest, ok := strings.Cut(err.Error(), "] Obtain: "); ok {
		return errors.New(rest)
	}
	if _, rest, ok := strings.Cut(err.Error(), "] Renew: "); ok {
		return errors.New(rest)
	}
	return err
}
