package session

import (
	"context"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/relay/registry"
	"github.com/adit-tunnel/adit/wire"
	"github.com/adit-tunnel/adit/wire/hours"
)

// TestSilence: a link is dead when nothing has come for fifteen seconds and a ping is out, or when nothing could be sent for as long; and hours of nothing
// to say are no silence.
func TestSilence(t *testing.T) {
	hours.Run(t, func(t *testing.T) {
		r := inMemory(t)
		for what, happens := range map[string]func(*link){
			"nothing comes": func(k *link) { k.down.set(func(l *line) { l.cut = true }) },
			"nothing goes":  func(k *link) { k.up.set(func(l *line) { l.full = true }) },
			"both":          (*link).cut,
			"after a break of nine seconds": func(k *link) {
				k.cut()
				pass(9 * time.Second)
				k.mend()
				pass(time.Hour)
				k.cut()
			},
		} {
			a, k := r.remote("good", "i1", ok("hello"))
			e := a.bind(r, 1, "a")
			pass(3 * time.Hour)
			do(t, e, get(1))
			happens(k)
			r.ends(what, 9*time.Second, 17*time.Second) // pings come and go every five seconds, and are looked at every second
			a.leg.Close()
			k.up.set(func(l *line) { l.full = false })
			pass(time.Minute)
		}
	})
}

// TestLateAnswers: on a link that is so congested that an answer to a ping takes forty seconds, but that never falls silent, a session lives for hours.
func TestLateAnswers(t *testing.T) {
	hours.Run(t, func(t *testing.T) {
		r := inMemory(t)
		a, k := r.remote("good", "i1", ok("hello"))
		e := a.bind(r, 1, "a")
		s := e.Upstream.(*endpoint).sess
		say := func(leg *wire.Leg) {
			if err := leg.Send(wire.MsgNotice, 0, &wire.Notice{Level: "info", Text: "here"}); err != nil {
				t.Fatalf("after %v: %v", time.Since(r.begun), err)
			}
			for len(a.msgs) > 0 {
				<-a.msgs
			}
		}
		got := make(chan string, 1)
		for i := range 3 * 3600 {
			if i < 40 { // it fills up
				k.both(func(l *line) { l.delay += 500 * time.Millisecond })
			}
			if i == 3600 {
				go func() { got <- do(t, e, get(1)) }()
			}
			say(a.leg)
			say(s.legs.first().Leg)
			pass(time.Second)
		}
		if rtt := s.legs.first().RTT(); r.srv.Sessions() != 1 || rtt < 40*time.Second || rtt > 42*time.Second {
			t.Errorf("%d sessions, round trip %v", r.srv.Sessions(), rtt)
		}
		if s := <-got; s != "hello" {
			t.Errorf("a visitor got %q", s)
		}
	})
}

// TestSupersededSession: the session that has lost its name to another ends when the exchange it still has does, hours later. One that did not know is told
// at once, one that was moved is not.
func TestSupersededSession(t *testing.T) {
	hours.Run(t, func(t *testing.T) {
		for _, how := range []string{wire.HowResume, wire.HowMove} {
			r := inMemory(t)
			hold := make(chan struct{})
			old, _ := r.remote("good", "i1", func(l *lane) bool { <-hold; return ok("old")(l) })
			e := old.bind(r, 1, "a")
			x := begin(t, e, get(1))
			ticket := r.tickets["a"]
			young, _ := r.remote("good", "i1", ok("young"))
			heir := young.bindAs(r, &wire.Bind{Handle: 1, Protocol: "http", Name: "a", How: how, Ticket: ticket})
			pass(0)
			told := 0
			for len(old.msgs) > 0 {
				if m := <-old.msgs; m.Type == wire.MsgSuperseded {
					told++
				}
			}
			if (told == 1) != (how == wire.HowResume) || told > 1 {
				t.Errorf("%s: told %d times", how, told)
			}
			for range 6 {
				pass(30 * time.Minute)
				if n := r.srv.Sessions(); n != 2 {
					t.Fatalf("%s: %d sessions with an exchange under way", how, n)
				}
				if got := do(t, e, get(2)); got != "young" {
					t.Errorf("%s: a new visitor got %q", how, got)
				}
			}
			close(hold)
			if got, _, err := read(x); err != nil || got != "old" {
				t.Errorf("%s: what was under way: %q %v", how, got, err)
			}
			x.Finish()
			pass(0)
			if n := r.srv.Sessions(); n != 1 {
				t.Errorf("%s: %d sessions when it is over", how, n)
			}
			if f := old.await(wire.MsgFatal).Body.(*wire.Fatal); f.Code != wire.CodeSuperseded {
				t.Errorf("%s: %+v", how, f)
			}
			pass(time.Hour)
			do(t, heir, get(3))
		}
	})
}

