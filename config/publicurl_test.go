package config

import (
	"slices"
	"strings"
	"testing"
)

// TestPublicURL: what a wanted public URL says in each spelling, or why it says nothing.
func TestPublicURL(t *testing.T) {
	for _, c := range []struct {
		protocol, url, host string
		port                int
		schemes             string
	}{
		{"http", "shop", "shop", 0, ""},
		{"http", "HTTPS://Shop.example.com./", "Shop.example.com.", 0, ""},
		{"http", "https://shop.example.com:443", "shop.example.com", 0, ""},
		{"http", "Http://shop.example.com:80", "shop.example.com", 0, "http"},
		{"http", "http://", "", 0, "http"},
		{"http", "https://", "", 0, ""},
		{"http", "*.dev.example.com", "*.dev.example.com", 0, ""},
		{"http", "bücher", "bücher", 0, ""},
		{"tls", "TLS://shop:443", "shop", 0, ""},
		{"tls", "shop:443", "shop", 0, ""},
		{"tcp", "TCP://relay.example.com:20022", "relay.example.com", 20022, ""},
		{"tcp", "20022", "", 20022, ""},
		{"tcp", "tcp://:20022", "", 20022, ""},
	} {
		e, _, err := CommandLine(c.protocol, "8000", map[string][]string{"url": {c.url}})
		if err != nil || e.Protocol != c.protocol || e.Host != c.host || e.Port != c.port || strings.Join(e.Schemes, ",") != c.schemes {
			t.Errorf("%s %q: host %q, port %d, schemes %v, %v", e.Protocol, c.url, e.Host, e.Port, e.Schemes, err)
		}
	}
	for _, c := range []struct{ protocol, url, says string }{
		{"http", "https://shop/cart", "with all paths of it: write shop alone"},
		{"http", "shop?a=b", "write shop alone"},
		{"http", "https://shop:8443", "the port is the relay's to choose"},
		{"http", "shop:443", "the port is the relay's to choose"}, // where the relay has no https it would be http
		{"tls", "tls://shop:9999", "the port is the relay's to choose"},
		{"tls", "https://shop", "not of a tls endpoint"},
		{"http", "tcp://shop:1", `try "adit tcp"`},
		{"http", "ftp://shop", "begins with http, https, tcp or tls"},
		{"http", "https://jane:hunter2@shop", "is no host name"},
		{"http", "a b", "is no host name"},
		{"http", "*", "a wildcard stands for"},
		{"http", "a.*.b", "a wildcard stands for"},
		{"tcp", "relay.example.com:", "the port is missing behind the colon"},
		{"tcp", ":0", "0 is no port number"},
	} {
		_, _, err := CommandLine(c.protocol, "8000", map[string][]string{"url": {c.url}})
		if err == nil || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), "flag --url") || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s %q: %v, want %q", c.protocol, c.url, err, c.says)
		}
	}
}

// TestSchemeBesideURL: a scheme of its own counts before the URL's, but must not say the opposite.
func TestSchemeBesideURL(t *testing.T) {
	e, _, err := CommandLine("http", "8000", map[string][]string{"url": {"http://shop"}, "scheme": {"http", "https"}})
	if err != nil || !slices.Equal(e.Schemes, []string{"http", "https"}) {
		t.Errorf("%v %v", e.Schemes, err)
	}
	_, _, err = CommandLine("http", "8000", map[string][]string{"url": {"http://shop"}, "scheme": {"https"}})
	if err == nil || !strings.Contains(err.Error(), `flag --scheme: https is wanted here, and http in "http://shop"`) {
		t.Error(err)
	}
}

// TestRelaySocket: a path behind the relay's WebSocket is told for what it is.
func TestRelaySocket(t *testing.T) {
	_, err := Load(Sources{Flags: map[string][]string{"relay": {"wss://tunnel.example.com/adit"}}})
	if err == nil || !strings.Contains(err.Error(), `flag --relay: "tunnel.example.com/adit": the relay's WebSocket has a path of its own; write wss://HOST`) {
		t.Error(err)
	}
}
