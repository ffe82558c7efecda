package relay

import (
	"context"
	"crypto/x509"
	"errors"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/adit-tunnel/adit/relay/registry"
	"github.com/adit-tunnel/adit/relay/session"
	"github.com/adit-tunnel/adit/wire"
)

func wantCode(t *testing.T, err error, code wire.Code) {
	t.Helper()
	var re *registry.Error
	if !errors.As(err, &re) || re.Code != code {
		t.Errorf("got %v, want %v", err, code)
	}
}

func TestPublicPlaces(t *testing.T) {
	p := &publicPlaces{domain: "tunnel.test", key: make([]byte, keySize), urls: urls{https: &publicURL{"https://", ":8443"}}, owner: func(string) (string, error) { return "", nil },
		certificate: func(string) error { return nil }}
	e := &registry.Endpoint{Account: "acme", Instance: "one", Name: "web"}
	release, err := p.Place(t.Context(), e, session.Wish{Port: 4001})
	if err != nil {
		t.Fatal(err)
	}
	release()
	name := endpointName(p.key, "acme", "one", "web")
	if e.Host != name+".tunnel.test" || e.URL != "https://"+name+".tunnel.test:8443" || e.Port != 0 || len(e.Aliases) != 0 {
		t.Errorf("%+v", e)
	}
	for _, host := range []string{"shop.tunnel.test", "Shop.TUNNEL.test.", "shop", "SHOP"} {
		if _, err := p.Place(t.Context(), e, session.Wish{Host: host}); err != nil || e.Host != "shop.tunnel.test" || e.URL != "https://shop.tunnel.test:8443" {
			t.Errorf("%s: %+v %v", host, e, err)
		}
	}
	for _, host := range []string{"sh_op", "*", "tunnel.test", ".tunnel.test", "a.*.tunnel.test", "*a.tunnel.test", "*.*.tunnel.test", "*.10.0.0.1", "a.b_.tunnel.test", "10.0.0.1", "a_b.other.test", "shop.tunnel.test:80", "sh_op.tunnel.test", "-.tunnel.test", "*.tunnel.test", "a b.tunnel.test", "[::1]", strings.Repeat("a", 64) + ".tunnel.test"} {
		_, err := p.Place(t.Context(), e, session.Wish{Host: host})
		wantCode(t, err, wire.CodeBadName)
	}
}

// TestPlacesWithoutCertificate: where TLS ends at the relay and there can be no certificate, nobody is told that all is well; where it ends elsewhere, none is asked for.
func TestPlacesWithoutCertificate(t *testing.T) {
	both := urls{http: &publicURL{"http://", ""}, https: &publicURL{"https://", ""}}
	const what = "a certificate for *.dev.tunnel.test takes --acme-dns-hook"
	for name, c := range map[string]struct {
		urls   urls
		e      registry.Endpoint
		refuse string
	}{
		"no wish":                     {both, registry.Endpoint{}, what + "; --scheme http does without"},
		"https":                       {both, registry.Endpoint{Schemes: []string{"https"}}, what + "; --scheme http does without"},
		"both":                        {both, registry.Endpoint{Schemes: []string{"http", "https"}}, what + "; --scheme http does without"},
		"http":                        {both, registry.Endpoint{Schemes: []string{"http"}}, ""},
		"visitors' certificates":      {urls{https: both.https, front: true}, registry.Endpoint{ClientCAs: x509.NewCertPool()}, what},
		"behind something else's TLS": {urls{https: both.https, front: true}, registry.Endpoint{}, ""},
		"TLS that passes":             {both, registry.Endpoint{Protocol: wire.ProtocolTLS}, ""},
		"TLS that ends here":          {both, registry.Endpoint{Protocol: wire.ProtocolTLS, Terminate: true}, what + "; end TLS at the agent, with --crt and --key, to do without"},
	} {
		p := &publicPlaces{
			domain: "tunnel.test", key: make([]byte, keySize), urls: c.urls, tls: &publicURL{"tls://", ""}, owner: func(string) (string, error) { return "", nil },
			certificate: func(host string) error { return errors.New("a certificate for " + host + " takes --acme-dns-hook") },
		}
		_, err := p.Place(t.Context(), &c.e, session.Wish{Host: "*.dev"})
		var re *registry.Error
		switch {
		case c.refuse == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case c.refuse != "" && (!errors.As(err, &re) || re.Code != wire.CodeUnsupported || re.Text != c.refuse):
			t.Errorf("%s: %v, want %q", name, err, c.refuse)
		}
	}
}

// fakeEdge accepts until its listener is closed, as edge.Server.Serve does.
func fakeEdge(ctx context.Context, ln net.Listener, _ int) error {
	for {
		c, err := ln.Accept()
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
		c.Close()
	}
}

func newTestPlaces(t *testing.T) (*localPlaces, chan error) {
	failed := make(chan error, 1)
	p := newLocalPlaces(fakeEdge, func(f func()) { go f() }, failed, nil)
	t.Cleanup(func() {
		p.close()
		select {
		case err := <-failed:
			t.Errorf("a port ended: %v", err)
		default:
		}
	})
	return p, failed
}

func place(t *testing.T, p *localPlaces, instance, name string, want int) (*registry.Endpoint, func()) {
	t.Helper()
	return placed(t, p, &registry.Endpoint{Account: "local", Instance: instance, Name: name}, want)
}

