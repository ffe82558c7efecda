package e2e

import (
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

const (
	// shortFreeze is shorter than what makes a link count as dead.
	shortFreeze = 8 * time.Second
	// late is how long agents are there before the relay.
	late = 5 * time.Second
)

func relayFaults() []row {
	return []row{{
		name: "relay killed, started again", quick: true,
		fault: func(w *world) {
			w.killRelay()
			w.load.mend()
			w.startRelay()
		},
	}, {
		name: "relay stopped (SIGTERM), started again", quick: true,
		fault: func(w *world) {
			old := w.relay
			old.signal(syscall.SIGTERM)
			w.load.mend()
			w.startRelay() // beside the old one, which finishes what it has begun
			w.oldRelay = old
		},
		demand: func(w *world) {
			if c := w.oldRelay.code(); c != 0 {
				w.t.Errorf("the old relay's exit code is %d", c)
			}
			nobodyIsCut(w)
		},
	}, {
		name: "relay started again without its state", host: "shop.tunnel.test",
		fault: func(w *world) {
			w.killRelay()
			w.relayState = filepath.Join(w.dir, "another")
			w.startRelay()
			w.refused(w.agent, "ADIT-1008") // a stranger, as far as the agent can know
			w.load.mend()
			w.startAgent() // with the new pin
		},
	}, {
		name:   "relay frozen 8 s",
		fault:  func(w *world) { w.freezes(w.relay, shortFreeze) },
		demand: nobodyFails, survive: true,
	}, {
		name:    "relay frozen 60 s",
		long:    true,
		fault:   func(w *world) { w.freezes(w.relay, freeze) },
		survive: true,
	}, {
		name: "agent started 5 s before the relay",
		fault: func(w *world) {
			w.agent.signal(syscall.SIGTERM)
			w.agent.code()
			w.killRelay()
			w.agent = w.join("agent", w.token)
			w.pass(late)
			w.load.mend()
			w.startRelay()
		},
		demand: func(w *world) {
			if url := w.agent.ready(); url != w.url {
				w.t.Errorf("the URL was %s, is %s", w.url, url)
			}
		},
	}}
}

func (w *world) killRelay() {
	w.relay.signal(syscall.SIGKILL)
	w.relay.code()
}

// freezes stops a process for d, as a laptop's sleep or a machine without memory does.
func (w *world) freezes(p *process, d time.Duration) {
	p.signal(syscall.SIGSTOP)
	w.pass(d)
	w.load.mend()
	p.signal(syscall.SIGCONT)
}

// refused demands that an agent ends by itself, saying why.
func (w *world) refused(p *process, code string) {
	w.t.Helper()
	if c := p.code(); c != 3 {
		w.t.Errorf("the agent's exit code is %d, want 3", c)
	}
	if !strings.Contains(p.stderr.text(), code) {
		w.t.Errorf("the agent does not say %s:\n%s", code, p.stderr.tail())
	}
}
