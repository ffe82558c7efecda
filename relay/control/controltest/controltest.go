// Package controltest says what a control store must do: Store runs each sentence of control.Store's contract as a test, Lookup those of control.Lookup.
package controltest

import (
	"crypto/sha256"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/relay/control"
)

// patience is how long a change may take to be seen; it only keeps a broken store from hanging the tests.
const patience = 5 * time.Second

// Lookup demands that l knows its tokens and no others; it must know the token "adit_good" of the account "acme" on the plan "free".
func Lookup(t *testing.T, l control.Lookup) {
	g := gives(t, l, "adit_good", "acme", "free")
	for _, wrong := range []string{"", "adit_goo", "adit_good ", "adit_good\x00", "ADIT_GOOD"} {
		if g, err := l.Authenticate(wrong); !errors.Is(err, control.ErrUnknownToken) || g.Account != "" || strings.Contains(err.Error(), "goo") {
			t.Errorf("%q gives %+v %v", wrong, g, err)
		}
	}
	if _, err := l.Renew(control.Grant{Account: "acme", Plan: "free"}); !errors.Is(err, control.ErrUnknownToken) {
		t.Errorf("a grant that nobody gave is renewed: %v", err)
	}
	if again, err := l.Renew(g); err != nil || again.Account != g.Account || again.Plan != g.Plan {
		t.Errorf("renewed: %+v %v", again, err)
	}
	if owner, err := l.Owner("nobody.example.com"); owner != "" || err != nil {
		t.Errorf("a domain that nobody reserved is %q's, %v", owner, err)
	}
}

