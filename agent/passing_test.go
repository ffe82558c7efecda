package agent

import (
	"bytes"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestContradictions: what means nothing to an endpoint of its protocol is refused, since whoever writes it believes that it holds.
func TestContradictions(t *testing.T) {
	_, cas := selfSigned(t)
	for _, e := range []Endpoint{
		{Upstream: "http://localhost:1", Port: 7}, {Upstream: "http://localhost:1", TerminateAt: "edge"}, {Upstream: "http://localhost:1", Certificate: cas, Key: cas},
		{Upstream: "tcp://localhost:1", Protocol: "tcp", UpstreamProtocol: "http2"}, {Upstream: "tcp://localhost:1", Protocol: "tcp", HostHeader: "rewrite"},
		{Upstream: "tcp://localhost:1", Protocol: "tls", Schemes: []string{"https"}}, {Upstream: "tcp://u:secret@localhost:1", Protocol: "tcp"},
		{Upstream: "tcp://u:secret@localhost", Protocol: "tcp"}, {Upstream: "ftp://u:secret@localhost:1", Protocol: "tcp"},
	} {
		e.Name = "a"
		if _, err := newEndpoint(e); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%+v: %v", e, err)
		}
	}
	for _, e := range []Endpoint{{Protocol: "tcp"}, {Protocol: "tls"}, {Port: 7}, {ClientCAs: []string{"/does/not/exist"}}} {
		e.Name = "a"
		if _, err := newListening(e, nil); err == nil {
			t.Errorf("a listener with %+v", e)
		}
	}
}

// TestAuthorities: the relay is told certificates, and nothing else that stands in their files.
func TestAuthorities(t *testing.T) {
	_, cas := selfSigned(t)
	crt, err := os.ReadFile(cas)
	if err != nil {
		t.Fatal(err)
	}
	file := func(parts ...[]byte) []string {
		name := filepath.Join(t.TempDir(), "cas.pem")
		if err := os.WriteFile(name, bytes.Join(parts, []byte("\n")), 0o600); err != nil {
			t.Fatal(err)
		}
		return []string{name}
	}
	key := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("secret")})
	for _, e := range []Endpoint{{Upstream: "http://localhost:1"}, {Upstream: "tcp://localhost:1", Protocol: "tls", TerminateAt: "edge"}} {
		e.Name, e.ClientCAs = "a", file([]byte("# words"), key, crt, key)
		ep, err := newEndpoint(e)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(ep.askCAs, "BEGIN CERTIFICATE") || strings.Contains(ep.askCAs, "PRIVATE") || strings.Contains(ep.askCAs, "words") {
			t.Errorf("%s: the relay is told %q", e.Upstream, ep.askCAs)
		}
		for name, wrong := range map[string][]string{
			"no certificate": file(key), "x509": file(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("x")})), "at most": file(bytes.Repeat(crt, 200)),
		} {
			e.ClientCAs = wrong
			if _, err := newEndpoint(e); err == nil || !strings.Contains(err.Error(), name) {
				t.Errorf("%s, %s: %v", e.Upstream, name, err)
			}
		}
	}
	ep, err := newListening(Endpoint{Name: "a", ClientCAs: []string{cas}}, nil)
	if err != nil || ep.askCAs == "" {
		t.Errorf("a listener's visitors are asked for nothing: %v", err)
	}
}
