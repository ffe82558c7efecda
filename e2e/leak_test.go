package e2e

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// amounts is how much is done before everything is looked at again.
type amounts struct{ requests, reconnects, aborts int }

const (
	// others are the agents of the library beside the one that is a process of its own.
	others = 9
	// atOnce is how many visitors there are.
	atOnce = 50
	// between is how many answers come between two resets of all links.
	between = 20
	mebi    = 1 << 20
)

// busy is what comes and goes: a relay, the agent as a program and some of the library behind one link, and what they held before.
type busy struct {
	*world
	crowd   *crowd
	breaker *breaker
	hosts   []string // of the crowd

	before, relayBefore held
	heard               atomic.Int64 // downloads of which the service heard the end
}

// Requests, resets of the link and downloads that are broken off, in numbers: each failure is one that can be seen, the counters agree, and goroutines,
// descriptors, streams and connections are as before.
func TestManyRequests(t *testing.T) {
	n := amounts{5_000, 50, 50}
	if full() {
		n = amounts{100_000, 1_000, 1_000}
	}
	beside(t)
	fresh := freshAgent(t)
	b := newBusy(t)
	b.requests(n.requests)
	b.aborts(n.aborts)
	b.countExactly()
	if full() {
		b.settle() // streams that are not needed are given back after ten seconds
		b.asBefore(b.crowd, b.before, b.relayBefore)
	}
	b.reconnects(n.reconnects)
	b.truth()
	report(t, fmt.Sprintf("memory: the relay held %d MiB at most, the agent %d MiB", peak(b.relay)>>20, peak(b.agent)>>20))
	if left := b.left(fresh); left != "" {
		t.Errorf("left behind: %s", left)
	}
	b.asBefore(b.crowd, b.before, b.relayBefore)
	report(t, fmt.Sprintf("before: %v; %d more agents: %v", b.calm, others, b.before))
	report(t, fmt.Sprintf("in the end: relay %v; %d more agents: %v", b.holds(), others, b.crowd.held(b.world)))
}

func newBusy(t *testing.T) *busy {
	b := &busy{world: newWorld(t)}
	b.local = watch(t, named(http.HandlerFunc(b.serve)))
	b.startRelay()
	b.breaker = newBreaker(t, b.agents)
	b.link = b.breaker.ln.Addr().String()
	b.startAgent()
	b.crowd = b.gather(others, b.link)
	b.crowd.answer(b.world)
	if !b.load.again() {
		t.Fatal("the URL does not answer")
	}
	b.reset() // what it is compared with then is sessions without exchanges, before and after
	b.settle()
	b.calm, b.before, b.relayBefore = b.idle(), b.crowd.held(b.world), b.holds()
	b.hosts = b.crowd.hosts()
	return b
}

// serve is the witness, content without an end, and an echo.
func (b *busy) serve(w http.ResponseWriter, q *http.Request) {
	switch q.URL.Path {
	default:
		b.service.ServeHTTP(w, q)
		return
	case "/echo":
		echo(w)
		return
	case "/endless":
	}
	block := make([]byte, 32<<10)
	for {
		if _, err := w.Write(block); err != nil {
			b.heard.Add(1)
			return
		}
	}
}

// hostOf is the URL that the ith visitor asks: every second one the program's.
func (b *busy) hostOf(i int) string {
	if i%2 == 0 {
		return b.host()
	}
	return b.hosts[i/2%len(b.hosts)]
}

// crowded lets visitors work side by side until do says that there is nothing to do.
func (b *busy) crowded(do func(v *visitor) bool) {
	var over sync.WaitGroup
	for i := range atOnce {
		over.Add(1)
		go func() {
			defer over.Done()
			v := &visitor{addr: b.public, host: b.hostOf(i), keeps: i/2%2 == 0, service: b.service}
			for do(v) {
			}
			b.load.leaves(v)
		}()
	}
	over.Wait()
}

// each is the mixture of requests: GETs and POSTs, one in two hundred of each a mebibyte long, some of unknown length.
func each(id int64) question {
	q := question{id: id, size: 200, pieces: 1, post: id%3 == 0, chunked: id%7 == 0}
	if q.post {
		q.sent = 1000
	}
	switch id % 200 {
	case 1:
		q.post, q.sent, q.size = false, 0, mebi
	case 2:
		q.post, q.sent = true, mebi
	}
	return q
}

// requests are n, while nothing is wrong: not one may fail.
func (b *busy) requests(n int) {
	b.t.Helper()
	began := time.Now()
	var todo atomic.Int64
	todo.Store(int64(n))
	b.crowded(func(v *visitor) bool {
		if todo.Add(-1) < 0 {
			return false
		}
		b.load.put(v, each(b.load.last.Add(1)))
		return true
	})
	report(b.t, fmt.Sprintf("%d requests in %v: %s", n, time.Since(began).Round(100*time.Millisecond), b.load.verdicts()))
	nobodyFails(b.world)
}

