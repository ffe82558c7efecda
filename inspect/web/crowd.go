package web

import (
	"context"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// Bounds of a crowd. The agent has its memory and its files in common with the traffic, so that any number of readers, be they as slow as they like, must not
// get at more of them than this.
const (
	mostConns   = 256
	mostStreams = 64 // of events: each is told of all that changes
	mostLarge   = 4  // large answers under way: each may need some 100 MiB
)

// door counts connections, and closes those that are too many.
type door struct{ open atomic.Int64 }

func (d *door) watch(c net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		if d.open.Add(1) > mostConns {
			_ = c.Close() // the server finds that out, and says so below
		}
	case http.StateClosed, http.StateHijacked:
		d.open.Add(-1)
	}
}

// room has a place for each that may be in it at once.
type room chan struct{}

// enter waits for a place, at most for patience; false: there is none. Who has entered leaves.
func (r room) enter(ctx context.Context, patience time.Duration) bool {
	select {
	case r <- struct{}{}:
		return true
	default:
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	select {
	case r <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

func (r room) leave() { <-r }

// inTurn is a handler of answers that take much memory: few are made at once, the others wait.
func (s *Server) inTurn(h handler) handler {
	return func(w http.ResponseWriter, r *http.Request) *apiError {
		if !s.large.enter(r.Context(), s.limits.turn) {
			return busy("other large answers are still being read")
		}
		defer s.large.leave()
		return h(w, r)
	}
}

// busy is for who may come again later.
func busy(why string) *apiError {
	return fail(codeFailed, http.StatusServiceUnavailable, "too much at once", why).saying("", "try again when others are done")
}
