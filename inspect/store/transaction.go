package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	sqlite3 "modernc.org/sqlite/lib"

	"github.com/adit-tunnel/adit/inspect"
)

// What is written of an exchange. What can not change any more when it was written once is not written again.
const (
	insertExchange = `INSERT INTO exchanges (seq, changed, id, run, nth, state, flags, status, pinned, start, duration, wait, connect, tries, req_size, res_size,
		endpoint, method, host, path, query, client, replay_of, sent_to, reason, label, failure, note, odd, indexed, kind)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET changed = excluded.changed, state = excluded.state, flags = excluded.flags, status = excluded.status,
			duration = excluded.duration, wait = excluded.wait, connect = excluded.connect, tries = excluded.tries, req_size = excluded.req_size,
			res_size = excluded.res_size, reason = excluded.reason, label = excluded.label, failure = excluded.failure
			WHERE run = excluded.run AND seq = excluded.seq
		ON CONFLICT DO NOTHING`
	insertMessage = `INSERT OR REPLACE INTO messages (key, flags, kept, file, head, trailers, passed, tail, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`
	insertTag     = `INSERT OR IGNORE INTO tags (tag, seq) VALUES (?, ?)`
	insertPack    = `INSERT INTO packs (last, owner, n, data) VALUES (?, ?, ?, ?)`
)

// statements are prepared on the writer's connection.
type statements struct{ exchange, message, tag, pack *sql.Stmt }

func (p *statements) prepare(c *sql.Conn) error {
	for _, s := range []struct {
		to   **sql.Stmt
		text string
	}{{&p.exchange, insertExchange}, {&p.message, insertMessage}, {&p.tag, insertTag}, {&p.pack, insertPack}} {
		stmt, err := c.PrepareContext(context.Background(), s.text)
		if err != nil {
			return err
		}
		*s.to = stmt
	}
	return nil
}

func (p *statements) close() {
	for _, s := range []*sql.Stmt{p.exchange, p.message, p.tag, p.pack} {
		if s != nil {
			s.Close()
		}
	}
	*p = statements{}
}

// transaction writes states. It begins with the first that is written.
type transaction struct {
	w       *writer
	begun   bool
	changed int64 // the store's version
	n       int
	look    int // the n at which to look at the pace
	rows    int // of n: those that were written
	packed  int // and those that were packed
	pack    pack
	level   level
}

func (t *transaction) exec(statement string, args ...any) error {
	_, err := t.w.conn.ExecContext(context.Background(), statement, args...)
	return err
}

