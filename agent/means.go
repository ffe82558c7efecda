package agent

import (
	"context"
	"errors"
	"log/slog"
	"syscall"
	"time"

	"github.com/adit-tunnel/adit/budget"
	"github.com/adit-tunnel/adit/inspect/capture"
	"github.com/adit-tunnel/adit/wire"
)

const (
	// laneCost is what a lane may hold in memory, roughly: the first window of a request on its way to a slow service, a block of its answer, three goroutines.
	laneCost = wire.FirstLimit + 40<<10

	// ownFiles is what an agent has open itself: standard files, slot and log, sessions with the relay, the store of captures, the local API and who looks at it.
	ownFiles = 24

	// dialWait is how long a request waits for another one's connection to the local service to end, where no file is left for its own.
	dialWait  = 5 * time.Second
	dialRetry = 20 * time.Millisecond
)

// errNoFiles says that this process has all the connections it may have.
var errNoFiles = errors.New("no connection to the local service is left")

// means is what the exchanges under way may use.
type means struct {
	memory *budget.Budget // of lanes
	files  *budget.Budget // connections to local services
	wait   time.Duration  // for one of them
	log    *slog.Logger
	short  budget.Complaint
}

// newMeans divides what the agent may use; 0 bounds nothing. Captures under way have a sixteenth of the memory, lanes half of it.
func newMeans(memory, files int64, log *slog.Logger) (*means, *capture.Budget) {
	m := &means{wait: dialWait, log: log}
	if memory > 0 {
		m.memory = budget.New(memory / 2)
	}
	if files > 0 {
		m.files = budget.New(max(files-ownFiles, 4))
	}
	captures := int64(capture.DefaultTotal)
	if memory > 0 {
		captures = min(captures, memory/16)
	}
	return m, capture.NewBudget(0, captures)
}

// dial connects to what ep leads to, with a file of the budget that local.close gives back.
func (m *means) dial(ctx context.Context, ep *endpoint, limit time.Duration, v visit) (localConn, error) {
	for begin := time.Now(); ; {
		conn, err := m.tryDial(ctx, ep, limit, v)
		if err == nil || !noFiles(err) {
			return conn, err
		}
		if n, due := m.short.Due(); due {
			m.log.Warn("no open files are left for connections to the local service: requests wait, and fail after 5 s", "err", err, "times", n)
		}
		t := time.NewTimer(dialRetry)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return nil, err
		}
		if time.Since(begin) > m.wait {
			return nil, err
		}
	}
}

func (m *means) tryDial(ctx context.Context, ep *endpoint, limit time.Duration, v visit) (localConn, error) {
	if !m.files.Take(1) {
		return nil, errNoFiles
	}
	conn, err := ep.dial(ctx, limit, v)
	if err != nil {
		m.files.Give(1)
		return nil, err
	}
	return conn, nil
}

// noFiles says that err is this process's own trouble, or this machine's, not the local service's.
func noFiles(err error) bool {
	return errors.Is(err, errNoFiles) || errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE)
}
