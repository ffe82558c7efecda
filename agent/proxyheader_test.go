package agent

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/adit-tunnel/adit/wire"
)

// TestProxyHeader: both versions, in both families, as the protocol's text has them.
func TestProxyHeader(t *testing.T) {
	at := netip.MustParseAddrPort
	for _, tt := range []struct {
		version int
		visit   visit
		want    string
	}{
		{1, visit{at("203.0.113.9:4711"), at("192.0.2.1:443")}, "PROXY TCP4 203.0.113.9 192.0.2.1 4711 443\r\n"},
		{1, visit{at("[2001:db8::9]:4711"), at("[2001:db8::1]:443")}, "PROXY TCP6 2001:db8::9 2001:db8::1 4711 443\r\n"},
		{1, visit{at("[::ffff:203.0.113.9]:4711"), netip.AddrPort{}}, "PROXY TCP4 203.0.113.9 0.0.0.0 4711 0\r\n"},
		{1, visit{at("[fe80::9%eth0]:4711"), at("192.0.2.1:80")}, "PROXY TCP6 fe80::9 ::ffff:192.0.2.1 4711 80\r\n"},
		{1, visit{}, "PROXY UNKNOWN\r\n"},
		{2, visit{at("203.0.113.9:4711"), at("192.0.2.1:443")}, proxySignature + "\x21\x11\x00\x0c\xcb\x00\x71\x09\xc0\x00\x02\x01\x12\x67\x01\xbb"},
		{
			2, visit{at("[2001:db8::9]:4711"), netip.AddrPort{}},
			proxySignature + "\x21\x21\x00\x24\x20\x01\x0d\xb8" + strings.Repeat("\x00", 11) + "\x09" + strings.Repeat("\x00", 16) + "\x12\x67\x00\x00",
		},
		{2, visit{}, proxySignature + "\x21\x00\x00\x00"},
	} {
		if got := string(appendProxyHeader(nil, tt.version, tt.visit)); got != tt.want {
			t.Errorf("version %d of %v:\n%q, want\n%q", tt.version, tt.visit, got, tt.want)
		}
	}
}

// TestServerOf: where the visitor connected to is taken from what the relay says of it.
func TestServerOf(t *testing.T) {
	addr := netip.MustParseAddr("192.0.2.1").As16()
	q := &wire.Req{ServerPort: 443, Ext: wire.AppendExt(wire.AppendExt(nil, wire.ExtSNI, []byte("a.example")), wire.ExtServerAddr, addr[:])}
	if got := serverOf(q).String(); got != "192.0.2.1:443" {
		t.Error(got)
	}
	if got := serverOf(&wire.Req{ServerPort: 80}); got.Addr().IsValid() || got.Port() != 80 {
		t.Error(got)
	}
}

// TestProxyPerVisitor: a local connection that has told of one visitor carries no other's requests, and one visitor's are on one.
func TestProxyPerVisitor(t *testing.T) {
	s := newService(t)
	r := newRig(t, s.addr, func(r *rig) { r.ep.up.proxy = 1 })
	r.get("/1")
	first := s.accept()
	first.want("PROXY TCP4 203.0.113.9 0.0.0.0 4711 80\nGET /1 HTTP/1.1\nHost: a.example\n\n")
	first.say("HTTP/1.1 204 No Content\n\n")
	r.answer()
	r.get("/2")
	first.want("GET /2 HTTP/1.1\nHost: a.example\n\n")
	first.say("HTTP/1.1 204 No Content\n\n")
	r.answer()
	other := r.req("GET /3 HTTP/1.1\nHost: a.example\n\n", wire.BodyNone, 0)
	other.Conn, other.Client = 2, netip.MustParseAddrPort("[2001:db8::9]:4712")
	r.send(other.Append(nil, wire.End))
	second := s.accept()
	second.want("PROXY TCP6 2001:db8::9 :: 4712 80\nGET /3 HTTP/1.1\nHost: a.example\n\n")
	second.say("HTTP/1.1 204 No Content\n\n")
	r.answer()
	first.gone()
}
