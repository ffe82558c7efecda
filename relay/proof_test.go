package relay

import (
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/miekg/dns"

	"github.com/adit-tunnel/adit/relay/control"
	"github.com/adit-tunnel/adit/relay/registry"
	"github.com/adit-tunnel/adit/relay/session"
	"github.com/adit-tunnel/adit/wire"
)

// zone answers questions about TXT records. What is not in it does not exist; a name with no texts is one that the server cannot look up.
type zone struct {
	mu    sync.Mutex
	texts map[string][]string
}

func (z *zone) ServeDNS(w dns.ResponseWriter, q *dns.Msg) {
	z.mu.Lock()
	defer z.mu.Unlock()
	a := new(dns.Msg)
	a.SetReply(q)
	name := q.Question[0].Name
	texts, known := z.texts[strings.ToLower(name)]
	switch {
	case !known:
		a.Rcode = dns.RcodeNameError
	case texts == nil:
		a.Rcode = dns.RcodeServerFailure
	}
	for _, text := range texts {
		a.Answer = append(a.Answer, &dns.TXT{Hdr: dns.RR_Header{Name: name, Rrtype: dns.TypeTXT, Class: dns.ClassINET, Ttl: 1}, Txt: []string{text}})
	}
	_ = w.WriteMsg(a)
}

// serveDNS serves z until the test ends.
func serveDNS(t *testing.T, z *zone) (addr string) {
	t.Helper()
	pc, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	started, ended := make(chan struct{}), make(chan error, 1)
	s := &dns.Server{PacketConn: pc, Handler: z, NotifyStartedFunc: func() { close(started) }}
	go func() { ended <- s.ActivateAndServe() }()
	<-started
	t.Cleanup(func() {
		if err := s.Shutdown(); err != nil {
			t.Error(err)
		}
		<-ended
	})
	return pc.LocalAddr().String()
}

