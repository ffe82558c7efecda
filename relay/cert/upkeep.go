package cert

import (
	"time"

	"github.com/caddyserver/certmagic"
	"go.uber.org/zap"
)

const (
	// cleanEvery is how often the store is looked through for what nobody needs any more, by all processes that share it together.
	cleanEvery = 24 * time.Hour
	// keepExpired is how long a certificate that has ended is kept.
	keepExpired = 30 * 24 * time.Hour
)

// prepare begins what need not wait for a visitor: the certificate for all names below the domain, which a hook takes its time for.
func (m *managed) prepare() {
	if m.hooked {
		m.need("*."+m.domain, "", time.Now())
	}
}

// renew begins what is due of the certificates in memory, no more than can be under way at once, so that visitors' orders need not wait for all of it, and lets
// go of those that nobody wants any more. What the CA has refused is remembered for a while: or whoever takes his name away for a moment had it asked again at once.
func (m *managed) renew() {
	now := time.Now()
	for _, subject := range m.due(now) {
		_, account, wanted := m.subjectOf(subject)
		m.mu.Lock()
		h := m.held[subject]
		switch {
		case h == nil, h.busy != nil:
		case !wanted && (h.failures == 0 || now.Sub(h.due) > refusedMost):
			delete(m.held, subject)
		case !wanted:
		case h.cert != nil && m.going < attempts:
			m.begin(subject, account, h)
		}
		m.mu.Unlock()
	}
}

func (m *managed) due(now time.Time) (subjects []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for subject, h := range m.held {
		if h.busy == nil && now.After(h.due) {
			subjects = append(subjects, subject)
		}
	}
	return subjects
}

// clean deletes certificates that have ended long ago from the store.
func (m *managed) clean() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return
	}
	m.under.Add(1)
	m.run(func() {
		defer m.under.Done()
		err := certmagic.CleanStorage(m.ctx, m.storage, certmagic.CleanStorageOptions{
			Logger: zap.NewNop(), Interval: cleanEvery, ExpiredCerts: true, ExpiredCertGracePeriod: keepExpired,
		})
		if err != nil && m.ctx.Err() == nil {
			m.log.Warn("old certificates could not be deleted", "err", err)
		}
	})
}
