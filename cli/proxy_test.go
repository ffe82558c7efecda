package cli

import (
	"strings"
	"testing"

	"github.com/adit-tunnel/adit/config"
)

// TestProxyFor: what is configured counts before the environment, where NO_PROXY leaves relays out as it does for other programs.
func TestProxyFor(t *testing.T) {
	for _, c := range []struct {
		relay, configured string
		env               map[string]string
		want              string
	}{
		{"relay.test:4443", "", nil, ""},
		{"relay.test:4443", "socks5://p:1", map[string]string{"HTTPS_PROXY": "http://q:2"}, "socks5://p:1"},
		{"relay.test:4443", "", map[string]string{"HTTPS_PROXY": "http://u:p%40@q:2"}, "http://u:p%40@q:2"},
		{"relay.test:4443", "", map[string]string{"https_proxy": "q:2", "ALL_PROXY": "socks5://p:1"}, "http://q:2"},
		{"relay.test:4443", "", map[string]string{"ALL_PROXY": "socks5://p:1"}, "socks5://p:1"},
		{"relay.test:4443", "", map[string]string{"http_proxy": "http://q:2"}, "http://q:2"},
		{"relay.test:4443", "", map[string]string{"HTTP_PROXY": "http://q:2"}, ""},
		{"wss://relay.test", "", map[string]string{"HTTPS_PROXY": "http://q:2", "NO_PROXY": "other.test"}, "http://q:2"},
		{"wss://relay.test", "", map[string]string{"HTTPS_PROXY": "http://q:2", "NO_PROXY": "other.test, .test"}, ""},
		{"10.1.2.3:4443", "", map[string]string{"HTTPS_PROXY": "http://q:2", "no_proxy": "10.0.0.0/8"}, ""},
		{"localhost:4443", "", map[string]string{"HTTPS_PROXY": "http://q:2"}, ""},
		{"localhost:4443", "http://p:1", nil, "http://p:1"},
		{"", "http://p:1", map[string]string{"HTTPS_PROXY": "http://q:2"}, ""},
	} {
		a := &app{}
		for name, v := range c.env {
			a.environ = append(a.environ, name+"="+v)
		}
		if got := a.proxyFor(&config.Config{Relay: c.relay, Proxy: c.configured}); got.url != c.want || got.err != nil {
			t.Errorf("%s, %q, %v: %+v, want %q", c.relay, c.configured, c.env, got, c.want)
		}
	}
	a := &app{environ: []string{"all_proxy=socks://u:hunter2@p:1/"}}
	got := a.proxyFor(&config.Config{Relay: "relay.test:4443"})
	if got.err == nil || !strings.Contains(got.err.Error(), "env all_proxy") || strings.Contains(got.err.Error(), "hunter2") {
		t.Errorf("a proxy of a kind that is not known: %v", got.err)
	}
}
