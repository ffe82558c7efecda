package store

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/adit-tunnel/adit/inspect"
)

// maxTerms is how many conditions are put to SQL; Match sees to the others.
const maxTerms = 32

// where makes SQL of filters: conditions on a row e of exchanges. They hold for every row that the filter takes, and when they are exact for no other.
type where struct {
	args   []any // of ?1, ?2, …
	now    time.Time
	sparse bool // single rows are looked at; else rows from ?1 up to below ?2
	known  map[*inspect.Term]known
	terms  int

	worded bool // the SQL is right only for rows that words knows
	named  bool // and only for those whose names are such that SQL compares them as Match does
}

// known is what the index of words has told about a term soon enough.
type known struct {
	all   bool   // rows are all that may match
	rows  string // as listed writes them
	exact bool   // they do match
}

// right is the SQL for: the SQL is right for a row.
func (w *where) right() string {
	switch {
	case w.worded && w.named:
		return "(e.indexed = 1 AND e.odd = 0)"
	case w.worded:
		return "e.indexed = 1"
	case w.named:
		return "e.odd = 0"
	}
	return "1"
}

// arg adds an argument and returns its place.
func (w *where) arg(v any) string {
	w.args = append(w.args, v)
	return "?" + strconv.Itoa(len(w.args))
}

// node is the SQL for: n's answer is want.
func (w *where) node(n inspect.Node, want bool) (sql string, exact bool) {
	switch n := n.(type) {
	case inspect.And:
		return w.join(n, want, want)
	case inspect.Or:
		return w.join(n, want, !want)
	case inspect.Not:
		return w.node(n.Node, !want)
	case *inspect.Term:
		if w.terms++; w.terms > maxTerms {
			return "1", false
		}
		sql, exact := w.term(n)
		switch {
		case want:
			return sql, exact
		case exact:
			return "NOT (" + sql + ")", true
		}
	}
	return "1", false
}

// join is the SQL for: the answer of all nodes, or of one of them, is want.
func (w *where) join(nodes []inspect.Node, want, all bool) (string, bool) {
	if len(nodes) == 0 {
		return map[bool]string{true: "1", false: "0"}[all], true
	}
	parts, exact := make([]string, len(nodes)), true
	for i, n := range nodes {
		sql, ok := w.node(n, want)
		parts[i], exact = sql, exact && ok
	}
	return "(" + strings.Join(parts, map[bool]string{true: " AND ", false: " OR "}[all]) + ")", exact
}

func (w *where) term(t *inspect.Term) (sql string, exact bool) {
	if k := w.known[t]; k.all {
		w.worded = true
		return "e.seq IN (SELECT value FROM json_each(" + w.arg(k.rows) + "))", k.exact
	}
	switch t.Field {
	case inspect.KeyAny, inspect.KeyHeader:
		return w.words(t)
	case inspect.KeyBody:
		if t.Exists() && t.Name == "" {
			return "e.kind = 0 AND e.req_size + e.res_size > 0", true
		}
		return w.words(t)
	case inspect.KeyMethod, inspect.KeyHost, inspect.KeyEndpoint:
		return w.text("e."+string(t.Field), t), true
	case inspect.KeyPath:
		if strings.Contains(t.Value, "?") {
			return w.text("e.path || e.query", t), true
		}
		return w.text("e.path", t), true
	case inspect.KeyTag:
		return "e.seq IN (SELECT seq FROM tags WHERE " + w.text("tag", t) + ")", true
	case inspect.KeyIP:
		return w.ip(t)
	}
	return w.number(t)
}

// number is the SQL of a term that is about a number, or yes or no.
func (w *where) number(t *inspect.Term) (string, bool) {
	switch t.Field {
	case inspect.KeyStatus:
		return w.status(t), true
	case inspect.KeySize:
		return w.within("e.req_size + e.res_size", t.Least, t.Most), true
	case inspect.KeyDuration:
		least, most := nanos(t.Least, 0), nanos(t.Most, 999)
		return "(e.state >= 2 AND " + w.within("e.duration", least, most) +
			" OR e.state < 2 AND " + w.within("max(e.duration, "+w.arg(w.now.UnixNano())+" - e.start)", least, most) + ")", true
	case inspect.KeyAge:
		return w.age(t), true
	case inspect.KeyReplay:
		return w.replay(t), true
	case inspect.KeyKind:
		return kind(t), true
	case inspect.KeyPinned:
		return map[bool]string{true: "e.pinned = 1", false: "e.pinned = 0"}[t.Value == ""], true
	}
	return "1", false
}

