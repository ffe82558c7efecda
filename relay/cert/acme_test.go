package cert

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mholt/acmez/v3/acme"
)

// closed is a port at which nobody listens.
func closed(t *testing.T) int {
	ln := listen(t)
	ln.Close()
	return portOf(ln)
}

func TestChallenges(t *testing.T) {
	for kind, change := range map[string]func(*world){
		"http-01":     func(w *world) { w.tlsPort = closed(w.t) },
		"tls-alpn-01": func(w *world) { w.httpPort = closed(w.t) },
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, change)
			store := newMemory()
			s, _ := w.begun(store, []string{"app.example.com"})
			w.shows("app.example.com")
			if left, err := store.Items("challenges"); len(left) > 0 || err != nil {
				t.Errorf("challenges are left: %q %v", left, err)
			}
			if left, err := store.Items("locks"); len(left) > 0 || err != nil {
				t.Errorf("locks are left: %q %v", left, err)
			}
			if s.Challenged("app.example.com") {
				t.Error("challenged still")
			}
		})
	}
}

// TestSolvers: a CA is only ever offered the challenges that it can be answered.
func TestSolvers(t *testing.T) {
	plain, hooked := &ACME{Directory: "letsencrypt"}, &ACME{Directory: "letsencrypt", Hook: "/hook"}
	for want, o := range map[string]Options{
		"http-01 tls-alpn-01": {ACME: plain}, "tls-alpn-01": {ACME: plain, TLSOnly: true}, "dns-01": {ACME: hooked, Domain: "a.test"},
	} {
		i, err := newIssuer(o)
		if err != nil {
			t.Fatal(err)
		}
		solvers := i.solvers(&x509.CertificateRequest{DNSNames: []string{"a.test"}})
		if got := strings.Join(slices.Sorted(maps.Keys(solvers)), " "); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// TestHook: with a hook all names below the domain have one certificate in common, also those that nobody serves; the domain itself and others have their own.
func TestHook(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.begun(newMemory(), []string{"a.tunnel.test", "tunnel.test", "www.example.com"}, func(o *Options) { o.ACME.Hook = w.hook() })
	eventually(t, "an order before there is a visitor", func() bool { return w.orders.Load() == 1 })
	first := w.shows("a.tunnel.test")
	if c, err := w.visit(""); err != nil || !c.Equal(first) {
		t.Errorf("without a name: %v", err)
	}
	for _, name := range []string{"b.tunnel.test", "A.tunnel.test"} {
		if !w.shows(name).Equal(first) {
			t.Errorf("%s has a certificate of its own", name)
		}
	}
	w.ordered(1)
	w.shows("tunnel.test")
	w.shows("www.example.com")
	calls, err := os.ReadFile(filepath.Join(w.records, "calls"))
	if err != nil || string(calls) != "present\ncleanup\npresent\ncleanup\n" {
		t.Errorf("the hook was called: %q %v", calls, err)
	}
}

func TestHookThatFails(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	hook := filepath.Join(t.TempDir(), "hook")
	write(t, hook, []byte("#!/bin/sh\necho the zone is locked >&2\nexit 1\n"))
	if err := os.Chmod(hook, 0o700); err != nil {
		t.Fatal(err)
	}
	s, _ := w.begun(newMemory(), nil, func(o *Options) { o.ACME.Hook = hook })
	if c, err := w.visit("a.tunnel.test"); err == nil {
		t.Fatalf("a certificate for %q", c.DNSNames)
	}
	_, err := s.acme.outcome("a.tunnel.test", "*.tunnel.test")
	if err == nil || !strings.Contains(err.Error(), "present _acme-challenge.tunnel.test: exit status 1: the zone is locked") {
		t.Errorf("the error is %v", err)
	}
}

// TestWildcards: a name below a wildcard gets no certificate of its own, of which strangers could ask for any number.
func TestWildcards(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.begun(newMemory(), []string{"*.dev.example.com"}, func(o *Options) { o.ACME.Hook, o.Domain = w.hook(), "example.com" })
	w.shows("a.dev.example.com")
	w.shows("b.dev.example.com")
	if c, err := w.visit("a.b.dev.example.com"); err == nil {
		t.Errorf("a certificate for %q", c.DNSNames)
	}
	w.shows("app.example.com")
	w.ordered(2) // for *.example.com and *.dev.example.com
	w.begun(newMemory(), []string{"*.dev.example.com"})
	if c, err := w.visit("c.dev.example.com"); err == nil {
		t.Errorf("without a hook: a certificate for %q", c.DNSNames)
	}
	w.ordered(2)
}

// TestUnwantedNames: what nobody serves is refused by the name of the mistake, and no CA hears of it.
func TestUnwantedNames(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.begun(newMemory(), []string{"app.example.com"})
	for _, name := range []string{"other.example.com", "example.com", "a.app.example.com", "a.tunnel.test", ""} {
		_, err := w.visit(name)
		var alert tls.AlertError
		if !errors.As(err, &alert) && (err == nil || !strings.Contains(err.Error(), "unrecognized name")) {
			t.Errorf("%s: %v", name, err)
		}
	}
	w.ordered(0)
}

// counted is a store that counts its readers.
type counted struct {
	*memory
	looks atomic.Int32
}

func (c *counted) Item(key string) ([]byte, time.Time, error) {
	c.looks.Add(1)
	return c.memory.Item(key)
}

// TestStrangersReadNothing: names that nobody serves, of which a stranger has any number, cost no look into the store.
func TestStrangersReadNothing(t *testing.T) {
	store := &counted{memory: newMemory()}
	o := options(t, store, []string{"*.dev.example.com"})
	o.ACME = &ACME{Directory: "letsencrypt", Hook: "/hook"}
	s := open(t, o)
	before := store.looks.Load()
	for _, name := range []string{"a.example.com", "a.b.example.org", "tunnel.example", "a.b.tunnel.test"} {
		for _, protocols := range [][]string{nil, {alpnChallenge}} {
			c, err := s.Certificate(&tls.ClientHelloInfo{ServerName: name, SupportedProtos: protocols})
			if c != nil || err != nil && protocols == nil {
				t.Errorf("%s %q: %v", name, protocols, err)
			}
		}
		if _, ok := s.Challenge(name, "/.well-known/acme-challenge/x"); ok || s.Challenged(name) {
			t.Errorf("%s: challenged", name)
		}
	}
	if s.Challenged("a.dev.example.com") {
		t.Error("a challenge for one of a wildcard's names")
	}
	if n := store.looks.Load() - before; n != 0 {
		t.Errorf("%d looks", n)
	}
}

// TestManyVisitors: two names at once, with many visitors, are two orders.
func TestManyVisitors(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	names := []string{"a.example.com", "b.example.com"}
	w.begun(newMemory(), names)
	var all sync.WaitGroup
	for i := range 40 {
		all.Go(func() {
			if c, err := w.visit(names[i%2]); err != nil || c.VerifyHostname(names[i%2]) != nil {
				t.Errorf("%s: %v", names[i%2], err)
			}
		})
	}
	all.Wait()
	w.ordered(2)
}

// TestTwoProcesses: two that share a store, as in a restart, place one order.
func TestTwoProcesses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	store, names := newMemory(), []string{"a.example.com"}
	one, _ := w.begun(store, names)
	two, _ := w.begun(store, names)
	var all sync.WaitGroup
	for _, s := range []*Source{one, two} {
		all.Go(func() {
			if c, err := s.acme.get(t.Context(), names[0]); c == nil || err != nil {
				t.Errorf("%v %v", c, err)
			}
		})
	}
	all.Wait()
	w.ordered(1)
}

func TestRestartOrdersNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	store, names := newMemory(), []string{"app.example.com"}
	_, stop := w.begun(store, names)
	first := w.shows(names[0])
	stop()
	w.down.Store(true)
	w.begun(store, names)
	if !w.shows(names[0]).Equal(first) {
		t.Error("another certificate")
	}
	w.ordered(1)
}