// Store demands all that control.Store promises of an empty store that open gives, anew for each test, and closes.
func Store(t *testing.T, open func(t *testing.T) control.Store) {
	for name, test := range map[string]func(*testing.T, control.Store){
		"lookup": func(t *testing.T, s control.Store) {
			secret := adopt(t, s, "adit_good", "acme", "free")
			Lookup(t, s)
			gives(t, s, secret, "acme", "free")
		},
		"plans": plans, "accounts": accounts, "tokens": tokens, "adopt": adoption, "domains": domains, "items": items, "renew": renewal, "at once": atOnce,
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

// gives demands that the token is the account's.
func gives(t *testing.T, l control.Lookup, token, account, plan string) control.Grant {
	t.Helper()
	g, err := l.Authenticate(token)
	if err != nil || g.Account != account || g.Plan != plan {
		t.Fatalf("got %+v %v, want the account %s on %s", g, err, account, plan)
	}
	return g
}

// must ends the test on an error, wants checks an error's kind.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wants(t *testing.T, kind, err error) {
	t.Helper()
	var own *control.Error
	if !errors.Is(err, kind) || !errors.As(err, &own) {
		t.Errorf("got %v, want %v", err, kind)
	}
}

// adopt makes a token whose secret the test chooses.
func adopt(t *testing.T, s control.Store, secret, account, plan string) string {
	t.Helper()
	_, err := s.Adopt("/chosen/"+secret, []control.Line{{Hash: sha256.Sum256([]byte(secret)), Account: account, Plan: plan, Number: 1}})
	must(t, err)
	return secret
}

func plans(t *testing.T, s control.Store) {
	all, err := s.Plans()
	if err != nil || len(all) != 1 || all[0] != (control.Plan{Name: control.DefaultPlan}) {
		t.Fatalf("at first: %+v %v", all, err)
	}
	pro := control.Plan{Name: "pro", Limits: control.Limits{Endpoints: 1, Sessions: 2, Rate: 3, Bandwidth: 1 << 40, SessionFor: 5, RandomOnly: true}}
	must(t, s.SetPlan(pro))
	if all, err = s.Plans(); err != nil || len(all) != 2 || all[1] != pro {
		t.Errorf("after one was made: %+v %v", all, err)
	}
	pro.Rate = 0
	must(t, s.SetPlan(pro))
	if all, err = s.Plans(); err != nil || len(all) != 2 || all[1] != pro {
		t.Errorf("after it was changed: %+v %v", all, err)
	}
	_, err = s.CreateAccount("acme", "pro")
	must(t, err)
	wants(t, control.ErrInUse, s.DeletePlan("pro"))
	must(t, s.DeleteAccount("acme"))
	must(t, s.DeletePlan("pro"))
	wants(t, control.ErrNotFound, s.DeletePlan("pro"))
	wants(t, control.ErrInvalid, s.SetPlan(control.Plan{Name: "two words"}))
	wants(t, control.ErrInvalid, s.SetPlan(control.Plan{Name: "minus", Limits: control.Limits{Bandwidth: -1}}))
}

func accounts(t *testing.T, s control.Store) {
	a, err := s.CreateAccount("acme", control.DefaultPlan)
	if err != nil || a.Name != "acme" || a.Proof == "" || a.Created.IsZero() {
		t.Fatalf("%+v %v", a, err)
	}
	b, err := s.CreateAccount("abc@example.com", control.DefaultPlan)
	if err != nil || b.Proof == a.Proof {
		t.Fatalf("%+v %v", b, err)
	}
	if all, err := s.Accounts(); err != nil || !slices.Equal(all, []control.Account{b, a}) {
		t.Errorf("%+v %v, want %+v", all, err, []control.Account{b, a})
	}
	_, err = s.CreateAccount("acme", control.DefaultPlan)
	wants(t, control.ErrExists, err)
	_, err = s.CreateAccount("new", "none")
	wants(t, control.ErrNotFound, err)
	for _, name := range []string{"", "a b", "-a", "a\n", strings.Repeat("a", 65), "a/b"} {
		_, err = s.CreateAccount(name, control.DefaultPlan)
		wants(t, control.ErrInvalid, err)
	}
	must(t, s.SetPlan(control.Plan{Name: "pro"}))
	must(t, s.SetAccount("acme", "pro"))
	wants(t, control.ErrNotFound, s.SetAccount("acme", "none"))
	wants(t, control.ErrNotFound, s.SetAccount("nobody", "pro"))
	if all, err := s.Accounts(); err != nil || all[1].Plan != "pro" || all[1].Proof != a.Proof {
		t.Errorf("%+v %v", all, err)
	}
	secret, _, err := s.CreateToken(control.Token{Account: "acme"})
	must(t, err)
	must(t, s.ReserveDomain("www.example.com", "acme"))
	must(t, s.DeleteAccount("acme"))
	wants(t, control.ErrNotFound, s.DeleteAccount("acme"))
	if _, err := s.Authenticate(secret); !errors.Is(err, control.ErrUnknownToken) {
		t.Errorf("a deleted account's token: %v", err)
	}
	if all, err := s.Domains(); err != nil || len(all) != 0 {
		t.Errorf("a deleted account's domains: %+v %v", all, err)
	}
}

func tokens(t *testing.T, s control.Store) {
	if empty, err := s.Empty(); !empty || err != nil {
		t.Errorf("empty: %v %v", empty, err)
	}
	if unused, err := s.Unused(); !unused || err != nil {
		t.Errorf("unused: %v %v", unused, err)
	}
	for _, name := range []string{"acme", "other"} {
		_, err := s.CreateAccount(name, control.DefaultPlan)
		must(t, err)
	}
	scopes := control.Scopes{
		Names: []string{"App-*", "*.example.com."}, Protocols: []string{"http"},
		From: []netip.Prefix{netip.MustParsePrefix("10.1.2.3/8"), netip.MustParsePrefix("::ffff:192.0.2.1/128")},
	}
	secret, made, err := s.CreateToken(control.Token{Account: "acme", Note: "the build", Scopes: scopes})
	must(t, err)
	if !strings.HasPrefix(secret, control.TokenPrefix) || made.ID == "" || strings.Contains(secret, made.ID) || made.Created.IsZero() {
		t.Errorf("%q %+v", secret, made)
	}
	g := gives(t, s, secret, "acme", control.DefaultPlan)
	want := control.Scopes{
		Names: []string{"app-*", "*.example.com"}, Protocols: []string{"http"},
		From: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("192.0.2.1/32")},
	}
	if !slices.Equal(g.Scopes.Names, want.Names) || !slices.Equal(g.Scopes.Protocols, want.Protocols) || !slices.Equal(g.Scopes.From, want.From) {
		t.Errorf("%+v, want %+v", g.Scopes, want)
	}
	second, other, err := s.CreateToken(control.Token{Account: "other"})
	must(t, err)
	if all, err := s.Tokens(""); err != nil || len(all) != 2 {
		t.Errorf("%+v %v", all, err)
	}
	if all, err := s.Tokens("acme"); err != nil || len(all) != 1 || all[0].ID != made.ID || all[0].Note != "the build" || !all[0].Created.Equal(made.Created) {
		t.Errorf("%+v %v", all, err)
	}
	for _, bad := range []control.Token{
		{Account: ""}, {Account: "acme", Note: "a\nb"}, {Account: "acme", Scopes: control.Scopes{Protocols: []string{"ftp"}}},
		{Account: "acme", Scopes: control.Scopes{Names: []string{"a b"}}}, {Account: "acme", Scopes: control.Scopes{From: []netip.Prefix{{}}}},
		{Account: "acme", Scopes: control.Scopes{From: []netip.Prefix{netip.MustParsePrefix("::ffff:0:0/90")}}}, // no agent's address is in it
	} {
		_, _, err := s.CreateToken(bad)
		wants(t, control.ErrInvalid, err)
	}
	_, _, err = s.CreateToken(control.Token{Account: "nobody"})
	wants(t, control.ErrNotFound, err)
	must(t, s.RevokeToken(made.ID))
	wants(t, control.ErrNotFound, s.RevokeToken(made.ID))
	if err := s.RevokeToken(second); err == nil || strings.Contains(err.Error(), second) {
		t.Errorf("a token in its id's place: %v", err)
	}
	if _, err := s.Authenticate(secret); !errors.Is(err, control.ErrUnknownToken) {
		t.Errorf("a revoked token: %v", err)
	}
	gives(t, s, second, "other", control.DefaultPlan)
	must(t, s.RevokeToken(other.ID))
	if empty, err := s.Empty(); !empty || err != nil {
		t.Errorf("empty again: %v %v", empty, err)
	}
	must(t, s.DeleteAccount("acme"))
	must(t, s.DeleteAccount("other"))
	if unused, err := s.Unused(); unused || err != nil {
		t.Errorf("unused after its tokens: %v %v", unused, err)
	}
}