func (w *where) within(what string, least, most int64) string {
	return what + " BETWEEN " + w.arg(least) + " AND " + w.arg(most)
}

func (w *where) status(t *inspect.Term) string {
	if state, ok := t.State(); ok {
		sql := fmt.Sprintf("e.state = %d", state)
		if state < inspect.Done {
			sql += " AND e.state < 2" // so that the index of those is found
		}
		return sql
	}
	return w.within("e.status", t.Least, t.Most)
}

// age compares the start: what is older has begun earlier. Microseconds count, as in Match.
func (w *where) age(t *inspect.Term) string {
	now, from, to := w.now.UnixMicro(), int64(math.MinInt64), int64(math.MaxInt64)
	switch {
	case t.Most < 0:
		return "0"
	case t.Most < now:
		from = nanos(now-t.Most, 0)
	}
	if t.Least > 0 {
		to = nanos(max(now-t.Least, -1), 999)
	}
	return w.within("e.start", from, to)
}

// kind names the condition of the index of connections, so that it is found.
func kind(t *inspect.Term) string {
	switch k, named := t.Kind(); {
	case !named:
		return "1"
	case k == inspect.HTTP:
		return "e.kind = 0"
	default:
		return fmt.Sprintf("e.kind != 0 AND e.kind = %d", k)
	}
}

// nanos makes nanoseconds of microseconds, up to what there is.
func nanos(micros, more int64) int64 {
	if micros > math.MaxInt64/1000-1 {
		return math.MaxInt64
	}
	return micros*1000 + more
}

func (w *where) replay(t *inspect.Term) string {
	switch t.Value {
	case "":
		return "e.replay_of != ''"
	case "no":
		return "e.replay_of = ''"
	}
	return "e.replay_of != '' AND e.replay_of >= " + w.arg(t.Value) + " AND e.replay_of < " + w.arg(t.Value+"\U0010FFFF")
}

// ip compares the beginning of the address as it is written; an IPv6 address has brackets, and may be an IPv4 one within.
func (w *where) ip(t *inspect.Term) (string, bool) {
	if t.Value == "" {
		return "e.client != ''", false
	}
	const six = "e.client LIKE '[%'"
	if !t.Prefix.Addr().Is4() {
		return six, false
	}
	octets := strings.Split(t.Prefix.Addr().String(), ".")[:t.Prefix.Bits()/8]
	begins := strings.Join(octets, ".")
	switch len(octets) {
	case 0:
	case 4:
		begins += ":"
	default:
		begins += "."
	}
	return "(e.client LIKE " + w.arg(begins+"%") + " OR " + six + ")", false
}

// text compares a column that holds ASCII only in the rows that are not odd.
func (w *where) text(column string, t *inspect.Term) string {
	w.named = true
	pieces := t.Pieces()
	switch {
	case t.Exists():
		return column + " != ''"
	case len(pieces) == 1 && column != "tag" && t.Field != inspect.KeyPath:
		return column + " = " + w.arg(pieces[0]) // the column compares without case
	}
	escaped := make([]string, len(pieces))
	for i, p := range pieces {
		escaped[i] = likeEscape.Replace(p)
	}
	return column + " LIKE " + w.arg(strings.Join(escaped, "%")) + ` ESCAPE '\'`
}

var likeEscape = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// indexed is the SQL of a term whose field has an index that finds its rows; ok is false for others.
func (w *where) indexed(t *inspect.Term) (sql string, ok bool) {
	switch t.Field {
	case inspect.KeyStatus:
		state, named := t.State()
		ok = !named || state < inspect.Done
	case inspect.KeyMethod, inspect.KeyHost, inspect.KeyEndpoint:
		ok = len(t.Pieces()) == 1 && !t.Exists()
	case inspect.KeyReplay, inspect.KeyPinned:
		ok = t.Value != "no"
	case inspect.KeyKind:
		k, named := t.Kind()
		ok = named && k != inspect.HTTP
	case inspect.KeyDuration:
		return w.within("e.duration", nanos(t.Least, 0), nanos(t.Most, 999)) + " OR e.state < 2 AND e.run >= 0", true // all runs: so each half has an index
	case inspect.KeyAge, inspect.KeySize, inspect.KeyTag:
		ok = true
	}
	if !ok {
		return "", false
	}
	sql, _ = w.term(t)
	return sql, true
}
