package session

import (
	"net/netip"
	"sync"
	"time"

	"github.com/adit-tunnel/adit/wire"
)

const (
	freeTries  = 2 // failures that cost nothing: somebody has mistyped
	maxBackoff = 5 * time.Minute
	forgetting = 15 * time.Minute // without a failure
	maxSources = 8192             // addresses remembered
)

// tries counts failed tokens by source and says how long a source has to wait: 1 s after the third failure, doubling up to 5 minutes. Tokens cannot be
// guessed: this slows a broken agent or a scanner down, and keeps it from costing a log line each time. It keeps nobody out who has a token, because one
// address may stand for many people.
type tries struct {
	now func() time.Time

	mu      sync.Mutex
	sources map[netip.Prefix]*failures
}

type failures struct {
	n     int
	last  time.Time
	until time.Time
}

// refusal counts a failure, of which why is told; nothing is counted while the source should wait.
func (t *tries) refusal(from netip.Prefix, why error) error {
	if w := t.wait(from); w > 0 {
		return &wire.FatalError{Code: wire.CodeTooManyTries, Text: wire.CodeTooManyTries.Info().Text, Wait: w}
	}
	t.failed(from)
	return why
}

// wait is how long the source has to wait; 0: it may try now.
func (t *tries) wait(from netip.Prefix) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	f := t.sources[from]
	if f == nil {
		return 0
	}
	return max(f.until.Sub(t.now()), 0)
}

// failed counts a failure.
func (t *tries) failed(from netip.Prefix) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	f := t.sources[from]
	if f == nil {
		if t.sources == nil {
			t.sources = map[netip.Prefix]*failures{}
		}
		if len(t.sources) >= maxSources {
			t.forget(now)
		}
		f = &failures{}
		t.sources[from] = f
	}
	if now.Sub(f.last) > forgetting {
		f.n = 0
	}
	f.n++
	f.last = now
	if over := f.n - freeTries; over > 0 {
		f.until = now.Add(min(time.Second<<min(over-1, 16), maxBackoff))
	}
}

// passed forgets a source that showed a token.
func (t *tries) passed(from netip.Prefix) {
	t.mu.Lock()
	delete(t.sources, from)
	t.mu.Unlock()
}

// forget drops what is old, and if that is nothing, everything: many addresses at once are one attacker, whose time is not worth our memory.
func (t *tries) forget(now time.Time) {
	for p, f := range t.sources {
		if now.Sub(f.last) > forgetting {
			delete(t.sources, p)
		}
	}
	if len(t.sources) >= maxSources {
		clear(t.sources)
	}
}