// TestWhoseDomain: which account may have which name, and in what words the others are refused.
func TestWhoseDomain(t *testing.T) {
	z := &zone{texts: map[string][]string{
		"_adit.www.acme.example.":   {"v=spf1 -all", " adit-account=aa "},
		"_adit.www.emca.example.":   {"adit-account=ee"},
		"_adit.www.wild.example.":   {"adit-account=ee"},
		"_adit.broken.example.":     nil,
		"_adit.nearly.example.":     {"adit-account=aaa", "adit-account=a"},
		"_adit.xn--bcher-kva.test.": {"adit-account=aa"},
	}}
	reserved := map[string]string{
		"shop.tunnel.test": "emca", "www.reserved.example": "acme", "*.wild.example": "acme", "*.emca.wild.example": "emca",
	}
	p := &publicPlaces{
		domain: "tunnel.test", key: make([]byte, keySize), urls: urls{https: &publicURL{"https://", ":8443"}},
		owner: func(host string) (string, error) { return reserved[host], nil }, resolver: newResolver(serveDNS(t, z)),
		certificate: func(string) error { return nil },
	}
	acme := control.Grant{Account: "acme", Plan: "free", Proof: "adit-account=aa"}
	random := acme
	random.Plan, random.Limits.RandomOnly = "tiny", true
	scoped := acme
	scoped.Scopes.Names = []string{"app-*", "*.acme.example"}
	team := acme
	team.Scopes.Names = []string{"*.team.tunnel.test"}
	own := endpointName(p.key, "acme", "one", "web") + ".tunnel.test"
	for _, c := range []struct {
		what  string
		grant control.Grant
		host  string
		code  wire.Code // 0: it may
		words string
		owned bool
	}{
		{"a name under the domain", acme, "app.tunnel.test", 0, "", false},
		{"one that is reserved for another account", acme, "SHOP.tunnel.test.", wire.CodeNameTaken, "reserved for another account", false},
		{"one that is not the plan's", random, "app.tunnel.test", wire.CodeRandomOnly, `the plan "tiny" has no names of its own choice`, false},
		{"its own random one", random, own, 0, "", false},
		{"none", random, "", 0, "", false},
		{"a domain with its TXT record", acme, "www.acme.example", 0, "", true},
		{"the same, with random names", random, "www.acme.example", 0, "", true},
		{"in its other spelling", acme, "WWW.Acme.Example.", 0, "", true},
		{"an international one", acme, "bücher.test", 0, "", true},
		{"a reserved domain", random, "www.reserved.example", 0, "", true},
		{"a domain of another account", acme, "www.emca.example", wire.CodeDomainUnproven, `no TXT record _adit.www.emca.example holds "adit-account=aa"`, false},
		{"a record that is only like it", acme, "nearly.example", wire.CodeDomainUnproven, "nearly.example", false},
		{"a domain above one that is proven", acme, "acme.example", wire.CodeDomainUnproven, "acme.example", false},
		{"a domain without a record", acme, "none.example", wire.CodeDomainUnproven, "_adit.none.example", false},
		{"an account without a proof", control.Grant{Account: "acme"}, "www.acme.example", wire.CodeDomainUnproven, "not reserved", false},
		{"a DNS that fails", acme, "broken.example", wire.CodeRelayBusy, "cannot be looked up at the moment", false},
		{"the relay's domain itself", acme, "tunnel.test", wire.CodeBadName, "not a name that can be served", false},
		{"two labels under it", acme, "a.b.tunnel.test", 0, "", false},
		{"a wildcard under it", acme, "*.Team", 0, "", false},
		{"a wildcard under it, with random names", random, "*.team.tunnel.test", wire.CodeRandomOnly, "", false},
		{"every name of the relay", acme, "*.tunnel.test", wire.CodeBadName, "only the account it is reserved for", false},
		{"a name below one that is reserved for another account", acme, "a.b.shop.tunnel.test", wire.CodeNameTaken, "shop.tunnel.test is reserved", false},
		{"a wildcard below it", acme, "*.shop.tunnel.test", wire.CodeNameTaken, "shop.tunnel.test is reserved", false},
		{"a wildcard of a domain with its TXT record", acme, "*.WWW.acme.example", 0, "", true},
		{"a name below that, without its own record", acme, "a.www.acme.example", wire.CodeDomainUnproven, "_adit.a.www.acme.example", false},
		{"a reserved wildcard", acme, "*.wild.example", 0, "", true},
		{"a name below it", acme, "a.b.wild.example", 0, "", true},
		{"a name below it that is reserved for another account", acme, "x.emca.wild.example", wire.CodeNameTaken, "*.emca.wild.example is reserved", false},
		{"a name below another account's, though it is proven", control.Grant{Account: "emca", Proof: "adit-account=ee"}, "www.wild.example", wire.CodeNameTaken, "*.wild.example", false},
		{"the name above a reserved wildcard", acme, "wild.example", wire.CodeDomainUnproven, "", false},
		{"a wildcard of a top level", acme, "*.example", 0, "", false},
		{"an address", acme, "127.0.0.1", wire.CodeBadName, "", false},
		{"a label alone", acme, "app", 0, "", false},
		{"a name that the token is for", scoped, "app-1.tunnel.test", 0, "", false},
		{"a domain that the token is for", scoped, "www.acme.example", 0, "", true},
		{"a name that it is not for", scoped, "web.tunnel.test", wire.CodeNameScope, "but for app-*, *.acme.example", false},
		{"a wildcard that it is for", team, "*.team", 0, "", false},
		{"a name below that", team, "a.team.tunnel.test", 0, "", false},
		{"a narrower wildcard", team, "*.a.team.tunnel.test", wire.CodeNameScope, "", false},
		{"the name above", team, "team", wire.CodeNameScope, "", false},
		{"a wildcard that a part of a label is not for", scoped, "*.web.tunnel.test", wire.CodeNameScope, "", false},
		{"nor a random one", scoped, "", wire.CodeNameScope, own, false},
	} {
		e := &registry.Endpoint{Account: c.grant.Account, Instance: "one", Name: "web"}
		_, err := p.Place(t.Context(), e, session.Wish{Host: c.host, Grant: c.grant})
		if c.code != 0 {
			wantCode(t, err, c.code)
			if err != nil && !strings.Contains(err.Error(), c.words) {
				t.Errorf("%s: %v, want %q in it", c.what, err, c.words)
			}
			continue
		}
		if err != nil || e.Owned != c.owned || e.URL != "https://"+e.Host+":8443" {
			t.Errorf("%s: %+v %v", c.what, e, err)
		}
	}
}
