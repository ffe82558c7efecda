package control_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/adit-tunnel/adit/relay/control"
	"github.com/adit-tunnel/adit/relay/control/controltest"
)

func openStore(t *testing.T) control.Store {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "a dir#of %41 characters") // that mean something in an address
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	s, notice, err := control.Open(filepath.Join(dir, "control.db"))
	if err != nil || notice != "" {
		t.Fatalf("%q %v", notice, err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestSQLiteStore(t *testing.T) { controltest.Store(t, openStore) }

func TestLookups(t *testing.T) {
	memory := control.Memory(map[string]control.Grant{"adit_good": {Account: "acme", Plan: "free"}, "": {Account: "nobody"}})
	other := control.Memory(map[string]control.Grant{"adit_two": {Account: "other", Plan: "pro"}})
	for name, l := range map[string]control.Lookup{"memory": memory, "joined": control.Join(other, memory), "joined, the other way": control.Join(memory, other)} {
		t.Run(name, func(t *testing.T) { controltest.Lookup(t, l) })
	}
	g, err := control.Join(memory, openStore(t), other).Authenticate("adit_two")
	if err != nil || g.Account != "other" {
		t.Errorf("%+v %v", g, err)
	}
}

func TestAnyone(t *testing.T) {
	l := control.Anyone(control.Grant{Account: "local"})
	for _, token := range []string{"", "adit_x"} {
		g, err := l.Authenticate(token)
		if err != nil || g.Account != "local" {
			t.Errorf("%+v %v", g, err)
		}
		if g, err = l.Renew(g); err != nil || g.Account != "local" {
			t.Errorf("renewed: %+v %v", g, err)
		}
	}
}

// TestWhileUnused: as long as there is no token, everybody comes in; with the first one nobody does without it, and who had come in is sent away.
func TestWhileUnused(t *testing.T) {
	s := openStore(t)
	l := control.WhileUnused(s, control.Grant{Account: "local"})
	g, err := l.Authenticate("")
	if err != nil || g.Account != "local" {
		t.Fatalf("%+v %v", g, err)
	}
	if _, err := l.Renew(g); err != nil {
		t.Fatal(err)
	}
	if _, err := s.CreateAccount("acme", control.DefaultPlan); err != nil {
		t.Fatal(err)
	}
	secret, made, err := s.CreateToken(control.Token{Account: "acme"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Authenticate(""); !errors.Is(err, control.ErrUnknownToken) {
		t.Errorf("without a token: %v", err)
	}
	if _, err := l.Renew(g); !errors.Is(err, control.ErrUnknownToken) {
		t.Errorf("who had come in without one: %v", err)
	}
	if g, err = l.Authenticate(secret); err != nil || g.Account != "acme" {
		t.Errorf("%+v %v", g, err)
	}
	if _, err := l.Renew(g); err != nil {
		t.Error(err)
	}
	if err := s.RevokeToken(made.ID); err != nil {
		t.Fatal(err)
	}
	for _, token := range []string{secret, ""} { // revoking the last one must not open the door
		if _, err := l.Authenticate(token); !errors.Is(err, control.ErrUnknownToken) {
			t.Errorf("after the last token was revoked: %v", err)
		}
	}
}
