package agent

import (
	"bytes"
	"strings"
	"testing"

	"github.com/adit-tunnel/adit/http1"
)

// FuzzWayBack: whatever a service answers, what is led back is one head that is read as the old one was, but for the four fields; and a second time changes
// nothing.
func FuzzWayBack(f *testing.F) {
	for _, lines := range []string{
		"Location: http://app.test/a?b#c\r\n", "Location: //app.test:3000\r\nX: y\r\n", "Set-Cookie: a=b; Domain=.app.test; Path=/\r\nset-cookie:c=d;domain=test\r\n",
		"Refresh: 0;url=https://APP.test:443\r\n", "Content-Location:\thttp://app.test\r\nContent-Length: 3\r\n", "Location: http://app.test@evil.test/\r\n",
	} {
		f.Add(lines, "app.test", "https://a.example:8443")
	}
	f.Fuzz(func(t *testing.T, lines, host, public string) {
		scheme, name, _ := strings.Cut(public, "://")
		if scheme != "http" && scheme != "https" || name == "" || host == "" || !validHost(host) || !validHost(name) {
			return
		}
		raw := []byte("HTTP/1.1 302 Found\r\n" + lines + "\r\n")
		var before, after http1.Response
		before.Wire, after.Wire = true, true
		if n, err := before.Parse(raw, false, false); err != nil || n != len(raw) {
			return
		}
		b := wayBack{local: "3000", public: public}
		b.name, b.port = splitHost(host)
		kept := bytes.Clone(raw)
		head := b.head(&before)
		if !bytes.Equal(raw, kept) {
			t.Fatalf("what came was written to: %q", raw)
		}
		if head == nil {
			return
		}
		if n, err := after.Parse(head, false, false); err != nil || n != len(head) {
			t.Fatalf("%q is %q: %d %v", raw, head, n, err)
		}
		if len(after.Fields) != len(before.Fields) || after.Body != before.Body || after.Length != before.Length {
			t.Fatalf("%q is %q", raw, head)
		}
		for i := range after.Fields {
			old, now := &before.Fields[i], &after.Fields[i]
			switch strings.ToLower(string(old.Name)) {
			case "location", "content-location", "refresh", "set-cookie":
			default:
				if !bytes.Equal(old.Line, now.Line) {
					t.Errorf("%q became %q", old.Line, now.Line)
				}
			}
			if !bytes.Equal(old.Name, now.Name) {
				t.Errorf("%q became %q", old.Name, now.Name)
			}
		}
	})
}

// FuzzParseUpstream: what is taken can be dialled, or opened.
func FuzzParseUpstream(f *testing.F) {
	for _, text := range []string{"http://localhost:8000", "https://[::1]:3000/", "unix:/run/app.sock", "unix:@name", "file:///srv/www", "http://a:0", "http://u@a", "https://a.example"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		up, err := parseUpstream(text)
		if err != nil {
			return
		}
		if up.addr == "" || up.host == "" || up.name == "" && up.kind != "http" && up.kind != "https" {
			t.Errorf("%q: %+v", text, up)
		}
		if (up.kind == "file" || up.kind == "unix") && strings.ContainsAny(up.host, ":/") {
			t.Errorf("%q: Host %s", text, up.host)
		}
	})
}
