package e2e

import "syscall"

func agentFaults() []row {
	return []row{{
		name:   "no fault",
		fault:  func(w *world) { w.pass(trail) },
		demand: nobodyFails, survive: true,
	}, {
		name: "agent killed, started again", quick: true,
		fault: func(w *world) {
			w.agent.signal(syscall.SIGKILL)
			w.agent.code()
			w.load.mend()
			w.startAgent()
		},
	}, {
		name: "agent stopped (SIGTERM), started again", quick: true,
		fault: func(w *world) {
			w.agent.signal(syscall.SIGTERM)
			if c := w.agent.code(); c != 0 {
				w.t.Errorf("the agent's exit code is %d", c)
			}
			w.load.mend()
			w.startAgent()
		},
		demand: nobodyIsCut,
	}, {
		name:   "agent frozen 8 s",
		fault:  func(w *world) { w.freezes(w.agent, shortFreeze) },
		demand: nobodyFails, survive: true,
	}, {
		name:    "agent frozen 60 s",
		long:    true,
		fault:   func(w *world) { w.freezes(w.agent, freeze) },
		survive: true,
	}}
}