func adoption(t *testing.T, s control.Store) {
	line := func(secret, account, plan string, n int) control.Line {
		return control.Line{Hash: sha256.Sum256([]byte(secret)), Account: account, Plan: plan, Number: n}
	}
	one, two := line("adit_one", "acme", "free", 2), line("adit_two", "other", "silver", 5)
	a, err := s.Adopt("/tokens", []control.Line{one, two})
	if err != nil || !slices.Equal(a.Lines, []int{2, 5}) || !slices.Equal(a.Accounts, []string{"acme", "other"}) {
		t.Fatalf("%+v %v", a, err)
	}
	gives(t, s, "adit_one", "acme", "free")
	gives(t, s, "adit_two", "other", "silver")
	quiet := func(what, file string, lines ...control.Line) {
		t.Helper()
		if a, err := s.Adopt(file, lines); err != nil || len(a.Lines)+len(a.Absent)+len(a.Returned)+len(a.Accounts) > 0 {
			t.Errorf("%s: %+v %v", what, a, err)
		}
	}
	quiet("the same again", "/tokens", one, two)
	if a, err = s.Adopt("/tokens", []control.Line{two}); err != nil || len(a.Absent) != 1 || a.Absent[0].Account != "acme" {
		t.Errorf("a line is gone: %+v %v", a, err)
	}
	if _, err := s.Authenticate("adit_one"); !errors.Is(err, control.ErrUnknownToken) {
		t.Errorf("a token without its line: %v", err)
	}
	if a, err = s.Adopt("/tokens", []control.Line{one, two}); err != nil || len(a.Returned) != 1 || len(a.Lines) != 0 {
		t.Errorf("the line is back: %+v %v", a, err)
	}
	gives(t, s, "adit_one", "acme", "free")
	all, err := s.Tokens("acme")
	if err != nil || len(all) != 1 || all[0].File != "/tokens" {
		t.Fatalf("%+v %v", all, err)
	}
	quiet("the file has another name now", "/moved", one, two)
	quiet("an old copy without a line", "/tokens", two)
	gives(t, s, "adit_one", "acme", "free")
	must(t, s.RevokeToken(all[0].ID))
	quiet("a revoked token's line", "/moved", one, two)
	must(t, s.DeleteAccount("acme"))
	quiet("a deleted account's line", "/moved", one, two)
	if _, err := s.Authenticate("adit_one"); !errors.Is(err, control.ErrUnknownToken) {
		t.Errorf("a revoked token comes back: %v", err)
	}
}

