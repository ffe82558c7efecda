package tui

import (
	"context"
	"slices"
	"sync/atomic"
	"time"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/view"
	"github.com/adit-tunnel/adit/tui/pane"
)

const (
	frame = time.Second / framesPerSecond
	// While more comes in a frame than anybody can read, the list is read less often, which leaves the processors to the traffic.
	flood      = 128 // changes in a frame
	floodFrame = 3 * frame
	readLimit  = 4096 // changes read at once; what is left comes with the next frame
	// relistEvery is how often the whole list is read again, at most. While exchanges pass faster than the store can keep them, changes are
	// forgotten in every frame.
	relistEvery = time.Second
)

// feed turns hints into rows. Its next is run by one command at a time, which owns the fields; it reads the store at most once a frame,
// however many hints come.
type feed struct {
	reader   inspect.Reader
	observer inspect.Observer
	keeper   inspect.Keeper
	keeps    bool // what is not on the disk yet is drawn dim
	hints    <-chan inspect.Hint
	done     <-chan struct{}      // the dashboard has ended
	wanted   atomic.Pointer[wish] // what the list is to show
	woken    chan struct{}        // wanted has changed

	wish    *wish           // of the rows that have been given
	filter  *inspect.Filter // that it has
	version uint64          // of the store, read so far
	loaded  bool            // the first List has been read
	more    bool            // there is something to read without a hint
	behind  bool            // changes have been forgotten since the whole list was read
	last    time.Time
	flooded bool      // more came with the last read than anybody can read
	listed  time.Time // when the whole list was read
}

// keeping is how the store is, where there is a disk.
func (f *feed) keeping() inspect.Keeping {
	if !f.keeps {
		return inspect.Keeping{}
	}
	return f.keeper.Keeping()
}

func newFeed(s Source, hints <-chan inspect.Hint, done <-chan struct{}) *feed {
	return &feed{
		reader: s.Reader, observer: s.Observer, keeper: s.Keeper, keeps: s.Keeper != nil && s.Keeper.Keeping().Place != "",
		hints: hints, done: done, woken: make(chan struct{}, 1),
	}
}

// changes is what has changed since the last ones.
type changes struct {
	filter *inspect.Filter // that the rows have passed
	rows   []pane.Row      // by place in the store when reset, else by change
	gone   []uint64        // Seqs of those that pass no longer
	reset  bool            // rows are all there are
	status inspect.Status
	kept   inspect.Keeping
	total  uint64 // exchanges that have been recorded in this run
}

// next waits for something to have changed and for the frame to be over, and reads it. It returns nil when the dashboard has ended.
func (f *feed) next() any {
	if f.loaded && !f.more && !f.behind {
		select {
		case <-f.done:
			return nil
		case <-f.woken:
		case _, open := <-f.hints:
			if !open {
				return nil
			}
		}
	}
	if !pace(&f.last, f.interval(), f.done) {
		return nil
	}
	f.refilter()
	c := changes{status: f.observer.Status(), filter: f.filter, kept: f.keeping(), total: f.reader.Count()}
	if f.loaded {
		items, lagged := f.reader.Since(f.version, readLimit)
		f.behind = f.behind || lagged
		if !f.behind || time.Since(f.listed) < relistEvery {
			f.more, f.flooded = len(items) == readLimit, len(items) > flood
			f.take(&c, items)
			return c
		}
	}
	f.listed, f.loaded, f.more, f.behind = time.Now(), true, false, false
	c.reset = f.filter == nil // else there are older ones in the list, and those which matched before
	f.take(&c, f.list())
	slices.Reverse(c.rows)
	return c
}

// wish is a filter that the list is to show, nil: none. Each is a new one: the list has been emptied for it, though the filter may be the one
// that the feed has, since it has not heard of those between.
type wish struct{ filter *inspect.Filter }

// refilter begins anew when another filter is wanted. With one, what is there already is found by the model's older.
func (f *feed) refilter() {
	if w := f.wanted.Load(); w != f.wish {
		f.wish, f.filter, f.loaded = w, w.filter, f.loaded && w.filter != nil
	}
}

// list reads the newest exchanges of this run. What cannot be read now is read with a later change.
func (f *feed) list() []inspect.Item {
	items, _ := inspect.Collect(f.reader.List(context.Background(), inspect.Query{Filter: f.filter, Limit: keepRows, Run: f.reader.Run()}))
	return items
}

// interval is the time from one read to the next.
func (f *feed) interval() time.Duration {
	if f.flooded && f.loaded {
		return floodFrame
	}
	return frame
}

// pace waits until an interval has passed since last, and sets it anew; false: done was closed before.
func pace(last *time.Time, interval time.Duration, done <-chan struct{}) bool {
	wait := interval - time.Since(*last)
	if wait > 0 {
		t := time.NewTimer(wait)
		defer t.Stop()
		select {
		case <-done:
			return false
		case <-t.C:
		}
	}
	*last = time.Now()
	return true
}

// take makes rows of the items that pass the filter.
func (f *feed) take(c *changes, items []inspect.Item) {
	now := time.Now()
	c.rows = make([]pane.Row, 0, len(items))
	for _, it := range items {
		f.version = max(f.version, it.Version)
		if !view.Matches(f.filter, it, now) {
			c.gone = append(c.gone, it.Seq)
			continue
		}
		c.rows = append(c.rows, f.row(it))
	}
}

func (f *feed) row(it inspect.Item) pane.Row {
	r := pane.RowOf(it)
	r.Unkept = f.keeps && !it.Committed
	return r
}
