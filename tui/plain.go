package tui

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/view"
)

// Plain is the face without a screen: one line for each endpoint when it is bound, and again when its URL changes,
//
//	ready name=command_line url=http://localhost:41234 inspect=http://127.0.0.1:4040
//
// then one logfmt line for each exchange that has ended, in the order in which they end; a connection of a tcp or tls endpoint, which may stay for days, has one
// when it stands, too, unless it is over within a moment. None is lost, unless they come faster than w takes
// them for so long that the store lets them go; then a line says how many. A Write holds the lines of one moment, never a part of one. When ctx
// ends, Plain writes what has ended until then and returns nil. It waits for nothing but w, whose errors it returns.
func Plain(ctx context.Context, s Source, w io.Writer) error {
	hints, stop := s.Observer.Watch()
	defer stop()
	p := newPlain(s, w)
	var last time.Time
	for {
		pace(&last, frame, ctx.Done()) // a hint for each of a thousand exchanges a second costs no more than one
		if err := p.catchUp(); err != nil {
			return fmt.Errorf("write lines: %w", err)
		}
		select {
		case <-ctx.Done():
			if err := p.catchUp(); err != nil {
				return fmt.Errorf("write lines: %w", err)
			}
			return nil
		case _, open := <-hints:
			if !open {
				hints = nil
			}
		}
	}
}

// plain is the state of Plain. What is yet to be written follows from two things: the highest Nth it has met, and the ones up to it that
// have not ended when it looked.
type plain struct {
	source   Source
	out      io.Writer
	ready    map[string]string     // URL of each endpoint that has been announced
	version  uint64                // of the store, read so far
	highest  uint64                // Nth met so far
	expected map[uint64]inspect.ID // Nths up to highest whose line is still to come; "": it has not been met itself
	open     map[uint64]bool       // Nths of connections that have been told of while they are open
	newest   uint64                // Seq met so far
	floor    [2]uint64             // what newest was a second or two, and up to a second ago: what has not been met came later than the first
	floorAt  time.Time             // when the second was set
	lines    []byte                // whole lines to be written
}

// maxLines is how many bytes of lines are gathered before they are written.
const maxLines = 32 << 10

func newPlain(s Source, w io.Writer) *plain {
	return &plain{source: s, out: w, ready: map[string]string{}, expected: map[uint64]inspect.ID{}, open: map[uint64]bool{}}
}

// catchUp writes everything there is to say now.
func (p *plain) catchUp() error {
	if err := p.gather(); err != nil {
		return err
	}
	return p.write()
}

func (p *plain) gather() error {
	if err := p.announce(); err != nil {
		return err
	}
	if time.Since(p.floorAt) > time.Second {
		p.floor, p.floorAt = [2]uint64{p.floor[1], p.newest}, time.Now()
	}
	for {
		now := p.source.Reader.Version()
		items, lagged := p.source.Reader.Since(p.version, readLimit)
		if lagged {
			if err := p.reconcile(items); err != nil {
				return err
			}
		}
		for _, it := range items {
			if err := p.take(it); err != nil {
				return err
			}
		}
		if lagged && len(items) == 0 {
			p.version = max(p.version, now) // all that was is forgotten
		}
		if len(items) < readLimit {
			return nil
		}
	}
}

// announce writes a line for each endpoint that has a URL it has not been announced with.
func (p *plain) announce() error {
	st := p.source.Observer.Status()
	for _, e := range st.Endpoints {
		if e.URL == "" || p.ready[e.Name] == e.URL {
			continue
		}
		p.ready[e.Name] = e.URL
		if err := p.line(readyLine(e, st.Web)); err != nil {
			return err
		}
	}
	return nil
}

// meet notes that an exchange is known.
func (p *plain) meet(it inspect.Item) {
	p.newest = max(p.newest, it.Seq)
	for ; p.highest < it.Nth; p.highest++ {
		p.expected[p.highest+1] = ""
	}
	if _, due := p.expected[it.Nth]; due {
		p.expected[it.Nth] = it.ID
	}
}

// take writes the line of an exchange, when it has ended and has not been written before; and that of a connection when it stands.
func (p *plain) take(it inspect.Item) error {
	p.meet(it)
	p.version = max(p.version, it.Version)
	_, due := p.expected[it.Nth]
	stands := it.IsConnection() && it.State == inspect.Open && !p.open[it.Nth]
	switch {
	case !due || !it.Ended() && !stands:
		return nil
	case stands:
		p.open[it.Nth] = true
	default:
		delete(p.expected, it.Nth)
		delete(p.open, it.Nth)
	}
	p.lines = view.AppendExchange(p.lines, it.Exchange)
	return p.endLine()
}

// reconcile looks for what is expected and is not among the changes at hand, when some before them have been forgotten: what is there is written, what is
// gone, or cannot be read, is counted.
func (p *plain) reconcile(atHand []inspect.Item) error {
	found, lost := p.find(atHand), 0
	for nth, id := range p.expected {
		if id == "" {
			delete(p.expected, nth)
			delete(p.open, nth)
			lost++
		}
	}
	if lost > 0 {
		if err := p.line("lost " + view.Logfmt(view.Pair{Key: "exchanges", Value: strconv.Itoa(lost)})); err != nil {
			return err
		}
	}
	for _, it := range found {
		if err := p.take(it); err != nil {
			return err
		}
	}
	return nil
}

// find reads what is expected from wherever it is. The whole run is not read for it: it may have millions of exchanges, and more come meanwhile.
func (p *plain) find(atHand []inspect.Item) (found []inspect.Item) {
	ctx := context.Background()
	for nth, id := range p.expected {
		if it, err := p.source.Reader.Get(ctx, id); err == nil {
			found = append(found, it)
		} else {
			p.expected[nth] = ""
		}
	}
	for _, it := range atHand {
		p.meet(it)
	}
	if slices.Contains(slices.Collect(maps.Values(p.expected)), "") {
		more, _ := inspect.Collect(p.source.Reader.List(ctx, inspect.Query{Limit: -1, Run: p.source.Reader.Run(), After: p.floor[0]}))
		found = append(found, more...)
	}
	for _, it := range found {
		p.meet(it)
	}
	slices.SortFunc(found, func(a, b inspect.Item) int { return cmp.Compare(a.Version, b.Version) })
	return found
}

func (p *plain) line(text string) error {
	p.lines = append(p.lines, text...)
	return p.endLine()
}

func (p *plain) endLine() error {
	p.lines = append(p.lines, '\n')
	if len(p.lines) < maxLines {
		return nil
	}
	return p.write()
}

func (p *plain) write() error {
	if len(p.lines) == 0 {
		return nil
	}
	_, err := p.out.Write(p.lines)
	p.lines = p.lines[:0]
	return err
}

// readyLine tells where an endpoint can be reached, and where its exchanges can be seen.
func readyLine(e inspect.Endpoint, web string) string {
	if web == "" {
		web = "none"
	}
	return "ready " + view.Logfmt(view.Pair{Key: "name", Value: e.Name}, view.Pair{Key: "url", Value: e.URL}, view.Pair{Key: "inspect", Value: web})
}
