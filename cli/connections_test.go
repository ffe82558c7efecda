package cli

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/capture"
	"github.com/adit-tunnel/adit/inspect/store"
)

// recordConnections has the store of a state directory as an agent leaves it: a request, and connections that came before and after it.
func recordConnections(t *testing.T) (stateDir string) {
	t.Helper()
	stateDir = t.TempDir()
	s, err := store.Open(store.Options{Dir: capturesDir(stateDir)})
	if err != nil {
		t.Fatal(err)
	}
	connect := func(id inspect.ID, kind inspect.Kind, host string) *capture.Link {
		l := capture.NewBudget(0, 0).Connect(s, capture.Connection{
			ID: id, Endpoint: "db", Kind: kind, Start: time.Now(), Client: netip.MustParseAddrPort("203.0.113.7:52144"), Host: host,
		})
		l.Stands(time.Millisecond)
		l.Passed(inspect.RequestSide, 12595)
		l.Passed(inspect.ResponseSide, 4<<20)
		return l
	}
	connect("0199-aaaa", inspect.TLS, "db.example.com").Done()
	s.Record(&inspect.Exchange{
		ID: "0199-bbbb", State: inspect.Done, Start: time.Now(), Request: inspect.Request{Method: "POST", Target: "/hook", Message: inspect.Message{Head: []byte("POST /hook HTTP/1.1\r\n\r\n"), Whole: true}},
		Response: &inspect.Response{Status: 200, Reason: "OK", Message: inspect.Message{Head: []byte("HTTP/1.1 200 OK\r\n\r\n"), Whole: true}},
	})
	connect("0199-cccc", inspect.TCP, "").Fail(&inspect.Failure{Code: 2001, Name: "LOCAL_RESET", Text: "It broke off.", Remedy: "Look into its log."})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := errors.Join(s.Keep(ctx), s.Close()); err != nil {
		t.Fatal(err)
	}
	return stateDir
}

// shell runs a command and returns what it printed to standard output and standard error.
func shell(t *testing.T, args ...string) (code int, out, wrong string) {
	t.Helper()
	var files [3]*os.File
	for i := range files {
		f, err := os.Create(filepath.Join(t.TempDir(), "stream"))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		files[i] = f
	}
	code = Main(append([]string{"adit"}, args...), Streams{files[0], files[1], files[2]}, []string{"HOME=" + t.TempDir()})
	read := func(f *os.File) string {
		text, err := os.ReadFile(f.Name())
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	return code, read(files[1]), read(files[2])
}

// Connections are listed and shown as what they are; what needs a request says that they are none; and what waits for requests does not count them.
func TestConnectionsInAShell(t *testing.T) {
	dir := recordConnections(t)
	const refusal = "connection is no request: adit counts its bytes and keeps none of them"
	for _, c := range []struct {
		command    string
		code       int
		out, wrong []string
	}{
		{"requests", 0, []string{"TCP      LOCAL_RESET ", "203.0.113.7:52144 · 12.3 KiB ↑ 4 MiB ↓", "TLS      closed ", "db.example.com · 203.0.113.7:52144", "/hook"}, nil},
		{"requests kind:tls --json", 0, []string{`"kind":"tls"`, `"status":null`, `"request_size":12595`, `"host":"db.example.com"`}, nil},
		{"request aaaa", 0, []string{"Connection   tls", "Server name  db.example.com", "closed", "12.3 KiB from the visitor, 4 MiB from the service", "adit counts the bytes of tls connections and keeps none of them"}, nil},
		{"request last", 0, []string{"LOCAL_RESET", "Look into its log."}, nil},
		{"request aaaa --json", 0, []string{`"kind": "tls"`}, nil},
		{"request aaaa --curl", 1, nil, []string{"a tls " + refusal}},
		{"request aaaa --body", 1, nil, []string{"a tls " + refusal}},
		{"request aaaa --har", 1, nil, []string{"a tls " + refusal}},
		{"request bbbb --diff cccc", 1, nil, []string{"a tcp " + refusal}},
		{"export", 0, []string{"/hook", `"comment":"left out: 2 connections`}, []string{"left out: 2 connections"}},
		{"export --format jsonl", 0, []string{`"kind":"tls"`, `"kind":"http"`, `"kind":"tcp"`}, nil},
		{"wait-for size:>=0 --since start --count 1 --timeout 5s", 0, []string{"/hook"}, nil},
		{"wait-for size:>=0 --since start --count 2 --timeout 100ms", 124, []string{"/hook"}, []string{"1 of 2 requests"}},
		{"wait-for kind:tcp --since start --timeout 5s", 0, []string{"LOCAL_RESET"}, nil},
	} {
		code, out, wrong := shell(t, append(strings.Fields(c.command), "--state-dir", dir)...)
		if code != c.code {
			t.Errorf("%s: code %d, want %d\n%s%s", c.command, code, c.code, out, wrong)
		}
		for printed, want := range map[string][]string{out: c.out, wrong: c.wrong} {
			for _, text := range want {
				if !strings.Contains(printed, text) {
					t.Errorf("%s: no %q in\n%s", c.command, text, printed)
				}
			}
		}
	}
}