func domains(t *testing.T, s control.Store) {
	for _, name := range []string{"acme", "other"} {
		_, err := s.CreateAccount(name, control.DefaultPlan)
		must(t, err)
	}
	must(t, s.ReserveDomain("www.example.com", "acme"))
	must(t, s.ReserveDomain("www.example.com", "acme"))
	wants(t, control.ErrExists, s.ReserveDomain("www.example.com", "other"))
	wants(t, control.ErrNotFound, s.ReserveDomain("api.example.com", "nobody"))
	for _, bad := range []string{"", "app", "*", "*.app", "*.*.example.com", "a.*.example.com", "WWW.example.com", "a..b", "a b.c", "www.example.com.", "10.0.0.1", "*.0.0.1"} {
		wants(t, control.ErrInvalid, s.ReserveDomain(bad, "acme"))
	}
	if owner, err := s.Owner("www.example.com"); owner != "acme" || err != nil {
		t.Errorf("%q %v", owner, err)
	}
	if all, err := s.Domains(); err != nil || len(all) != 1 || all[0].Name != "www.example.com" || all[0].Account != "acme" || all[0].Created.IsZero() {
		t.Errorf("%+v %v", all, err)
	}
	must(t, s.ReleaseDomain("www.example.com"))
	wants(t, control.ErrNotFound, s.ReleaseDomain("www.example.com"))
	if owner, err := s.Owner("www.example.com"); owner != "" || err != nil {
		t.Errorf("released: %q %v", owner, err)
	}
	must(t, s.ReserveDomain("www.example.com", "other"))
	must(t, s.ReserveDomain("*.dev.example.com", "acme"))
	for name, account := range map[string]string{"*.dev.example.com": "acme", "a.dev.example.com": "", "dev.example.com": ""} {
		if owner, err := s.Owner(name); owner != account || err != nil {
			t.Errorf("%s: %q %v", name, owner, err)
		}
	}
}

func items(t *testing.T, s control.Store) {
	for _, key := range []string{"a/b/c", "a/b", "a-b/c", "ab", "a0", "ä/ö"} {
		must(t, s.PutItem(key, []byte("at "+key)))
	}
	must(t, s.PutItem("a/b", nil))
	wants(t, control.ErrInvalid, s.PutItem("", nil))
	it, err := s.Item("a/b/c")
	if err != nil || string(it.Value) != "at a/b/c" || it.Modified.IsZero() {
		t.Errorf("%+v %v", it, err)
	}
	if it, err = s.Item("a/b"); err != nil || len(it.Value) != 0 {
		t.Errorf("%+v %v", it, err)
	}
	_, err = s.Item("a")
	wants(t, control.ErrNotFound, err)
	for prefix, want := range map[string][]string{"a": {"a/b", "a/b/c"}, "a/b": {"a/b/c"}, "": {"a-b/c", "a/b", "a/b/c", "a0", "ab", "ä/ö"}, "none": {}} {
		if keys, err := s.Items(prefix); err != nil || !slices.Equal(keys, want) {
			t.Errorf("below %q: %q %v, want %q", prefix, keys, err, want)
		}
	}
	must(t, s.DeleteItem("a/b"))
	must(t, s.DeleteItem("a/b"))
	if keys, err := s.Items(""); err != nil || !slices.Equal(keys, []string{"a-b/c", "a0", "ab", "ä/ö"}) {
		t.Errorf("after a/b was deleted: %q %v", keys, err)
	}
	addedItems(t, s)
}

