package cert

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mholt/acmez/v3"
	"github.com/mholt/acmez/v3/acme"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	// Each Pebble refuses every tenth nonce, asks about each name, and does not sleep before it does.
	for name, value := range map[string]string{"PEBBLE_WFE_NONCEREJECT": "10", "PEBBLE_AUTHZREUSE": "0", "PEBBLE_VA_NOSLEEP": "1"} {
		if err := os.Setenv(name, value); err != nil {
			panic(err)
		}
	}
	// Its validator has nobody who ends it.
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("github.com/letsencrypt/pebble/v2/va.VAImpl.processTasks"))
}

// memory is a Store in memory.
type memory struct {
	mu    sync.Mutex
	items map[string]item
	sick  error // of all values but locks
}

type item struct {
	value    []byte
	modified time.Time
}

func newMemory() *memory { return &memory{items: map[string]item{}} }

func (m *memory) Item(key string) ([]byte, time.Time, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	i, ok := m.items[key]
	if !ok {
		return nil, time.Time{}, fs.ErrNotExist
	}
	return i.value, i.modified, nil
}

func (m *memory) PutItem(key string, value []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.sick != nil {
		return m.sick
	}
	m.items[key] = item{slices.Clone(value), time.Now()}
	return nil
}

// ail makes all further values fail; nil: none.
func (m *memory) ail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sick = err
}

func (m *memory) AddItem(key string, value []byte, stale time.Duration) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if i, ok := m.items[key]; ok && time.Since(i.modified) < stale {
		return fs.ErrExist
	}
	if m.sick != nil && !strings.HasPrefix(key, locks) {
		return m.sick
	}
	m.items[key] = item{slices.Clone(value), time.Now()}
	return nil
}

func (m *memory) DeleteItem(key string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for k := range m.items {
		if k == key || strings.HasPrefix(k, key+"/") {
			delete(m.items, k)
		}
	}
	return nil
}

