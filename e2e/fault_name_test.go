package e2e

import (
	"regexp"
	"syscall"
)

func nameFaults() []row {
	return []row{{
		name: "a second agent of the account wants the name", host: "shop.tunnel.test",
		fault: func(w *world) { w.refused(w.join("second", w.token), "ADIT-3003") },
		demand: func(w *world) {
			nobodyFails(w)
			if line := regexp.MustCompile(`(?m)^.*(ADIT-3011|taken over|no session).*$`).FindString(w.agent.stderr.text()); line != "" {
				w.t.Errorf("the first agent flapped: %s", line)
			}
		},
		survive: true,
	}, {
		name: "agent killed, another account wants its name", host: "shop.tunnel.test",
		fault: func(w *world) {
			w.agent.signal(syscall.SIGKILL)
			w.agent.code()
			w.refused(w.join("stranger", w.other), "ADIT-3004")
			w.load.mend()
			w.startAgent()
		},
	}, {
		name: "agent frozen, a second one takes its name", host: "shop.tunnel.test",
		fault: func(w *world) {
			w.agent.signal(syscall.SIGSTOP)
			w.load.mend()
			w.succeeds(w.join("second", w.token))
		},
	}}
}

// succeeds demands that heir takes over from a frozen agent, which hears of it when it wakes and does not take the name back.
func (w *world) succeeds(heir *process) {
	w.t.Helper()
	frozen := w.agent
	ready := said(heir, heir.stdout, `^ready .*url=(\S+)`)
	frozen.signal(syscall.SIGCONT)
	if ready == nil || ready[1] != w.url {
		w.t.Errorf("the second agent has not taken the name over: %v\n%s", ready, heir.stderr.tail())
		return
	}
	w.agent = heir
	w.refused(frozen, "ADIT-3011")
}
