package session

import (
	"log/slog"
	"time"
)

// chatterEvery is how often an agent gets a line in the log for what it can repeat at will.
const chatterEvery = time.Minute

// chatter logs the first of many lines that an agent can cause as often as it likes, then one a minute, which says how many were left out before it. It is
// of the goroutine that hears the agent's messages.
type chatter struct {
	next    time.Time
	omitted int
}

func (c *chatter) info(log *slog.Logger, text string, args ...any) {
	now := time.Now()
	if now.Before(c.next) {
		c.omitted++
		return
	}
	if c.omitted > 0 {
		args = append(args, "omitted", c.omitted)
	}
	c.next, c.omitted = now.Add(chatterEvery), 0
	log.Info(text, args...)
}

// end says what was left out since the last line. The messages are over by then.
func (c *chatter) end(log *slog.Logger, text string) {
	if c.omitted > 0 {
		log.Info(text, "omitted", c.omitted)
	}
}
