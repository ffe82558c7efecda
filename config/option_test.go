package config

import (
	"slices"
	"strings"
	"testing"
)

// TestOptions: no spelling means two things, and each option can be written somewhere.
func TestOptions(t *testing.T) {
	flags, v2, v3 := map[string]string{}, map[string]string{}, map[string]string{}
	once := func(seen map[string]string, spelling, name, of string) {
		if other := seen[spelling]; other != "" {
			t.Errorf("%s %q is of %s and of %s", of, spelling, other, name)
		}
		seen[spelling] = name
	}
	for i := range Options {
		o := &Options[i]
		if !o.Hidden || o.Name == "upstream" {
			once(flags, o.Name, o.Name, "flag")
		}
		for _, older := range o.Older {
			once(flags, older, o.Name, "flag")
		}
		scope := map[Scope]string{OfAgent: "agent ", OfEndpoint: "endpoint "}[o.Scope]
		for _, k := range o.V2 {
			once(v2, scope+k, o.Name, "key of version 2")
		}
		for _, k := range o.V3 {
			once(v3, scope+k, o.Name, "key of version 3")
		}
		if o.Hidden && len(o.V2)+len(o.V3) == 0 {
			t.Errorf("%s can be written nowhere", o.Name)
		}
		if o.Usage == "" || (o.Scope == OfEndpoint) != (len(o.Protocols) > 0) {
			t.Errorf("%s: usage %q, protocols %v", o.Name, o.Usage, o.Protocols)
		}
		for _, text := range o.elements(o.Default) {
			if err := o.checkText(text, true); err != nil && text != "" {
				t.Errorf("the default of %s: %v", o.Name, err)
			}
		}
	}
}

// TestNgrokFlags: every flag of ngrok's tunnel commands, and the spellings of its older versions and libraries, is in the table.
func TestNgrokFlags(t *testing.T) {
	common := "authtoken log log-format log-level region metadata description name binding pooling-enabled traffic-policy-file " +
		"traffic-policy-url policy-file url upstream-proxy-protocol proxy-proto cidr-allow cidr-deny"
	for protocol, flags := range map[string]string{
		"http": "domain hostname subdomain scheme inspect upstream-tls-verify upstream-tls-verify-cas upstream-protocol app-protocol host-header basic-auth " +
			"circuit-breaker compression mutual-tls-cas oauth oauth-allow-email oauth-allow-emails oauth-allow-domain oauth-scope oauth-client-id " +
			"oauth-client-secret oidc oidc-client-id oidc-client-secret oidc-scope request-header-add request-header-remove response-header-add " +
			"response-header-remove ua-filter-allow ua-filter-deny verify-webhook verify-webhook-secret websocket-tcp-converter " +
			"ip-restriction-allow-cidrs ip-restriction-deny-cidrs",
		"tcp": "remote-addr",
		"tls": "domain hostname subdomain crt key mutual-tls-cas terminate-at upstream-tls-verify upstream-tls-verify-cas",
	} {
		known := Flags(protocol)
		for _, name := range strings.Fields(common + " " + flags) {
			if !slices.ContainsFunc(known, func(o *Option) bool { return o.Name == name || slices.Contains(o.Older, name) }) {
				t.Errorf("%s has no flag --%s", protocol, name)
			}
		}
	}
}

