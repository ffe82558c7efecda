package session

import (
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/relay/control"
	"github.com/adit-tunnel/adit/wire"
)

func (r *rig) auth(a wire.Auth) (*wire.Welcome, *wire.FatalError) {
	r.t.Helper()
	conn := r.dial()
	defer conn.Close()
	w, err := wire.ClientHandshake(conn, &a)
	var fe *wire.FatalError
	if err != nil && !errors.As(err, &fe) {
		r.t.Fatal(err)
	}
	return w, fe
}

func TestAuth(t *testing.T) {
	var log book
	r := newRig(t, func(o *Options) {
		o.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	w, fe := r.auth(wire.Auth{Token: "good", Instance: "i1"})
	if fe != nil || w.Account != "acme" || w.Plan != "free" || w.Region != "here" || w.Relay != "r1" || w.Session == "" || w.Legs != 1 {
		t.Fatalf("%+v %v", w, fe)
	}
	for _, c := range []struct {
		a    wire.Auth
		code wire.Code
	}{
		{wire.Auth{Instance: "i1"}, wire.CodeTokenRequired},
		{wire.Auth{Token: "good"}, wire.CodeBadAuth},
		{wire.Auth{Token: "good", Instance: "two words"}, wire.CodeBadAuth},
		{wire.Auth{Token: "good", Instance: strings.Repeat("x", maxInstance+1)}, wire.CodeBadAuth},
		{wire.Auth{Token: "secretive", Instance: "i1"}, wire.CodeBadToken},
	} {
		if _, fe := r.auth(c.a); fe == nil || fe.Code != c.code {
			t.Fatalf("%+v: %v", c.a, fe)
		}
	}
	eventually(t, "it was logged", func() bool { return strings.Contains(log.String(), "BAD_TOKEN") })
	if s := log.String(); strings.Contains(s, "secretive") || strings.Contains(s, "good") {
		t.Fatalf("a token is in the log:\n%s", s)
	}
}

func TestFailedTokensHaveToWait(t *testing.T) {
	r := newRig(t)
	for i := 0; ; i++ {
		_, fe := r.auth(wire.Auth{Token: "bad", Instance: "i1"})
		if fe == nil {
			t.Fatal("welcome")
		}
		if fe.Code == wire.CodeTooManyTries {
			if fe.Wait < time.Second {
				t.Fatalf("wait %v", fe.Wait)
			}
			break
		}
		if fe.Code != wire.CodeBadToken || i > 20 {
			t.Fatalf("try %d: %v", i, fe)
		}
	}
	if w, fe := r.auth(wire.Auth{Token: "good", Instance: "i2"}); w == nil {
		t.Fatalf("who has a token at the same address is refused: %v", fe)
	}
}

func TestSilentConnectionsAreCut(t *testing.T) {
	r := newRig(t, func(o *Options) { o.Auth = 100 * time.Millisecond })
	for _, handshake := range []bool{false, true} {
		c, err := net.Dial("tcp", r.addr)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if err := c.SetReadDeadline(time.Now().Add(patience)); err != nil {
			t.Fatal(err)
		}
		if handshake { // it may be cut in the middle of that, on a slow machine
			_ = tls.Client(c, &tls.Config{RootCAs: r.roots, ServerName: "127.0.0.1", NextProtos: []string{wire.ALPN}}).Handshake()
		}
		var ne net.Error
		if _, err := io.Copy(io.Discard, c); errors.As(err, &ne) && ne.Timeout() {
			t.Fatalf("it was not cut, after TLS %v: %v", handshake, err)
		}
	}
}

func TestSessionsOutliveTheTimeOfAuth(t *testing.T) {
	r := newRig(t, func(o *Options) { o.Auth = 2 * time.Second })
	a := r.agent("good", "i1", ok("hello"))
	e := a.bind(r, 1, "a")
	timer := time.NewTimer(2200 * time.Millisecond)
	<-timer.C
	do(t, e, get(1))
}

func TestOtherProtocolsAreNotSpoken(t *testing.T) {
	r := newRig(t)
	for _, protos := range [][]string{nil, {"h2"}} {
		c, err := tls.Dial("tcp", r.addr, &tls.Config{RootCAs: r.roots, NextProtos: protos})
		if err != nil {
			continue
		}
		if err := c.SetReadDeadline(time.Now().Add(patience)); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
			t.Fatalf("%v: %v", protos, err)
		}
		c.Close()
	}
}

// TestTokenWithdrawn: revoking a token ends its sessions and no other's.
func TestTokenWithdrawn(t *testing.T) {
	store, _, err := control.Open(filepath.Join(t.TempDir(), "control.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	token := func(account string) (secret, id string) {
		if _, err := store.CreateAccount(account, control.DefaultPlan); err != nil {
			t.Fatal(err)
		}
		secret, made, err := store.CreateToken(control.Token{Account: account})
		if err != nil {
			t.Fatal(err)
		}
		return secret, made.ID
	}
	gone, id := token("gone")
	stays, _ := token("stays")
	r := prepare(t, func(o *Options) { o.Control = store })
	r.srv.check = 10 * time.Millisecond
	r.serve()
	a, b := r.agent(gone, "i1", ok("")), r.agent(stays, "i1", ok(""))
	if err := store.RevokeToken(id); err != nil {
		t.Fatal(err)
	}
	if m := a.await(wire.MsgFatal); m.Body.(*wire.Fatal).Code != wire.CodeBadToken {
		t.Errorf("%+v", m.Body)
	}
	eventually(t, "one session is left", func() bool { return r.srv.Sessions() == 1 })
	b.bind(r, 1, "still")
}

// TestWithdrawnSessionCannotLive: an agent that does not listen to the end, and joins with another leg then, has nothing of it.
func TestWithdrawnSessionCannotLive(t *testing.T) {
	var store *lookups
	var log book
	r := prepare(t, func(o *Options) { store = &lookups{Lookup: o.Control}; o.Control = store }, logged(&log))
	r.srv.check = 10 * time.Millisecond
	r.serve()
	w, err := wire.ClientHandshake(r.dial(), &wire.Auth{Token: "good", Instance: "i1"})
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the session is online", func() bool { return r.srv.Sessions() == 1 })
	store.missing.Store(1 << 40)
	eventually(t, "the agent is told", func() bool { return strings.Contains(log.String(), "session ended by the relay") })
	if _, err := wire.ClientJoin(r.dial(), &wire.Join{Session: w.Session, Secret: w.Secret, Version: "t"}); err == nil {
		t.Error("a leg joins a session that is over")
	}
	eventually(t, "the session's end", func() bool { return r.srv.Sessions() == 0 })
}