// TestExpiredIsBetterThanNone: also after a restart.
func TestExpiredIsBetterThanNone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(w *world) { w.validity = 5 })
	store, names := newMemory(), []string{"app.example.com"}
	_, stop := w.begun(store, names)
	w.shows(names[0])
	stop()
	w.down.Store(true)
	kept := inStore(t, store)
	time.Sleep(time.Until(kept.NotAfter.Add(time.Second)))
	w.begun(store, names)
	if !w.shows(names[0]).Equal(kept) {
		t.Error("another certificate")
	}
	w.down.Store(false)
	eventually(t, "a new one", func() bool { return !w.shows(names[0]).Equal(kept) })
}

// TestRenewal: a certificate is renewed before it ends; while the CA is down the old one is served, and when it is back the new one comes by itself.
func TestRenewal(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(w *world) { w.validity = 12 })
	names := []string{"app.example.com"}
	s, _ := w.begun(newMemory(), names)
	first := w.shows(names[0])
	w.down.Store(true)
	for time.Now().Before(first.NotAfter.Add(time.Second)) {
		if !w.shows(names[0]).Equal(first) {
			t.Fatal("another certificate while the CA is down")
		}
		time.Sleep(100 * time.Millisecond)
	}
	w.down.Store(false)
	eventually(t, "renewal", func() bool { return !w.shows(names[0]).Equal(first) })
	second := w.shows(names[0])
	s.acme.mu.Lock()
	h := s.acme.held[names[0]]
	due, end := h.due, h.cert.Leaf.NotAfter
	s.acme.mu.Unlock()
	if !due.Before(end) {
		t.Errorf("it ends %v, and is to be renewed %v", end, due)
	}
	eventually(t, "a second renewal", func() bool { return !w.shows(names[0]).Equal(second) })
}

