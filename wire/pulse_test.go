package wire

import (
	"testing"
	"time"
)

func TestPulse(t *testing.T) {
	start := time.Now()
	at := func(s float64) time.Time { return start.Add(time.Duration(s * float64(time.Second))) }
	never := time.Time{}
	type step struct {
		now, heard float64
		stuck      time.Time
		answered   bool    // the last ping, before this tick
		waits      float64 // the ping, before it leaves
		ping       bool
		dead       bool
	}
	// ticks of a second from a to b, with heard as f says; nothing must happen.
	quiet := func(a, b float64, heard func(float64) float64) (s []step) {
		for n := a; n <= b; n++ {
			s = append(s, step{now: n, heard: heard(n)})
		}
		return s
	}
	same := func(n float64) func(float64) float64 { return func(float64) float64 { return n } }
	always := func(n float64) float64 { return n }
	join := func(lists ...[]step) (all []step) {
		for _, l := range lists {
			all = append(all, l...)
		}
		return all
	}
	tests := map[string][]step{
		"silence, ping, death":          join(quiet(0, 4, same(0)), []step{{now: 5, ping: true}}, quiet(6, 14, same(0)), []step{{now: 15, dead: true}}),
		"bytes without a pong are life": join(quiet(0, 4, same(0)), []step{{now: 5, ping: true}}, quiet(6, 60, always)),
		"a ping behind bulk":            join(quiet(0, 4, same(0)), []step{{now: 5, ping: true, waits: 12}}, quiet(6, 31, same(0)), []step{{now: 32, dead: true}}),
		"an answer starts anew": join(quiet(0, 4, same(0)), []step{{now: 5, ping: true}, {now: 6, heard: 6, answered: true}}, quiet(7, 10, same(6)),
			[]step{{now: 11, heard: 6, ping: true}}),
		"traffic is measured now and then": join(quiet(0, 11, always), []step{{now: 12, heard: 12, ping: true}, {now: 13, heard: 13, answered: true}}, quiet(14, 23, always),
			[]step{{now: 24, heard: 24, ping: true}}),
		"a stuck flush":       join(quiet(0, 9, always), []step{{now: 10, heard: 10, stuck: at(1)}, {now: 11, heard: 11, stuck: at(1)}}, []step{{now: 12, heard: 12, stuck: at(1), ping: true}, {now: 13, heard: 13, stuck: at(1)}, {now: 14, heard: 14, stuck: at(1)}, {now: 15, heard: 15, stuck: at(1)}, {now: 16, heard: 16, stuck: at(1), dead: true}}),
		"sleep is no death":   join(quiet(0, 4, same(0)), []step{{now: 5, ping: true}, {now: 3600, ping: true}}, quiet(3601, 3614, same(0)), []step{{now: 3615, dead: true}}),
		"a short sleep":       join(quiet(0, 3, same(0)), []step{{now: 6.1, ping: true}}, quiet(7, 18, same(0)), []step{{now: 22, ping: true}}, quiet(23, 36, same(0)), []step{{now: 37, dead: true}}),
		"late ticks are none": join(quiet(0, 3, always), []step{{now: 5.9, heard: 5.9}, {now: 8.8, heard: 8.8}}),
		"sleep with a flush":  join(quiet(0, 3, always), []step{{now: 900, heard: 3, stuck: at(3), ping: true}}, []step{{now: 901, heard: 901, stuck: at(3)}}),
	}
	for name, steps := range tests {
		t.Run(name, func(t *testing.T) {
			p := pulse{lim: defaultLimits, last: start}
			for i, s := range steps {
				if s.answered {
					var payload [pingSize]byte
					be.PutUint64(payload[:], p.id)
					if _, ok := p.pong(at(s.now), payload[:]); !ok {
						t.Fatalf("step %d: no ping was outstanding", i)
					}
				}
				stuck := never
				if !s.stuck.IsZero() {
					stuck = s.stuck
				}
				ping, dead := p.tick(at(s.now), at(s.heard), stuck)
				if ping != s.ping || (dead != "") != s.dead {
					t.Fatalf("at %v s: ping %t, dead %q", s.now, ping, dead)
				}
				if ping {
					p.ping(at(s.now))
					p.wroteAt(at(s.now + s.waits))
				}
			}
		})
	}
}

func TestPong(t *testing.T) {
	now := time.Now()
	p := pulse{lim: defaultLimits}
	first := p.ping(now)
	second := p.ping(now.Add(time.Second))
	if _, ok := p.pong(now, first[:]); ok {
		t.Error("an old ping's answer counted")
	}
	if rtt, ok := p.pong(now.Add(1045*time.Millisecond), second[:]); !ok || rtt != 45*time.Millisecond {
		t.Error(rtt, ok)
	}
	if _, ok := p.pong(now, second[:]); ok {
		t.Error("an answer counted twice")
	}
}
