package session

import (
	"io"
	"log/slog"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/relay/control"
	"github.com/adit-tunnel/adit/wire"
	"github.com/adit-tunnel/adit/wire/hours"
	"github.com/adit-tunnel/adit/wire/wiretest"
)

// ends fails the test unless the last session ends between least and most from now.
func (r *rig) ends(what string, least, most time.Duration) {
	r.t.Helper()
	begin := time.Now()
	for r.srv.Sessions() > 0 {
		if time.Since(begin) > most {
			r.t.Fatalf("%s: the session lives %v later", what, time.Since(begin))
		}
		pass(10 * time.Millisecond)
	}
	if took := time.Since(begin); took < least {
		r.t.Errorf("%s: the session has ended after %v, want %v at least", what, took, least)
	}
}

// book is a log that many may write.
type book struct{ wiretest.Log }

// logged writes the relay's log into a book.
func logged(b *book) func(*Options) {
	return func(o *Options) { o.Log = slog.New(slog.NewTextHandler(b, nil)) }
}

func (b *book) has(t *testing.T, words ...string) {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(b.String(), w) {
			t.Errorf("%q is not in the log:\n%s", w, b)
		}
	}
}

// lookups is a control store in which tokens can be withdrawn for some looks.
type lookups struct {
	control.Lookup
	missing atomic.Int64 // looks that will not find the token
	looks   atomic.Int64
}

func (l *lookups) Renew(g control.Grant) (control.Grant, error) {
	l.looks.Add(1)
	if l.missing.Add(-1) >= 0 {
		return control.Grant{}, control.ErrUnknownToken
	}
	return l.Lookup.Renew(g)
}

// TestTokenIsLookedUpTwice: a token that is not found at one look may just be being written; at two it was withdrawn. Its session ends with the reason.
func TestTokenIsLookedUpTwice(t *testing.T) {
	hours.Run(t, func(t *testing.T) {
		var store *lookups
		r := inMemory(t, func(o *Options) { store = &lookups{Lookup: o.Control}; o.Control = store })
		a, _ := r.remote("good", "i1", ok("hello"))
		e := a.bind(r, 1, "a")
		for range 20 {
			pass(10 * time.Minute)
			store.missing.Store(1)
		}
		pass(10 * time.Minute)
		if n := store.looks.Load(); r.srv.Sessions() != 1 || n != 21*300 {
			t.Fatalf("%d looks", n)
		}
		do(t, e, get(1))
		store.missing.Store(1 << 40)
		if pass(3900 * time.Millisecond); r.srv.Sessions() != 1 {
			t.Error("it ended at the first look")
		}
		r.ends("withdrawn", 0, 200*time.Millisecond)
		if f := a.await(wire.MsgFatal).Body.(*wire.Fatal); f.Code != wire.CodeBadToken {
			t.Errorf("%+v", f)
		}
	})
}

// TestFarewell: who is told why it is over closes; who hears nothing is cut five seconds later; and on a slow link the reason comes before the end.
func TestFarewell(t *testing.T) {
	hours.Run(t, func(t *testing.T) {
		r := inMemory(t)
		for _, c := range []struct {
			what        string
			do          func(*link)
			least, most time.Duration
			told        bool
		}{
			{"a link that is whole", func(*link) {}, 0, 100 * time.Millisecond, true},
			{"a slow one", func(k *link) { k.both(func(l *line) { l.delay = 2 * time.Second }) }, 4 * time.Second, 4100 * time.Millisecond, true},
			{"a very slow one", func(k *link) { k.both(func(l *line) { l.delay = 4 * time.Second }) }, 5 * time.Second, 5100 * time.Millisecond, true},
			{"a dead one", (*link).cut, 5 * time.Second, 5100 * time.Millisecond, false},
		} {
			a, k := r.remote("good", "i1", ok("hello"))
			a.bind(r, 1, "a")
			pass(time.Second)
			c.do(k)
			for _, s := range r.srv.online() {
				s.legs.fatal(&wire.Fatal{Code: wire.CodeSessionLimit, Text: "why not"})
			}
			r.ends(c.what, c.least, c.most)
			pass(time.Minute)
			told := false
			for len(a.msgs) > 0 {
				f, ok := a.next().Body.(*wire.Fatal)
				told = told || ok && f.Code == wire.CodeSessionLimit && f.Text == "why not"
			}
			if told != c.told {
				t.Errorf("%s: told %v", c.what, told)
			}
		}
	})
}

// TestAgentsFarewell: what an agent says before it ends the session is heard, and its Fatal ends it at once: nobody waits for such an agent.
func TestAgentsFarewell(t *testing.T) {
	hours.Run(t, func(t *testing.T) {
		var log book
		r := inMemory(t, logged(&log))
		a, k := r.remote("good", "i1", ok("hello"))
		a.bind(r, 1, "a")
		a.bind(r, 2, "b")
		k.down.set(func(l *line) { l.delay = time.Second })
		if err := a.leg.Send(wire.MsgUnbind, 0, &wire.Unbind{Handle: 2}); err != nil {
			t.Fatal(err)
		}
		a.leg.Fatal(&wire.Fatal{Code: wire.CodeInternal, Text: "tired"})
		r.ends("Fatal", time.Second, 1100*time.Millisecond)
		pass(0)
		log.has(t, "tired", "endpoint offline")
		begin := time.Now()
		if _, err := r.reg.Await(t.Context(), []byte("a.acme.test")); err == nil || time.Since(begin) > 0 {
			t.Errorf("visitors wait %v: %v", time.Since(begin), err)
		}
	})
}

// TestTenSecondsToWelcome: whoever is not authenticated after ten seconds is cut, at whatever point and however busy; who is slow, but in time, comes in.
func TestTenSecondsToWelcome(t *testing.T) {
	hours.Run(t, func(t *testing.T) {
		r := inMemory(t)
		for what, begins := range map[string]func(*link) net.Conn{
			"silence": func(k *link) net.Conn { return k.agent },
			"TLS":     func(k *link) net.Conn { return r.tls(k) },
			"a preface": func(k *link) net.Conn {
				c := r.tls(k)
				_, _ = io.WriteString(c, "adit\x00\r\n\x1a\x00\x01\x00\x01\x00\x00\x00\x00")
				return c
			},
			"a byte a second": func(k *link) net.Conn {
				c := r.tls(k)
				go func() {
					for {
						time.Sleep(time.Second)
						if _, err := c.Write([]byte("a")); err != nil {
							return
						}
					}
				}()
				return c
			},
		} {
			begin := time.Now()
			c := begins(r.connect())
			_, _ = io.Copy(io.Discard, c)
			if took := time.Since(begin); took != 10*time.Second && what != "a byte a second" || took > 10*time.Second {
				t.Errorf("%s: cut after %v", what, took)
			}
			c.Close()
			pass(2 * time.Second)
		}
		if n := r.srv.lobby.len(); n != 0 {
			t.Errorf("%d are left in the lobby", n)
		}
		k := r.connect()
		pass(9 * time.Second)
		a := r.agentOn(r.tls(k), "good", "i1", ok("hello"))
		e := a.bind(r, 1, "a")
		pass(2 * time.Hour)
		do(t, e, get(1))
	})
}
