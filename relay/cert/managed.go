package cert

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"sync"
	"time"

	"github.com/caddyserver/certmagic"
	"github.com/mholt/acmez/v3/acme"
	"go.uber.org/zap"
)

const (
	// attemptLimit is how long one order may take, DNS hook and all.
	attemptLimit = 4 * time.Minute
	// waitLimit is how long a visitor waits for a certificate that is being ordered. The order goes on without him.
	waitLimit = 15 * time.Second
	// attempts is how many orders are under way at once.
	attempts = 8

	// maxHeld is how many certificates are kept in memory; more lie in the store.
	maxHeld = 10_000
)

var errAgain = errors.New("it was let go of in this moment; try again") // by makeRoom, or the end

// managed are the certificates that come from ACME.
type managed struct {
	domain     string
	hooked     bool
	subject    func(string) (subject, account string, wanted bool)
	run        func(func())
	log        *slog.Logger
	issuer     *issuer
	challenges challenges
	cache      *certmagic.Cache // is kept empty: its own maintenance has nobody who ends it
	config     *certmagic.Config
	storage    *storage
	orders     *orders
	slots      chan struct{}
	quiet      quiet

	ctx    context.Context // of all that is under way
	cancel context.CancelFunc
	under  sync.WaitGroup

	mu     sync.Mutex
	held   map[string]*held // by subject
	going  int              // attempts begun and not ended, those that wait for a slot included
	closed bool

	failures uint64 // of all attempts
}

// held is what there is for a subject. managed.mu guards it.
type held struct {
	cert     *tls.Certificate // nil: none yet
	err      error            // of the last attempt
	failures int              // in a row
	due      time.Time        // when the next attempt may be made
	busy     chan struct{}    // closed when the attempt under way has ended; nil: none is
}

// hurry shortens a wait that is long beside the life of the certificate in use: one of a minute is not to be missed for half of it.
func (h *held) hurry(wait time.Duration) time.Duration {
	if h.cert == nil {
		return wait
	}
	life := h.cert.Leaf.NotAfter.Sub(h.cert.Leaf.NotBefore)
	return min(wait, max(life/12, downFirst))
}

// fresh says that a certificate is there that visitors accept.
func (h *held) fresh(now time.Time) bool { return h.cert != nil && now.Before(h.cert.Leaf.NotAfter) }

func openManaged(o Options) (*managed, error) {
	i, err := newIssuer(o)
	if err != nil {
		return nil, err
	}
	m := &managed{
		domain: o.Domain, hooked: i.Hook != "", subject: o.Subject, run: o.Go, log: o.Log, issuer: i, challenges: i.challenges,
		orders: newOrders(), slots: make(chan struct{}, attempts), held: map[string]*held{},
	}
	m.ctx, m.cancel = context.WithCancel(context.Background())
	silent := zap.NewNop() // what matters comes back as errors
	m.cache = certmagic.NewCache(certmagic.CacheOptions{
		GetConfigForCert: func(certmagic.Certificate) (*certmagic.Config, error) { return m.config, nil }, Logger: silent,
	})
	m.storage = newStorage(o.Store, o.Go)
	m.config = certmagic.New(m.cache, certmagic.Config{
		Issuers: []certmagic.Issuer{i}, Storage: m.storage, KeySource: certmagic.StandardKeyGenerator{KeyType: certmagic.P256},
		OCSP: certmagic.OCSPConfig{DisableStapling: true}, DisableARI: true, Logger: silent,
	})
	return m, nil
}

// close ends what is under way.
func (m *managed) close() {
	m.mu.Lock()
	closed := m.closed
	m.closed = true
	m.mu.Unlock()
	if closed {
		return
	}
	m.cancel()
	m.under.Wait()
	m.cache.Stop()
	m.issuer.http.CloseIdleConnections()
}

// get is a certificate for a canonical name, nil if the name is not served. The visitor waits for one that is not there yet; one that has expired is better
// than none when the CA gives no other.
func (m *managed) get(ctx context.Context, name string) (*tls.Certificate, error) {
	now := time.Now()
	if c := m.inHand(now, name, "*."+parent(name)); c != nil {
		return c, nil
	}
	subject, account, wanted := m.subjectOf(name)
	if !wanted {
		return nil, nil
	}
	if err := m.possible(name, subject); err != nil {
		return nil, unavailable(name, err)
	}
	busy := m.need(subject, account, now)
	if busy != nil {
		limit := time.NewTimer(waitLimit)
		defer limit.Stop()
		select {
		case <-busy:
		case <-limit.C:
			return nil, unavailable(name, errors.New("it is being ordered"))
		case <-ctx.Done():
			return nil, unavailable(name, ctx.Err())
		}
	}
	return m.outcome(name, subject)
}

// inHand is the first certificate of subjects that needs no question; nil: there is none.
func (m *managed) inHand(now time.Time, subjects ...string) *tls.Certificate {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, subject := range subjects {
		if h := m.held[subject]; h != nil && h.fresh(now) {
			return h.cert
		}
	}
	return nil
}

// subjectOf is Options.Subject, but that names below the relay's domain have a certificate in common where there is a hook for it.
func (m *managed) subjectOf(name string) (subject, account string, wanted bool) {
	if m.hooked && parent(name) == m.domain {
		return "*." + m.domain, "", true
	}
	return m.subject(name)
}

// possible says why there can be no certificate for a name.
func (m *managed) possible(name, subject string) error {
	switch {
	case !isWildcard(subject):
		return nil
	case subject != name && "*."+parent(name) != subject:
		return fmt.Errorf("a certificate for %s is good for one label only", subject)
	case !m.hooked:
		return fmt.Errorf("a certificate for %s takes --acme-dns-hook or --cert at the relay", subject)
	}
	return nil
}

// challenge is the one that a CA was asked to look for at a canonical name; fs.ErrNotExist. The store is asked only about names that have a certificate of their own:
// others, of which strangers think up any number, have no challenge.
func (m *managed) challenge(name string) (acme.Challenge, error) {
	if subject, _, wanted := m.subject(name); !wanted || subject != name {
		return acme.Challenge{}, fs.ErrNotExist
	}
	return m.challenges.find(name)
}

// need begins an attempt for an account if one is due, and returns what is closed when the one under way ends; nil: none is.
func (m *managed) need(subject, account string, now time.Time) <-chan struct{} {
	m.mu.Lock()
	defer m.mu.Unlock()
	h := m.held[subject]
	if h == nil {
		m.makeRoom()
		h = &held{}
		m.held[subject] = h
	}
	if h.busy == nil && !h.fresh(now) && !now.Before(h.due) {
		m.begin(subject, account, h)
	}
	return h.busy
}

// makeRoom lets go of certificates, which lie in the store. m.mu is held.
func (m *managed) makeRoom() {
	for subject, h := range m.held {
		if len(m.held) < maxHeld {
			return
		}
		if h.busy == nil {
			delete(m.held, subject)
		}
	}
}

// outcome is what there is after an attempt, or between two.
func (m *managed) outcome(name, subject string) (*tls.Certificate, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch h := m.held[subject]; {
	case h != nil && h.cert != nil:
		return h.cert, nil
	case h != nil && h.err != nil:
		return nil, unavailable(name, h.err)
	}
	return nil, unavailable(name, errAgain)
}
