//go:build !(linux || darwin || freebsd)

package store

import "time"

var started = time.Now()

// threadTime is the time on the wall, which is at least what the calling thread has taken while it works. Between two pieces of work it says too much.
func threadTime() time.Duration { return time.Since(started) }