// TestRenewalsOfMany: what is due all at once, as after a long rest, is not begun all at once.
func TestRenewalsOfMany(t *testing.T) {
	o := options(t, newMemory(), []string{"*.example.com"})
	o.ACME = &ACME{Directory: fmt.Sprintf("https://127.0.0.1:%d/dir", closed(t))}
	o.Subject = func(name string) (string, string, bool) { return name, "", true }
	var begun []func()
	o.Go = func(f func()) { begun = append(begun, f) }
	s := open(t, o)
	leaf := &x509.Certificate{NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	for i := range 3 * attempts {
		s.acme.held[fmt.Sprintf("%d.example.com", i)] = &held{cert: &tls.Certificate{Leaf: leaf}}
	}
	s.acme.renew()
	s.acme.renew()
	if len(begun) != attempts {
		t.Errorf("%d are under way", len(begun))
	}
	s.acme.cancel()
	s.acme.run = func(f func()) { go f() }
	s.acme.storage.run = s.acme.run
	for _, f := range begun {
		go f()
	}
}

// TestUnwantedIsNotRenewed: what nobody serves any more is let go of.
func TestUnwantedIsNotRenewed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(w *world) { w.validity = 6 })
	var gone atomic.Bool
	s, _ := w.begun(newMemory(), nil, func(o *Options) {
		o.Subject = func(name string) (string, string, bool) { return name, "", !gone.Load() }
	})
	w.shows("app.example.com")
	gone.Store(true)
	eventually(t, "letting go", func() bool {
		s.acme.mu.Lock()
		defer s.acme.mu.Unlock()
		return len(s.acme.held) == 0
	})
	w.ordered(1)
}

