package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/adit-tunnel/adit/inspect"
)

// victimDir makes the test binary a program that records a thousand exchanges a second to a store in that directory, until it is killed.
const victimDir = "ADIT_TEST_VICTIM_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(victimDir); dir != "" {
		fmt.Println(beVictim(dir))
		os.Exit(1)
	}
	goleak.VerifyTestMain(m)
}

// beVictim writes a line with each exchange that is shown as committed: its ID and state.
func beVictim(dir string) error {
	s, err := Open(Options{Dir: dir, pace: unhurried})
	if err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- s.Keep(context.Background()) }()
	var seen uint64
	for i := 0; ; i++ {
		select {
		case err := <-ended:
			return err
		case <-time.After(time.Millisecond):
		}
		id := fmt.Sprint("x", i)
		s.Record(exchange(id, inspect.Pending, 100))
		if i%10 != 0 {
			s.Record(exchange(id, inspect.Done, 100))
		}
		items, lagged := s.Since(seen, 1000)
		if lagged {
			return errors.New("the window is too small")
		}
		for _, it := range items {
			if seen = it.Version; it.Committed {
				fmt.Println(it.ID, it.State)
			}
		}
	}
}
