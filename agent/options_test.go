package agent

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestOptions: mistakes are told by New and Forward.
func TestOptions(t *testing.T) {
	pin := "sha256:" + strings.Repeat("0", 64)
	notPEM := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(notPEM, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, o := range []Options{
		{}, {Relay: "host"}, {Relay: "host:", Pin: pin}, {Relay: "host:1", Pin: "md5:1"}, {Relay: "host:1", Pin: pin, CA: "x"},
		{Relay: "host:1", CA: "/does/not/exist"}, {Relay: "host:1", CA: notPEM},
	} {
		if _, err := New(o); err == nil {
			t.Errorf("accepted %+v", o)
		}
	}
	a, err := New(Options{Relay: "host:1", Pin: pin})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range []Endpoint{
		{}, {Name: "a"}, {Name: "a", Upstream: "localhost:8000"}, {Name: "a", Upstream: "ftp://localhost:8000"}, {Name: "a", Upstream: "http://"},
		{Name: "a", Upstream: "http://localhost:8000/path"}, {Name: "a", Upstream: "http://u@localhost:8000"},
		{Name: "a", Upstream: "http://localhost:80", HostHeader: "a\r\nX: 1"}, {Name: "a", Upstream: "http://localhost:80", HostHeader: "a b"},
		{Name: "a", Upstream: "http://localhost:80", Policy: strings.Repeat("#", 64<<10)}, {Name: "a", Upstream: "http://localhost:80", Metadata: strings.Repeat("<", 11<<10)},
	} {
		if err := a.Forward(e); err == nil {
			t.Errorf("accepted %+v", e)
		}
	}
	for upstream, addr := range map[string]string{
		"http://localhost": "localhost:80", "http://localhost:8000/": "localhost:8000", "http://[::1]:8": "[::1]:8", "http://10.0.0.1:9": "10.0.0.1:9",
	} {
		if up, err := parseUpstream(upstream); err != nil || up.addr != addr {
			t.Errorf("%s: %+v, %v", upstream, up, err)
		}
	}
}
