package budget

import (
	"sync"
	"time"
)

// every is how often the same complaint is worth a line.
const every = time.Minute

// Complaint is something that goes wrong many times a second when it does, and is said once a minute. The zero value is ready. Safe for concurrent use.
type Complaint struct {
	mu    sync.Mutex
	said  time.Time
	times int
}

// Due counts one more time, and says whether it is to be said now, and how many there have been since that was so last, this one too.
func (c *Complaint) Due() (times int, due bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.times++
	if now := time.Now(); c.said.IsZero() || now.Sub(c.said) >= every {
		times, due, c.said, c.times = c.times, true, now, 0
	}
	return times, due
}