// TestFailuresAreRemembered: who takes a name away while the CA refuses it, and comes back with it, does not begin anew.
func TestFailuresAreRemembered(t *testing.T) {
	o := options(t, newMemory(), nil)
	o.ACME = &ACME{Directory: "letsencrypt"}
	s := open(t, o)
	for due, kept := range map[time.Duration]bool{-time.Second: true, -2 * refusedMost: false} {
		s.acme.held["a.example.com"] = &held{failures: 3, due: time.Now().Add(due)}
		s.acme.renew()
		if s.acme.held["a.example.com"] != nil != kept {
			t.Errorf("due %v: kept is not %v", due, kept)
		}
	}
}

// TestDamagedInStore: a certificate that cannot be read any more is ordered anew, at a start and when it is to be renewed.
func TestDamagedInStore(t *testing.T) {
	t.Parallel()
	for _, part := range []string{".crt", ".key", ".json"} {
		t.Run(part, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, func(w *world) { w.validity = 12 })
			store := newMemory()
			_, stop := w.begun(store, []string{"a.example.com"})
			damage := func() {
				keys, _ := store.Items("certificates")
				for _, key := range keys {
					if strings.HasSuffix(key, part) {
						if err := store.PutItem(key, []byte("\x00")); err != nil {
							t.Error(err)
						}
					}
				}
			}
			first := w.shows("a.example.com")
			stop()
			damage()
			w.begun(store, []string{"a.example.com"})
			second := w.shows("a.example.com")
			if second.Equal(first) {
				t.Error("it is the old one")
			}
			damage()
			eventually(t, "renewal", func() bool { return !w.shows("a.example.com").Equal(second) })
		})
	}
}

// TestCADown: a new name's visitors are refused, the CA is not asked again for each of them, and all is well when it is back.
func TestCADown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s, _ := w.begun(newMemory(), []string{"a.example.com"})
	w.down.Store(true)
	for range 20 {
		if c, err := w.visit("a.example.com"); err == nil {
			t.Fatalf("a certificate for %q", c.DNSNames)
		}
	}
	w.down.Store(false)
	if got := s.Stats(); got[0].Source != "acme" || got[0].Certificates != 0 || !got[0].Ends.IsZero() || got[0].Failures == 0 {
		t.Errorf("%+v", got)
	}
	eventually(t, "a certificate", func() bool { _, err := w.visit("a.example.com"); return err == nil })
	w.ordered(1)
	if got := s.Stats()[0]; got.Certificates != 1 || !got.Ends.Equal(w.shows("a.example.com").NotAfter) {
		t.Errorf("%+v", got)
	}
}

// TestFullStore: what could not be kept is not ordered, and comes when there is room again.
func TestFullStore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	store := newMemory()
	w.begun(store, []string{"a.example.com", "b.example.com"})
	w.shows("a.example.com")
	n := w.orders.Load()
	store.ail(errors.New("no space left on device"))
	for range 3 {
		if c, err := w.visit("b.example.com"); err == nil {
			t.Fatalf("a certificate for %q", c.DNSNames)
		}
	}
	w.ordered(n)
	store.ail(nil)
	eventually(t, "a certificate", func() bool { _, err := w.visit("b.example.com"); return err == nil })
}

// TestCleaning: what has ended long ago goes, once a day.
func TestCleaning(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(w *world) { w.validity = 60 })
	store := newMemory()
	s, stop := w.begun(store, []string{"a.example.com"})
	w.shows("a.example.com")
	old, err := NewAuthority("old", "", time.Now().AddDate(-20, 0, 0))
	if err != nil {
		t.Fatal(err)
	}
	const key = "certificates/ca/old.example.com/old.example.com"
	if err := errors.Join(store.PutItem(key+".crt", PEM(old.Cert)), store.PutItem(key+".key", nil), store.PutItem(key+".json", nil)); err != nil {
		t.Fatal(err)
	}
	count := func() int { all, _ := store.Items("certificates"); return len(all) }
	s.acme.clean()
	stop()
	if count() != 6 {
		t.Errorf("%d items: it was cleaned twice within a day", count())
	}
	if err := store.DeleteItem("last_clean.json"); err != nil {
		t.Fatal(err)
	}
	w.begun(store, nil)
	eventually(t, "cleaning", func() bool { return count() == 3 })
}

