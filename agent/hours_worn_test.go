package agent

import (
	"sync"
	"testing"
	"time"

	sessions "github.com/adit-tunnel/adit/relay/session"
	"github.com/adit-tunnel/adit/wire"
	"github.com/adit-tunnel/adit/wire/hours"
)

// TestStreamIDsRunOutUnderLoad: the leg is replaced again and again, in one session, and no visitor notices; who is still being answered on an old one is
// answered to the end.
func TestStreamIDsRunOutUnderLoad(t *testing.T) {
	hours.Run(t, func(t *testing.T) {
		const ids = 256
		w := newLab(t)
		r := w.relay(func(o *sessions.Options) { o.StreamIDs = ids })
		w.ids = ids
		a := w.agent()
		<-a.Ready()
		id := a.session()
		slow := make(chan string, 1)
		go func() {
			got, err := r.visit("/slow")
			if err != nil {
				t.Error(err)
			}
			slow <- got
		}()
		var visitors sync.WaitGroup
		for range 8 {
			visitors.Go(func() {
				for n := range 200 {
					// An upgrade that is declined uses its stream up.
					if got, err := r.visitWith("/x", "Connection: upgrade\r\nUpgrade: x\r\n", wire.ReqUpgrade); err != nil || got != "/x" {
						t.Errorf("request %d: %q %v", n, got, err)
						return
					}
					time.Sleep(200 * time.Millisecond) // of the bubble's time
				}
			})
		}
		visitors.Wait()
		if made := len(w.taken()); made < 8*200/ids || a.session() != id {
			t.Errorf("%d connections, session %q, then %q", made, id, a.session())
		}
		wait(time.Minute)
		if n := legsOfAgent(a); n != 2 {
			t.Errorf("%d legs: that of the slow visitor, and the present one", n)
		}
		close(a.slow)
		if got := <-slow; got != "/slow" {
			t.Errorf("the slow visitor got %q", got)
		}
		wait(time.Minute)
		if n := legsOfAgent(a); n != 1 {
			t.Errorf("%d legs at the end", n)
		}
		r.works()
	})
}

func legsOfAgent(a *resident) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.Agent.session.legs.list())
}
