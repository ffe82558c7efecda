package relay

import (
	"strings"
	"testing"
)

// TestURLs: what an endpoint is called by follows from what the relay serves and the endpoint wants.
func TestURLs(t *testing.T) {
	plain, secure := &publicURL{"http://", ":8080"}, &publicURL{"https://", ""}
	for _, c := range []struct {
		u       urls
		schemes string
		want    string
	}{
		{urls{http: plain}, "", "http://x:8080"}, {urls{https: secure}, "", "https://x"}, {urls{http: plain, https: secure}, "", "https://x http://x:8080"},
		{urls{http: plain, https: secure}, "http", "http://x:8080"}, {urls{http: plain, https: secure}, "https", "https://x"}, {urls{http: plain, https: secure}, "http https", "https://x http://x:8080"},
		{urls{http: plain}, "https", ""},
	} {
		url, aliases, ok := c.u.of("x", strings.Fields(c.schemes))
		if got := strings.Join(append([]string{url}, aliases...), " "); got != c.want || ok == (c.want == "") {
			t.Errorf("%+v, %q: %q %v", c.u, c.schemes, got, ok)
		}
	}
}

// TestAgentsShareHTTPS: agents without a port of their own come where https is.
func TestAgentsShareHTTPS(t *testing.T) {
	for _, c := range []struct {
		https, agents string
		want          bool
	}{{"", ":4443", false}, {":443", ":4443", false}, {":443", ":443", true}, {":443", "", true}, {"127.0.0.1:0", "127.0.0.1:0", false}} {
		if got := (&Options{HTTPS: c.https, Agents: c.agents}).agentsByALPN(); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}
