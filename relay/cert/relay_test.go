package cert_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/agent"
	"github.com/adit-tunnel/adit/relay"
	"github.com/adit-tunnel/adit/relay/cert"
	"github.com/adit-tunnel/adit/relay/relaytest"
)

// TestRelay: a whole relay has a certificate made for what its agent serves, by either port, also when it sends visitors of the plain one to https; and is asked
// for nothing else.
func TestRelay(t *testing.T) {
	for _, kind := range []string{"http-01", "tls-alpn-01"} {
		t.Run(kind, func(t *testing.T) {
			w := cert.NewWorld(t, kind)
			r := relaytest.Start(t, func(o *relay.Options) {
				o.HTTP, o.HTTPS, o.Redirect, o.ACME = w.HTTP, w.HTTPS, true, w.ACME()
			})
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			ln, err := agent.Listen(ctx, agent.Options{Relay: r.Agents, Pin: r.Pin, Token: r.Token}, agent.Endpoint{Name: "web", Host: "app.tunnel.test"})
			if err != nil {
				t.Fatal(err)
			}
			s := &http.Server{Handler: http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(rw, "hello") })}
			var ended sync.WaitGroup
			ended.Go(func() { _ = s.Serve(ln) })
			defer ended.Wait()
			defer s.Close()
			w.Shows("app.tunnel.test")
			n := w.Orders()
			if c, err := w.Visit("other.tunnel.test"); err == nil {
				t.Errorf("a certificate for %q", c.DNSNames)
			}
			if w.Orders() != n {
				t.Error("an order for a name that nobody serves")
			}
		})
	}
}

// TestImpossible: an agent is told that its endpoint can have no certificate, rather than that it is online while every handshake fails.
func TestImpossible(t *testing.T) {
	r := relaytest.Start(t, func(o *relay.Options) {
		o.HTTPS, o.ACME = "127.0.0.1:0", &cert.ACME{Directory: "https://127.0.0.1:1/dir"}
	})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	wide := agent.Endpoint{Name: "web", Host: "*.dev.tunnel.test"}
	ln, err := agent.Listen(ctx, agent.Options{Relay: r.Agents, Pin: r.Pin, Token: r.Token}, wide)
	if err == nil {
		ln.Close()
	}
	if err == nil || !strings.Contains(err.Error(), "a certificate for *.dev.tunnel.test takes --acme-dns-hook or --cert at the relay; --scheme http does without") {
		t.Errorf("%v", err)
	}
	wide.Schemes = []string{"http"}
	if ln, err = agent.Listen(ctx, agent.Options{Relay: r.Agents, Pin: r.Pin, Token: r.Token}, wide); err != nil {
		t.Fatal(err)
	}
	ln.Close()
}
