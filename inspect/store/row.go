package store

import (
	"database/sql"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/adit-tunnel/adit/inspect"
)

// The bits of exchanges.flags.
const (
	flagAnswered = 1 << iota // there is a response
	flagEdited
	flagUpgraded
	flagMade
	flagSummary
	flagResigned
)

// The bits of messages.flags.
const (
	flagDropped = 1 << iota
	flagWhole
	flagRedacted
	flagWithheld
)

// itemColumns is what scanItem reads: FROM exchanges e, with the heads of both messages but without their content.
const itemColumns = `e.seq, e.id, e.kind, e.run, e.nth, e.state, e.flags, e.status, e.pinned, e.start, e.duration, e.wait, e.connect, e.tries, e.req_size, e.res_size,
	e.endpoint, e.method, e.host, e.path || e.query, e.client, e.replay_of, e.sent_to, e.reason, e.label, e.failure, e.note,
	q.flags, q.kept, q.head, q.trailers, q.passed, r.flags, r.kept, r.head, r.trailers, r.passed,
	(SELECT group_concat(tag, ' ' ORDER BY tag) FROM tags t WHERE t.seq = e.seq)`

// itemTables is where itemColumns are from; conditions and an order on e follow.
const itemTables = ` FROM exchanges e LEFT JOIN messages q ON q.key = e.seq * 2 LEFT JOIN messages r ON r.key = e.seq * 2 + 1`

// scanItem reads the columns of itemColumns. Nth and Version are for who knows the present run.
func scanItem(scan func(...any) error) (it inspect.Item, err error) {
	x := &inspect.Exchange{}
	res := &inspect.Response{}
	var seq, start, flags, reqSize, resSize int64
	var client string
	var failure, tags sql.NullString
	var req, ans messageRow
	err = scan(&seq, &x.ID, &x.Kind, &it.Run, &it.Nth, &x.State, &flags, &res.Status, &it.Pinned, &start, &x.Duration, &x.Wait, &x.Connect, &x.Tries, &reqSize, &resSize,
		&x.Endpoint, &x.Request.Method, &x.Request.Host, &x.Request.Target, &client, &x.ReplayOf, &x.To, &res.Reason, &it.Label, &failure, &it.Note,
		&req.flags, &req.kept, &req.head, &req.trailers, &req.passed, &ans.flags, &ans.kept, &ans.head, &ans.trailers, &ans.passed, &tags)
	if err != nil {
		return it, err
	}
	it.Seq, it.Committed, it.Summary, it.Exchange = uint64(seq), true, flags&flagSummary != 0, x
	x.Start, x.Edited, x.Upgraded, res.Made = time.Unix(0, start), flags&flagEdited != 0, flags&flagUpgraded != 0, flags&flagMade != 0
	x.Resigned = flags&flagResigned != 0
	x.Client, _ = netip.ParseAddrPort(client)
	if flags&flagAnswered != 0 {
		x.Response = res
	}
	if tags.String != "" {
		it.Tags = strings.Split(tags.String, " ")
	}
	if failure.Valid {
		x.Failure = &inspect.Failure{}
		if err := json.Unmarshal([]byte(failure.String), x.Failure); err != nil {
			return it, fmt.Errorf("failure of exchange %q: %w", x.ID, err)
		}
	}
	if x.IsConnection() {
		x.Request.Size, res.Size = reqSize, resSize
		return it, nil
	}
	req.fill(&x.Request.Message, reqSize)
	ans.fill(&res.Message, resSize)
	return it, nil
}

// messageRow is a row of messages without its content; all is NULL when there is none.
type messageRow struct {
	flags, kept            sql.NullInt64
	head, trailers, passed []byte
}

func (r *messageRow) fill(m *inspect.Message, size int64) {
	m.Size, m.Kept = size, r.kept.Int64
	m.Head, m.Trailers, m.Passed = r.head, r.trailers, unpackPassed(r.passed)
	m.Dropped, m.Whole = !r.flags.Valid || r.flags.Int64&flagDropped != 0, r.flags.Int64&flagWhole != 0
	m.Redacted, m.Withheld = r.flags.Int64&flagRedacted != 0, r.flags.Int64&flagWithheld != 0
}

// packPassed writes each moment as what it has grown since the one before, in varints.
func packPassed(all []inspect.Passed) (b []byte) {
	var last inspect.Passed
	for _, p := range all {
		b = binary.AppendVarint(b, p.Offset-last.Offset)
		b = binary.AppendVarint(b, int64(p.After-last.After))
		last = p
	}
	return b
}

// unpackPassed is the inverse of packPassed; it ends where b makes no sense.
func unpackPassed(b []byte) (all []inspect.Passed) {
	var last inspect.Passed
	for len(b) > 0 {
		offset, n := binary.Varint(b)
		if n <= 0 {
			break
		}
		after, m := binary.Varint(b[n:])
		if m <= 0 {
			break
		}
		last = inspect.Passed{Offset: last.Offset + offset, After: last.After + time.Duration(after)}
		all, b = append(all, last), b[n+m:]
	}
	return all
}
