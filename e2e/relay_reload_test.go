package e2e

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestRelayReload: SIGHUP has a relay read its file again. What can change changes, the rest is named, a mistake changes nothing; log files that were set aside
// are opened anew. Whom it serves notices nothing.
func TestRelayReload(t *testing.T) {
	dir := t.TempDir()
	file, access := filepath.Join(dir, "relay.yml"), filepath.Join(dir, "access.log")
	write := func(text string) {
		if err := os.WriteFile(file, []byte("version: 1\naccess-log: "+access+"\n"+text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("region: eu-2 # the flag wins\n")
	r := relay(t, "--config", file)
	port := service(t, http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) { io.WriteString(w, q.Header.Get("X-Forwarded-For")) }))
	agent := start(t, nil, append([]string{"http", port}, r.agentArgs()...)...)
	url := agent.ready()
	seen := func() string {
		q := r.request(t, url, "/")
		q.Header.Set("X-Forwarded-For", "203.0.113.9")
		_, body := fetch(t, q)
		return body
	}
	if got := seen(); got != "127.0.0.1" {
		t.Errorf("nobody is trusted, and the visitor is %q", got)
	}

	write("trust-forwarded: 127.0.0.0/8\nlog-level: debug\nresolver: 127.0.0.1:53\nregion: eu-3\n")
	if err := os.Rename(access, access+".1"); err != nil {
		t.Fatal(err)
	}
	r.signal(syscall.SIGHUP)
	r.waitFor(r.stderr, `the configuration was read again.*trust-forwarded changed from .* to .*127.0.0.0/8`)
	r.waitFor(r.stderr, `level=WARN msg="--resolver changed from .* to .*: takes effect at the next restart"`)
	if strings.Contains(r.stderr.text(), "--region changed") {
		t.Error("the command line says what the region is")
	}
	eventually(t, "the trusted peer is believed", func() bool { return strings.HasPrefix(seen(), "203.0.113.9") })
	eventually(t, "the access log is a new file", func() bool {
		text, err := os.ReadFile(access)
		return err == nil && strings.Contains(string(text), "status=200")
	})

	write("conns-per-address: many\n")
	r.signal(syscall.SIGHUP)
	r.waitFor(r.stderr, `the configuration has a mistake, and what was before goes on.*relay.yml:3: conns-per-address: \\"many\\" is no whole number`)
	if got := seen(); !strings.HasPrefix(got, "203.0.113.9") {
		t.Errorf("after a mistake the visitor is %q", got)
	}
	r.signal(syscall.SIGTERM)
	if c := r.code(); c != 0 {
		t.Errorf("exit code %d", c)
	}
}
