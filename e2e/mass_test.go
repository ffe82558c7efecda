package e2e

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	// lives is how many agents have links that hold while a crowd's are cut.
	lives = 5
	// calmFor is how long they are watched before that.
	calmFor = time.Second
)

// Many agents that lose their links at once, or their relay, are all back under their URLs, and those whose links held feel nothing.
func TestManyAgentsReconnect(t *testing.T) {
	beside(t)
	n := 100
	if full() {
		n = 1000
	}
	w := newWorld(t)
	w.local = watch(t, named(w.service))
	w.startRelay()
	link := newBreaker(t, w.agents)
	live := w.startLive()
	c := w.gather(n, link.ln.Addr().String())
	c.answer(w)
	w.storm(c, link, live)
	w.relayKilled(c, live)
}

// startLive starts the agents whose links hold, as processes of their own, and returns their public names.
func (w *world) startLive() (hosts []string) {
	var all []*process
	for i := range lives {
		all = append(all, w.join(fmt.Sprint("live", i), w.token))
	}
	for _, p := range all {
		hosts = append(hosts, hostIn(p.ready()))
	}
	return hosts
}

// storm resets all links of the crowd at once under the load of the live ones.
func (w *world) storm(c *crowd, link *breaker, live []string) {
	w.t.Helper()
	before, relayBefore := c.held(w), w.holds()
	calm := w.watchLive(live, func() { w.pass(calmFor) })
	var cutAt time.Time
	var back []time.Time
	during := w.watchLive(live, func() {
		cutAt = time.Now()
		link.reset()
		back = c.await(cutAt)
	})
	report(w.t, fmt.Sprintf("%d agents whose links are reset at once: %s", c.n, spread(cutAt, back)))
	report(w.t, fmt.Sprintf("%d agents beside them: before %s; meanwhile %s", lives, calm, during))
	for _, s := range []samples{calm, during} {
		if failed := s.failed(); len(failed) > 0 {
			w.t.Errorf("%d of %d requests to agents whose links hold failed: %v", len(failed), len(s), failed[:min(shown, len(failed))])
		}
	}
	c.answer(w)
	w.asBefore(c, before, relayBefore)
}

// asBefore demands that relay and crowd come to hold no more than before, but for the probes that are always under way in a crowd: what each member
// leaves behind is many times as much.
func (w *world) asBefore(c *crowd, before, relayBefore held) {
	w.t.Helper()
	var now, relayNow held
	for deadline := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		if now, relayNow = c.held(w), w.holds(); now.within(before.and(c.n/10)) && relayNow.within(relayBefore.and(c.n/10)) {
			return
		}
		if time.Now().After(deadline) {
			w.t.Errorf("left behind: agents %v, before %v; relay %v, before %v", now, before, relayNow, relayBefore)
			w.t.Log(w.page("http://" + c.pages + "/stacks"))
			return
		}
	}
}

// holds is what the relay has: the most of a few looks, because there is always a probe under way somewhere.
func (w *world) holds() (h held) {
	for range 5 {
		h.Goroutines = max(h.Goroutines, int(w.figures()["go_goroutines"]))
		h.files = max(h.files, files(w.relay))
	}
	return h
}

// relayKilled kills the relay under all of them and starts it again.
func (w *world) relayKilled(c *crowd, live []string) {
	w.t.Helper()
	w.killRelay()
	cutAt := time.Now()
	w.startRelay()
	back := c.await(cutAt)
	report(w.t, fmt.Sprintf("%d agents whose relay is killed and started again: %s", c.n+lives, spread(cutAt, back)))
	c.answer(w)
	for _, host := range live {
		eventually(w.t, "the agents beside them are back", func() bool { return w.once(host, time.Now()).verdict == whole })
	}
}

// spread says how long after cut the first, the half and the last one were back.
func spread(cut time.Time, back []time.Time) string {
	slices.SortFunc(back, time.Time.Compare)
	after := func(i int) time.Duration { return back[i].Sub(cut).Round(10 * time.Millisecond) }
	return fmt.Sprintf("the first is back after %v, half after %v, all after %v", after(0), after(len(back)/2), after(len(back)-1))
}

// sample is one request to a live agent.
type sample struct {
	at      time.Time
	took    time.Duration
	verdict verdict
	what    string
}

type samples []sample

// watchLive sends 200 requests a second to hosts, half of them on kept connections, until f returns.
func (w *world) watchLive(hosts []string, f func()) (all samples) {
	var mu sync.Mutex
	var over sync.WaitGroup
	stop := make(chan struct{})
	for i := range visitors {
		over.Add(1)
		go func() {
			defer over.Done()
			v := &visitor{addr: w.public, host: hosts[i%len(hosts)], keeps: i/len(hosts)%2 == 0, service: w.service}
			defer v.leave()
			for tick := time.NewTimer(time.Duration(i) * visitEvery / visitors); ; tick.Reset(visitEvery) {
				select {
				case <-tick.C:
				case <-stop:
					return
				}
				s := w.asks(v, time.Now())
				mu.Lock()
				all = append(all, s)
				mu.Unlock()
			}
		}()
	}
	f()
	close(stop)
	over.Wait()
	return all
}

func (w *world) asks(v *visitor, began time.Time) sample {
	kind, what := v.ask(question{id: w.load.last.Add(1), size: 200, pieces: 1})
	return sample{began, time.Since(began), kind, what}
}

// once is a visitor that comes once.
func (w *world) once(host string, began time.Time) sample {
	v := &visitor{addr: w.public, host: host, service: w.service}
	defer v.leave()
	return w.asks(v, began)
}

func (all samples) failed() (out samples) {
	for _, s := range all {
		if s.verdict != whole {
			out = append(out, s)
		}
	}
	return out
}

func (all samples) String() string {
	var took []time.Duration
	for _, s := range all {
		took = append(took, s.took)
	}
	slices.Sort(took)
	at := func(part float64) time.Duration {
		return took[int(part*float64(len(took)-1))].Round(100 * time.Microsecond)
	}
	return fmt.Sprintf("%d requests, %d failed, p50 %v, p99 %v, longest %v", len(all), len(all.failed()), at(0.5), at(0.99), at(1))
}

// verdicts are the load's, in words.
func (l *load) verdicts() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var all []string
	for v, n := range l.count {
		if n > 0 {
			all = append(all, fmt.Sprintf("%d %v", n, verdict(v)))
		}
	}
	for code, n := range l.pages {
		all = append(all, fmt.Sprintf("%d × %s", n, code))
	}
	return strings.Join(all, ", ")
}
