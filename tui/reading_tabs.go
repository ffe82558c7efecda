package tui

import (
	"cmp"
	"errors"
	"slices"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/diff"
	"github.com/adit-tunnel/adit/inspect/view"
	"github.com/adit-tunnel/adit/tui/pane"
)

// mostRelatives is how many replays are listed, and mostCompared how many of them are compared with their original when neither has more content than
// comparedBytes.
const (
	mostRelatives = 200
	mostCompared  = 20
	comparedBytes = 8 << 20
)

// overview reads what the overview says beside the exchange itself.
func (r *reading) overview() []pane.Text {
	if r.ReplayOf != "" {
		r.Origin, _ = r.exchange(r.ReplayOf) // without it, the overview says that it is no longer kept
	}
	if r.source.Replayer != nil {
		v, err := r.source.Replayer.Verdict(r.ctx, r.asked.id)
		if err != nil && !errors.Is(err, inspect.ErrNotFound) {
			v = inspect.Verdict{State: inspect.Unchecked, Text: err.Error()}
		}
		r.Verdict = v
	}
	for _, side := range []inspect.Side{inspect.RequestSide, inspect.ResponseSide} {
		if m := r.Exchange.Message(side); m != nil {
			r.Bodies[side] = view.Open(m, r.content(side), view.Limits{Bytes: 64 << 10, Lines: 20})
			r.mask.Content(&r.Bodies[side])
		}
	}
	return r.look.Overview(&r.Subject)
}

// exchange reads another one; nil: it is no longer kept.
func (r *reading) exchange(id inspect.ID) (*inspect.Exchange, error) {
	it, err := r.source.Reader.Get(r.ctx, id)
	if err != nil {
		return nil, err
	}
	return it.Exchange, nil
}

// root is the original of the family that the exchange belongs to.
func (r *reading) root() inspect.ID {
	if r.ReplayOf != "" {
		return r.ReplayOf
	}
	return r.asked.id
}

// family lists the replays of the original, and of the exchange where that is a replay itself, newest first, without their content.
func (r *reading) family(limit int) []inspect.Item {
	items := r.replaysOf(r.root(), limit)
	if r.ReplayOf != "" {
		items = append(items, r.replaysOf(r.asked.id, limit)...)
		slices.SortFunc(items, func(a, b inspect.Item) int { return cmp.Compare(b.Seq, a.Seq) })
	}
	return items[:min(len(items), limit)]
}

func (r *reading) replaysOf(id inspect.ID, limit int) (items []inspect.Item) {
	f, err := inspect.ParseFilter("replay:" + inspect.Quote(string(id)))
	if err != nil {
		return nil
	}
	for it, err := range r.source.Reader.List(r.ctx, inspect.Query{Filter: f, Limit: limit}) {
		if err != nil {
			break // those that were read are something
		}
		items = append(items, it)
	}
	return items
}

// replays lists the original and all its replays, and compares the newest of them with what they are replays of.
func (r *reading) replays() []pane.Text {
	items := r.family(mostRelatives + 1)
	if len(items) == 0 && r.ReplayOf == "" {
		return r.look.None("no replays: this request has not been sent again")
	}
	more := len(items) > mostRelatives
	items = items[:min(len(items), mostRelatives)]
	all := make([]pane.Relative, 0, len(items)+1)
	origin, err := r.source.Reader.Get(r.ctx, r.root())
	for i, it := range items {
		f := pane.Relative{Item: it, Open: it.ID == r.asked.id, OfOpen: r.ReplayOf != "" && it.ReplayOf == r.asked.id}
		of := origin.Exchange
		if f.OfOpen {
			of = r.Exchange
		}
		if of != nil && i < mostCompared && it.Ended() {
			f.Brief = r.brief(of, it.ID)
		}
		all = append(all, f)
	}
	if err == nil {
		all = append(all, pane.Relative{Item: origin, Open: origin.ID == r.asked.id})
	}
	slices.Reverse(all)
	return r.look.Family(all, more)
}

// brief says how a replay's answer compares with the original's.
func (r *reading) brief(origin *inspect.Exchange, id inspect.ID) string {
	x, err := r.exchange(id)
	if err != nil || contentKept(origin) > comparedBytes || contentKept(x) > comparedBytes {
		return ""
	}
	return diff.Brief(r.compare(origin, x))
}

// contentKept is how much content was kept of both sides.
func contentKept(x *inspect.Exchange) int64 {
	n := x.Request.Kept
	if x.Response != nil {
		n += x.Response.Kept
	}
	return n
}

func (r *reading) compare(older, newer *inspect.Exchange) diff.Diff {
	return diff.Of(older, newer, diff.Options{Rules: keptRules(r.ctx, r.source.Keeper), Bodies: diff.BodiesOf(r.contents(older), r.contents(newer))})
}

// diff compares the exchange with another one.
func (r *reading) diff() []pane.Text {
	id := r.asked.against
	if id == "" {
		id = r.ReplayOf
	}
	if last := r.family(1); id == "" && len(last) > 0 {
		id = last[0].ID
	}
	if id == "" {
		return r.look.None("nothing to compare with: this request has not been replayed, and no other one is marked")
	}
	other, err := r.exchange(id)
	if err != nil {
		return r.look.None("what it is compared with is no longer kept")
	}
	older, newer := other, r.Exchange
	if newer.Start.Before(older.Start) {
		older, newer = newer, older
	}
	d := r.compare(older, newer)
	return r.look.Changes(older, newer, &d, &r.mask)
}

// maxListed is how many messages of a stream are listed, the last ones.
const maxListed = 2000

// isStream says that an exchange may have messages.
func isStream(x *inspect.Exchange) bool {
	r := x.Message(inspect.ResponseSide)
	return r != nil && (x.Upgraded || view.IsEvents(r)) || view.IsGRPC(&x.Request.Message)
}

// messages lists what passed on a stream. One of them is unfolded.
func (r *reading) messages() []pane.Text {
	if !isStream(r.Exchange) {
		return r.look.None("no messages: this is not a stream")
	}
	var listed []pane.MessageLine
	n := 0
	for m := range view.Messages(r.Exchange, r.content(inspect.RequestSide), r.content(inspect.ResponseSide)) {
		if n++; r.ctx.Err() != nil {
			break
		}
		line := r.messageLine(m, n)
		if len(listed) == maxListed {
			listed = append(listed[:0], listed[maxListed/2:]...)
		}
		listed = append(listed, line)
	}
	lines := []pane.Text{r.look.MessagesTitle(n, len(listed), !r.Ended())}
	for i := range listed {
		m := &listed[i]
		open := m.Number == r.asked.message
		lines = append(lines, r.look.MessageRow(m, open))
		if open {
			content := m.Open(view.Limits{Lines: 2000})
			r.mask.Content(&content)
			lines = append(append(lines, r.look.Content(&content)...), pane.Text{})
		}
	}
	return lines
}

// previewBytes is how much of a message is shown while it is folded.
const previewBytes = 200

// messageLine keeps of a message what its line shows, and all of it when it is unfolded.
func (r *reading) messageLine(m view.Message, n int) pane.MessageLine {
	preview := m.Payload[:min(len(m.Payload), previewBytes)]
	line := pane.MessageLine{Message: m, Number: n}
	if view.IsText(preview) || len(preview) == 0 {
		line.Preview = view.Sanitize(r.mask.Text(string(preview)))
	} else {
		line.Preview = view.Size(m.Size) + " that are no text"
	}
	if n != r.asked.message {
		line.Payload = slices.Clone(preview)
	}
	return line
}