func TestCommandLine(t *testing.T) {
	e, notices, err := CommandLine("http", "localhost:3000", map[string][]string{
		"subdomain": {"shop"}, "basic-auth": {"jane:correct-horse"}, "ip-restriction-allow-cidrs": {"10.0.0.0/8"}, "cidr-allow": {"192.0.2.1"},
		"inspect": {"false"}, "relay": {"a:1"}, "compression": {"false"}, "oauth": {"google"}, "name": {"web"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if e.Name != "web" || e.Host != "shop" || e.Address != "http://localhost:3000" || e.Inspect || strings.Join(e.AllowCIDRs, " ") != "192.0.2.1 10.0.0.0/8" {
		t.Errorf("%+v", e)
	}
	if len(e.NotYet) != 1 || e.NotYet[0] != (NotYet{"--oauth", "flag --oauth"}) {
		t.Errorf("not yet: %v", e.NotYet)
	}
	if got := strings.Join(notices, "\n"); got != "--ip-restriction-allow-cidrs is an older spelling: write --cidr-allow\n--subdomain is an older spelling: write --url" {
		t.Errorf("notices: %s", got)
	}
	_, _, err = CommandLine("http", "70000", map[string][]string{"url": {"a"}, "domain": {"b"}, "basic-auth": {"jane"}})
	for _, want := range []string{"command line: 70000 is no port number", "flag --url: says the same as --domain", "flag --basic-auth: a pair is"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q: %v", want, err)
		}
	}
	if e, _, err = CommandLine("tcp", "22", map[string][]string{"remote-addr": {"20022"}}); err != nil || e.Protocol != "tcp" || e.Address != "tcp://localhost:22" || e.Port != 20022 || e.Host != "" {
		t.Errorf("tcp: %+v", e)
	}
}

func TestUpstreamURL(t *testing.T) {
	for text, want := range map[string]string{
		"8080": "http://localhost:8080 http", "localhost:3000": "http://localhost:3000 http", "host": "http://host:80 http",
		"http://host": "http://host:80 http", "http://host:81/": "http://host:81 http", "[::1]:3000": "http://[::1]:3000 http",
		"http://[::1]:3000": "http://[::1]:3000 http", "443": "https://localhost:443 https", "host:443": "https://host:443 https",
		"https://host": "https://host:443 https", "https://localhost:3000/": "https://localhost:3000 https", "http://host:443": "http://host:443 http",
		"file:///srv": "file:///srv file", "file:///srv/a b%20": "file:///srv/a b%20 file", "unix:/run/a.sock": "unix:/run/a.sock unix", "unix:///run/a.sock": "unix:/run/a.sock unix",
		"unix:@name": "unix:@name unix",
		// An IPv6 address without its brackets, where it can be read in one way only.
		"::1:3000": "http://[::1]:3000 http", "https://::1:3000": "https://[::1]:3000 https", "::1:443": "https://[::1]:443 https", "::1": "http://[::1]:80 http",
		"https://::1": "https://[::1]:443 https", "2001:db8::1:65535": "http://[2001:db8::1]:65535 http", "2001:db8::f00d": "http://[2001:db8::f00d]:80 http",
		"1:2:3:4:5:6:7:8:9000": "http://[1:2:3:4:5:6:7:8]:9000 http",
	} {
		address, kind, err := UpstreamURL(text)
		if got := address + " " + kind; got != want || err != nil {
			t.Errorf("%s: %q, %v; want %q", text, got, err, want)
		}
	}
	for _, text := range []string{
		"0", "65536", "-1", "", "ftp://host", "host:", "host:port", "host:99999", "host/path", "http://u:p@host", "http://", "a b", "https://", "https://host/x", "https://u@host",
		"file://", "file://relative", "file:relative", "unix:", "unix:relative", "unix:/", "2001:db8::1:3000", "::3000", "::1:3000:", "a:b:c",
	} {
		if address, kind, err := UpstreamURL(text); err == nil {
			t.Errorf("%q is taken for %s, %s", text, kind, address)
		}
	}
	_, _, err := UpstreamURL("https://2001:db8::1:3000")
	if err == nil || !strings.Contains(err.Error(), "https://[2001:db8::1]:3000 for that port, or https://[2001:db8::1:3000] for that address") {
		t.Errorf("two readings: %v", err)
	}
}

// FuzzUpstreamURL: whatever somebody writes, what is taken is of one of four forms, and is read the same again.
func FuzzUpstreamURL(f *testing.F) {
	for _, text := range []string{"8080", "443", "host:443", "https://host", "::1:3000", "https://[::1]:3000/", "unix:/run/a.sock", "unix:///a", "file:///srv", "2001:db8::1:3000", "http://u:p@host"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		address, kind, err := UpstreamURL(text)
		if err != nil {
			if address != "" || kind != "" {
				t.Errorf("%q: %s, %s with the error %v", text, address, kind, err)
			}
			return
		}
		if begin := map[string]string{"http": "http://", "https": "https://", "unix": "unix:", "file": "file:///"}[kind]; begin == "" || !strings.HasPrefix(address, begin) {
			t.Errorf("%q is %s of kind %s", text, address, kind)
		}
		if again, kind2, err := UpstreamURL(address); again != address || kind2 != kind || err != nil {
			t.Errorf("%q is %s, and that %s, %v", text, address, again, err)
		}
	})
}
