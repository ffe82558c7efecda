package store

import (
	"context"
	"database/sql"
	"errors"
	"os"
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
	lockedFor  = 2 * time.Second       // how long another program may keep the database locked before people are told
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
	w := &writer{s: s, meter: newMeter(s.o.pace), each: firstGuess}
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
	flood   flood
	each    time.Duration // what writing a state has cost lately
	house   house
	after   uint64       // the window's version up to which all is written, or never will be
	again   []inspect.ID // what comes before, and waits for its content to be whole
	locked  time.Time    // since when the database is; zero: it is not
	failing bool
	kept    time.Time // when it has kept house last
	indexed time.Time // and indexed words
	more    bool      // there are states left to write
	later   bool      // and words to index
}

// wait returns when there may be something to do.
func (w *writer) wait(ctx context.Context) {
	pause, recorded := keepHouse, w.s.window.recorded
	switch {
	case w.failing:
		pause, recorded = retryAfter, nil
	case w.more:
		return
	case len(w.again) > 0, w.later:
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
	t.Reset(gather)
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// work writes what there is, and keeps house now and then.
func (w *writer) work(ctx context.Context) {
	err := w.open()
	if w.flooded() {
		w.passOver()
	}
	w.more = true
	for begun := time.Now(); err == nil && w.more && ctx.Err() == nil && time.Since(begun) < keepHouse; {
		w.more, err = w.write()
	}
	w.more = w.more && err == nil
	if err == nil && (w.later || time.Since(w.indexed) >= indexEvery) {
		err = w.index()
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

// flooded says that exchanges come so fast that none of those which have not been written yet is.
func (w *writer) flooded() bool {
	return w.flood.look(time.Now(), w.s.window.Count(), w.s.o.pace.capacity(w.each))
}

// passOver lets go of what has come since it wrote last.
func (w *writer) passOver() {
	due, next := w.s.window.passOver(w.after)
	w.again, w.after = append(w.again, due...), next
}

// cost enters what writing n states has cost.
func (w *writer) cost(taken time.Duration, n int) {
	if n > 0 {
		w.each += (taken/time.Duration(n) - w.each) / 8
	}
}

// index enters some words, if there is time left over: rows come first. It is not cut short, since that would cost the connection.
func (w *writer) index() (err error) {
	if w.later = w.flood.on || !w.meter.idle(); w.later {
		return nil
	}
	w.s.writing.Lock() // so that who marks or purges here waits for it, however long it takes
	defer w.s.writing.Unlock()
	w.later, err = w.s.index(context.Background(), w.conn)
	return err
}

// outcome remembers and tells how it went.
func (w *writer) outcome(err error) {
	switch busy := isCode(err, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED); {
	case err == nil:
		w.locked = time.Time{}
		w.s.recovered()
	case busy && w.locked.IsZero():
		w.locked = time.Now()
	case busy && time.Since(w.locked) < lockedFor:
	default:
		w.s.failed(err)
		w.close()
	}
	w.failing = err != nil && w.locked.IsZero()
}

// finish writes what is left at the end, and ends the run. What fails because of what was before gets a second chance.
func (w *writer) finish() {
	err := w.last()
	if err != nil {
		w.close()
		err = w.last()
	}
	if err != nil {
		w.s.failed(err)
	}
}

func (w *writer) last() error {
	if err := w.open(); err != nil {
		return err
	}
	for more := true; more; {
		var err error
		if more, err = w.write(); err != nil {
			return err
		}
	}
	return w.s.bury(w.s.o.Run)
}

// open prepares the connection.
func (w *writer) open() error {
	if w.s.db.Load() == nil {
		if err := w.s.attach(); err != nil {
			return err
		}
	}
	if db := w.s.db.Load(); w.db != db {
		w.close()
		w.db = db
	}
	if w.conn != nil {
		return nil
	}
	if err := os.MkdirAll(w.s.spills.dir, 0o700); err != nil {
		return err
	}
	conn, err := w.db.Conn(context.Background())
	if err != nil {
		return err
	}
	w.conn = conn
	if err := w.insert.prepare(conn); err != nil {
		w.close()
		return err
	}
	return nil
}

func (w *writer) close() {
	w.insert.close()
	if w.conn != nil {
		w.conn.Close() // gives it back
		w.conn = nil
	}
}

// write takes states from the window and writes them in one transaction. more says that there are others.
func (w *writer) write() (more bool, err error) {
	w.s.writing.Lock()
	defer w.s.writing.Unlock()
	all, next := w.s.window.unwritten(w.again, w.after, batch)
	if len(all) == 0 {
		w.after, w.again = next, nil
		return false, nil
	}
	begun := threadTime()
	t := &transaction{w: w}
	var done []unwritten
	var waiting []inspect.ID
	for i := range all {
		u, err := t.put(all[i])
		switch {
		case errors.Is(err, errSpilling):
			waiting = append(waiting, u.ID)
			continue
		case err != nil:
			t.rollback()
			return false, err
		}
		done = append(done, u)
	}
	if err := t.commit(); err != nil {
		return false, err
	}
	w.after, w.again = next, waiting
	w.cost(threadTime()-begun, t.rows)
	w.s.state.count(done)
	w.s.window.settle(done)
	return len(all) >= batch && len(waiting) < batch, nil
}
