package relaytest

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"regexp"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/adit-tunnel/adit/relay"
	"github.com/adit-tunnel/adit/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// dial connects as an agent with a pin does.
func dial(t *testing.T, r *Relay) net.Conn {
	t.Helper()
	c, err := wire.ClientTLS(r.Pin, nil, "")
	if err != nil {
		t.Fatal(err)
	}
	d := tls.Dialer{NetDialer: &net.Dialer{Timeout: limit}, Config: c}
	conn, err := d.DialContext(t.Context(), "tcp", r.Agents)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

func join(t *testing.T, r *Relay, token, instance string) (net.Conn, *wire.Welcome, error) {
	t.Helper()
	conn := dial(t, r)
	w, err := wire.ClientHandshake(conn, &wire.Auth{Token: token, Instance: instance, Version: "test", OS: "test"})
	return conn, w, err
}

// tickets are what instances were given last, by the name of their endpoint.
var tickets = map[[2]string]string{}

// bind joins, asks for an endpoint with the instance's last ticket for it, and returns its URL.
func bind(t *testing.T, r *Relay, instance string, b wire.Bind) string {
	t.Helper()
	who := [2]string{instance, b.Name + b.Host}
	b.How, b.Ticket = wire.HowResume, tickets[who]
	conn, _, err := join(t, r, r.Token, instance)
	if err != nil {
		t.Fatal(err)
	}
	answers := make(chan *wire.Message, 16)
	leg, err := wire.NewAgentLeg(conn, wire.LegOptions{OnMessage: func(m *wire.Message) { answers <- m }})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { defer close(ended); _ = leg.Run(t.Context()) }()
	t.Cleanup(func() { leg.Close(); <-ended })
	if err := leg.Send(wire.MsgBind, 7, &b); err != nil {
		t.Fatal(err)
	}
	deadline := time.After(limit)
	for {
		select {
		case m := <-answers:
			switch body := m.Body.(type) {
			case *wire.Bound:
				tickets[who] = body.Ticket
				return body.URL
			case *wire.Refusal:
				return body.Code.String()
			}
		case <-deadline:
			t.Fatal("no answer to Bind")
		}
	}
}

func TestRelayServes(t *testing.T) {
	r := Start(t)
	for _, url := range []string{"http://" + r.Admin + "/readyz", "http://" + r.Admin + "/healthz"} {
		q, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		a, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: limit}).Do(q)
		if err != nil {
			t.Fatal(err)
		}
		a.Body.Close()
		if a.StatusCode != http.StatusOK {
			t.Errorf("%s: %d", url, a.StatusCode)
		}
	}
	_, w, err := join(t, r, r.Token, "one")
	if err != nil || w.Account != account || w.Plan != plan || w.Region != region {
		t.Errorf("%+v %v", w, err)
	}
	var fatal *wire.FatalError
	if _, _, err := join(t, r, "adit_other", "one"); !errors.As(err, &fatal) || fatal.Code != wire.CodeBadToken {
		t.Errorf("a token that nobody has: %v", err)
	}
}

func TestChangedOptions(t *testing.T) {
	r := Start(t, func(o *relay.Options) { o.Admin, o.PublicURL = "", "https://*.tunnel.test" })
	if r.Admin != "" {
		t.Errorf("admin %q", r.Admin)
	}
	if url := bind(t, r, "one", wire.Bind{Handle: 1, Protocol: "http", Host: "shop.tunnel.test"}); url != "https://shop.tunnel.test" {
		t.Errorf("url %s", url)
	}
	if got := bind(t, r, "two", wire.Bind{Handle: 1, Protocol: "http", Host: "shop.tunnel.test"}); got != wire.CodeAlreadyOnline.String() {
		t.Errorf("another instance: %s", got)
	}
	if got := bind(t, r, "two", wire.Bind{Handle: 1, Protocol: "http", Host: "shop.other.test"}); got != wire.CodeDomainUnproven.String() {
		t.Errorf("another domain: %s", got)
	}
	if url := bind(t, r, "one", wire.Bind{Handle: 1, Protocol: "http", Host: "shop.tunnel.test"}); url != "https://shop.tunnel.test" {
		t.Errorf("the same instance again: %s", url)
	}
}

// A random name survives a restart of the relay and of the agent; other instances and endpoints have others.
func TestNamesSurviveRestarts(t *testing.T) {
	dir := t.TempDir()
	pins, names := map[string]bool{}, map[string]int{}
	label := regexp.MustCompile(`^http://([a-z0-9-]+)\.tunnel\.test:\d+$`)
	for i := range 2 {
		t.Run(fmt.Sprint("start ", i+1), func(t *testing.T) {
			r := Start(t, func(o *relay.Options) { o.StateDir = dir })
			pins[r.Pin] = true
			for _, who := range [][2]string{{"one", "web"}, {"one", "api"}, {"two", "web"}, {"one", "web"}} {
				url := bind(t, r, who[0], wire.Bind{Handle: 1, Protocol: "http", Name: who[1]})
				m := label.FindStringSubmatch(url)
				if m == nil {
					t.Fatalf("url %s", url)
				}
				names[m[1]]++
			}
		})
	}
	if len(pins) != 1 || len(names) != 3 {
		t.Errorf("%d pins, names %v", len(pins), names)
	}
}

func TestEmbedded(t *testing.T) {
	r := Start(t, func(o *relay.Options) { o.Embedded, o.Domain, o.HTTP = true, "", "" })
	b := wire.Bind{Handle: 1, Protocol: "http", Name: "web"}
	url := bind(t, r, "one", b)
	if !regexp.MustCompile(`^http://localhost:\d+$`).MatchString(url) {
		t.Fatalf("url %s", url)
	}
	if _, err := fmt.Sscanf(url, "http://localhost:%d", &b.Port); err != nil {
		t.Fatal(err)
	}
	if again := bind(t, r, "one", b); again != url {
		t.Errorf("%s after a reconnect, %s before", again, url)
	}
	if other := bind(t, r, "two", b); other == url {
		t.Errorf("two agents have %s", url)
	}
}
