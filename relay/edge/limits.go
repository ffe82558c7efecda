package edge

import (
	"time"
)

// limits are the time limits in ns of the sweeper's clock. Those that Options does not name are constants of the protocol; tests shorten them.
type limits struct {
	head, idle, body, reader int64
	watch                    int64 // a response that takes longer has its visitor watched
	leave                    int64 // after a visitor's FIN: how long the answer may have nothing to send
	early, earlyAll          int64 // an upload after its answer: without a byte, in all
	linger, lingerAll        int64 // a connection that waits for the visitor's FIN: without a byte, in all
	spare                    int64 // how long one must have waited for a request to be worth less than a newcomer for whom there is no room
	turn                     int64 // telling a visitor that there is no room for it
	late                     int64 // at a stop: how long one may still come on a connection that waits for a request; twice that since the last
	tick                     time.Duration
}

func newLimits(o Options) limits {
	or := func(d, def time.Duration) int64 {
		if d <= 0 {
			return int64(def)
		}
		return int64(d)
	}
	l := limits{
		head: or(o.Head, 10*time.Second), idle: or(o.Idle, 75*time.Second), body: or(o.Body, 30*time.Second), reader: or(o.Reader, time.Minute),
		watch: int64(250 * time.Millisecond), leave: int64(2 * time.Second),
		early: int64(5 * time.Second), earlyAll: int64(30 * time.Second),
		linger: int64(5 * time.Second), lingerAll: int64(30 * time.Second),
		spare: int64(time.Second), turn: int64(time.Second), late: or(o.Late, time.Second),
	}
	least := time.Duration(min(l.head, l.idle, l.body, l.reader))
	l.tick = max(5*time.Millisecond, min(250*time.Millisecond, least/4))
	return l
}
