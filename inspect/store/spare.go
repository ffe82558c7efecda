package store

import (
	"context"
	"time"
)

// spare does some of what can wait, if there is time left over, and says whether there is more of it.
func (w *writer) spare(some func() (more bool, err error)) (more bool, err error) {
	w.spares.took(0)
	if w.flood.on || w.meter.level() > whole || w.spares.load > w.spares.spare {
		return true, nil
	}
	begun := threadTime()
	more, err = some()
	taken := threadTime() - begun
	w.meter.spared(taken)
	w.spares.took(taken)
	return more, err
}

// unpack makes rows of packs.
func (w *writer) unpack() (more bool, err error) {
	n, err := w.s.unpackNewest()
	return n > 0, err
}

// index enters some words. It is not cut short, since that would cost the connection.
func (w *writer) index() (more bool, err error) {
	w.s.writing.Lock() // so that who marks or purges here waits for it, however long it takes
	defer w.s.writing.Unlock()
	return w.s.index(context.Background(), w.conn, abandoned)
}

// catchUp does what was put off, at most for a while: rows first, since without them nothing is found, and then words. Those of other runs are left to these
// for a while.
func (s *Store) catchUp(most, others time.Duration) error {
	end := time.Now().Add(most)
	for time.Now().Before(end) {
		if waiting, err := s.countWaiting(); err != nil {
			return err
		} else if waiting == 0 { // nothing need be written: another program may keep the database locked
			break
		}
		if n, err := s.unpackNewest(); err != nil {
			return err
		} else if n == 0 { // they are another agent's
			break
		}
	}
	ctx := context.Background()
	conn, err := s.db.Load().Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	for more := true; more && err == nil && time.Now().Before(end); {
		more, err = s.index(ctx, conn, others)
	}
	return err
}
