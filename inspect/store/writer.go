package store

import (
	"context"
	"database/sql"
	"errors"
	"runtime"
	"time"

	sqlite3 "modernc.org/sqlite/lib"

	"github.com/adit-tunnel/adit/inspect"
)

const (
	gather     = 20 * time.Millisecond // how long the writer lets states gather, since most exchanges end at once
	batch      = 256                   // states in one transaction
	firstGuess = 30 * time.Microsecond // what writing a state costs, before it is measured
	retryAfter = 2 * time.Second       // after a failure
	indexEvery = time.Second / 2       // how often words are indexed, as long as none wait from before
	keepHouse  = time.Second           // how often it looks at sizes, and at what others did
	endingFor  = time.Second / 2       // how long what was put off may take at the end
	lockedFor  = 4 * time.Second       // how long another program may keep the database locked, and commit nothing, before people are told
)

// Keep writes what is recorded and deletes what is too old or too much, until ctx ends; then it writes what is left and returns nil. It is for a Store
// from Open, and is called once.
func (s *Store) Keep(ctx context.Context) error {
	if s.alive == nil {
		return errors.New("a store that is only attached has nothing to write")
	}
	spilled := make(chan struct{})
	s.o.Go(func() {
		defer close(spilled)
		s.spills.run(ctx)
	})
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	w := &writer{s: s, meter: newMeter(s.o.pace), spares: newMeter(s.o.pace), each: firstGuess}
	defer w.close()
	for ctx.Err() == nil {
		w.work(ctx)
		w.wait(ctx)
	}
	<-spilled
	w.finish()
	return nil
}

// writer fills the database from the window. It belongs to one goroutine, which is locked to its thread: so the time it takes can be measured.
type writer struct {
	s       *Store
	db      *sql.DB // what conn belongs to
	conn    *sql.Conn
	insert  statements
	meter   *meter
	spares  *meter // of what can wait
	flood   flood
	room    []byte        // for packs
	each    time.Duration // what writing a state has cost lately
	house   house
	after   uint64       // the window's version up to which all is written, or never will be
	again   []inspect.ID // what comes before, and waits for its content to be whole
	locked  time.Time    // since when the database is, with nothing committed; zero: it is not
	seen    int64        // PRAGMA data_version when it was looked at because of that
	failing bool
	kept    time.Time // when it has kept house last
	indexed time.Time // and indexed words
	more    bool      // there are states left to write
	left    bool      // and exchanges under way, for which there was no time
	packs   bool      // there are packs
	later   bool      // and words to index
	ending  bool      // nothing comes after: what is left is not put off
}

// wait returns when there may be something to do.
func (w *writer) wait(ctx context.Context) {
	pause, recorded := keepHouse, w.s.window.recorded
	switch {
	case w.failing:
		pause, recorded = retryAfter, nil
	case w.more:
		return
	case len(w.again) > 0, w.left, w.packs, w.later:
		pause = gather
	}
	t := time.NewTimer(pause)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return
	case <-t.C:
		return
	case <-recorded:
	}
	pause = gather
	if w.flood.on {
		pause = 2 * gather
	}
	t.Reset(pause)
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// work writes what there is, and keeps house now and then.
func (w *writer) work(ctx context.Context) {
	err := w.open()
	w.look()
	w.more = true
	for begun := time.Now(); err == nil && w.more && ctx.Err() == nil && time.Since(begun) < keepHouse; {
		w.more, err = w.write()
	}
	w.more = w.more && err == nil
	if err == nil && w.packs {
		w.packs, err = w.spare(w.unpack)
	}
	if err == nil && !w.packs && (w.later || time.Since(w.indexed) >= indexEvery) {
		w.later, err = w.spare(w.index)
		w.indexed = time.Now()
	}
	if err == nil && time.Since(w.kept) >= keepHouse {
		err = w.keepHouse(ctx)
		w.kept = time.Now()
	}
	if ctx.Err() != nil {
		return // finish tries again
	}
	w.outcome(err)
}

// look finds out whether there is a flood. Behind one the window is gone through for what was left.
func (w *writer) look() {
	w.flood.look(time.Now(), w.s.window.Count(), w.s.o.pace.capacity(w.each))
	if w.left && w.level() < packed {
		w.again, w.after, w.left = nil, 0, false
	}
}

// level is how much may be done now.
func (w *writer) level() level {
	switch l := w.meter.level(); {
	case w.ending:
		return min(l, summary)
	case w.flood.on:
		return max(l, packed)
	default:
		return l
	}
}

// cost enters what writing n states has cost.
func (w *writer) cost(taken time.Duration, n int) {
	if n > 0 {
		w.each += (taken/time.Duration(n) - w.each) / 8
	}
}

// outcome remembers and tells how it went.
func (w *writer) outcome(err error) {
	switch busy := isCode(err, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED); {
	case err == nil:
		w.locked = time.Time{}
		w.s.recovered()
	case busy && (w.othersWrite() || w.locked.IsZero()):
		w.locked = time.Now()
	case busy && time.Since(w.locked) < lockedFor:
	default:
		w.s.failed(err)
		w.close()
	}
	w.failing = err != nil && w.locked.IsZero()
}

// othersWrite says that somebody else has committed something since it was asked last: several agents that write much keep each other waiting for seconds, and
// what waits is written when they have done.
func (w *writer) othersWrite() bool {
	was := w.seen
	if w.conn == nil || w.conn.QueryRowContext(context.Background(), "PRAGMA data_version").Scan(&w.seen) != nil {
		return false
	}
	return w.seen != was
}

// write takes states from the window and writes them in one transaction. more says that there are others.
func (w *writer) write() (more bool, err error) {
	w.s.writing.Lock()
	defer w.s.writing.Unlock()
	most := batch
	if w.flood.on {
		most = 2 * packRows
	}
	all, next := w.s.window.unwritten(w.again, w.after, most)
	if len(all) == 0 {
		w.after, w.again = next, nil
		return false, nil
	}
	full := len(all) >= most
	begun := threadTime()
	t := &transaction{w: w}
	t.pack.raw = w.room[:0]
	done := all[:0]
	var waiting []inspect.ID
	for i := range all {
		u := &all[i]
		err := t.put(u)
		switch {
		case errors.Is(err, errSpilling):
			waiting = append(waiting, u.ID)
			continue
		case errors.Is(err, errLater):
			w.left = true
			continue
		case err != nil:
			t.rollback()
			return false, err
		}
		done = append(done, *u)
	}
	if err := t.commit(); err != nil {
		return false, err
	}
	w.after, w.again, w.room = next, waiting, t.pack.raw
	if w.packs = w.packs || t.packed > 0; t.packed == 0 {
		w.cost(threadTime()-begun, t.rows)
	}
	w.s.state.count(done)
	w.s.window.settle(done)
	return full && len(waiting) < most, nil
}