// TestForgottenAccount: a CA that has lost its accounts gets a new one.
func TestForgottenAccount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.begun(newMemory(), []string{"a.example.com", "b.example.com"})
	w.shows("a.example.com")
	w.begin()
	w.shows("b.example.com")
}

// TestRefused: what the CA says of a name is the error, and it is not asked again at once.
func TestRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(w *world) { w.httpPort, w.tlsPort = closed(w.t), closed(w.t) })
	s, _ := w.begun(newMemory(), []string{"a.example.com"})
	if c, err := w.visit("a.example.com"); err == nil {
		t.Fatalf("a certificate for %q", c.DNSNames)
	}
	n := w.orders.Load()
	_, err := s.acme.get(t.Context(), "a.example.com")
	if err == nil || !strings.Contains(err.Error(), "authorization failed: HTTP 4") {
		t.Errorf("the error is %v", err)
	}
	w.ordered(n)
}

func TestOrdersAreLimited(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s, _ := w.begun(newMemory(), []string{"a.example.com", "b.example.com"})
	s.acme.orders.all.SetBurst(1)
	w.shows("a.example.com")
	var few *tooMany
	if _, err := s.acme.get(t.Context(), "b.example.com"); !errors.As(err, &few) || time.Until(few.again) > orderEvery {
		t.Errorf("%v", err)
	}
	w.ordered(1)
}

func TestBackoff(t *testing.T) {
	for _, c := range []struct {
		err      error
		failures int
		want     time.Duration
	}{
		{errors.New("dial"), 0, 5 * time.Second},
		{errors.New("dial"), 3, 40 * time.Second},
		{errors.New("dial"), 1000, 10 * time.Minute},
		{problem(403, "unauthorized"), 0, time.Minute},
		{problem(403, "unauthorized"), 2, 16 * time.Minute},
		{problem(403, "unauthorized"), 1000, time.Hour},
		{problem(503, "serverInternal"), 0, 5 * time.Second},
		{problem(429, "rateLimited"), 0, time.Hour},
	} {
		if got := backoff(c.err, c.failures); got != c.want {
			t.Errorf("%v after %d: %v, want %v", c.err, c.failures, got, c.want)
		}
	}
}

// TestShares: an account that wants many new certificates leaves the others theirs, and is told when it may have more.
func TestShares(t *testing.T) {
	o, now := newOrders(), time.Now()
	for range shareBurst {
		if err := o.take("greedy", now); err != nil {
			t.Fatal(err)
		}
	}
	var few *tooMany
	if err := o.take("greedy", now); !errors.As(err, &few) || !few.again.Equal(now.Add(shareEvery)) || !strings.Contains(err.Error(), `the account "greedy" has had its share`) {
		t.Errorf("%v", err)
	}
	if got := backoff(fmt.Errorf("b: %w", few), 9); got > shareEvery || got < shareEvery-time.Minute {
		t.Errorf("the name waits %v", got)
	}
	for i := range orderBurst - shareBurst {
		if err := o.take(fmt.Sprint(i), now); err != nil {
			t.Fatalf("%d: %v", i, err)
		}
	}
	if err := o.take("other", now); !errors.As(err, &few) || !few.again.Equal(now.Add(orderEvery)) {
		t.Errorf("%v", err)
	}
	if own := o.shares["other"].TokensAt(now); own != shareBurst {
		t.Errorf("the refusal cost %v of the account's share", shareBurst-own)
	}
	later := now.Add(shareEvery)
	if err := errors.Join(o.take("greedy", later), o.take("", later)); err != nil {
		t.Error(err)
	}
	for i := range 3 * maxShares {
		_ = o.take(fmt.Sprint("many", i), later.Add(time.Duration(i)*orderEvery))
	}
	if len(o.shares) > maxShares {
		t.Errorf("%d accounts are remembered", len(o.shares))
	}
}

