package wire

import (
	"errors"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/wire/hours"
)

// sleeps makes the leg's last look at the wall clock one of before a sleep. The monotonic clock has stood still.
func (l *Leg) sleeps(d time.Duration) {
	l.pulse.mu.Lock()
	defer l.pulse.mu.Unlock()
	l.pulse.ticked = l.pulse.ticked.Add(-d)
}

func (l *Leg) pings() uint64 {
	l.pulse.mu.Lock()
	defer l.pulse.mu.Unlock()
	return l.pulse.id
}

// TestLegAfterSleep: a leg that wakes asks at its next look, and what it has not heard before counts for nothing: the other side has fifteen seconds from
// then. A link that lives is left alone.
func TestLegAfterSleep(t *testing.T) {
	hours.Run(t, func(t *testing.T) {
		for name, c := range map[string]struct {
			silence time.Duration // before the sleep
			slept   time.Duration
			mended  time.Duration // behind it; 0: never
			dead    time.Duration // behind it, at the earliest; 0: never
		}{
			"a night":                           {0, 9 * time.Hour, time.Nanosecond, 0},
			"a night behind a silence":          {13 * time.Second, 9 * time.Hour, 13 * time.Second, 0},
			"a nap behind a silence":            {13 * time.Second, 4 * time.Second, 13 * time.Second, 0},
			"a night, and the link has died":    {0, 9 * time.Hour, 0, 15 * time.Second},
			"a silence, a night, and it's dead": {13 * time.Second, 9 * time.Hour, 0, 15 * time.Second},
			"no sleep":                          {8 * time.Second, 0, 0, 0},
		} {
			r, a := memPair(64 << 10)
			l := startLegs(t, r, a, legSetup{relay: LegOptions{}})
			time.Sleep(time.Hour + 500*time.Millisecond) // between two looks
			for range 30 {                               // until a ping has just been answered: the next one is due in five seconds or more
				before := l.agent.pings()
				if time.Sleep(time.Second); l.agent.pings() != before {
					break
				}
			}
			r.freeze(true)
			a.freeze(true)
			time.Sleep(c.silence)
			asked := l.agent.pings()
			l.agent.sleeps(c.slept)
			l.relay.sleeps(c.slept) // it has other troubles here than that it is not heard
			begin := time.Now()
			time.Sleep(time.Second)
			if n := l.agent.pings() - asked; (n == 1) != (c.slept > 0) {
				t.Errorf("%s: %d pings at the next look", name, n)
			}
			if c.mended > 0 {
				time.Sleep(c.mended - time.Since(begin))
				r.freeze(false)
				a.freeze(false)
				time.Sleep(time.Hour)
				if l.agent.ended() || l.relay.ended() {
					t.Errorf("%s: the leg has ended", name)
				}
				l.relay.Close()
				l.agent.Close()
				continue
			}
			err := waitEnd(t, l.agentEnd)
			if took := time.Since(begin); !errors.Is(err, ErrLinkLost) || took < c.dead || took > 17*time.Second {
				t.Errorf("%s: ended after %v: %v", name, took, err)
			}
		}
	})
}
