package agent

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/wire"
)

const (
	// askEvery is how often a local service that takes no connections is asked whether it does again. Without that, only the next request would tell.
	askEvery = time.Second
	askTime  = 900 * time.Millisecond
)

// health is how a local service is, as the requests to it have shown. The zero value knows nothing.
type health struct {
	up    atomic.Bool // as in now: nearly all answers change nothing
	spoke atomic.Bool // there was an answer, ever

	mu   sync.Mutex
	now  inspect.Health
	dead bool // with HealthDown: not even a connection came to be, so that one tells when it is over
}

func (h *health) get() inspect.Health {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

// answered notes an answer.
func (h *health) answered() {
	if !h.spoke.Load() {
		h.spoke.Store(true)
	}
	h.stands()
}

// stands notes a connection.
func (h *health) stands() {
	if h.up.Load() {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now, h.dead = inspect.Health{State: inspect.HealthUp, Since: time.Now()}, false
	h.up.Store(true)
}

// failed notes why there was no answer; dead: there was no connection either, and it is worth while to ask for one.
func (h *health) failed(code wire.Code) (dead bool) {
	reason := ailments[code]
	if reason == "" {
		return false // it was not the local service's fault
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.now.State != inspect.HealthDown {
		h.now = inspect.Health{State: inspect.HealthDown, Since: time.Now()}
	}
	h.now.Reason = reason
	h.dead = code == wire.CodeLocalRefused || code == wire.CodeLocalTimeout || code == wire.CodeLocalName
	h.up.Store(false)
	return h.dead
}

// isDead says that there is no connection to be had, as far as is known.
func (h *health) isDead() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.dead
}

// ailments are what is wrong with a local service, in words, by what its requests fail with.
var ailments = map[wire.Code]string{
	wire.CodeLocalRefused: "refused",
	wire.CodeLocalTimeout: "timed out",
	wire.CodeLocalName:    "name not found",
	wire.CodeLocalReset:   "reset",
	wire.CodeLocalNotHTTP: "not HTTP",
	wire.CodeLocalBadHead: "broken answers",
	wire.CodeLocalTLS:     "TLS failed",
}

// askAiling asks local services that take no connections, until they do; stop ends that and waits for its end.
func (a *Agent) askAiling(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	a.o.Go(func() {
		defer close(ended)
		for {
			select {
			case <-ctx.Done():
				return
			case <-a.eng.ailing:
				a.nurse(ctx)
			}
		}
	})
	return func() {
		cancel()
		<-ended
	}
}

// nurse asks once a second until no local service is dead, or ctx ends.
func (a *Agent) nurse(ctx context.Context) {
	tick := time.NewTicker(askEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		dead := a.dead()
		if len(dead) == 0 {
			return
		}
		for _, ep := range dead {
			if c, err := ep.up.dial(ctx, askTime); err == nil {
				_ = c.Close() // it has said all that it was to say
				ep.health.stands()
				a.bus.Publish()
			}
		}
	}
}

// dead are the endpoints whose local service takes no connections.
func (a *Agent) dead() (dead []*endpoint) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, ep := range a.endpoints {
		for ; ep != nil; ep = ep.before { // what it is to take the place of is served as long
			if ep.listener == nil && ep.health.isDead() {
				dead = append(dead, ep)
			}
		}
	}
	return dead
}