// TestHurry: a wait is short beside the life of the certificate that is to be renewed.
func TestHurry(t *testing.T) {
	now := time.Now()
	for life, want := range map[time.Duration]time.Duration{time.Minute: 5 * time.Second, 2 * time.Hour: 10 * time.Minute, 90 * 24 * time.Hour: time.Hour} {
		h := held{cert: &tls.Certificate{Leaf: &x509.Certificate{NotBefore: now, NotAfter: now.Add(life)}}}
		if got := h.hurry(time.Hour); got != want {
			t.Errorf("life %v: %v, want %v", life, got, want)
		}
	}
	if got := new(held).hurry(time.Hour); got != time.Hour {
		t.Errorf("without a certificate: %v", got)
	}
}

// TestQuiet: one failure a minute is told, with how many were not.
func TestQuiet(t *testing.T) {
	var q quiet
	now := time.Now()
	for i, want := range []bool{true, false, false} {
		if left, ok := q.may(now.Add(time.Duration(i) * time.Second)); ok != want || left != 0 {
			t.Errorf("%d: %d %v", i, left, ok)
		}
	}
	if left, ok := q.may(now.Add(time.Hour)); !ok || left != 2 {
		t.Errorf("later: %d %v", left, ok)
	}
}

func TestMistakesInACME(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty.pem")
	write(t, empty, nil)
	for want, a := range map[string]ACME{
		`--acme "http://ca.test/dir" is not the https URL`: {Directory: "http://ca.test/dir"},
		`--acme-email "owner" is no e-mail address`:        {Directory: "letsencrypt", Email: "owner"},
		"--acme-ca: open none.pem":                         {Directory: "letsencrypt", CA: "none.pem"},
		"it holds no certificate in PEM":                   {Directory: "letsencrypt", CA: empty},
	} {
		o := options(t, newMemory(), nil)
		o.ACME = &a
		if s, err := New(o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v %v, want %q", a, s, err, want)
		}
	}
}

// TestCloseEndsOrders: a source that is closed while the CA does not answer leaves nothing behind.
func TestCloseEndsOrders(t *testing.T) {
	mute := listen(t)
	var all []net.Conn
	var ended sync.WaitGroup
	came := make(chan struct{}, 1)
	ended.Go(func() {
		for {
			c, err := mute.Accept()
			if err != nil {
				return
			}
			all = append(all, c)
			came <- struct{}{}
		}
	})
	t.Cleanup(func() {
		mute.Close()
		ended.Wait()
		for _, c := range all {
			c.Close()
		}
	})
	o := options(t, newMemory(), []string{"a.example.com"})
	o.ACME = &ACME{Directory: "https://" + mute.Addr().String() + "/dir"}
	s := open(t, o)
	failed := make(chan error)
	go func() { _, err := s.acme.get(t.Context(), "a.example.com"); failed <- err }()
	<-came
	s.Close()
	if err := <-failed; err == nil {
		t.Error("a certificate from a CA that does not answer")
	}
}

func problem(status int, kind string) error {
	return fmt.Errorf("[a.test] Obtain: %w", acme.Problem{Status: status, Type: "urn:ietf:params:acme:error:" + kind})
}

// inStore is the one certificate in the store.
func inStore(t *testing.T, store *memory) *x509.Certificate {
	t.Helper()
	keys, _ := store.Items("certificates")
	for _, key := range keys {
		if strings.HasSuffix(key, ".crt") {
			text, _, _ := store.Item(key)
			block, _ := pem.Decode(text)
			c, err := x509.ParseCertificate(block.Bytes)
			if err != nil {
				t.Fatal(err)
			}
			return c
		}
	}
	t.Fatal("there is none")
	return nil
}
