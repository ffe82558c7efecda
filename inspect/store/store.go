// Package store keeps exchanges. A Store has a bounded window in memory, which is the truth of its own run and never blocks, and a database with full-text
// search that all agents of a user share, which a writer fills from the window some milliseconds later; Memory is the window alone. What comes faster than
// rows can be written waits in packs, which become rows when there is time.
//
//	s, err := store.Open(store.Options{Dir: dir, OnChange: func(uint64) { bus.Publish() }})
//	defer s.Close()
//	go s.Keep(ctx) // writes, and deletes what is too old
//	…
//	for it, err := range s.List(ctx, inspect.Query{Filter: f}) { … }
//
// Whoever only looks, as a command in a shell does, takes Attach instead, and has nothing to Keep.
package store

import (
	"database/sql"
	"log/slog"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gofrs/flock"

	"github.com/adit-tunnel/adit/inspect"
)

// Defaults of Options, and of the limits of List and Since.
const (
	DefaultExchanges = 10_000
	DefaultBytes     = inspect.WindowMemory
	DefaultMaxBytes  = 1 << 30
	DefaultMaxAge    = 30 * 24 * time.Hour
	DefaultFiles     = 64
	DefaultLimit     = 100
)

// Options bound what is kept. The zero value stands for the defaults.
type Options struct {
	Exchanges int                  // in the window, for moments a 64th more; 0: DefaultExchanges
	Bytes     int64                // of heads, bodies, trailers and targets in the window, and half as much on its way to files; 0: DefaultBytes
	Run       int64                // this run's number; 0: made from the clock
	OnChange  func(version uint64) // called after each change, perhaps from several goroutines at once; must not block; may be nil

	Dir      string                         // of the database and the content; made with mode 0700
	MaxBytes int64                          // on the disk; 0: DefaultMaxBytes
	MaxAge   time.Duration                  // 0: DefaultMaxAge
	Files    int                            // with large content, on their way to the disk at once; 0: DefaultFiles
	Label    func(*inspect.Exchange) string // the label that is stored with an exchange that has ended; nil: none
	Go       func(func())                   // starts a goroutine; nil: the go statement
	Log      *slog.Logger                   // nil: none

	pace pace // zero: the usual one
	few  int  // zero: fewRows
}

func (o Options) withDefaults() Options {
	if o.Exchanges <= 0 {
		o.Exchanges = DefaultExchanges
	}
	if o.Bytes <= 0 {
		o.Bytes = DefaultBytes
	}
	if o.Run == 0 {
		o.Run = time.Now().UnixMicro()
	}
	if o.MaxBytes <= 0 {
		o.MaxBytes = DefaultMaxBytes
	}
	if o.MaxAge <= 0 {
		o.MaxAge = DefaultMaxAge
	}
	if o.Files <= 0 {
		o.Files = DefaultFiles
	}
	if o.Label == nil {
		o.Label = func(*inspect.Exchange) string { return "" }
	}
	if o.Go == nil {
		o.Go = func(f func()) { go f() }
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	o.pace = o.pace.withDefaults()
	if o.few == 0 {
		o.few = fewRows
	}
	return o
}

// Store is the window of one run with the database behind it. When the database fails, the window goes on alone, Keeping says why, and Keep tries again. Safe
// for concurrent use.
type Store struct {
	o      Options
	window *Memory
	db     atomic.Pointer[sql.DB] // nil: it could not be opened yet
	alive  *flock.Flock           // the run's lock; nil: attached, without a run
	opened atomic.Value           // fs.FileInfo of the file that db is
	spills *spills                // nil: attached
	others atomic.Int64           // the version up to which the writer has noticed what others did; below 0: it has not looked

	writing sync.Mutex // held by who takes from the window to write, or deletes
	state   state
}

var (
	_ inspect.Recorder = (*Store)(nil)
	_ inspect.Shared   = (*Store)(nil)
	_ inspect.Keeper   = (*Store)(nil)
	_ inspect.Spiller  = (*Store)(nil)
	_ inspect.Placer   = (*Store)(nil)
)

// Record keeps x in the window, from where the writer takes it.
func (s *Store) Record(x *inspect.Exchange) { s.window.Record(x) }

// Place gives an exchange its place in the list.
func (s *Store) Place(at time.Time) uint64 { return s.window.Place(at) }

// path is the database's file.
func (s *Store) path() string { return filepath.Join(s.o.Dir, "captures.db") }
