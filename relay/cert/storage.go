package cert

import (
	"context"
	"errors"
	"io/fs"
	"math"
	"strings"
	"sync"
	"time"

	"github.com/caddyserver/certmagic"
)

const (
	locks = "locks/"

	// lockStale is when a lock is nobody's any more: whoever holds one and lives says so every lockRenew.
	lockStale = time.Minute
	lockRenew = 15 * time.Second

	lockRetry = 200 * time.Millisecond
)

// storage is a Store as certmagic wants it.
type storage struct {
	kept Store
	run  func(func())

	mu   sync.Mutex
	mine map[string]chan struct{} // asks who holds a lock to end, and is answered; by name
}

func newStorage(s Store, run func(func())) *storage {
	return &storage{kept: s, run: run, mine: map[string]chan struct{}{}}
}

var _ certmagic.Storage = (*storage)(nil)

// replace puts a value in place of the one that was put there at since, or, if that is zero, where there is none; fs.ErrExist: another process was quicker.
func replace(s Store, key string, value []byte, since time.Time) error {
	stale := time.Duration(math.MaxInt64) // 292 years
	if !since.IsZero() {
		stale = time.Since(since)
	}
	return s.AddItem(key, value, stale)
}

// Store implements certmagic.Storage.
func (s *storage) Store(_ context.Context, key string, value []byte) error {
	return s.kept.PutItem(key, value)
}

// Load implements certmagic.Storage.
func (s *storage) Load(_ context.Context, key string) ([]byte, error) {
	value, _, err := s.kept.Item(key)
	return value, err
}

// Delete implements certmagic.Storage.
func (s *storage) Delete(_ context.Context, key string) error { return s.kept.DeleteItem(key) }

// Exists implements certmagic.Storage.
func (s *storage) Exists(_ context.Context, key string) bool {
	if _, _, err := s.kept.Item(key); err == nil {
		return true
	}
	below, err := s.kept.Items(key)
	return err == nil && len(below) > 0
}

// List implements certmagic.Storage.
func (s *storage) List(_ context.Context, path string, recursive bool) ([]string, error) {
	below, err := s.kept.Items(path)
	if err != nil || recursive {
		return below, err
	}
	var direct []string
	for _, key := range below {
		rest := strings.TrimPrefix(key, path+"/")
		label, _, _ := strings.Cut(rest, "/")
		child := strings.TrimSuffix(key, rest) + label
		if n := len(direct); n == 0 || direct[n-1] != child {
			direct = append(direct, child)
		}
	}
	return direct, nil
}

// Stat implements certmagic.Storage.
func (s *storage) Stat(ctx context.Context, key string) (certmagic.KeyInfo, error) {
	value, modified, err := s.kept.Item(key)
	if errors.Is(err, fs.ErrNotExist) && s.Exists(ctx, key) {
		return certmagic.KeyInfo{Key: key}, nil
	}
	return certmagic.KeyInfo{Key: key, Modified: modified, Size: int64(len(value)), IsTerminal: true}, err
}

// Lock implements certmagic.Storage. Who holds one and is killed holds the others up until it is stale.
func (s *storage) Lock(ctx context.Context, name string) error {
	for {
		err := s.kept.AddItem(locks+name, nil, lockStale)
		if err == nil {
			s.hold(name)
		}
		if !errors.Is(err, fs.ErrExist) {
			return err
		}
		select {
		case <-time.After(lockRetry):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// hold keeps a lock from becoming stale until it is given up. What is done under one ends by itself (attemptLimit).
func (s *storage) hold(name string) {
	over := make(chan struct{})
	s.mu.Lock()
	s.mine[name] = over
	s.mu.Unlock()
	s.run(func() {
		renew := time.NewTicker(lockRenew)
		defer renew.Stop()
		for {
			select {
			case <-renew.C:
				_ = s.kept.PutItem(locks+name, nil) // a store that fails now may do so no more in 15 s
			case <-over:
				over <- struct{}{}
				return
			}
		}
	})
}

// Unlock implements certmagic.Storage.
func (s *storage) Unlock(_ context.Context, name string) error {
	s.mu.Lock()
	over := s.mine[name]
	delete(s.mine, name)
	s.mu.Unlock()
	if over != nil {
		over <- struct{}{} // to it
		<-over             // and back: it will not write the lock again
	}
	return s.kept.DeleteItem(locks + name)
}
