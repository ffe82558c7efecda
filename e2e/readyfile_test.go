package e2e

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestReadyFiles: they are there, whole, when the endpoint is up, and gone when adit is.
func TestReadyFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	ready, urls := filepath.Join(dir, "ready.json"), filepath.Join(dir, "urls")
	p := start(t, nil, "http", service(t, http.HandlerFunc(hello)), "--no-tui", "--web-addr", "127.0.0.1:0", "--ready-file", ready, "--url-file", urls)
	url, api := p.ready(), p.api()
	eventually(t, "the ready file is there", func() bool { _, err := os.Stat(urls); return err == nil })
	var got struct {
		PID       int
		Web       string
		Endpoints []struct{ Name, URL, Upstream string }
	}
	data, err := os.ReadFile(ready)
	if err != nil {
		t.Fatal(err)
	}
	decode(t, string(data), &got)
	if got.PID != p.cmd.Process.Pid || got.Web != api || len(got.Endpoints) != 1 || got.Endpoints[0].Name != "command_line" || got.Endpoints[0].URL != url {
		t.Errorf("the ready file says %+v", got)
	}
	if text, err := os.ReadFile(urls); err != nil || string(text) != url+"\n" {
		t.Errorf("the file of URLs holds %q, %v", text, err)
	}
	p.signal(syscall.SIGTERM)
	if c := p.code(); c != 0 {
		t.Errorf("exit code %d", c)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	if strings.Contains(p.stderr.text(), "cannot be") {
		t.Error("something went wrong with them")
	}
}
