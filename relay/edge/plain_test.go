package edge

import (
	"io"
	"strings"
	"testing"
	"time"
)

// TestPlainHTTPOnTLS: who speaks HTTP without TLS where it is spoken hears what to ask for, whatever content comes behind; and nobody gets an endpoint's answer so.
func TestPlainHTTPOnTLS(t *testing.T) {
	w := startTLS(t, parrot, func(o *Options, _ *limits) { o.Redirect, o.RedirectAll, o.HSTS = 8443, true, time.Hour })
	big := strings.Repeat("x", 1<<20)
	for name, c := range map[string]struct {
		request, want string
		status        int
	}{
		"GET":         {"GET /a?b HTTP/1.1\r\nHost: app.test:8443\r\n\r\n", "https://app.test:8443/a?b", 400},
		"no endpoint": {"GET / HTTP/1.1\r\nHost: nobody.test\r\n\r\n", "https://nobody.test/", 400},
		"OPTIONS":     {"OPTIONS * HTTP/1.1\r\nHost: app.test\r\n\r\n", "https://app.test\n", 400},
		"PUT":         {"PUT /x HTTP/1.1\r\nHost: app.test\r\nContent-Length: 1048576\r\n\r\n" + big, "https://app.test/x", 400},
		"browser":     {"GET / HTTP/1.1\r\nHost: app.test\r\nAccept: text/html\r\n\r\n", "<!doctype html>", 400},
		"program":     {"PATCH / HTTP/1.0\r\nHost: app.test\r\nAccept: application/json\r\n\r\n", `"PLAIN_HTTP"`, 400},
		"no host":     {"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", "BAD_REQUEST", 400},
		"CONNECT":     {"CONNECT app.test:443 HTTP/1.1\r\nHost: app.test\r\n\r\n", "METHOD", 405},
		"large head":  {"GET / HTTP/1.1\r\nHost: app.test\r\nX: " + big[:8000] + "\r\n\r\n", "https://app.test/", 400},
	} {
		v := w.dialTo(w.tlsAddr)
		go io.WriteString(v.TCPConn, c.request) // the answer may come before the content has gone
		res, page := v.response("GET")
		if res.StatusCode != c.status || !strings.Contains(strings.ToLower(page), strings.ToLower(c.want)) || res.Header.Get("Strict-Transport-Security") != "" {
			t.Errorf("%s: %s %q", name, res.Status, page)
		}
	}
	v := w.dialTo(w.tlsAddr)
	for range 2 { // one connection, a request after the other
		if res, _ := v.send(get).response("GET"); res.StatusCode != 400 {
			t.Errorf("%s", res.Status)
		}
	}
	if n := len(w.up.exchanges()); n != 0 {
		t.Errorf("%d requests came through", n)
	}
}

// TestStrangersOnTLS: what speaks neither TLS nor HTTP is told nothing, and a plain request that does not come to its end has its time.
func TestStrangersOnTLS(t *testing.T) {
	w := startTLS(t, parrot, func(o *Options, _ *limits) { o.Head = 300 * time.Millisecond })
	for _, hello := range []string{"SSH-2.0-OpenSSH_9.2\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "get / HTTP/1.1\r\n\r\n"} {
		if got, _ := io.ReadAll(w.dialTo(w.tlsAddr).send(hello).r); len(got) > 0 { // FIN or RST
			t.Errorf("%q: %q", hello, got)
		}
	}
	if res, page := w.dialTo(w.tlsAddr).send("GET / HTTP/1.1\r\nHost: app").response("GET"); res.StatusCode != 408 {
		t.Errorf("half a head: %s %q", res.Status, page)
	}
}
