package session

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/adit-tunnel/adit/relay/registry"
	"github.com/adit-tunnel/adit/wire"
)

func TestWhatNobodyTouchedIsSentAgain(t *testing.T) {
	for _, c := range []struct {
		name  string
		code  wire.Code
		fails int64 // so many times
		times int64 // the request is seen
		end   wire.Type
	}{
		{"twice", wire.CodeBadHandle, 2, 3, wire.Data},
		{"for ever", wire.CodeBadHandle, 100, 1 + maxTries, wire.FailType},
		{"a service that refuses", wire.CodeLocalRefused, 100, 1, wire.FailType},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t)
			var seen atomic.Int64
			a := r.agent("good", "i1", func(l *lane) bool {
				if !l.drain() {
					return false
				}
				if seen.Add(1) <= c.fails {
					return l.Write(fail(l.req.Seq, c.code, true)) == nil
				}
				return l.Write(l.response("hello", taken)) == nil
			})
			e := a.bind(r, 1, "a")
			x := begin(t, e, post("content"))
			_, last, err := read(x)
			if err != nil || last.Type != c.end {
				t.Fatal(last.Type, err)
			}
			x.Finish()
			if n := seen.Load(); n != c.times {
				t.Fatalf("seen %d times, want %d", n, c.times)
			}
			if n := e.Upstream.Load(); n != 0 {
				t.Fatalf("load %d", n)
			}
		})
	}
}

// TestStreamsThatDieFirst: an agent that gives up every stream before a request is on it does not keep the visitor waiting for ever.
func TestStreamsThatDieFirst(t *testing.T) {
	r := newRig(t)
	e := r.agent("good", "i1", ok("hello")).bind(r, 1, "a").Upstream.(*endpoint)
	streams := make([]*stream, maxMisses+1)
	e.sess.pools.mu.Lock()
	for i := range streams {
		streams[i] = &stream{e: e, leg: e.sess.legs.first()}
		streams[i].mu.Lock()
		e.pool.idle = append([]*stream{streams[i]}, e.pool.idle...) // taken in this order
	}
	e.sess.pools.mu.Unlock()
	got := make(chan error, 1)
	go func() {
		x, err := e.Begin(context.Background(), get(1))
		if err == nil {
			x.Abort(wire.CodeVisitorGone)
		}
		got <- err
	}()
	for i, st := range streams {
		eventually(t, "the next one is taken", func() bool {
			e.sess.pools.mu.Lock()
			defer e.sess.pools.mu.Unlock()
			return len(e.pool.idle) == len(streams)-1-i
		})
		st.gone.Store(true)
		st.mu.Unlock()
	}
	if err := <-got; codeOf(err) != wire.CodeAgentAborted {
		t.Fatal(err)
	}
	if n := e.Load(); n != 0 {
		t.Fatalf("load %d", n)
	}
}

func TestResetBelowIsSentAgain(t *testing.T) {
	r := newRig(t)
	a := r.agent("good", "i1", func(l *lane) bool {
		switch {
		case l.n == 1 && l.req.Seq == 2: // given up before it was read
			l.SendReset(1, 0)
			_, err := l.Next()
			return err == nil
		}
		return ok("hello")(l)
	})
	e := a.bind(r, 1, "a")
	for range 2 {
		if got := do(t, e, post("content")); got != "hello" {
			t.Fatalf("got %q", got)
		}
	}
	if n := a.streams.Load(); n != 2 {
		t.Fatalf("%d streams", n)
	}
}

// TestIdleStreamsGivenUp: an agent that lets all its idle streams go while a request comes gets that request on a new one.
func TestIdleStreamsGivenUp(t *testing.T) {
	const idle = maxTries + 2
	r := newRig(t)
	var all sync.WaitGroup
	all.Add(idle)
	a := r.agent("good", "i1", func(l *lane) bool {
		switch {
		case l.req.Seq > 1:
			l.SendReset(1, 0)
			_, err := l.Next()
			return err == nil
		case l.n <= idle:
			all.Done()
			all.Wait()
		}
		return ok("hello")(l)
	})
	e := a.bind(r, 1, "a")
	var xs [idle]registry.Exchange
	for i := range xs {
		xs[i] = begin(t, e, get(uint64(i+1)))
	}
	for _, x := range xs {
		if _, _, err := read(x); err != nil {
			t.Fatal(err)
		}
		x.Finish()
	}
	x := begin(t, e, post("content"))
	if got, _, err := read(x); got != "hello" || err != nil {
		t.Fatal(got, err)
	}
	x.Finish()
	if n := a.streams.Load(); n != idle+1 {
		t.Fatalf("%d streams", n)
	}
}

func TestResetOfTheCurrentExchange(t *testing.T) {
	r := newRig(t)
	a := r.agent("good", "i1", func(l *lane) bool {
		if l.req.Conn == 1 { // gives the stream up, but ends in order
			l.SendReset(l.req.Seq, 0)
			return ok("hello")(l)
		}
		l.SendReset(l.req.Seq, wire.CodeBadFraming)
		_, err := l.Next()
		return err == nil
	})
	e := a.bind(r, 1, "a")
	x := begin(t, e, get(1))
	if got, _, err := read(x); got != "hello" || err != nil {
		t.Fatal(got, err)
	}
	eventually(t, "RESET is heard", func() bool {
		st := x.(*exchange).st.Load()
		st.mu.Lock()
		defer st.mu.Unlock()
		return st.givenUp
	})
	x.Finish()
	x = begin(t, e, get(2))
	if n := a.streams.Load(); n > 2 {
		t.Fatalf("%d streams", n)
	}
	if _, _, err := read(x); codeOf(err) != wire.CodeBadFraming {
		t.Fatal(err)
	}
	if n := a.streams.Load(); n != 2 {
		t.Fatalf("%d streams: a stream that was given up was used again", n)
	}
}
