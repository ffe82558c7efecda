package store

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/adit-tunnel/adit/inspect"
)

// marks is what people say about an exchange. Tags is never changed in place.
type marks struct {
	Pinned bool
	Tags   []string
	Note   string
}

// maxNote bounds a note, in bytes.
const maxNote = 64 << 10

var tagForm = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[A-Za-z0-9_./-]{1,64}$`)
})

// checkMarks says what is wrong with a change of marks.
func checkMarks(c inspect.Marks) error {
	for _, tag := range c.AddTags {
		if !tagForm().MatchString(tag) {
			return wrong("tag %q: take up to 64 letters, digits, \"-\", \"_\", \".\" and \"/\"", tag)
		}
	}
	if c.Note != nil && len(*c.Note) > maxNote {
		return wrong("the note has %d bytes: at most %d fit", len(*c.Note), maxNote)
	}
	return nil
}

// wrong is what somebody wrote that cannot be kept.
func wrong(format string, args ...any) error {
	return &inspect.InputError{Text: fmt.Sprintf(format, args...)}
}

// with returns the marks after a change.
func (k marks) with(c inspect.Marks) marks {
	if c.Pinned != nil {
		k.Pinned = *c.Pinned
	}
	if c.Note != nil {
		k.Note = *c.Note
	}
	if len(c.AddTags)+len(c.DelTags) > 0 {
		tags := slices.DeleteFunc(slices.Concat(k.Tags, c.AddTags), func(t string) bool { return slices.Contains(c.DelTags, t) })
		slices.Sort(tags)
		k.Tags = slices.Clip(slices.Compact(tags))
	}
	return k
}

func (k marks) equal(o marks) bool {
	return k.Pinned == o.Pinned && k.Note == o.Note && slices.Equal(k.Tags, o.Tags)
}

// Mark changes the marks of an exchange in the window. They go with it.
func (m *Memory) Mark(_ context.Context, id inspect.ID, c inspect.Marks) (inspect.Item, error) {
	if err := checkMarks(c); err != nil {
		return inspect.Item{}, err
	}
	return m.remark(id, func(k marks) marks { return k.with(c) })
}

// remark puts other marks on an exchange, and returns it without its content.
func (m *Memory) remark(id inspect.ID, change func(marks) marks) (inspect.Item, error) {
	m.mu.Lock()
	e := m.byID[id]
	if e == nil {
		m.mu.Unlock()
		return inspect.Item{}, missing(id)
	}
	was := e.marks
	e.marks = change(was)
	changed := !e.marks.equal(was)
	if changed {
		m.touch(e)
	}
	it, version := m.item(e), m.version
	m.mu.Unlock()
	if changed {
		m.changed(version)
	}
	return bare(it), nil
}

// Purge forgets the exchanges that q asks for.
func (m *Memory) Purge(ctx context.Context, q inspect.Query) (n int, err error) {
	victims, err := victims(ctx, m, q)
	if err != nil {
		return 0, err
	}
	return m.drop(victims), nil
}

// Delete forgets exchanges that have ended, pinned ones, too.
func (m *Memory) Delete(_ context.Context, ids ...inspect.ID) (n int, err error) {
	return m.drop(ids), nil
}

// drop takes exchanges out of the window, and says how many of them were nowhere else. Those in packs stay: their rows are still to come.
func (m *Memory) drop(ids []inspect.ID) (n int) {
	m.mu.Lock()
	var all []*entry
	for _, id := range ids {
		if e := m.byID[id]; e != nil && e.x.Ended() && !e.disk.packed {
			all = append(all, e)
			if e.disk.written == 0 {
				n++
			}
		}
	}
	if len(all) == 0 {
		m.mu.Unlock()
		return 0
	}
	m.forgetAll(all)
	return n
}

// purged takes exchanges out of the window that somebody has deleted, and tells everybody to read again.
func (m *Memory) purged(ids []inspect.ID) {
	m.drop(ids)
	m.mu.Lock()
	m.forgetAll(nil)
}

// victims are the exchanges that Purge has to delete.
func victims(ctx context.Context, r inspect.Reader, q inspect.Query) (ids []inspect.ID, err error) {
	most := q.Limit // 0 or below: all
	q.Limit = -1
	pinned := q.Filter.Names(inspect.KeyPinned)
	for it, err := range r.List(ctx, q) {
		if err != nil {
			return nil, err
		}
		if it.Ended() && (pinned || !it.Pinned) {
			ids = append(ids, it.ID)
		}
		if most > 0 && len(ids) == most {
			break
		}
	}
	return ids, nil
}

// Views returns the saved filters by name.
func (m *Memory) Views(context.Context) (all []inspect.View, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.views), nil
}

// SaveView keeps a filter under a name.
func (m *Memory) SaveView(_ context.Context, v inspect.View) error {
	if err := checkView(v); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	i, known := m.findView(v.Name)
	if known {
		m.views[i] = v
	} else {
		m.views = slices.Insert(m.views, i, v)
	}
	return nil
}

// DeleteView forgets the filter of that name.
func (m *Memory) DeleteView(_ context.Context, name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	i, known := m.findView(name)
	if !known {
		return noView(name)
	}
	m.views = slices.Delete(m.views, i, i+1)
	return nil
}

func (m *Memory) findView(name string) (int, bool) {
	return slices.BinarySearchFunc(m.views, name, func(v inspect.View, name string) int { return strings.Compare(v.Name, name) })
}

// The most that a view's name and filter may have, in bytes.
const maxViewName, maxViewFilter = 100, 10_000

func checkView(v inspect.View) error {
	if v.Name == "" || len(v.Name) > maxViewName || len(v.Filter) > maxViewFilter {
		return wrong("a view has a name of up to %d bytes and a filter of up to %d", maxViewName, maxViewFilter)
	}
	return nil
}

func noView(name string) error { return fmt.Errorf("view %q: %w", name, inspect.ErrNotFound) }

// Keeping says that all is in memory.
func (m *Memory) Keeping() inspect.Keeping { return inspect.Keeping{} }

// Spill keeps nothing: there are no files.
func (m *Memory) Spill(inspect.ID, inspect.Side) inspect.Spill { return nil }
