package e2e

import (
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

// row is a bad day: what happens to a relay, an agent and the link between them under 200 requests a second, and what is demanded then beyond what
// is demanded always.
type row struct {
	name  string
	quick bool   // every "make test" has it, "make test-faults" has all but the long ones
	long  bool   // takes a minute more: ADIT_TEST_LONG
	host  string // the name that the agent wants; "": a random one
	// before, if any, changes the world before anything runs in it.
	before func(w *world)
	// fault calls load.mend when nothing is wrong any more but what adit has to mend itself.
	fault func(w *world)
	// demand, if any, judges the outcome.
	demand func(w *world)
	// survive: neither process was replaced, so that the agent's counters must agree with the relay's.
	survive bool
	// silent: nobody comes but whom the fault lets come.
	silent bool
}

func faults() []row {
	var all []row
	all = append(all, agentFaults()...)
	all = append(all, relayFaults()...)
	all = append(all, linkFaults()...)
	all = append(all, slowFault())
	return append(all, nameFaults()...)
}

const (
	// lead and trail are the load before the fault and after the URL has answered again.
	lead  = 2 * time.Second
	trail = 2 * time.Second
	// busyRows are under load at once; those that wait for the processes to become idle do not count.
	busyRows = 4
)

// Whatever dies, stops or is cut: the same URL answers again by itself, no answer goes to the wrong visitor, none that was cut looks whole, no
// POST comes twice, and nothing is left behind. At the end it prints a table.
func TestFaults(t *testing.T) {
	var rows []row
	for _, r := range faults() {
		if r.wanted() {
			rows = append(rows, r)
		}
	}
	fresh := freshAgent(t)
	results := make([]result, len(rows))
	busy := make(chan struct{}, busyRows)
	var over sync.WaitGroup
	for i, r := range rows {
		over.Add(1)
		go func() {
			defer over.Done()
			busy <- struct{}{}
			free := sync.OnceFunc(func() { <-busy })
			defer free()
			t.Run(strings.ReplaceAll(r.name, " ", "_"), func(t *testing.T) { r.run(t, fresh, &results[i], free) })
		}()
	}
	over.Wait()
	printTable(os.Stdout, rows, results)
}

func (r row) wanted() bool {
	if r.long {
		return os.Getenv("ADIT_TEST_LONG") != ""
	}
	return r.quick || os.Getenv("ADIT_TEST_FAULTS") != ""
}

// run plays one row and calls free when the load is over.
func (r row) run(t *testing.T, fresh int, out *result, free func()) {
	out.begun = true
	defer func() { out.failed = t.Failed() }()
	w := newWorld(t)
	w.name, w.out = r.host, out
	if r.before != nil {
		r.before(w)
	}
	w.startRelay()
	w.startAgent()
	if !w.load.again() {
		t.Fatal("the URL does not answer before the fault")
	}
	w.settle()
	w.calm = w.idle()
	if !r.silent {
		w.load.begin()
	}
	defer w.load.end()
	w.pass(lead)
	w.load.mend()
	r.fault(w)
	if !w.load.again() {
		t.Errorf("the URL does not answer again within %v", patience)
	}
	w.pass(trail)
	w.load.end()
	free()
	out.take(w)
	w.judge(r, fresh)
}

// pass lets time pass under load: the time is what is tested.
func (w *world) pass(d time.Duration) { time.Sleep(d) }

// judge demands what is promised on every day, and what this one promises.
func (w *world) judge(r row, fresh int) {
	l, t := w.load, w.t
	for _, v := range []verdict{foreign, pretends, hung} {
		if l.count[v] > 0 {
			t.Errorf("%d answers: %v", l.count[v], v)
		}
	}
	if n := w.service.twice(); n > 0 {
		t.Errorf("%d POSTs came twice", n)
	}
	for _, m := range w.service.mistakes() {
		t.Error(m)
	}
	if r.survive {
		w.countersAgree()
	}
	if r.demand != nil {
		r.demand(w)
	}
	w.out.left = w.left(fresh)
	if w.out.left != "" {
		t.Errorf("left behind: %s", w.out.left)
	}
	if t.Failed() {
		for v, all := range l.examples {
			for _, x := range all {
				t.Logf("%v: %s", verdict(v), x)
			}
		}
	}
}

// Not one request may fail.
func nobodyFails(w *world) {
	if n := w.load.failed(); n > 0 {
		w.t.Errorf("%d requests failed", n)
	}
}

// A request that came to the service is answered whole, and one that was sent is not met with silence.
func nobodyIsCut(w *world) {
	l := w.load
	if l.reached > 0 {
		w.t.Errorf("%d requests failed that had come to the service", l.reached)
	}
	if l.count[cut] > 0 {
		w.t.Errorf("%d requests were cut", l.count[cut])
	}
	// A request and the end of an idle connection can cross each other on the way in HTTP/1.1; more than a few are no accident.
	if l.count[crossed] > 3 {
		w.t.Errorf("%d requests met the end of their connections", l.count[crossed])
	}
}
