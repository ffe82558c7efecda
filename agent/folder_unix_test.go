//go:build unix

package agent_test

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/agent"
	"github.com/adit-tunnel/adit/inspect"
)

// newSite is a directory to serve, with something beside it that is not to be served.
func newSite(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	site := filepath.Join(dir, "site")
	for name, text := range map[string]string{
		"outside.txt": "outside", "site/index.html": "<h1>front</h1>", "site/docs/a.txt": "0123456789", "site/docs/b c.txt": "b", "site/docs/.env": "secret",
		"site/.git/config": "secret", "site/.well-known/x": "known",
	} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for link, to := range map[string]string{"out": "../outside.txt", "etc": "/etc", "within": "docs/a.txt", "circle": "circle"} {
		if err := os.Symlink(to, filepath.Join(site, link)); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(filepath.Join(site, "pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	return site
}

// TestFolder: a directory is served as web servers do it, and nothing else than what is in it.
func TestFolder(t *testing.T) {
	site := newSite(t)
	f := newForwarder(t, agent.Endpoint{Upstream: "file://" + site})
	for _, tt := range []struct {
		method, path string
		fields       []string
		status       int
		want         string // in the content, or behind → in Location
	}{
		{"GET", "/", nil, 200, "<h1>front</h1>"},
		{"GET", "/index.html", nil, 301, "→./"},
		{"GET", "/docs", nil, 301, "→docs/"},
		{"GET", "/docs/", nil, 200, `<a href="b%20c.txt">b c.txt</a>`},
		{"GET", "/docs/b%20c.txt", nil, 200, "b"},
		{"GET", "/docs/a.txt", []string{"Range: bytes=2-4"}, 206, "234"},
		{"GET", "/docs/a.txt", []string{"Range: bytes=-3"}, 206, "789"},
		{"GET", "/docs/a.txt", []string{"Range: bytes=20-"}, 416, ""},
		{"HEAD", "/docs/a.txt", nil, 200, ""},
		{"GET", "/within", nil, 200, "0123456789"},
		{"GET", "/.well-known/x", nil, 200, "known"},
		{"GET", "/missing", nil, 404, ""},
		{"GET", "/.git/config", nil, 404, ""},
		{"GET", "/docs/.env", nil, 404, ""},
		{"GET", "/out", nil, 403, ""},
		{"GET", "/etc/passwd", nil, 403, ""},
		{"GET", "/circle", nil, 403, ""},
		{"GET", "/pipe", nil, 403, ""},
		{"GET", "/../outside.txt", nil, 404, ""},
		{"GET", "/docs/../../outside.txt", nil, 404, ""},
		{"GET", "/docs/%2e%2e/%2e%2e/outside.txt", nil, 404, ""},
		{"GET", "/docs/a.txt%00", nil, 403, ""},
		{"POST", "/docs/a.txt", nil, 405, ""},
		{"OPTIONS", "/docs/a.txt", nil, 405, ""},
	} {
		_, r := f.raw(tt.method + " " + tt.path + " HTTP/1.1\nHost: HOST\nConnection: close\n" + strings.Join(append(tt.fields, ""), "\n") + "\n")
		res, err := http.ReadResponse(r, &http.Request{Method: tt.method})
		if err != nil {
			t.Fatalf("%s %s: %v", tt.method, tt.path, err)
		}
		b, err := io.ReadAll(res.Body)
		got := string(b)
		if strings.HasPrefix(tt.want, "→") {
			got = "→" + res.Header.Get("Location")
		}
		if res.StatusCode != tt.status || !strings.Contains(got, tt.want) || strings.Contains(got, "outside") || strings.Contains(got, "secret") || err != nil {
			t.Errorf("%s %s %q: %d %q %v", tt.method, tt.path, tt.fields, res.StatusCode, got, err)
		}
		if strings.Contains(got, ".env") || tt.status == 206 && len(b) != 3 {
			t.Errorf("%s: %q", tt.path, got)
		}
	}
}

// TestFolderChanges: conditions hold, what is recorded is what came, and the directory may be replaced as build tools do it.
func TestFolderChanges(t *testing.T) {
	site := newSite(t)
	f := newForwarder(t, agent.Endpoint{Upstream: "file://" + site})
	res, got := f.get("/docs/a.txt")
	if got != "0123456789" || res.Header.Get("Content-Type") != "text/plain; charset=utf-8" {
		t.Errorf("%q %v", got, res.Header)
	}
	f.until(func() bool { return f.last().State == inspect.Done })
	if x := f.last(); string(x.Response.Body) != got || x.Request.Target != "/docs/a.txt" {
		t.Errorf("recorded %+v", x)
	}
	q := f.request("GET", "/docs/a.txt", nil)
	q.Header.Set("If-Modified-Since", res.Header.Get("Last-Modified"))
	if res, _ := f.do(f.visitor(), q); res.StatusCode != 304 {
		t.Errorf("not modified: %d", res.StatusCode)
	}
	tag := res.Header.Get("ETag")
	q = f.request("GET", "/docs/a.txt", nil)
	q.Header.Set("If-None-Match", tag)
	if res, _ := f.do(f.visitor(), q); tag == "" || res.StatusCode != 304 {
		t.Errorf("not modified since %q: %d", tag, res.StatusCode)
	}
	info, err := os.Stat(filepath.Join(site, "docs/a.txt"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(filepath.Join(site, "docs/a.txt"), time.Time{}, info.ModTime().Add(time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if res, _ := f.do(f.visitor(), q); res.StatusCode != 200 {
		t.Errorf("modified since %q: %d", tag, res.StatusCode)
	}
	if err := os.Rename(site, site+".old"); err != nil {
		t.Fatal(err)
	}
	if res, _ := f.get("/"); res.StatusCode != 404 {
		t.Errorf("without the directory: %d", res.StatusCode)
	}
	if err := os.Mkdir(site, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(site, "index.html"), content(3<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	if res, got := f.get("/"); res.StatusCode != 200 || got != string(content(3<<20)) {
		t.Errorf("the new one: %d, %d bytes", res.StatusCode, len(got))
	}
}
