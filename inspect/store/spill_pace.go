package store

import (
	"runtime"
	"time"
)

// allowance is the processor's time that files of content may take: as much as whole rows may. What is not taken is saved up for some seconds, so that
// a large body on a machine that has little else to do is kept to its end, however fast it comes. It belongs to one goroutine, which is locked to its thread.
type allowance struct {
	earns float64       // processor's time in each second
	most  time.Duration // that can be saved
	saved time.Duration
	at    time.Time
	taken time.Duration // of the thread, until at
}

// saving is for how long an allowance is saved up.
const saving = 10 * time.Second

func newAllowance(p pace) *allowance {
	earns := p.summary * float64(runtime.GOMAXPROCS(0))
	most := time.Duration(earns * float64(saving))
	return &allowance{earns: earns, most: most, saved: most, at: time.Now(), taken: threadTime()}
}

// look enters what has been taken since the last time.
func (a *allowance) look() {
	now, taken := time.Now(), threadTime()
	a.enter(now.Sub(a.at), taken-a.taken)
	a.at, a.taken = now, taken
}

// enter enters that taken was taken of the wall's time.
func (a *allowance) enter(wall, taken time.Duration) {
	a.saved = min(a.saved+time.Duration(a.earns*float64(wall)), a.most) - taken
}

// short says that no file should be begun: the rest is for those that have been.
func (a *allowance) short() bool { return a.saved < a.most/2 }

// spent says that those must end, too.
func (a *allowance) spent() bool { return a.saved <= 0 }
