package inspect

import (
	"context"
	"errors"
	"io"
	"iter"
)

// Query selects exchanges. The zero value asks for the newest 100 of this run and those before it, of all endpoints.
type Query struct {
	Filter   *Filter // nil: all
	Endpoint string  // "": all
	Before   uint64  // only those with a lower Seq; 0: from the newest
	After    uint64  // only those with a higher Seq
	Limit    int     // 0: 100; below 0: no limit
	Run      int64   // only those of this run (Reader.Run); 0: all
}

// Item is an exchange with its place in the store.
type Item struct {
	Seq       uint64 // grows with time and is never used twice, not by another agent either; JSON carries it as a string, since it is beyond 2^53
	Nth       uint64 // its number in this run, from 1, without gaps; 0: it is of another run
	Version   uint64 // grows with every change of this run's exchanges: a face that has seen v asks Since(v); 0: of another run
	Run       int64  // the run it was recorded in
	Committed bool   // a kill -9 does not take it away any more
	Summary   bool   // only its line was kept, since exchanges came faster than the store may write them: no heads, no content
	Label     string // what view.Label said when it was stored or listed; "" with what was read from memory by its ID: ask view.Label. Safe to show
	Pinned    bool
	Tags      []string // sorted
	Note      string
	*Exchange
}

// ErrNotFound says that the store has no exchange of that ID, or no longer, or not the content asked for.
var ErrNotFound = errors.New("not kept, or no longer")

// Reader reads the store. Results are newest first.
type Reader interface {
	// List yields the items that q asks for as they are found, without Body and Tail. It ends when ctx ends, with ctx's error as the last one; an error is
	// always the last that is yielded.
	List(ctx context.Context, q Query) iter.Seq2[Item, error]
	// Get returns an item with as much of its content as memory may hold (1 MiB for each side). The error wraps ErrNotFound when there is none.
	Get(ctx context.Context, id ID) (Item, error)
	// Body opens the Kept bytes of one side's content. The caller closes it. The error wraps ErrNotFound when nothing is kept.
	Body(ctx context.Context, id ID, side Side) (Body, error)
	// Since returns what changed after version v in this run, oldest change first, at most limit (0: 100); lagged says that changes before the first one
	// returned have been forgotten: read again with List, and go on from the highest version seen.
	Since(v uint64, limit int) (items []Item, lagged bool)
	// Version is that of the newest change in this run. Who takes it before reading List, and goes on with Since from there, misses nothing.
	Version() uint64
	// Run is the present run's number; never 0.
	Run() int64
	// Count is how many exchanges were recorded since the start of this run, kept or not.
	Count() uint64
	// Clear forgets the exchanges of this run that have ended and are not pinned.
	Clear(ctx context.Context) error
}

// Shared is a Reader on a store that other agents write to as well. What they do is known within about a second, and the Observer's watchers get a hint then.
type Shared interface {
	Reader
	// Others is the store's version up to which it is known what others have changed; below 0: that is not known yet.
	Others() int64
	// OthersSince returns the exchanges of other runs that changed after the store's version v, oldest change first, without content, at most limit (0: 100).
	// next is the version to go on from: behind the last of them, or Others when there are no more.
	OthersSince(ctx context.Context, v int64, limit int) (items []Item, next int64, err error)
}

// Collect returns all that List yields.
func Collect(seq iter.Seq2[Item, error]) (items []Item, err error) {
	for it, err := range seq {
		if err != nil {
			return items, err
		}
		items = append(items, it)
	}
	return items, nil
}

// Body is kept content.
type Body interface {
	io.ReaderAt
	io.Closer
	Size() int64 // bytes that can be read: the message's Kept
}

// Keeper changes what is kept. A store in memory only has all of it, until it ends. The error of Mark and SaveView is an *InputError when what was given
// cannot be kept.
type Keeper interface {
	// Mark changes the marks of an exchange, and returns it without its content. The error wraps ErrNotFound when there is none.
	Mark(ctx context.Context, id ID, m Marks) (Item, error)
	// Purge deletes the exchanges that q asks for, pinned ones only if the filter names pinned:, and says how many. Limit 0 means all. What is deleted can not
	// be recovered from the store's files. Those under way stay.
	Purge(ctx context.Context, q Query) (n int, err error)
	// Delete deletes these exchanges as Purge does, but pinned ones, too, and says how many there were. Those under way stay.
	Delete(ctx context.Context, ids ...ID) (n int, err error)
	// Views returns the saved filters by name.
	Views(ctx context.Context) ([]View, error)
	SaveView(ctx context.Context, v View) error
	// DeleteView forgets one; the error wraps ErrNotFound when there is none.
	DeleteView(ctx context.Context, name string) error
	// Memos returns what a person has left on a list, newest first.
	Memos(ctx context.Context, list MemoList) ([]string, error)
	// AddMemo puts a text on top of a list, and takes it away where it stood before; beyond MaxMemos the oldest go.
	AddMemo(ctx context.Context, list MemoList, text string) error
	// DeleteMemo takes a text from a list; the error wraps ErrNotFound when it is not there.
	DeleteMemo(ctx context.Context, list MemoList, text string) error
	// Keeping says how the store is.
	Keeping() Keeping
}

// MemoList is a short list of texts that all faces share, and that outlives them.
type MemoList string

// The lists of memos.
const (
	TypedFilters MemoList = "filters"      // what was typed last as a filter
	DiffIgnores  MemoList = "diff-ignores" // what a comparison leaves out: rules of inspect/diff
)

// MaxMemos is how many texts a list of memos holds, and MaxMemo how many bytes each may have.
const (
	MaxMemos = 100
	MaxMemo  = 1024
)

// Marks is a change of marks; what is nil or empty stays as it is.
type Marks struct {
	Pinned  *bool
	Note    *string
	AddTags []string // letters, digits, "-", "_", "." and "/", at most 64 bytes each
	DelTags []string
}

// InputError says what is wrong with marks or a view that somebody wrote.
type InputError struct{ Text string }

// Error returns the text.
func (e *InputError) Error() string { return e.Text }

// View is a filter that somebody has given a name.
type View struct{ Name, Filter string }

// Keeping is how the store is: shown with the status.
type Keeping struct {
	Place     string // the store's file, "" when captures are kept in memory only
	Bytes     int64  // what it takes on the disk
	Stored    uint64 // exchanges of this run that were committed whole
	Summaries uint64 // those of which only the line was kept, since they came faster than the store may write
	NotStored uint64 // those that were not written at all
	Waiting   uint64 // exchanges of any run that came in a flood: they are on the disk, but not in lists yet
	Problem   string // why nothing is written now, and what to do: "the disk is full: …"; "" all is well
	Notice    string // what has happened to the store, though it is written: that a damaged one was moved aside; "" nothing
}

// Spiller takes content that is too large for memory.
type Spiller interface {
	// Spill begins a file for the content of one side; nil: there is no room, or content is kept in memory only.
	Spill(id ID, side Side) Spill
}

// Spill is the content of one side on its way to a file. It belongs to one goroutine.
type Spill interface {
	// Write takes the content from its beginning, in order, and copies p before it returns. It never blocks: false means that p was not taken, since the disk
	// does not keep up or the content is too large; nothing may follow then.
	Write(p []byte) bool
	// Close ends it. What was taken belongs to the exchange of that ID once the store has that exchange with a Kept that says so.
	Close()
}
