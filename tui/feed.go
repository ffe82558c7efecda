package tui

import (
	"context"
	"slices"
	"time"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/tui/pane"
)

const (
	frame     = time.Second / framesPerSecond
	readLimit = 4096 // changes read at once; what is left comes with the next frame
	// relistEvery is how often the whole list is read again, at most. While exchanges pass faster than the store can keep them, changes are
	// forgotten in every frame.
	relistEvery = time.Second
)

// feed turns hints into rows. Its next is run by one command at a time, which owns the fields; it reads the store at most once a frame,
// however many hints come.
type feed struct {
	reader   inspect.Reader
	observer inspect.Observer
	hints    <-chan inspect.Hint
	done     <-chan struct{} // the dashboard has ended

	version uint64 // of the store, read so far
	loaded  bool   // the first List has been read
	more    bool   // there is something to read without a hint
	behind  bool   // changes have been forgotten since the whole list was read
	last    time.Time
	listed  time.Time // when the whole list was read
}

// changes is what has changed since the last ones.
type changes struct {
	rows   []pane.Row // by place in the store when reset, else by change
	reset  bool       // rows are all there are
	status inspect.Status
}

// next waits for something to have changed and for the frame to be over, and reads it. It returns nil when the dashboard has ended.
func (f *feed) next() any {
	if f.loaded && !f.more && !f.behind {
		select {
		case <-f.done:
			return nil
		case _, open := <-f.hints:
			if !open {
				return nil
			}
		}
	}
	if !pace(&f.last, f.done) {
		return nil
	}
	c := changes{status: f.observer.Status()}
	if f.loaded {
		items, lagged := f.reader.Since(f.version, readLimit)
		f.behind = f.behind || lagged
		if !f.behind || time.Since(f.listed) < relistEvery {
			f.more = len(items) == readLimit
			c.rows = f.take(items)
			return c
		}
	}
	f.listed, f.loaded, f.more, f.behind = time.Now(), true, false, false
	c.reset, c.rows = true, f.take(f.list())
	slices.Reverse(c.rows)
	return c
}

// list reads the newest exchanges of this run. What cannot be read now is read with a later change.
func (f *feed) list() []inspect.Item {
	items, _ := inspect.Collect(f.reader.List(context.Background(), inspect.Query{Limit: keepRows, Run: f.reader.Run()}))
	return items
}

// pace waits until a frame has passed since last, and sets it anew; false: done was closed before.
func pace(last *time.Time, done <-chan struct{}) bool {
	wait := frame - time.Since(*last)
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

func (f *feed) take(items []inspect.Item) []pane.Row {
	rows := make([]pane.Row, len(items))
	for i, it := range items {
		rows[i] = pane.RowOf(it)
		f.version = max(f.version, it.Version)
	}
	return rows
}
