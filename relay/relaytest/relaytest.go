// Package relaytest starts a real relay on 127.0.0.1:0 for tests, httptest's way:
//
//	r := relaytest.Start(t)
//	a, err := agent.New(agent.Options{Relay: r.Agents, Pin: r.Pin, Token: r.Token})
package relaytest

import (
	"context"
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/relay"
)

const (
	domain  = "tunnel.test"
	token   = "adit_relaytest"
	account = "acme"
	plan    = "free"
	region  = "test-1"

	// limit is for what takes milliseconds: it only keeps a broken relay from hanging the tests.
	limit = 20 * time.Second
)

// Relay is a running relay. Its addresses are HOST:PORT; visitors reach an endpoint at HTTP with the Host of its URL.
type Relay struct {
	Agents, HTTP, Admin string
	HTTPS               string // "" unless the options have it
	Pin                 string // of its CA
	Token               string // is valid on it: account "acme", plan "free"
	Domain              string // "tunnel.test"
}

// Start runs a relay until the test ends; o changes the options before it starts. The test fails if the relay ends by itself, or does not end with the
// test. State is kept in a temporary directory: give a StateDir to start it again with the same CA and names. Its log goes to the test's.
func Start(t testing.TB, o ...func(*relay.Options)) *Relay {
	t.Helper()
	opts := relay.Options{
		Domain: domain, HTTP: "127.0.0.1:0", Agents: "127.0.0.1:0", Admin: "127.0.0.1:0",
		Tokens: []string{token}, Account: account, Plan: plan, Region: region, Version: "test",
		StateDir: t.TempDir(), Grace: 5 * time.Second,
		Log: slog.New(slog.NewTextHandler(output(t), &slog.HandlerOptions{Level: slog.LevelWarn})),
	}
	for _, f := range o {
		f(&opts)
	}
	r, err := relay.New(opts)
	if err != nil {
		t.Fatalf("relaytest: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		select {
		case err := <-ended:
			if err != nil {
				t.Errorf("relaytest: %v", err)
			}
		case <-time.After(limit):
			t.Errorf("relaytest: the relay did not stop within %v", limit)
		}
	})
	select {
	case <-r.Ready():
	case err := <-ended:
		ended <- nil
		t.Fatalf("relaytest: the relay ended: %v", err)
	case <-time.After(limit):
		t.Fatalf("relaytest: the relay was not ready within %v", limit)
	}
	return &Relay{Agents: r.AgentsAddr(), HTTP: r.HTTPAddr(), HTTPS: r.HTTPSAddr(), Admin: r.AdminAddr(), Pin: r.Pin(), Token: token, Domain: domain}
}

// output is the test's log. Cleanups run in the reverse order, so the relay has stopped before the test is over.
func output(t testing.TB) io.Writer { return t.Output() }
