package agent

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/wire"
	"github.com/adit-tunnel/adit/wire/hours"
)

// slot is an identity that outlives agents.
func (w *lab) slot() func(*Options) {
	s, err := TakeSlot(w.t.TempDir())
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() {
		if err := s.Close(); err != nil {
			w.t.Error(err)
		}
	})
	return func(o *Options) { o.Slot = s }
}

// endedBy checks why Run has ended.
func (r *resident) endedBy(code wire.Code) {
	r.t.Helper()
	var f *FatalError
	if err := r.over(); !errors.As(err, &f) || f.Code != int(code) {
		r.t.Fatalf("Run: %v, want %v", err, code)
	}
}

// TestNameOfALivingHolder: another agent of the account is refused at once, another account's too, for hours; the holder feels nothing.
func TestNameOfALivingHolder(t *testing.T) {
	hours.Run(t, func(t *testing.T) {
		w := newLab(t)
		r, a := w.online()
		for range 20 {
			b, c := w.agent(), w.agent(func(o *Options) { o.Token = "other" })
			wait(0)
			b.endedBy(wire.CodeAlreadyOnline)
			c.endedBy(wire.CodeNameTaken)
			r.works()
			wait(10 * time.Minute)
		}
		if r.holder() != a.instance || len(w.taken()) != 40 {
			t.Error("the holder has changed")
		}
	})
}

// TestNameOfAMuteHolder: who gives no sign of life for two seconds loses the name to another agent of the account, but not to a stranger. When its link comes
// back it hears that; when that is dead, it is refused on its return.
func TestNameOfAMuteHolder(t *testing.T) {
	hours.Run(t, func(t *testing.T) {
		for _, dead := range []bool{false, true} {
			w := newLab(t)
			r, a := w.online()
			link := w.link()
			got := r.slowly()
			link.cut()
			b, c := w.agent(), w.agent(func(o *Options) { o.Token = "other" })
			wait(2*time.Second - time.Nanosecond)
			if c.endedBy(wire.CodeNameTaken); r.holder() != a.instance {
				t.Fatalf("dead %v: the name was lost too early", dead)
			}
			if wait(time.Nanosecond); r.holder() != b.instance {
				t.Fatalf("dead %v: the name was not taken over", dead)
			}
			r.works()
			if !dead {
				link.mend()
				wait(20 * time.Second) // of the grace
				if len(a.ended) != 0 {
					t.Fatal("it has not let its exchange end")
				}
				close(a.slow)
				wait(0)
				if s := <-got; s != "/slow" {
					t.Errorf("what the old holder carried: %q", s)
				}
				a.endedBy(wire.CodeSuperseded)
			} else {
				wait(17 * time.Second)
				a.endedBy(wire.CodeAlreadyOnline)
				if s := <-got; s == "/slow" {
					t.Errorf("a dead link has delivered %q", s)
				}
			}
			wait(time.Hour)
			if r.holder() != b.instance || r.srv.Sessions() != 1 {
				t.Errorf("dead %v: %d sessions", dead, r.srv.Sessions())
			}
			r.works()
		}
	})
}

// TestNameOfAKilledAgent: the same agent's next process has its name at once, while the relay still believes in the old one.
func TestNameOfAKilledAgent(t *testing.T) {
	hours.Run(t, func(t *testing.T) {
		w := newLab(t)
		self := w.slot()
		r := w.relay()
		w.agent(self)
		wait(10 * time.Minute)
		for range 10 {
			w.link().cut() // all that a killed process does in a network that swallows its FIN
			next := w.agent(self)
			wait(0)
			if next.session() == "" || next.Status().Endpoints[0].URL == "" {
				t.Fatal("it does not have its name")
			}
			r.works()
			if got, err := r.visit("/again"); got != "/again" || err != nil {
				t.Fatal(got, err)
			}
			wait(10 * time.Minute)
			if n := r.srv.Sessions(); n != 1 {
				t.Errorf("%d sessions", n)
			}
		}
	})
}

// service starts an agent again 5 s after it has ended, as service managers do.
func (w *lab) service(ctx context.Context, self func(*Options)) {
	for ctx.Err() == nil {
		a := w.agent(self)
		select {
		case <-a.ended:
		case <-ctx.Done():
		}
		time.Sleep(5 * time.Second)
	}
}

// TestTwoAgentsNeverFlap: two agents of an account want one name for an hour, and never stop trying. It changes hands when its holder has been mute, and
// never else.
func TestTwoAgentsNeverFlap(t *testing.T) {
	hours.Run(t, func(t *testing.T) {
		w := newLab(t)
		r := w.relay()
		ctx, cancel := context.WithCancel(t.Context())
		go w.service(ctx, w.slot())
		wait(time.Second)
		epoch := r.epoch()
		go w.service(ctx, w.slot())
		for i := range 6 {
			for range 600 {
				if wait(time.Second); r.epoch() != epoch {
					t.Fatal("the name changes hands, and its holder lives")
				}
			}
			r.works()
			link := w.linkOf(r.holder())
			link.cut()
			wait(10 * time.Second)
			if r.epoch() == epoch {
				t.Error("the name is kept for a holder that is mute")
			}
			if epoch = r.epoch(); i%2 == 0 {
				link.mend()
			}
		}
		cancel()
		wait(10 * time.Second)
	})
}

// epoch is that of the name's bind.
func (r *memoryRelay) epoch() uint64 {
	r.t.Helper()
	e, err := r.reg.Pick([]byte(host))
	if err != nil {
		r.t.Fatal(err)
	}
	return e.Epoch
}
