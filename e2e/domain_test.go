package e2e

import (
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/miekg/dns"
)

// serveTXT is a DNS server that knows one TXT record.
func serveTXT(t *testing.T, name, text string) (addr string) {
	t.Helper()
	pc, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	started, ended := make(chan struct{}), make(chan error, 1)
	s := &dns.Server{PacketConn: pc, NotifyStartedFunc: func() { close(started) }, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		a := new(dns.Msg)
		a.SetReply(q)
		if asked := q.Question[0].Name; strings.EqualFold(asked, name) {
			a.Answer = []dns.RR{&dns.TXT{Hdr: dns.RR_Header{Name: asked, Rrtype: dns.TypeTXT, Class: dns.ClassINET}, Txt: []string{text}}}
		} else {
			a.Rcode = dns.RcodeNameError
		}
		_ = w.WriteMsg(a)
	})}
	go func() { ended <- s.ActivateAndServe() }()
	<-started
	t.Cleanup(func() { _ = s.Shutdown(); <-ended })
	return pc.LocalAddr().String()
}

// TestCustomDomain: a domain is an account's by its TXT record, and another's once the relay's owner reserves it for that one, whoever has it online.
func TestCustomDomain(t *testing.T) {
	t.Parallel()
	env, state := cleanEnv(t), filepath.Join(t.TempDir(), "relay")
	var acme, other newToken
	owner(t, env, state, &acme, "token", "create", "--account", "acme")
	owner(t, env, state, &other, "token", "create", "--account", "other")
	var accounts []struct{ Name, Proof string }
	owner(t, env, state, &accounts, "account", "list")
	o := ownRelay(t, env, state, "--resolver", serveTXT(t, "_adit.www.acme.example.", accounts[0].Proof))
	port := service(t, http.HandlerFunc(hello))

	a := o.agent(port, acme.Token, "--url", "www.acme.example")
	url := a.ready()
	if !strings.HasPrefix(url, "http://www.acme.example:") {
		t.Errorf("URL %q", url)
	}
	q := o.request(t, url, "/mine")
	q.Host = "WWW.acme.example."
	if status, body := fetch(t, q); status != 200 || !strings.HasPrefix(body, "GET /mine ") {
		t.Errorf("%d %s", status, body)
	}
	b := o.agent(port, other.Token, "--url", "www.acme.example")
	if c := b.code(); c != 3 || !strings.Contains(b.stderr.text(), "ADIT-3017") || !strings.Contains(b.stderr.text(), "_adit.www.acme.example") {
		t.Errorf("another account: exit code %d, stderr %s", c, b.stderr.text())
	}
	owner(t, env, state, nil, "domain", "reserve", "www.acme.example", "--account", "other")
	o.agent(port, other.Token, "--url", "www.acme.example").ready()
	if c := a.code(); c != 3 || !strings.Contains(a.stderr.text(), "ADIT-3011") || !strings.Contains(a.stderr.text(), "the account that the name belongs to") {
		t.Errorf("who had it before: exit code %d, stderr %s", c, a.stderr.text())
	}
	p := o.agent(port, acme.Token, "--url", "www.acme.example")
	if c := p.code(); c != 3 || !strings.Contains(p.stderr.text(), "ADIT-3004") {
		t.Errorf("again: exit code %d, stderr %s", c, p.stderr.text())
	}
}

// TestDomainWithoutCertificate: a relay with its own CA has no certificate for a foreign domain, and says so before anybody is sent to his DNS; over http it serves it.
func TestDomainWithoutCertificate(t *testing.T) {
	t.Parallel()
	env, state := cleanEnv(t), filepath.Join(t.TempDir(), "relay")
	var acme newToken
	owner(t, env, state, &acme, "token", "create", "--account", "acme")
	o := ownRelay(t, env, state, "--https", "127.0.0.1:0")
	port := service(t, http.HandlerFunc(hello))
	p := o.agent(port, acme.Token, "--url", "www.acme.example")
	said := "ADIT-3007 UNSUPPORTED: a certificate for www.acme.example takes --cert or --acme at the relay"
	if c := p.code(); c != 3 || !strings.Contains(p.stderr.text(), said) || !strings.Contains(p.stderr.text(), "--scheme http does without") {
		t.Errorf("exit code %d, stderr %s", c, p.stderr.text())
	}
	owner(t, env, state, nil, "domain", "reserve", "www.acme.example", "--account", "acme")
	if url := o.agent(port, acme.Token, "--url", "www.acme.example", "--scheme", "http").ready(); !strings.HasPrefix(url, "http://www.acme.example:") {
		t.Errorf("URL %q", url)
	}
}

// TestPlanLimits: a limit that is reached is named, by its code and in the agent's words.
func TestPlanLimits(t *testing.T) {
	t.Parallel()
	env, state := cleanEnv(t), filepath.Join(t.TempDir(), "relay")
	var acme, other newToken
	owner(t, env, state, nil, "plan", "set", "tiny", "--sessions", "1", "--rate", "3", "--random-names")
	owner(t, env, state, &acme, "token", "create", "--account", "acme", "--plan", "tiny")
	owner(t, env, state, &other, "token", "create", "--account", "other", "--plan", "tiny")
	o := ownRelay(t, env, state)
	port := service(t, http.HandlerFunc(hello))
	named := o.agent(port, other.Token, "--url", "app.tunnel.test")
	if c := named.code(); c != 3 || !strings.Contains(named.stderr.text(), "ADIT-3016") {
		t.Errorf("a name of its own: exit code %d, stderr %s", c, named.stderr.text())
	}
	p := o.agent(port, acme.Token)
	url := p.ready()
	second := o.agent(port, acme.Token)
	if c := second.code(); c != 3 || !strings.Contains(second.stderr.text(), "ADIT-1010") || !strings.Contains(second.stderr.text(), "plan allows: 1") {
		t.Errorf("a second agent: exit code %d, stderr %s", c, second.stderr.text())
	}
	for range 20 {
		a, err := http.DefaultTransport.RoundTrip(o.request(t, url, "/"))
		if err != nil {
			t.Fatal(err)
		}
		a.Body.Close()
		if a.StatusCode == http.StatusTooManyRequests {
			if strings.Join(a.Header.Values("Retry-After"), ",") != "1" || !strings.HasPrefix(a.Header.Get("Adit-Error"), "ADIT-3019") {
				t.Errorf("429 with %v", a.Header)
			}
			p.waitFor(p.stderr, `visitor turned away.*ADIT-3019`)
			return
		}
	}
	t.Error("20 requests in a row are within 3 a second")
}