// reconnects resets all links at once, n of them in all, while requests are under way, and the last time when everybody has left: what an agent has then is
// of sessions that have ended, or was there before.
func (b *busy) reconnects(n int) {
	b.t.Helper()
	began, before := time.Now(), b.load.total()
	var over atomic.Bool
	var visit sync.WaitGroup
	visit.Add(1)
	go func() {
		defer visit.Done()
		b.crowded(func(v *visitor) bool {
			b.load.put(v, each(b.load.last.Add(1)))
			return !over.Load()
		})
	}()
	rounds := n / (others + 1)
	for range rounds - 1 {
		b.answers(between)
		b.reset()
	}
	over.Store(true)
	visit.Wait()
	b.reset()
	report(b.t, fmt.Sprintf("%d reconnects in %v while %d requests come; all requests: %s", rounds*(others+1),
		time.Since(began).Round(100*time.Millisecond), b.load.total()-before, b.load.verdicts()))
}

// reset resets all links and waits until all agents are back.
func (b *busy) reset() {
	b.t.Helper()
	online := func() int { return strings.Count(b.agent.stderr.text(), `msg="endpoint online"`) }
	began, before := time.Now(), online()
	b.breaker.reset()
	b.crowd.await(began)
	eventually(b.t, "the agent has its URL again", func() bool { return online() > before })
}

// answers waits for n more whole ones.
func (b *busy) answers(n int) {
	b.t.Helper()
	count := func() int {
		b.load.mu.Lock()
		defer b.load.mu.Unlock()
		return b.load.count[whole]
	}
	want := count() + n
	eventually(b.t, "requests are answered", func() bool { return count() >= want })
}

// aborts are n downloads that their visitors break off in the midst, half of them with a reset.
func (b *busy) aborts(n int) {
	b.t.Helper()
	began := time.Now()
	var todo atomic.Int64
	todo.Store(int64(n))
	b.crowded(func(v *visitor) bool {
		i := todo.Add(-1)
		if i < 0 {
			return false
		}
		if err := b.abort(v.host, i%2 == 0); err != nil {
			b.t.Errorf("a download does not begin: %v", err)
		}
		return true
	})
	eventually(b.t, "the service hears of all that left", func() bool { return b.heard.Load() == int64(n) })
	report(b.t, fmt.Sprintf("%d downloads broken off in %v", n, time.Since(began).Round(100*time.Millisecond)))
}

func (b *busy) abort(host string, reset bool) error {
	c, err := net.Dial("tcp", b.public)
	if err != nil {
		return err
	}
	defer c.Close()
	fmt.Fprintf(c, "GET /endless HTTP/1.1\r\nHost: %s\r\n\r\n", host)
	a, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return err
	}
	if _, err := io.CopyN(io.Discard, a.Body, 256<<10); err != nil {
		return err
	}
	if reset {
		return c.(*net.TCPConn).SetLinger(0)
	}
	return nil
}

// countExactly demands, while no session has been lost, that the agents have counted each connection that the relay accepted, and that none is open.
func (b *busy) countExactly() {
	b.t.Helper()
	var now held
	var accepted int64
	for deadline := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		if now, accepted = b.counted(), b.accepted(); now.Conns == accepted && now.Open == 0 {
			break
		}
		if time.Now().After(deadline) {
			b.t.Errorf("the agents count %d connections, %d open; the relay accepted %d", now.Conns, now.Open, accepted)
			return
		}
	}
	report(b.t, fmt.Sprintf("the relay accepted %d connections, the agents count %d, %d open", accepted, now.Conns, now.Open))
}

func (b *busy) accepted() int64 { return int64(b.figures()["adit_edge_connections_total"]) }

// counted is what all agents have counted together.
func (b *busy) counted() held {
	h := b.crowd.held(b.world)
	conns, open, requests := b.counters()
	return held{Conns: h.Conns + conns, Open: h.Open + open, Requests: h.Requests + requests}
}

// truth demands what holds whatever happens.
func (b *busy) truth() {
	b.t.Helper()
	for _, v := range []verdict{foreign, pretends, hung, refused} {
		if n := b.load.count[v]; n > 0 {
			b.t.Errorf("%d requests: %v: %v", n, v, b.load.examples[v])
		}
	}
	if n := b.service.twice(); n > 0 {
		b.t.Errorf("%d POSTs came twice", n)
	}
	for _, m := range b.service.mistakes() {
		b.t.Error(m)
	}
	eventually(b.t, "no connection counts as open", func() bool { return b.counted().Open == 0 })
	if now, all := b.counted(), b.accepted(); now.Conns > all {
		b.t.Errorf("the agents count %d connections; the relay accepted %d", now.Conns, all)
	}
}
