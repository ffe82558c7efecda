package store

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/inspect"
)

// explained is how SQLite means to answer a query.
func explained(t *testing.T, s *Store, query string, args ...any) string {
	t.Helper()
	rows, err := s.db.Load().QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+query, args...)
	if err != nil {
		t.Fatal(query, err)
	}
	defer rows.Close()
	var plan []string
	for rows.Next() {
		var id, parent, unused int
		var detail string
		if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
			t.Fatal(err)
		}
		plan = append(plan, detail)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return strings.Join(plan, "; ")
}

// TestIndexedFieldsHaveTheirIndex: the rows of a condition that leads a search are never looked for among all.
func TestIndexedFieldsHaveTheirIndex(t *testing.T) {
	s, _ := filled(t, Options{}, 0, nil)
	for text, index := range map[string]string{
		"status:>=500": "exchanges_status", "status:404": "exchanges_status", "status:open": "exchanges_unfinished", "status:pending": "exchanges_unfinished",
		"method:post": "exchanges_method", "endpoint:api": "exchanges_endpoint", "host:=a.test": "exchanges_host", "age:<10m": "exchanges_start", "age:>1d": "exchanges_start",
		"dur:>1s": "exchanges_duration", "size:>1mb": "exchanges_size", "pinned:": "exchanges_pinned", "replay:": "exchanges_replay", "replay:0190a": "exchanges_replay", "tag:bug": "SCAN tags USING COVERING INDEX",
	} {
		w := where{}
		sql, ok := w.indexed(parse(t, text).Root.(*inspect.Term))
		plan := explained(t, s, "SELECT e.seq FROM exchanges e WHERE "+sql+" LIMIT 1", w.args...)
		if !ok || !strings.Contains(plan, index) || strings.HasPrefix(plan, "SCAN e") && !strings.HasSuffix(plan, index) {
			t.Errorf("%s: %s\n is answered by: %s", text, sql, plan)
		}
	}
	for _, text := range []string{"path:hook*", "status:failed", "method:p*", "pinned:no", "replay:no", "not alpha"} {
		if n, isTerm := parse(t, text).Root.(*inspect.Term); isTerm {
			if sql, ok := (&where{}).indexed(n); ok {
				t.Errorf("%s has no index, but may lead: %s", text, sql)
			}
		}
	}
}

// TestStepsWalkInOrder: a step reads its stretch of rows, in order, and nothing is sorted.
func TestStepsWalkInOrder(t *testing.T) {
	s, _ := filled(t, Options{}, 0, nil)
	for _, text := range []string{"status:>=500", "alpha", "not alpha", "path:/hook status:2xx", "tag:bug or pinned: or method:get", "alpha beta endpoint:web", "dur:>1s ip:10.0.0.0/8"} {
		w := where{args: []any{1, 2}}
		sql, _ := w.node(parse(t, text).Root, true)
		plan := explained(t, s, "SELECT e.seq"+stretchQuery+sql+newestFirst, w.args...)
		if strings.Contains(plan, "TEMP B-TREE FOR ORDER") || strings.Contains(plan, "SCAN e") || !strings.Contains(plan, "rowid") {
			t.Errorf("%s is answered by: %s", text, plan)
		}
	}
}

// TestProbeThatIsCutShort: when the index of words has no time to tell of all rows, what it has told is not taken for all.
func TestProbeThatIsCutShort(t *testing.T) {
	const rows = 1000
	s, w := filled(t, Options{}, rows, func(i int) *inspect.Exchange {
		x := exchange(fmt.Sprint("x", i), inspect.Done, 1)
		x.Request.Head = []byte("GET / HTTP/1.1\r\nX-Event: push\r\n\r\n")
		return x
	})
	indexAll(t, s, w)
	term := parse(t, "header.x-event:push").Root.(*inspect.Term)
	match, exact := phrase(term)
	whole := 0
	for limit := time.Duration(0); whole < 3; limit += 20 * time.Microsecond {
		c := &search{store: s, db: s.db.Load(), unworded: doubt{where: "e.indexed = 0"}, probeUntil: time.Now().Add(limit)}
		found, few, err := c.probeWords(t.Context(), term, match, exact, &where{known: map[*inspect.Term]known{}})
		if err != nil || few && len(found) != rows {
			t.Fatalf("within %s: %d rows, which are all: %v, %v", limit, len(found), few, err)
		}
		if few {
			whole++
		}
	}
}
