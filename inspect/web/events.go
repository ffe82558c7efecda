package web

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/view"
)

// Times of the event stream.
const (
	heartbeat   = 15 * time.Second      // a comment is sent after so long, so that both sides see a dead link
	statusEvery = time.Second           // how often the status is looked at
	gather      = 20 * time.Millisecond // changes that come within it are told together
	atOnce      = 10                    // batches of changes that are told before anything else is looked at
)

// events sends what changes as server-sent events: exchange, with a filter unmatched, status, and lagged when changes have been forgotten, so that the list
// has to be read again. The stream holds nothing back for a slow reader: it asks the store for what comes next whenever the reader has taken the last.
func (s *Server) events(w http.ResponseWriter, r *http.Request) *apiError {
	p, problem := paramsOf(r, "since", "filter")
	if problem != nil {
		return problem
	}
	filter, problem := p.filter()
	if problem != nil {
		return problem
	}
	from, lagged, problem := s.since(r, p)
	if problem != nil {
		return problem
	}
	if !s.streams.enter(r.Context(), 0) {
		return busy(strconv.Itoa(mostStreams) + " streams of events are open")
	}
	defer s.streams.leave()
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("X-Accel-Buffering", "no")
	if r.Method == http.MethodHead {
		return nil
	}
	f := &follower{s: s, out: s.newEventWriter(w), filter: filter, version: from}
	f.run(r.Context(), lagged)
	return nil
}

// since is the version that the reader has seen: what it says in Last-Event-ID, when it comes again by itself, or asks for; otherwise the present one.
// lagged says that it is of another run.
func (s *Server) since(r *http.Request, p params) (version uint64, lagged bool, problem *apiError) {
	text := r.Header.Get("Last-Event-ID")
	if text == "" {
		text = p.Get("since")
	}
	now := s.reader.Version()
	if text == "" {
		return now, false, nil
	}
	first, second, _ := strings.Cut(text, ".")
	run, err := strconv.ParseInt(first, 10, 64)
	version, err2 := strconv.ParseUint(second, 10, 64)
	switch {
	case err != nil || err2 != nil:
		return 0, false, badRequest("since", strconv.Quote(text)+" is no cursor").saying("", "take the cursor of a list, or the id of an event")
	case run != s.reader.Run() || version > now:
		return now, true, nil
	}
	return version, false, nil
}

// follower tells one reader of the changes.
type follower struct {
	s       *Server
	out     *eventWriter
	filter  *inspect.Filter
	version uint64 // told up to here
	status  []byte // told last
}

// run tells until the reader goes, takes nothing, or the server ends.
func (f *follower) run(ctx context.Context, lagged bool) {
	hints, stop := f.s.observer.Watch()
	defer stop()
	beat, look := time.NewTicker(heartbeat), time.NewTicker(statusEvery)
	defer beat.Stop()
	defer look.Stop()
	ok := f.out.begin() && (!lagged || f.tellLagged()) && f.tellStatus() && f.tellChanges()
	for ok {
		select {
		case <-ctx.Done():
			return
		case <-f.s.ending:
			return
		case _, more := <-hints:
			if !more {
				hints = nil // the agent ends
			}
			ok = f.pause(ctx) && f.tellChanges()
		case <-look.C:
			ok = f.tellStatus() && f.tellChanges()
		case <-beat.C:
			ok = f.out.comment()
		}
	}
}

// pause lets more changes come.
func (f *follower) pause(ctx context.Context) bool {
	t := time.NewTimer(gather)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// tellChanges tells what has changed; what it leaves when changes come faster than they are taken is told with the next hint, or look. false: the reader has
// gone.
func (f *follower) tellChanges() bool {
	for range atOnce {
		items, lagged := f.s.reader.Since(f.version, 0)
		if lagged {
			return f.tellLagged()
		}
		if len(items) == 0 {
			return true
		}
		if f.tell(items); !f.out.flush() {
			return false
		}
	}
	return true
}

// tell tells of exchanges that have changed, in that order, so that whoever breaks off anywhere goes on from the last id: those that the filter takes, and the
// names of the others, which it may have taken before.
func (f *follower) tell(items []inspect.Item) {
	var others []inspect.ID
	for _, it := range items {
		if !view.Matches(f.filter, it, time.Now()) {
			f.version, others = it.Version, append(others, it.ID)
			continue
		}
		f.tellUnmatched(others)
		f.version, others = it.Version, nil
		f.out.event("exchange", f.cursor(), itemOf(it))
	}
	f.tellUnmatched(others)
}

func (f *follower) tellUnmatched(ids []inspect.ID) {
	if len(ids) > 0 {
		f.out.event("unmatched", f.cursor(), map[string][]inspect.ID{"ids": ids})
	}
}

// tellLagged goes on from the present version.
func (f *follower) tellLagged() bool {
	f.version = f.s.reader.Version()
	f.out.event("lagged", f.cursor(), map[string]string{"cursor": f.cursor()})
	return f.out.flush()
}

func (f *follower) tellStatus() bool {
	now := f.s.stateNow()
	b, err := json.Marshal(now)
	if err != nil || bytes.Equal(b, f.status) {
		return err == nil
	}
	f.status = b
	f.out.event("status", "", now)
	return f.out.flush()
}

func (f *follower) cursor() string { return cursorOf(f.s.reader.Run(), f.version) }

// eventWriter writes server-sent events. The server's time limits are for requests that end; here each piece has its own.
type eventWriter struct {
	w       http.ResponseWriter
	control *http.ResponseController
	limit   time.Duration // for the reader to take what was added
	buf     bytes.Buffer
}

func (s *Server) newEventWriter(w http.ResponseWriter) *eventWriter {
	return &eventWriter{w: w, control: http.NewResponseController(w), limit: s.limits.take}
}

// begin says how soon to come again after a break.
func (e *eventWriter) begin() bool {
	e.buf.WriteString("retry: 1000\n\n")
	return e.flush()
}

func (e *eventWriter) comment() bool {
	e.buf.WriteString(":\n\n")
	return e.flush()
}

// event adds one. JSON has no line ends of its own.
func (e *eventWriter) event(name, id string, data any) {
	b, err := json.Marshal(data)
	if err != nil {
		return
	}
	e.buf.WriteString("event: " + name + "\n")
	if id != "" {
		e.buf.WriteString("id: " + id + "\n")
	}
	e.buf.WriteString("data: ")
	e.buf.Write(b)
	e.buf.WriteString("\n\n")
}

// flush sends what was added; false: the reader has gone, or takes nothing.
func (e *eventWriter) flush() bool {
	_ = e.control.SetWriteDeadline(time.Now().Add(e.limit))
	_, err := e.w.Write(e.buf.Bytes())
	e.buf.Reset()
	return err == nil && e.control.Flush() == nil
}
