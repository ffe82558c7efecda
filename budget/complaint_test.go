package budget

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestComplaint(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c Complaint
		if n, due := c.Due(); n != 1 || !due {
			t.Fatalf("the first: %d %v", n, due)
		}
		for range 5 {
			if _, due := c.Due(); due {
				t.Fatal("said twice in a moment")
			}
		}
		time.Sleep(every)
		if n, due := c.Due(); n != 6 || !due {
			t.Errorf("a minute later: %d %v", n, due)
		}
		if _, due := c.Due(); due {
			t.Error("said twice in a moment")
		}
	})
}
