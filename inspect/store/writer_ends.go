package store

import (
	"context"
	"os"
)

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

// finish writes what is left at the end, ends the run, and does some of what was put off. What fails because of what was before gets a second chance.
func (w *writer) finish() {
	err := w.last()
	if err != nil {
		w.close()
		err = w.last()
	}
	if err == nil {
		err = w.s.catchUp(endingFor, abandoned)
	}
	if err != nil {
		w.s.failed(err)
	}
}

func (w *writer) last() error {
	if err := w.open(); err != nil {
		return err
	}
	if err := w.writeAll(); err != nil {
		return err
	}
	if w.ending = true; w.left {
		w.look()
		if err := w.writeAll(); err != nil {
			return err
		}
	}
	return w.s.bury(w.s.o.Run)
}

func (w *writer) writeAll() (err error) {
	for more := true; more && err == nil; {
		more, err = w.write()
	}
	return err
}
