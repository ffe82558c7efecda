package inspect

import (
	"sync"
	"testing"
	"time"
)

func TestBusCoalesces(t *testing.T) {
	var b Bus
	b.Publish(Hint{Version: 1}) // nobody is there
	hints, stop := b.Watch()
	defer stop()
	for _, v := range []uint64{5, 7, 6, 0} {
		b.Publish(Hint{Version: v})
	}
	if h := <-hints; h.Version != 7 {
		t.Errorf("hint of %d, want the newest, 7", h.Version)
	}
	select {
	case h := <-hints:
		t.Errorf("a second hint: %v", h)
	default:
	}
	b.Publish(Hint{})
	if h := <-hints; h.Version != 0 {
		t.Errorf("hint of %d, want 0", h.Version)
	}
}

func TestBusStop(t *testing.T) {
	var b Bus
	hints, stop := b.Watch()
	other, stopOther := b.Watch()
	defer stopOther()
	stop()
	stop()
	b.Publish(Hint{Version: 3})
	if h, ok := <-hints; ok {
		t.Errorf("a hint after stop: %v", h)
	}
	if h := <-other; h.Version != 3 {
		t.Errorf("the other watcher got %v", h)
	}
}

// Whoever reads until the last version has been hinted at gets there, however late it is.
func TestBusLosesNoLastHint(t *testing.T) {
	var b Bus
	const publishers, each = 4, 500
	var readers sync.WaitGroup
	for range 3 {
		hints, stop := b.Watch()
		readers.Go(func() {
			defer stop()
			deadline := time.After(10 * time.Second)
			for {
				select {
				case h := <-hints:
					if h.Version == publishers*each {
						return
					}
				case <-deadline:
					t.Error("the last hint did not come")
					return
				}
			}
		})
	}
	var writers sync.WaitGroup
	for p := range publishers {
		writers.Go(func() {
			for i := range each {
				b.Publish(Hint{Version: uint64(p + 1 + i*publishers)})
			}
		})
	}
	writers.Wait()
	readers.Wait()
}