// TestVisitorsOfALostSession: a request that does no harm waits for the agent that was lost with it, five seconds from the loss, and goes to the next session
// if that comes in time. What may have been delivered and does harm is not sent again.
func TestVisitorsOfALostSession(t *testing.T) {
	hours.Run(t, func(t *testing.T) {
		r := inMemory(t)
		for _, back := range []time.Duration{0, 3 * time.Second, 6 * time.Second} {
			stuck := make(chan struct{})
			old, k := r.remote("good", "i1", func(*lane) bool { <-stuck; return false })
			e := old.bind(r, 1, "a")
			type outcome struct {
				content string
				err     error
				after   time.Duration
			}
			ask := func(q *registry.Request, begin time.Time) chan outcome {
				got := make(chan outcome, 1)
				go func() {
					x, err := e.Upstream.Begin(context.Background(), q)
					var content string
					if err == nil {
						content, _, err = read(x)
						x.Finish()
					}
					got <- outcome{content, err, time.Since(begin)}
				}()
				return got
			}
			pass(time.Hour)
			lost := time.Now()
			harmless, harmful := ask(get(1), lost), ask(post("pay"), lost)
			pass(0)
			k.agent.Close()
			if pass(0); r.srv.Sessions() != 0 {
				t.Fatal("the session is not lost")
			}
			late := ask(post("came behind the loss"), lost)
			pass(back)
			young, _ := r.remote("good", "i1", ok("young"))
			young.bind(r, 1, "a")
			close(stuck)
			if o := <-harmful; codeOf(o.err) != wire.CodeDelivery || o.after != 0 {
				t.Errorf("back after %v: what may have been delivered: %+v", back, o)
			}
			for what, got := range map[string]chan outcome{"harmless": harmless, "late": late} {
				o := <-got
				if in := back < 5*time.Second; in && (o.content != "young" || o.err != nil || o.after != back) || !in && (o.err == nil || o.after != 5*time.Second) {
					t.Errorf("back after %v: %s: %+v", back, what, o)
				}
			}
			young.leg.Close()
			pass(time.Hour)
		}
	})
}

// TestTicketsOfOthers: a ticket counts for the account, instance and name it was made for, in a relay with the key that signed it.
func TestTicketsOfOthers(t *testing.T) {
	r := prepare(t)
	e := registry.Endpoint{Account: "acme", Instance: "i1", Host: "a.test", Epoch: 7}
	ticket := r.srv.ticket(&e)
	flip := func(i int) string {
		b := []byte(ticket)
		b[i] ^= 1
		return string(b)
	}
	otherKey := prepare(t, func(o *Options) { o.Key = []byte("another key") }).srv
	change := func(f func(*registry.Endpoint)) *registry.Endpoint {
		c := e
		f(&c)
		return &c
	}
	for what, c := range map[string]struct {
		srv    *Server
		ticket string
		e      *registry.Endpoint
		want   uint64
	}{
		"its own":              {r.srv, ticket, &e, 7},
		"in a later session":   {r.srv, ticket, change(func(e *registry.Endpoint) { e.Epoch = 99 }), 7},
		"of another key":       {otherKey, ticket, &e, 0},
		"of another account":   {r.srv, ticket, change(func(e *registry.Endpoint) { e.Account = "emca" }), 0},
		"of another instance":  {r.srv, ticket, change(func(e *registry.Endpoint) { e.Instance = "i2" }), 0},
		"of another name":      {r.srv, ticket, change(func(e *registry.Endpoint) { e.Host = "b.test" }), 0},
		"of a port":            {r.srv, ticket, change(func(e *registry.Endpoint) { e.Port = 80 }), 0},
		"words moved":          {r.srv, ticket, change(func(e *registry.Endpoint) { e.Account, e.Instance = "acm", "ei1" }), 0},
		"with another epoch":   {r.srv, flip(3), &e, 0},
		"with another MAC":     {r.srv, flip(30), &e, 0},
		"cut":                  {r.srv, ticket[:len(ticket)-4], &e, 0},
		"longer":               {r.srv, ticket + "AAAA", &e, 0},
		"none":                 {r.srv, "", &e, 0},
		"what is no ticket":    {r.srv, "ticket, please", &e, 0},
		"of epoch 0, unsigned": {r.srv, "AAAAAAAAAAA", &e, 0},
	} {
		if got := c.srv.claimed(c.ticket, c.e); got != c.want {
			t.Errorf("a ticket %s: epoch %d", what, got)
		}
	}
}

// TestTicketOfAnotherAgent: with somebody else's ticket nobody takes a name over while its holder lives, for hours.
func TestTicketOfAnotherAgent(t *testing.T) {
	hours.Run(t, func(t *testing.T) {
		r := inMemory(t)
		a, _ := r.remote("good", "i1", ok("hello"))
		e := a.bind(r, 1, "a")
		b, _ := r.remote("good", "i2", ok("thief"))
		for i := range uint32(60) {
			m := b.ask(wire.MsgBind, &wire.Bind{Handle: i, Protocol: "http", Name: "a", How: wire.HowResume, Ticket: r.tickets["a"]})
			if f, ok := m.Body.(*wire.Refusal); !ok || f.Code != wire.CodeAlreadyOnline {
				t.Fatalf("%+v", m.Body)
			}
			pass(time.Minute)
		}
		if got := do(t, e, get(1)); got != "hello" {
			t.Errorf("got %q", got)
		}
	})
}
