package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"strings"
	"time"

	sqlite3 "modernc.org/sqlite/lib"

	"github.com/adit-tunnel/adit/inspect"
)

// What is written of an exchange. What can not change any more when it was written once is not written again.
const (
	insertExchange = `INSERT INTO exchanges (seq, changed, id, run, nth, state, flags, status, pinned, start, duration, wait, connect, tries, req_size, res_size,
		endpoint, method, host, path, query, client, replay_of, reason, label, failure, note, odd)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET changed = excluded.changed, state = excluded.state, flags = excluded.flags, status = excluded.status,
			duration = excluded.duration, wait = excluded.wait, connect = excluded.connect, tries = excluded.tries, req_size = excluded.req_size,
			res_size = excluded.res_size, reason = excluded.reason, label = excluded.label, failure = excluded.failure
			WHERE run = excluded.run AND seq = excluded.seq
		ON CONFLICT DO NOTHING`
	insertMessage = `INSERT OR REPLACE INTO messages (key, flags, kept, file, head, trailers, passed, tail, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`
	insertTag     = `INSERT OR IGNORE INTO tags (tag, seq) VALUES (?, ?)`
)

// statements are prepared on the writer's connection.
type statements struct{ exchange, message, tag *sql.Stmt }

func (p *statements) prepare(c *sql.Conn) error {
	for _, s := range []struct {
		to   **sql.Stmt
		text string
	}{{&p.exchange, insertExchange}, {&p.message, insertMessage}, {&p.tag, insertTag}} {
		stmt, err := c.PrepareContext(context.Background(), s.text)
		if err != nil {
			return err
		}
		*s.to = stmt
	}
	return nil
}

func (p *statements) close() {
	for _, s := range []*sql.Stmt{p.exchange, p.message, p.tag} {
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
	rows    int // of n: those that were written
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
	err := t.exec("UPDATE changes SET n = ?", t.changed)
	if err == nil {
		err = t.exec("COMMIT")
	}
	if err != nil {
		t.rollback()
	}
	return err
}

// put writes a state as well as the writer's share of the machine allows, and says what was written.
func (t *transaction) put(u unwritten) (unwritten, error) {
	if t.n%16 == 0 {
		t.level = t.w.meter.level()
	}
	t.n++
	if t.level == nothing && u.disk.written == 0 { // the end of one that is written has to come
		u.lost = true
		return u, nil
	}
	u.Summary = t.level != whole
	if err := t.begin(); err != nil { // before files come to their places: see sweep
		return u, err
	}
	messages, err := t.messages(&u)
	if err != nil {
		return u, err
	}
	t.changed++
	t.rows++
	err = t.row(&u)
	for i := 0; err == nil && !u.lost && i < len(messages); i++ {
		_, err = t.w.insert.message.Exec(messages[i]...)
	}
	if isCode(err, sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_TOOBIG, sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_RANGE) { // this one will never do
		u.lost, err = true, nil
	}
	return u, err
}

// row writes the exchange's own row. u is lost when that ID is another run's.
func (t *transaction) row(u *unwritten) error {
	x, k := u.Exchange, marks{u.Pinned, u.Tags, u.Note}
	path, query := splitTarget(x.Request.Target)
	var status int
	var reason, label string
	var resSize int64
	if r := x.Response; r != nil {
		status, reason, resSize = r.Status, r.Reason, r.Size
	}
	if x.Ended() && !u.Summary {
		label = t.w.s.o.Label(x)
	}
	var client string
	if x.Client.IsValid() {
		client = x.Client.String()
	}
	result, err := t.w.insert.exchange.Exec(int64(u.Seq), t.changed, string(x.ID), u.Run, int64(u.Nth), int64(x.State), exchangeFlags(u), status, k.Pinned,
		x.Start.UnixNano(), int64(x.Duration), int64(x.Wait), int64(x.Connect), x.Tries, x.Request.Size, resSize,
		x.Endpoint, x.Request.Method, x.Request.Host, path, query, client, string(x.ReplayOf), reason, label, failureText(x.Failure), k.Note, !plain(x))
	if err != nil {
		return err
	}
	n, err := result.RowsAffected()
	u.lost = n == 0
	for i := 0; err == nil && !u.lost && u.disk.written == 0 && i < len(k.Tags); i++ {
		_, err = t.w.insert.tag.Exec(k.Tags[i], int64(u.Seq))
	}
	return err
}

func exchangeFlags(u *unwritten) (flags int64) {
	for _, f := range []struct {
		set bool
		bit int64
	}{
		{u.Response != nil, flagAnswered}, {u.Edited, flagEdited}, {u.Upgraded, flagUpgraded},
		{u.Response != nil && u.Response.Made, flagMade}, {u.Summary, flagSummary},
	} {
		if f.set {
			flags |= f.bit
		}
	}
	return flags
}

// splitTarget cuts a target before its question mark.
func splitTarget(target string) (path, query string) {
	if i := strings.IndexByte(target, '?'); i >= 0 {
		return target[:i], target[i:]
	}
	return target, ""
}

func failureText(f *inspect.Failure) any {
	if f == nil {
		return nil
	}
	text, err := json.Marshal(f)
	if err != nil { // numbers and texts never fail
		return nil
	}
	return string(text)
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
	if u.Summary || !x.Ended() && !u.disk.contentDue(x, have) {
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