func placed(t *testing.T, p *localPlaces, e *registry.Endpoint, want int) (*registry.Endpoint, func()) {
	t.Helper()
	release, err := p.Place(t.Context(), e, session.Wish{Port: want})
	if err != nil {
		t.Fatal(err)
	}
	return e, release
}

func open(port int) bool {
	c, err := net.Dial("tcp4", "127.0.0.1:"+strconv.Itoa(port))
	if err == nil {
		c.Close()
	}
	return err == nil
}

func TestLocalPlaces(t *testing.T) {
	p, _ := newTestPlaces(t)
	e, release := place(t, p, "one", "command_line", 0)
	port := strconv.Itoa(e.Port)
	if e.Host != "localhost" || e.URL != "http://localhost:"+port || len(e.Aliases) != 1 || e.Aliases[0] != "http://command-line.localhost:"+port {
		t.Errorf("%+v", e)
	}
	if !open(e.Port) {
		t.Error("nobody listens on 127.0.0.1")
	}
	if probe, err := net.Listen("tcp6", "[::1]:0"); err == nil {
		probe.Close()
		c, err := net.Dial("tcp6", "[::1]:"+port)
		if err != nil {
			t.Fatalf("nobody listens on [::1]: %v", err)
		}
		c.Close()
	}
	release()
	release()
	if open(e.Port) {
		t.Error("the port is open after its release")
	}
	again, release := place(t, p, "one", "command_line", e.Port)
	if again.Port != e.Port {
		t.Errorf("port %d, wanted %d", again.Port, e.Port)
	}
	release()
	_, err := p.Place(t.Context(), &registry.Endpoint{}, session.Wish{Host: "shop.tunnel.test"})
	wantCode(t, err, wire.CodeUnsupported)
	for _, e := range []registry.Endpoint{{ClientCAs: x509.NewCertPool()}, {Schemes: []string{"https"}}} { // it has no TLS
		_, err := p.Place(t.Context(), &e, session.Wish{})
		wantCode(t, err, wire.CodeUnsupported)
	}
	_, release = placed(t, p, &registry.Endpoint{Name: "both", Schemes: []string{"https", "http"}}, 0)
	release()
}

func TestLocalPortIsBusy(t *testing.T) {
	p, _ := newTestPlaces(t)
	taken, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	e, release := place(t, p, "one", "web", portOf(taken))
	defer release()
	if e.Port == portOf(taken) || !open(e.Port) {
		t.Errorf("port %d", e.Port)
	}
	other, release2 := place(t, p, "two", "web", e.Port)
	defer release2()
	if other.Port == e.Port {
		t.Error("two agents have one port")
	}
}

// An agent that comes back while its old session still stands gets its port, and the old session's release does not take it away.
func TestLocalPortIsHandedOver(t *testing.T) {
	p, _ := newTestPlaces(t)
	old, releaseOld := place(t, p, "one", "web", 0)
	e, release := place(t, p, "one", "web", old.Port)
	if e.Port != old.Port {
		t.Fatalf("port %d, had %d", e.Port, old.Port)
	}
	releaseOld()
	releaseOld()
	if !open(e.Port) {
		t.Error("the old session's release closed the port")
	}
	release()
	if open(e.Port) {
		t.Error("the port is open after its release")
	}
}

func TestLocalPlacesAtOnce(t *testing.T) {
	p, _ := newTestPlaces(t)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for range 10 {
				e := &registry.Endpoint{Account: "local", Instance: "one", Name: strconv.Itoa(i % 4)}
				release, err := p.Place(t.Context(), e, session.Wish{})
				if err != nil {
					t.Error(err)
					return
				}
				release()
			}
		})
	}
	wg.Wait()
}

// TestLocalPlacesWithoutTLS: who wants https, or certificates, is refused rather than served without.
func TestLocalPlacesWithoutTLS(t *testing.T) {
	p, _ := newTestPlaces(t)
	for _, e := range []*registry.Endpoint{{Schemes: []string{"https"}}, {ClientCAs: x509.NewCertPool()}} {
		_, err := p.Place(t.Context(), e, session.Wish{})
		wantCode(t, err, wire.CodeUnsupported)
	}
	release, err := p.Place(t.Context(), &registry.Endpoint{Schemes: []string{"https", "http"}}, session.Wish{})
	if err != nil {
		t.Fatal(err)
	}
	release()
}

func TestLostPortIsReported(t *testing.T) {
	failed := make(chan error, 1)
	p := newLocalPlaces(fakeEdge, func(f func()) { go f() }, failed, nil)
	place(t, p, "one", "web", 0)
	p.mu.Lock()
	for _, l := range p.held {
		for _, ln := range l.listeners {
			ln.Close()
		}
	}
	p.mu.Unlock()
	if err := <-failed; !errors.Is(err, net.ErrClosed) {
		t.Errorf("got %v", err)
	}
	p.close()
}

func TestHostLabel(t *testing.T) {
	for name, want := range map[string]string{
		"command_line": "command-line", "Web": "web", "a  b//c": "a-b-c", "--x--": "x", "": "", "été": "t", "_": "", strings.Repeat("a", 70): strings.Repeat("a", 63),
		strings.Repeat("a", 62) + "-b": strings.Repeat("a", 62),
	} {
		if got := hostLabel(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}