// addedItems: of several that add an item, one does, until it is old or taken away.
func addedItems(t *testing.T, s control.Store) {
	wants(t, control.ErrInvalid, s.AddItem("", nil, time.Hour))
	const all = 8
	errs := make(chan error, all)
	for i := range all {
		go func() { errs <- s.AddItem("locks/a", []byte{byte(i)}, time.Hour) }()
	}
	added := 0
	for range all {
		if err := <-errs; err == nil {
			added++
		} else {
			wants(t, control.ErrExists, err)
		}
	}
	if added != 1 {
		t.Errorf("%d of %d added the same item", added, all)
	}
	must(t, s.AddItem("locks/a", []byte("old"), 0))
	if it, err := s.Item("locks/a"); err != nil || string(it.Value) != "old" {
		t.Errorf("%+v %v", it, err)
	}
	must(t, s.DeleteItem("locks/a"))
	must(t, s.AddItem("locks/a", nil, time.Hour))
}

// renewal: what is changed is seen by who asks again.
func renewal(t *testing.T, s control.Store) {
	a, err := s.CreateAccount("acme", control.DefaultPlan)
	must(t, err)
	secret, made, err := s.CreateToken(control.Token{Account: "acme"})
	must(t, err)
	g := gives(t, s, secret, "acme", control.DefaultPlan)
	if g.Proof != a.Proof || g.Limits != (control.Limits{}) {
		t.Errorf("%+v", g)
	}
	must(t, s.SetPlan(control.Plan{Name: control.DefaultPlan, Limits: control.Limits{Endpoints: 7}}))
	if g = renewed(t, s, g, func(g control.Grant) bool { return g.Limits.Endpoints == 7 }); g.Plan != control.DefaultPlan {
		t.Errorf("%+v", g)
	}
	must(t, s.SetPlan(control.Plan{Name: "pro", Limits: control.Limits{Sessions: 3}}))
	must(t, s.SetAccount("acme", "pro"))
	g = renewed(t, s, g, func(g control.Grant) bool { return g.Plan == "pro" && g.Limits == control.Limits{Sessions: 3} })
	must(t, s.RevokeToken(made.ID))
	for end := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		if _, err := s.Renew(g); errors.Is(err, control.ErrUnknownToken) {
			return
		}
		if time.Now().After(end) {
			t.Fatal("a revoked token is renewed")
		}
	}
}

// renewed asks until the grant is as wanted.
func renewed(t *testing.T, s control.Store, g control.Grant, as func(control.Grant) bool) control.Grant {
	t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		now, err := s.Renew(g)
		must(t, err)
		if as(now) {
			return now
		}
		if time.Now().After(end) {
			t.Fatalf("the grant stays %+v", now)
		}
	}
}

// atOnce: many goroutines change and ask.
func atOnce(t *testing.T, s control.Store) {
	_, err := s.CreateAccount("acme", control.DefaultPlan)
	must(t, err)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 5 {
				secret, made, err := s.CreateToken(control.Token{Account: "acme"})
				if err != nil {
					t.Error(err)
					return
				}
				g, err := s.Authenticate(secret)
				if err != nil || g.Account != "acme" {
					t.Errorf("%+v %v", g, err)
				}
				if _, err := s.Renew(g); err != nil {
					t.Error(err)
				}
				if err := s.RevokeToken(made.ID); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if all, err := s.Tokens(""); err != nil || len(all) != 0 {
		t.Errorf("%d tokens are left, %v", len(all), err)
	}
}
