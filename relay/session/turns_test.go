package session

import (
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// Newcomers compute one after another, and one that waits for bytes keeps nobody waiting.
func TestTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		turns := make(turns, 1)
		silent, far := net.Pipe()
		var over sync.WaitGroup
		over.Go(func() {
			n := turns.begin(silent, nil, nil)
			defer n.end()
			if _, err := n.Read(make([]byte, 1)); err == nil {
				t.Error("a byte came from a silent one")
			}
		})
		synctest.Wait()
		began := time.Now()
		var ten sync.WaitGroup
		for range 10 {
			ten.Go(func() {
				n := turns.begin(nil, nil, nil)
				defer n.end()
				time.Sleep(time.Millisecond) // it computes
			})
		}
		ten.Wait()
		if took := time.Since(began); took != 10*time.Millisecond {
			t.Errorf("ten newcomers that compute for 1 ms each took %v", took)
		}
		far.Close()
		over.Wait()
		if len(turns) != 0 {
			t.Errorf("%d turns were not given back", len(turns))
		}
	})
}

// The connection of a session that is online needs no turn.
func TestTurnsAfterTheHandshake(t *testing.T) {
	turns := make(turns, 1)
	near, far := net.Pipe()
	defer near.Close()
	n := turns.begin(near, nil, nil)
	n.end()
	turns <- struct{}{} // somebody else has it
	go func() {
		_, _ = far.Write([]byte("x"))
		far.Close()
	}()
	if _, err := n.Read(make([]byte, 1)); err != nil {
		t.Error(err)
	}
}