func (t *transaction) begin() error {
	if t.begun {
		return nil
	}
	if err := t.exec("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	t.begun = true
	return t.w.conn.QueryRowContext(context.Background(), "SELECT n FROM changes").Scan(&t.changed)
}

func (t *transaction) rollback() {
	if t.begun {
		t.exec("ROLLBACK") // fails when SQLite has done so by itself
	}
}

func (t *transaction) commit() error {
	if !t.begun {
		return nil
	}
	err := t.closePack()
	if err == nil {
		err = t.exec("UPDATE changes SET n = ?", t.changed)
	}
	if err == nil {
		err = t.exec("COMMIT")
	}
	if err != nil {
		t.rollback()
	}
	return err
}

// lookAgain is behind how many states the pace is looked at again.
const lookAgain = 16

// errLater says that there is no time now for an exchange under way: it is written when it ends, or when there is.
var errLater = errors.New("there is no time now")

// put writes a state as well as the writer's share of the machine allows, and enters in u what was written.
func (t *transaction) put(u *unwritten) error {
	if t.n == t.look {
		t.level = t.w.level()
		if t.look += lookAgain; t.level == packed { // packing is so cheap that looking would cost as much
			t.look += packRows / 4
		}
	}
	t.n++
	switch fresh := u.disk.written == 0; { // the end of one that is written has to come
	case !fresh || t.level < packed:
	case !u.Ended():
		return errLater
	case t.level == nothing:
		u.lost = true
		return nil
	case packable(&u.Item):
		return t.toPack(u)
	}
	// A connection has no more than its line.
	u.Summary = t.level != whole && !u.IsConnection()
	if err := t.begin(); err != nil { // before files come to their places: see sweep
		return err
	}
	messages, err := t.messages(u)
	if err != nil {
		return err
	}
	t.changed++
	t.rows++
	err = t.row(u)
	for i := 0; err == nil && !u.lost && i < len(messages); i++ {
		_, err = t.w.insert.message.Exec(messages[i]...)
	}
	if isCode(err, sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_TOOBIG, sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_RANGE) { // this one will never do
		u.lost, err = true, nil
	}
	return err
}

// row writes the exchange's own row. u is lost when that ID is another run's.
func (t *transaction) row(u *unwritten) error {
	var label string
	if u.Ended() && !u.Summary {
		label = t.w.s.o.Label(u.Exchange)
	}
	result, err := t.w.insert.exchange.Exec(exchangeRow(&u.Item, t.changed, label, false)...)
	if err != nil {
		return err
	}
	n, err := result.RowsAffected()
	u.lost = n == 0
	for i := 0; err == nil && !u.lost && u.disk.written == 0 && i < len(u.Tags); i++ {
		_, err = t.w.insert.tag.Exec(u.Tags[i], int64(u.Seq))
	}
	return err
}

// contentEvery is how often the content of an exchange under way is written again at least; it is too when there is twice as much.
const contentEvery = 5 * time.Second

// messages are the rows of the messages, as far as they have to be written now.
func (t *transaction) messages(u *unwritten) (rows [][]any, err error) {
	x := u.Exchange
	u.kept = -1
	var have int64
	for side := inspect.RequestSide; side <= inspect.ResponseSide; side++ {
		if m := x.Message(side); m != nil {
			have += m.Kept
		}
	}
	if u.Summary || x.IsConnection() || !x.Ended() && !u.disk.contentDue(x, have) {
		return nil, nil
	}
	for side := inspect.RequestSide; side <= inspect.ResponseSide; side++ {
		m := x.Message(side)
		if m == nil {
			continue
		}
		row, err := t.message(u, side, m)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	u.kept, u.disk.answered = have, x.Response != nil
	return rows, nil
}

// contentDue says that the messages of an exchange under way, which have so much content now, should be written.
func (d *onDisk) contentDue(x *inspect.Exchange, have int64) bool {
	return d.written == 0 || d.answered != (x.Response != nil) || have >= 2*d.content || time.Since(d.contentAt) >= contentEvery
}

// message is the row of one message. Its content may go to a file on the way.
func (t *transaction) message(u *unwritten, side inspect.Side, m *inspect.Message) ([]any, error) {
	s := t.w.s
	kept, file, body, dropped := int64(len(m.Body)), "", m.Body, m.Dropped
	if m.Kept > kept && u.Ended() {
		path, err := s.spills.finished(u.ID, side, m.Kept)
		switch {
		case err == nil:
			kept, file, body = m.Kept, bodyPlace(u.ID, side), nil
			err = s.keepFile(path, file)
		case errors.Is(err, inspect.ErrNotFound): // the disk has failed it
			dropped, err = true, nil
		}
		if err != nil {
			return nil, err
		}
	}
	if len(body) > inline {
		file = bodyPlace(u.ID, side)
		if err := s.writeFile(file, body); err != nil {
			return nil, err
		}
		body = nil
	}
	var flags int64
	if dropped {
		flags |= flagDropped
	}
	if m.Whole {
		flags |= flagWhole
	}
	if m.Redacted {
		flags |= flagRedacted
	}
	if m.Withheld {
		flags |= flagWithheld
	}
	return []any{int64(u.Seq)*2 + int64(side), flags, kept, file, blob(m.Head), blob(m.Trailers), blob(packPassed(m.Passed)), blob(m.Tail), blob(body)}, nil
}

// blob is b as SQLite takes it: of nil the driver would make an empty text.
func blob(b []byte) any {
	if b == nil {
		return nil
	}
	return b
}