func (m *memory) Items(prefix string) (keys []string, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for k := range m.items {
		if prefix == "" || strings.HasPrefix(k, prefix+"/") {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	return keys, nil
}

// abreast is a store whose first two readers of a value read it before either writes: processes that start together.
type abreast struct {
	*memory
	both sync.WaitGroup
	left atomic.Int32
}

func newAbreast(m *memory) *abreast {
	a := &abreast{memory: m}
	a.both.Add(2)
	a.left.Store(2)
	return a
}

func (a *abreast) Item(key string) ([]byte, time.Time, error) {
	v, at, err := a.memory.Item(key)
	if a.left.Add(-1) >= 0 {
		a.both.Done()
		a.both.Wait()
	}
	return v, at, err
}

// TestOneCAOfTwoProcesses: those that start together have the same CA, the first time and with another domain.
func TestOneCAOfTwoProcesses(t *testing.T) {
	m := newMemory()
	for _, domain := range []string{"tunnel.test", "other.test"} {
		store := newAbreast(m)
		var two [2]*internal
		var all sync.WaitGroup
		for i := range two {
			all.Go(func() {
				var err error
				if two[i], err = openInternal(store, domain, time.Now); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		text, err := InternalCA(m)
		if err != nil || two[0].ca.domain() != domain {
			t.Fatalf("%s: %v", domain, err)
		}
		for i, c := range two {
			if !bytes.Equal(PEM(c.ca.Cert), text) {
				t.Errorf("%s: the CA of %d is not that in the store", domain, i)
			}
		}
	}
}

// TestOneAccountOfTwoProcesses: those that start together are one account at the CA, and have the certificates of both.
func TestOneAccountOfTwoProcesses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	store := newMemory()
	var two [2]*issuer
	race := newAbreast(store)
	var all sync.WaitGroup
	for i := range two {
		all.Go(func() {
			var err error
			if two[i], err = newIssuer(Options{ACME: &ACME{Directory: w.server.URL + "/dir", CA: w.roots}, Domain: "tunnel.test", Store: race}); err != nil {
				t.Error(err)
				return
			}
			client := &acmez.Client{Client: &acme.Client{Directory: two[i].Directory, HTTPClient: two[i].http}}
			if _, err = two[i].register(t.Context(), client, false); err != nil {
				t.Error(err)
			}
			two[i].http.CloseIdleConnections()
		})
	}
	all.Wait()
	if n := w.people.Load(); n != 1 || two[0].account.Location == "" || two[0].account.Location != two[1].account.Location {
		t.Errorf("%d accounts: %q and %q", n, two[0].account.Location, two[1].account.Location)
	}
	if err := store.PutItem(two[0].accountKey(), []byte("{")); err != nil { // a damaged one is replaced
		t.Fatal(err)
	}
	w.begun(store, []string{"a.example.com"}, func(o *Options) { o.ACME.Email = "" })
	w.shows("a.example.com")
	if n := w.people.Load(); n != 2 {
		t.Errorf("%d accounts", n)
	}
}

// TestChallengeLeftBehind: what a process that was killed has left is no challenge, once its order must be over.
func TestChallengeLeftBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := challenges{newMemory()}
		if err := c.Present(t.Context(), acme.Challenge{Identifier: acme.Identifier{Value: "a.example.com"}}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(attemptLimit)
		if _, err := c.find("a.example.com"); err != nil {
			t.Error(err)
		}
		time.Sleep(time.Second)
		if _, err := c.find("a.example.com"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%v", err)
		}
	})
}

// TestStorage: certmagic finds its things as it would in directories.
func TestStorage(t *testing.T) {
	ctx, s := t.Context(), newStorage(newMemory(), func(f func()) { go f() })
	for _, key := range []string{"a/b/c", "a/b/d", "a/e", "ab/c"} {
		if err := s.Store(ctx, key, []byte(key)); err != nil {
			t.Fatal(err)
		}
	}
	if direct, err := s.List(ctx, "a", false); err != nil || !slices.Equal(direct, []string{"a/b", "a/e"}) {
		t.Errorf("%q %v", direct, err)
	}
	if all, err := s.List(ctx, "a", true); err != nil || !slices.Equal(all, []string{"a/b/c", "a/b/d", "a/e"}) {
		t.Errorf("%q %v", all, err)
	}
	if !s.Exists(ctx, "a/b") || !s.Exists(ctx, "a/e") || s.Exists(ctx, "a/x") {
		t.Error("what exists")
	}
	if i, err := s.Stat(ctx, "a/e"); err != nil || i.Size != 3 || !i.IsTerminal || i.Modified.IsZero() {
		t.Errorf("%+v %v", i, err)
	}
	if i, err := s.Stat(ctx, "a/b"); err != nil || i.IsTerminal {
		t.Errorf("%+v %v", i, err)
	}
	if _, err := s.Stat(ctx, "x"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v", err)
	}
	if err := s.Delete(ctx, "a"); err != nil || s.Exists(ctx, "a") || !s.Exists(ctx, "ab") {
		t.Errorf("%v", err)
	}
}

func TestLocks(t *testing.T) {
	s := newStorage(newMemory(), func(f func()) { go f() })
	if err := s.Lock(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	soon, cancel := context.WithTimeout(t.Context(), 3*lockRetry)
	defer cancel()
	if err := s.Lock(soon, "a"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("locked twice: %v", err)
	}
	got := make(chan error)
	go func() { got <- s.Lock(t.Context(), "a") }()
	if err := s.Unlock(t.Context(), "a"); err != nil {
		t.Error(err)
	}
	if err := <-got; err != nil {
		t.Error(err)
	}
	if err := s.Unlock(t.Context(), "a"); err != nil {
		t.Error(err)
	}
}

// TestStaleLocks: a lock of one that was killed is taken over, and none of one that lives.
func TestStaleLocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kept := newMemory()
		if err := kept.AddItem(locks+"a", nil, 0); err != nil { // and nobody renews it
			t.Fatal(err)
		}
		s := newStorage(kept, func(f func()) { go f() })
		begun := time.Now()
		if err := s.Lock(t.Context(), "a"); err != nil || time.Since(begun) < lockStale {
			t.Errorf("%v after %v", err, time.Since(begun))
		}
		soon, cancel := context.WithTimeout(t.Context(), 10*lockStale)
		defer cancel()
		if err := s.Lock(soon, "a"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("it was taken from one that lives: %v", err)
		}
		if err := s.Unlock(t.Context(), "a"); err != nil {
			t.Error(err)
		}
		time.Sleep(2 * lockRenew)
		if left, _ := kept.Items("locks"); len(left) > 0 {
			t.Errorf("left: %q", left)
		}
	})
}
