package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/adit-tunnel/adit/inspect"
)

const (
	maxSpill = 100 << 20 // bytes of one side's content

	spillGather = 2 * time.Millisecond // how long pieces gather, since to wake a thread for each costs as much as writing it
)

// errSpilling says that content is still on its way to its file.
var errSpilling = errors.New("content is still being written")

// spills takes the content that is too large for memory to files in a directory of this run. What belongs to an exchange that is written moves from there to
// its place; the rest is deleted, at the latest when the next agent finds that this one is dead.
type spills struct {
	dir   string
	pace  pace
	files int   // at once
	room  int64 // bytes that may wait to be written, of all of them: they bridge a moment in which the disk or the processor is busy
	wake  chan struct{}
	short atomic.Bool // as the allowance says
	spent atomic.Bool

	mu     sync.Mutex
	all    map[string]*spill // by name of the file
	jobs   []job
	queued int64 // bytes in jobs
	closed bool
}

// job is content to be written, or with nil the end of a file.
type job struct {
	*spill
	content []byte
}

// spill is one file. All but the first two belongs to the spills' lock; f to who writes.
type spill struct {
	q     *spills
	taken int64 // its owner's
	id    inspect.ID
	name  string
	f     *os.File

	written int64
	ended   bool // nothing more comes
	done    bool // and all is written
	failed  bool // it can not be written: there is no file
}

func newSpills(dir string, p pace, files int, room int64) *spills {
	return &spills{dir: dir, pace: p, files: files, room: room, wake: make(chan struct{}, 1), all: map[string]*spill{}}
}

// Spill begins a file for the content of one side.
func (s *Store) Spill(id inspect.ID, side inspect.Side) inspect.Spill {
	if s.spills == nil || s.db.Load() == nil {
		return nil
	}
	q := s.spills
	q.mu.Lock()
	defer q.mu.Unlock()
	name := bodyName(id, side)
	if q.closed || q.short.Load() || len(q.all) >= q.files || q.all[name] != nil {
		return nil
	}
	sp := &spill{q: q, id: id, name: name}
	q.all[name] = sp
	return sp
}

// Write implements inspect.Spill.
func (sp *spill) Write(p []byte) bool {
	q := sp.q
	q.mu.Lock()
	defer q.mu.Unlock()
	n := int64(len(p))
	if sp.ended || sp.failed || q.closed || q.spent.Load() || sp.taken+n > maxSpill || q.queued+n > q.room {
		q.end(sp)
		return false
	}
	sp.taken += n
	q.queued += n
	q.push(job{sp, block(p)})
	return true
}

// blockSize is that of the pieces in which content comes, and of what is used again for them: a copy of each gigabyte would have the collector run all the time.
const blockSize = 32 << 10

var blocks = sync.Pool{New: func() any { return new([blockSize]byte) }}

// block copies p; reuse takes it back. A block for a small piece would hold many times of what is counted.
func block(p []byte) []byte {
	if len(p) <= blockSize/2 || len(p) > blockSize {
		return append([]byte{}, p...)
	}
	return append(blocks.Get().(*[blockSize]byte)[:0], p...)
}

func reuse(b []byte) {
	if cap(b) == blockSize {
		blocks.Put((*[blockSize]byte)(b[:blockSize]))
	}
}

// Close implements inspect.Spill.
func (sp *spill) Close() {
	sp.q.mu.Lock()
	defer sp.q.mu.Unlock()
	sp.q.end(sp)
}

func (q *spills) end(sp *spill) {
	if !sp.ended {
		sp.ended = true
		q.push(job{sp, nil})
	}
}

func (q *spills) push(j job) {
	q.jobs = append(q.jobs, j)
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// run writes until ctx ends, and then what it has been given.
func (q *spills) run(ctx context.Context) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	a := newAllowance(q.pace)
	for {
		stopped := ctx.Err() != nil
		jobs := q.take(stopped)
		for _, j := range jobs {
			q.do(j)
			q.account(a)
		}
		if stopped && len(jobs) == 0 {
			return
		}
		var rested <-chan time.Time
		if q.short.Load() {
			rested = time.After(lately / 10)
		}
		select {
		case <-q.wake:
			time.Sleep(spillGather)
		case <-rested:
			q.account(a)
		case <-ctx.Done():
		}
	}
}

// account tells those who bring content how much of the machine writing may still take.
func (q *spills) account(a *allowance) {
	a.look()
	q.short.Store(a.short())
	q.spent.Store(a.spent())
}

// take returns what is to be written. For the last time it ends all files.
func (q *spills) take(last bool) []job {
	q.mu.Lock()
	defer q.mu.Unlock()
	if last {
		q.closed = true
		for _, sp := range q.all {
			q.end(sp)
		}
	}
	jobs := q.jobs
	q.jobs = nil
	return jobs
}

func (q *spills) do(j job) {
	err := j.write()
	q.mu.Lock()
	defer q.mu.Unlock()
	q.queued -= int64(len(j.content))
	j.failed = j.failed || err != nil
	j.done = j.content == nil
	if err == nil {
		j.written += int64(len(j.content))
	}
	reuse(j.content)
}

// write does the job on the file.
func (j job) write() error {
	path := filepath.Join(j.q.dir, j.name)
	switch {
	case j.failed: // only who writes sets it
		return nil
	case j.content == nil && j.f == nil:
		return nil
	case j.content == nil:
		return j.f.Close()
	case j.f == nil:
		f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		j.f = f
	}
	_, err := j.f.Write(j.content)
	if err != nil {
		err = errors.Join(err, j.f.Close(), remove(path))
		j.f = nil
	}
	return err
}

// finished returns the file with kept bytes of one side's content: errSpilling when it is not whole yet.
func (q *spills) finished(id inspect.ID, side inspect.Side, kept int64) (path string, err error) {
	name := bodyName(id, side)
	q.mu.Lock()
	defer q.mu.Unlock()
	sp := q.all[name]
	switch {
	case sp == nil || sp.failed || sp.ended && sp.done && sp.written < kept:
		return "", fmt.Errorf("content of the %s of exchange %q: %w", side, id, inspect.ErrNotFound)
	case !sp.done:
		return "", errSpilling
	}
	return filepath.Join(q.dir, name), nil
}

// open opens what has come of one side's content, at most kept bytes.
func (q *spills) open(id inspect.ID, side inspect.Side, kept int64) (inspect.Body, error) {
	name := bodyName(id, side)
	q.mu.Lock()
	sp := q.all[name]
	if sp == nil || sp.failed {
		q.mu.Unlock()
		return nil, missing(id)
	}
	kept = min(kept, sp.written)
	q.mu.Unlock()
	return openContent(filepath.Join(q.dir, name), kept)
}

// forget deletes the files that are finished and for which nobody asks any more.
func (q *spills) forget(wanted func(inspect.ID) bool) {
	q.mu.Lock()
	var gone []string
	for name, sp := range q.all {
		if sp.done && !wanted(sp.id) {
			delete(q.all, name)
			gone = append(gone, filepath.Join(q.dir, name))
		}
	}
	q.mu.Unlock()
	for _, path := range gone {
		remove(path) // what is left goes with the directory
	}
}
