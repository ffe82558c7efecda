package policy_test

import (
	"encoding/base64"
	"net/netip"
	"strings"
	"testing"
)

var here = netip.MustParseAddr("203.0.113.9")

// basic is a field line with these credentials.
func basic(pair string) string {
	return "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(pair)) + "\r\n"
}

func TestBasicAuth(t *testing.T) {
	widest := strings.Repeat("𝔘", 128) + ":" + strings.Repeat("𝔓", 128)
	p := compile(t, auth(`{"credentials":["ann:correct horse","bob:with:colons","`+widest+`",":nobody's name"]}`))
	const missing, wrong, several = "no user name and password", "wrong user name or password", "more than one Authorization field"
	for _, tt := range []struct{ lines, want string }{
		{basic("ann:correct horse"), ""},
		{basic("bob:with:colons"), ""},
		{basic(widest), ""},
		{basic(":nobody's name"), ""},
		{strings.ToLower(basic("ann:correct horse")[:20]) + basic("ann:correct horse")[20:], ""},
		{strings.Replace(basic("ann:correct horse"), "Basic ", "BASIC    ", 1), ""},
		{basic("ann:correct horse") + "Connection: Authorization\r\n", ""},
		{basic("ann:correct horse") + "Proxy-Authorization: Basic eA==\r\n", ""},

		{"", missing},
		{"Authorization:\r\n", missing},
		{"Authorization: Bearer " + basic("ann:correct horse")[21:], missing},
		{"Authorization: Basically\r\n", missing},
		{"Proxy-" + basic("ann:correct horse"), missing},
		{"X-" + basic("ann:correct horse"), missing},
		{"Cookie: a=b\r\nAuthorization2: Basic x\r\n", missing},

		{"Authorization: Basic\r\n", wrong},
		{"Authorization: Basic !\r\n", wrong},
		{basic(""), wrong},
		{basic(":"), wrong},
		{basic("ann"), wrong},
		{basic("ann:"), wrong},
		{basic("ann:correct horse "), wrong},
		{basic("Ann:correct horse"), wrong},
		{basic("ann:with:colons"), wrong},
		{basic("bob:with"), wrong},
		{basic("bob:with:colons") + "\x00", wrong},
		{basic(widest + "𝔓"), wrong},
		{basic(strings.Repeat("x", 5000)), wrong},
		{strings.Replace(basic("ann:correct horse"), "=", "", 1), wrong}, // padding is not left out

		{basic("ann:correct horse") + basic("ann:correct horse"), several},
		{basic("ann:correct horse") + "AUTHORIZATION: x\r\n", several},
	} {
		lines := strings.ReplaceAll(tt.lines, "\r\n\x00", "AA\r\n")
		want := tt.want
		if want != "" {
			want = "basic-auth: " + want + " (on_http_request, rule 1)"
		}
		check(t, p, here, lines, want)
	}
}

