package relay

import (
	"strings"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/relay/cert"
)

func TestOptionMistakes(t *testing.T) {
	good := Options{Domain: "Tunnel.Example.COM.", HTTP: "127.0.0.1:0", Agents: "[::1]:0", StateDir: "state"}
	for _, c := range []struct {
		name   string
		change func(*Options)
		want   []string // in the error; none: no error
	}{
		{"good", func(*Options) {}, nil},
		{"localhost", func(o *Options) { o.HTTP, o.Agents = "localhost:0", "127.9.9.9:0" }, nil},
		{"tokens in memory", func(o *Options) { o.HTTP, o.Agents, o.Tokens = ":80", ":4443", []string{"t"} }, nil},
		{"token file", func(o *Options) { o.HTTP, o.Agents, o.TokenFile = "0.0.0.0:80", "example.com:4443", "tokens" }, nil},
		{"no tokens are seen later", func(o *Options) { o.HTTP, o.Agents = ":80", "0.0.0.0:4443" }, nil},
		{"nothing", func(o *Options) { *o = Options{} }, []string{"--state-dir", "--http", "--domain"}},
		{"address as domain", func(o *Options) { o.Domain = "127.0.0.1" }, []string{"--domain", "address"}},
		{"IPv6 as domain", func(o *Options) { o.Domain = "[::1]" }, []string{"--domain", "address"}},
		{"port in domain", func(o *Options) { o.Domain = "a.test:80" }, []string{"--http"}},
		{"junk as domain", func(o *Options) { o.Domain = "a b" }, []string{"--domain", "not a domain name"}},
		{"underscore", func(o *Options) { o.Domain = "a_b.test" }, []string{"--domain"}},
		{"long domain", func(o *Options) { o.Domain = strings.Repeat("a.", 100) + "test" }, []string{"too long"}},
		{"public url", func(o *Options) { o.PublicURL = "https://*.tunnel.example.com" }, nil},
		{"public url, other host", func(o *Options) { o.PublicURL = "https://*.example.com" }, []string{"--public-url", "--domain"}},
		{"https alone", func(o *Options) { o.HTTP, o.HTTPS, o.Agents = "", "127.0.0.1:0", "" }, nil},
		{"https with all", func(o *Options) { o.HTTPS, o.Redirect, o.HSTS = "127.0.0.1:0", true, time.Hour }, nil},
		{"addresses without a port", func(o *Options) { o.HTTPS, o.Admin = "443", "localhost" }, []string{`--https "443"`, `--admin "localhost"`}},
		{"ports that are none", func(o *Options) { o.HTTP, o.Admin = "127.0.0.1:99999", "127.0.0.1:web site" }, []string{`--http "127.0.0.1:99999"`, "--admin"}},
		{"one address twice", func(o *Options) { o.HTTP, o.HTTPS, o.Admin = ":80", ":80", ":80" }, []string{"--https :80", "--admin :80"}},
		{"agents where visitors of http are", func(o *Options) { o.HTTP, o.Agents = ":80", ":80" }, []string{"--agents :80", "--agents false"}},
		{"agents where visitors of https are", func(o *Options) { o.HTTPS, o.Agents = ":443", ":443" }, nil},
		{"less than no grace", func(o *Options) { o.Grace = -time.Second }, []string{"--grace -1s"}},
		{"redirect to nowhere", func(o *Options) { o.Redirect = true }, []string{"--redirect-https", "--https"}},
		{"a promise nobody makes", func(o *Options) { o.HSTS = time.Hour }, []string{"--hsts", "--https"}},
		{"several at once", func(o *Options) { o.HSTS, o.Certs = time.Hour, []cert.Pair{{Cert: "c", Key: "k"}} }, []string{"--cert", "--hsts"}},
		{"half a second", func(o *Options) { o.HTTPS, o.HSTS = "127.0.0.1:0", time.Second/2 }, []string{"--hsts", "whole seconds"}},
		{"embedded", func(o *Options) { o.Embedded, o.Domain, o.HTTP = true, "", "" }, nil},
		{"embedded for others", func(o *Options) {
			o.Embedded, o.Domain, o.HTTP, o.Agents, o.Tokens = true, "", "", ":4443", []string{"t"}
		}, []string{"--agents :4443", "embedded"}},
		{"agents as WebSockets alone", func(o *Options) { o.Agents = "" }, nil},
		{"embedded without agents", func(o *Options) { o.Embedded, o.Domain, o.HTTP, o.Agents = true, "", "", "" }, []string{"--agents is missing"}},
		{"embedded with more", func(o *Options) { o.Embedded, o.PublicURL = true, "x" }, []string{"--domain", "--http", "--public-url"}},
	} {
		o := good
		c.change(&o)
		err := o.check()
		if (err == nil) != (len(c.want) == 0) {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		for _, part := range c.want {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%s: %v; want %q in it", c.name, err, part)
			}
		}
		if err == nil && !o.Embedded && o.Domain != "tunnel.example.com" {
			t.Errorf("%s: domain %q", c.name, o.Domain)
		}
	}
}

func TestPublicURL(t *testing.T) {
	for pattern, want := range map[string]string{
		"https://*.tunnel.example.com":        "https://x.tunnel.example.com",
		"https://*.tunnel.example.com/":       "https://x.tunnel.example.com",
		"https://*.tunnel.example.com:8443":   "https://x.tunnel.example.com:8443",
		"http://*.Tunnel.Example.com":         "http://x.tunnel.example.com",
		"https://*.tunnel.example.com:":       "https://x.tunnel.example.com",
		"":                                    "",
		"*.tunnel.example.com":                "",
		"ftp://*.tunnel.example.com":          "",
		"https://tunnel.example.com":          "",
		"https://*.*.tunnel.example.com":      "",
		"https://a.*.tunnel.example.com":      "",
		"https://*.tunnel.example.com/path":   "",
		"https://*.tunnel.example.com?a":      "",
		"https://u@*.tunnel.example.com":      "",
		"https://*.u@tunnel.example.com":      "",
		"https://*.tunnel.example.com:x":      "",
		"https://*.tunnel.example.com:99999":  "",
		"https://*.tunnel.example.com.evil":   "",
		"https://*.eviltunnel.example.com":    "",
		"https://*.tunnel.example.com\r\nx: ": "",
	} {
		u, err := parsePublicURL(pattern, "tunnel.example.com")
		if got := u.of("x.tunnel.example.com"); want == "" && err == nil || want != "" && got != want {
			t.Errorf("%q: %q %v, want %q", pattern, got, err, want)
		}
	}
}
