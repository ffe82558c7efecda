package session

import (
	"log/slog"
	"sync"
	"time"
)

// chatterEvery is how often there is a line in the log for what agents and strangers can repeat at will.
const chatterEvery = time.Minute

// chatter logs the first of many lines that the other side can cause as often as it likes, then one a minute, which says how many were left out before it.
// Who wants to see them all logs at the debug level.
type chatter struct {
	mu      sync.Mutex
	next    time.Time
	omitted int
}

func (c *chatter) info(log *slog.Logger, text string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	if now.Before(c.next) {
		c.omitted++
		log.Debug(text, args...)
		return
	}
	if c.omitted > 0 {
		args = append(args, "omitted", c.omitted)
	}
	c.next, c.omitted = now.Add(chatterEvery), 0
	log.Info(text, args...)
}

// end says what was left out since the last line.
func (c *chatter) end(log *slog.Logger, text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.omitted > 0 {
		log.Info(text, "omitted", c.omitted)
	}
}
