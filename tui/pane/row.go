package pane

import (
	"cmp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/view"
)

// pathLimit is how much of a request's target a row keeps, in bytes; no terminal shows more in one line.
const pathLimit = 512

// textLimit is how much of a host and of an endpoint's name it keeps.
const textLimit = 64

// Row is what the list keeps of an exchange: small, safe to draw, and holding none of its content, so that ten thousand rows do not keep
// alive what the store has let go.
type Row struct {
	ID       inspect.ID
	Seq      uint64
	Nth      uint64 // in this run; 0: of another one
	Version  uint64 // of the store, within this run
	Unkept   bool   // not on the disk yet: a kill -9 would take it away
	Start    time.Time
	Duration time.Duration
	Carried  inspect.Kind // TCP or TLS: a connection; Method says so, and Path whose it is and what has passed
	Method   string
	Path     string
	Status   string // "200 OK", the name of a failure, or "" while there is none
	Code     int    // of the response; 0: none
	Failed   bool
	Failure  string     // what went wrong, in words
	Live     bool       // not ended
	Cut      bool       // interrupted: Duration is how long it lasted at least
	ReplayOf inspect.ID // the exchange this is a replay of
	Kind     string     // "SSE", "WebSocket": an answer that goes on; else ""
	Size     int64      // Exchange.Size
	Host     string
	Endpoint string
	Label    string // view.Label
	Pinned   bool
	Noted    bool
	Tags     string // "#bug-42 #seen"
}

// RowOf makes the row of an exchange.
func RowOf(it inspect.Item) Row {
	x := it.Exchange
	method, path := view.Title(x)
	r := Row{
		ID: x.ID, Seq: it.Seq, Nth: it.Nth, Version: it.Version, Start: x.Start, Duration: x.Duration,
		Carried: x.Kind, Method: safe(method, 16), Path: safe(path, pathLimit),
		Failed:   x.State == inspect.Failed,
		Live:     !x.Ended(),
		Cut:      x.State == inspect.Interrupted,
		ReplayOf: x.ReplayOf,
		Kind:     kindOf(x),
		Size:     x.Size(),
		Host:     safe(x.Request.Host, textLimit), Endpoint: safe(x.Endpoint, textLimit), Label: undisputed(cmp.Or(it.Label, view.Label(x))),
		Pinned: it.Pinned, Noted: it.Note != "", Tags: tagsOf(it.Tags),
	}
	r.Status = safe(view.Status(x), 64)
	if x.Response != nil {
		r.Code = x.Response.Status
	}
	if r.Failed && x.Failure != nil {
		r.Failure = view.Sanitize(FailureText(*x.Failure))
	}
	if r.Failed && x.Failure != nil && x.Response != nil && !x.Response.Made && r.IsRequest() { // an answer that was cut does not speak for itself
		r.Status = safe(strconv.Itoa(r.Code)+" "+x.Failure.Name, 64)
	}
	switch { // likewise
	case r.Cut && r.Code > 0:
		r.Status = strconv.Itoa(r.Code) + " " + x.State.String()
	case r.Cut:
		r.Status = x.State.String()
	}
	return r
}

// IsRequest says that it is no connection, so that it can be sent again.
func (r *Row) IsRequest() bool { return r.Carried == inspect.HTTP }

// safe returns at most limit bytes of s, cut between characters, with nothing in it that a terminal would act on or that one terminal draws
// wider than another, in memory of its own.
func safe(s string, limit int) string {
	if len(s) > limit {
		s = s[:limit]
		for range utf8.UTFMax - 1 {
			if r, _ := utf8.DecodeLastRuneInString(s); r != utf8.RuneError {
				break
			}
			s = s[:max(len(s)-1, 0)]
		}
	}
	return strings.Clone(undisputed(view.Sanitize(s)))
}

// tagsOf are the tags as they are written in a row.
func tagsOf(tags []string) string {
	if len(tags) == 0 {
		return ""
	}
	return safe("#"+strings.Join(tags, " #"), textLimit)
}

// kindOf names what an exchange has become when its answer is more than one message.
func kindOf(x *inspect.Exchange) string {
	switch {
	case x.Response == nil:
		return ""
	case x.Upgraded && begins(view.HeadValue(x.Response.Head, "upgrade"), "websocket"):
		return "WebSocket"
	case begins(view.HeadValue(x.Response.Head, "content-type"), "text/event-stream"):
		return "SSE"
	}
	return ""
}

// begins compares without case.
func begins(value []byte, want string) bool {
	return len(value) >= len(want) && strings.EqualFold(string(value[:len(want)]), want)
}

// keptWithin is how long the disk has to take an exchange before the row says in words that it has not: it takes far less, and what came and went with each row
// would tell nothing.
const keptWithin = time.Second

// late says that the exchange should be on the disk by now, and is not.
func (r Row) late(now time.Time) bool {
	return r.Unkept && now.Sub(r.Start.Add(r.Duration)) > keptWithin
}

// Lasted is how long the exchange took, or has taken by now.
func (r Row) Lasted(now time.Time) time.Duration {
	if r.Live {
		return max(now.Sub(r.Start), 0)
	}
	return r.Duration
}