func TestRestrictIPs(t *testing.T) {
	const denied, unlisted = "the address is denied", "the address is not among the allowed"
	for _, tt := range []struct{ config, client, want string }{
		{`{"allow":["10.0.0.0/8"]}`, "10.255.255.255", ""},
		{`{"allow":["10.0.0.0/8"]}`, "::ffff:10.1.2.3", ""},
		{`{"allow":["10.0.0.0/8"]}`, "11.0.0.0", unlisted},
		{`{"allow":["10.0.0.0/8"]}`, "2001:db8::1", unlisted},
		{`{"allow":["10.0.0.0/8"],"deny":["10.0.0.1"]}`, "10.0.0.1", denied},
		{`{"allow":["10.0.0.0/8"],"deny":["10.0.0.1"]}`, "::ffff:10.0.0.1", denied},
		{`{"allow":["10.0.0.0/8"],"deny":["10.0.0.1"]}`, "10.0.0.2", ""},
		{`{"deny":["10.0.0.0/8"],"allow":["10.0.0.1"]}`, "10.0.0.1", denied},
		{`{"deny":["10.0.0.0/8"]}`, "192.0.2.1", ""},
		{`{"deny":["10.1.2.3/8"]}`, "10.200.0.1", denied}, // host bits count for nothing
		{`{"deny":["0.0.0.0/0"]}`, "192.0.2.1", denied},
		{`{"deny":["0.0.0.0/0"]}`, "2001:db8::1", ""},
		{`{"deny":["::/0"]}`, "2001:db8::1", denied},
		{`{"deny":["::/0"]}`, "192.0.2.1", ""},
		{`{"deny":["::ffff:192.0.2.0/120"]}`, "192.0.2.7", denied},
		{`{"deny":["::ffff:192.0.2.7"]}`, "192.0.2.7", denied},
		{`{"allow":["2001:DB8::/32"]}`, "2001:db8:ffff::1", ""},
		{`{"allow":["2001:db8::/32"]}`, "2001:db9::", unlisted},
		{`{"allow":["fe80::/10"]}`, "fe80::1%eth0", ""},
		{`{"allow":[" 192.0.2.7 "]}`, "192.0.2.7", ""},
	} {
		for _, phase := range []string{"on_tcp_connect", "on_http_request"} {
			want := tt.want
			if want != "" {
				want = "restrict-ips: " + want + " (" + phase + ", rule 1)"
			}
			check(t, compile(t, rule(phase, "restrict-ips", tt.config)), netip.MustParseAddr(tt.client), "", want)
		}
	}
	// Whose address is not known is nobody that was let in.
	check(t, compile(t, ips(`{"deny":["10.0.0.1"]}`)), netip.Addr{}, "", "restrict-ips: the address is denied (on_tcp_connect, rule 1)")
}

// TestOrder: addresses are looked at first, wherever they stand in the text, and every rule must let the request pass.
func TestOrder(t *testing.T) {
	p := compile(t, `
on_http_request:
- actions:
  - {type: basic-auth, config: {credentials: ["ann:correct horse"]}}
  - {type: restrict-ips, config: {deny: [203.0.113.9]}}
- actions: [{type: basic-auth, config: {credentials: ["bob:battery staple"]}}]
on_tcp_connect:
- actions: [{type: restrict-ips, config: {deny: [198.51.100.0/24]}}]
`)
	check(t, p, netip.MustParseAddr("198.51.100.1"), "", "restrict-ips: the address is denied (on_tcp_connect, rule 1)")
	check(t, p, here, "", "basic-auth: no user name and password (on_http_request, rule 1)")
	check(t, p, here, basic("ann:correct horse"), "restrict-ips: the address is denied (on_http_request, rule 1)")
	check(t, p, netip.MustParseAddr("192.0.2.1"), basic("ann:correct horse"), "basic-auth: wrong user name or password (on_http_request, rule 2)")
}

// TestNoAllocation: a request costs none, whether it is let through or not.
func TestNoAllocation(t *testing.T) {
	p := compile(t, `
on_tcp_connect: [{actions: [{type: restrict-ips, config: {allow: [203.0.113.0/24, "2001:db8::/32"]}}]}]
on_http_request: [{actions: [{type: basic-auth, config: {credentials: ["ann:correct horse", "bob:battery staple"]}}]}]
`)
	for _, lines := range []string{"", basic("ann:correct horse"), basic("ann:wrong")} {
		f := facts(here, lines)
		if n := testing.AllocsPerRun(100, func() { _ = p.Request(f) }); n != 0 {
			t.Errorf("%q: %v allocations", lines, n)
		}
	}
}

func BenchmarkRequest(b *testing.B) {
	p := compile(b, auth(`{"credentials":["ann:correct horse","bob:battery staple"]}`))
	f := facts(here, basic("bob:battery staple"))
	b.ReportAllocs()
	for b.Loop() {
		if err := p.Request(f); err != nil {
			b.Fatal(err)
		}
	}
}
