package web

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strconv"
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
	from, problem := s.since(r, p)
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
	f := &follower{s: s, out: s.newEventWriter(w), filter: filter, place: from}
	f.run(r.Context())
	return nil
}

// follower tells one reader of the changes.
type follower struct {
	s      *Server
	out    *eventWriter
	filter *inspect.Filter
	place         // told up to here
	status []byte // told last
}

// run tells until the reader goes, takes nothing, or the server ends.
func (f *follower) run(ctx context.Context) {
	hints, stop := f.s.observer.Watch()
	defer stop()
	beat, look := time.NewTicker(heartbeat), time.NewTicker(statusEvery)
	defer beat.Stop()
	defer look.Stop()
	ok := f.out.begin() && (!f.lagged || f.tellLagged()) && f.tellStatus() && f.tellChanges(ctx)
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
			ok = f.pause(ctx) && f.tellChanges(ctx)
		case <-look.C:
			ok = f.tellStatus() && f.tellChanges(ctx)
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
func (f *follower) tellChanges(ctx context.Context) bool {
	for range atOnce {
		items, lagged := f.s.reader.Since(f.version, 0)
		if lagged {
			return f.tellLagged()
		}
		if len(items) == 0 {
			return f.tellOthers(ctx)
		}
		if f.tell(items); !f.out.flush() {
			return false
		}
	}
	return f.tellOthers(ctx)
}

// tellOthers tells what other agents have changed. What can not be read now is told later.
func (f *follower) tellOthers(ctx context.Context) bool {
	if f.others < 0 {
		f.others = f.s.others() // from when it is known
	}
	for range atOnce {
		if f.others == f.s.others() {
			break
		}
		items, next, err := f.s.shared.OthersSince(ctx, f.others, 0)
		if err != nil {
			break
		}
		f.tell(f.whole(ctx, items))
		if f.others = next; !f.out.flush() { // who breaks off before the next event is told these again
			return false
		}
	}
	return true
}

// whole is items with their content, if the filter asks for it.
func (f *follower) whole(ctx context.Context, items []inspect.Item) []inspect.Item {
	if !f.filter.NeedsBody() {
		return items
	}
	for i := range items {
		if it, err := f.s.reader.Get(ctx, items[i].ID); err == nil {
			items[i] = it
		}
	}
	return items
}

// tell tells of exchanges that have changed, in that order, so that whoever breaks off anywhere goes on from the last id: those that the filter takes, and the
// names of the others, which it may have taken before.
func (f *follower) tell(items []inspect.Item) {
	var others []inspect.ID
	for _, it := range items {
		if !view.Matches(f.filter, it, time.Now()) {
			f.seen(it)
			others = append(others, it.ID)
			continue
		}
		f.tellUnmatched(others)
		f.seen(it)
		others = nil
		f.out.event("exchange", f.cursor(), itemOf(it))
	}
	f.tellUnmatched(others)
}

// seen moves the place behind an exchange of this run.
func (f *follower) seen(it inspect.Item) { f.version = max(f.version, it.Version) }

func (f *follower) tellUnmatched(ids []inspect.ID) {
	if len(ids) > 0 {
		f.out.event("unmatched", f.cursor(), map[string][]inspect.ID{"ids": ids})
	}
}

// tellLagged goes on from the present version.
func (f *follower) tellLagged() bool {
	f.place = f.s.now()
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

func (f *follower) cursor() string { return cursorOf(f.s.reader.Run(), f.version, f.others) }
