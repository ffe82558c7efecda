package inspect

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestBusCoalesces(t *testing.T) {
	var b Bus
	b.Publish() // nobody is there
	hints, stop := b.Watch()
	defer stop()
	for range 4 {
		b.Publish()
	}
	<-hints
	select {
	case <-hints:
		t.Error("a second hint")
	default:
	}
	b.Publish()
	<-hints
}

func TestBusStop(t *testing.T) {
	var b Bus
	hints, stop := b.Watch()
	other, stopOther := b.Watch()
	defer stopOther()
	stop()
	stop()
	b.Publish()
	if _, ok := <-hints; ok {
		t.Error("a hint after stop")
	}
	<-other
}

// Whoever reads anew with each hint sees the last change, however late its hint is.
func TestBusLosesNoLastHint(t *testing.T) {
	var b Bus
	var changes atomic.Int64
	const publishers, each = 4, 500
	var readers sync.WaitGroup
	for range 3 {
		hints, stop := b.Watch()
		readers.Go(func() {
			defer stop()
			deadline := time.After(10 * time.Second)
			for changes.Load() < publishers*each {
				select {
				case <-hints:
				case <-deadline:
					t.Error("the last hint did not come")
					return
				}
			}
		})
	}
	var writers sync.WaitGroup
	for range publishers {
		writers.Go(func() {
			for range each {
				changes.Add(1)
				b.Publish()
			}
		})
	}
	writers.Wait()
	readers.Wait()
}
