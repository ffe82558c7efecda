package tui

import (
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
	if r.source.Replayer != nil && !r.IsConnection() {
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

// exchange reads another one.
func (r *reading) exchange(id inspect.ID) (*inspect.Exchange, error) {
	it, err := r.source.Reader.Get(r.ctx, id)
	if err != nil {
		return nil, err
	}
	return it.Exchange, nil
}

// family is what the exchange has to do with by replays. When it cannot be read, what could be is something.
func (r *reading) family(limit int) inspect.Family {
	f, _ := inspect.FamilyOf(r.ctx, r.source.Reader, r.Exchange, limit)
	return f
}

// replays lists the original and all its replays, and compares the newest of them with what they are replays of.
func (r *reading) replays() []pane.Text {
	family := r.family(mostRelatives)
	if len(family.Replays) == 0 && r.ReplayOf == "" {
		return r.look.None("no replays: this request has not been sent again")
	}
	all := make([]pane.Relative, 0, len(family.Replays)+1)
	for i, it := range family.Replays {
		f := pane.Relative{Item: it, Open: it.ID == r.asked.id, OfOpen: r.ReplayOf != "" && it.ReplayOf == r.asked.id}
		var of *inspect.Exchange
		switch {
		case f.OfOpen:
			of = r.Exchange
		case family.Origin != nil:
			of = family.Origin.Exchange
		}
		if of != nil && i < mostCompared && it.Ended() {
			f.Brief = r.brief(of, it.ID)
		}
		all = append(all, f)
	}
	if o := family.Origin; o != nil {
		all = append(all, pane.Relative{Item: *o, Open: o.ID == r.asked.id})
	}
	slices.Reverse(all)
	return r.look.Family(all, family.More)
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
	if last := r.family(1).Replays; id == "" && len(last) > 0 {
		id = last[0].ID
	}
	if id == "" {
		return r.look.None("nothing to compare with: this request has not been replayed, and no other one is marked")
	}
	other, err := r.exchange(id)
	if err != nil {
		return r.look.None(unread("what it is compared with", err))
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
		lines = append(lines, r.look.MessageRow(m, open, &r.mask))
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
