package edge

import (
	"testing"
	"time"

	"github.com/adit-tunnel/adit/relay/registry"
)

// TestSchemes: endpoints are called by what they want to be called by.
func TestSchemes(t *testing.T) {
	w := startTLS(t, parrot, func(o *Options, _ *limits) { o.Redirect, o.RedirectAll, o.HSTS = 8443, true, time.Hour })
	for host, schemes := range map[string][]string{"plain.test": {"http"}, "secure.test": {"https"}, "both.test": {"http", "https"}} {
		e := &registry.Endpoint{Host: host, Account: "acme", Instance: host, Name: host, Upstream: w.up, Schemes: schemes}
		if _, err := w.s.registry.Bind(e, registry.Claim{}); err != nil {
			t.Fatal(err)
		}
	}
	for host, want := range map[string][2]int{"app.test": {301, 200}, "plain.test": {200, 404}, "secure.test": {301, 200}, "both.test": {200, 200}} {
		res, _ := w.dial().send("GET /a?b HTTP/1.1\r\nHost: " + host + "\r\n\r\n").response("GET")
		if to := res.Header.Get("Location"); res.StatusCode != want[0] || want[0] == 301 && to != "https://"+host+":8443/a?b" {
			t.Errorf("http://%s: %s, to %q", host, res.Status, to)
		}
		if res.Header.Get("Strict-Transport-Security") != "" {
			t.Errorf("http://%s: a promise in the clear", host)
		}
		promise := "max-age=3600"
		if want[0] == 200 {
			promise = "" // it is served in the clear, because it wants that
		}
		for _, h2 := range []bool{false, true} {
			res, _ = fetch(t, w.client(h2), request(t, "GET", "https://"+host+"/a?b", nil))
			if res.StatusCode != want[1] || res.Header.Get("Strict-Transport-Security") != promise {
				t.Errorf("https://%s: %s %v", host, res.Status, res.Header)
			}
		}
	}
	res, _ := w.dial().send("POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 2\r\n\r\nhi").response("POST")
	if res.StatusCode != 308 {
		t.Errorf("POST: %s", res.Status)
	}
}

// TestChallengeByHTTP: proofs are answered before anything else, and only those that are the relay's.
func TestChallengeByHTTP(t *testing.T) {
	w := start(t, func(x *fakeExchange) { x.ok("the service's") }, func(o *Options, _ *limits) {
		o.Challenge = func(host, path string) (string, bool) {
			return "proof", host == "new.test" && path == challengePath+"token"
		}
	})
	for _, c := range [][3]string{
		{"new.test", challengePath + "token", "proof"}, {"NEW.test:80", challengePath + "token", "proof"},
		{"app.test", challengePath + "token", "the service's"},
	} {
		res, got := w.dial().send("GET " + c[1] + " HTTP/1.1\r\nHost: " + c[0] + "\r\n\r\n").response("GET")
		if res.StatusCode != 200 || got != c[2] {
			t.Errorf("%s: %s %q", c[0], res.Status, got)
		}
	}
}
