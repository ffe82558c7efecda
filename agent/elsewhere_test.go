package agent

import (
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/wire"
)

// place answers with who it is, how it was asked, and where else to go.
func place(name string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // what is answered is not what is wanted
		}
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(http.StatusFound)
		fmt.Fprint(w, name, " ", r.Host, " ", r.URL, " ", string(body), " ", r.Header["Cookie"])
	})
}

// TestReplayTo: a replay goes where the person says and nowhere else, with what was recorded; the exchange says where that was.
func TestReplayTo(t *testing.T) {
	other := httptest.NewServer(place("other"))
	defer other.Close()
	port := other.URL[strings.LastIndexByte(other.URL, ':')+1:]
	w := newWorld(t, place("own"))
	w.ready()
	w.recordedAs("x", "POST /hook HTTP/1.1\nHost: a.example\nCookie: a=1\nContent-Length: 2\ncookie: b=2\n\n", "hi", "")
	for _, tt := range []struct {
		resend       inspect.Resend
		answer, goes string
	}{
		{inspect.Resend{}, "own a.example /hook hi [a=1 b=2]", ""},
		{inspect.Resend{To: port}, "other a.example /hook hi [a=1 b=2]", "http://localhost:" + port},
		{inspect.Resend{To: other.URL + "/", DropCookies: true}, "other a.example /hook hi []", "http://127.0.0.1:" + port},
		{inspect.Resend{To: " 127.0.0.1:" + port, Edit: &inspect.Edit{Target: "/b?c", Body: []byte{}}}, "other a.example /b?c  [a=1 b=2]", "http://127.0.0.1:" + port},
	} {
		p, err := w.a.Prepare(t.Context(), "x", tt.resend)
		if err != nil {
			t.Errorf("%+v: %v", tt.resend, err)
			continue
		}
		id, err := w.a.Replay(t.Context(), "x", tt.resend)
		if err != nil {
			t.Errorf("%+v: %v", tt.resend, err)
			continue
		}
		x := w.over(id)
		if x.State != inspect.Done || x.Response.Status != http.StatusFound || string(x.Response.Body) != tt.answer || x.To != tt.goes {
			t.Errorf("%+v: %v %q, to %q", tt.resend, x.State, x.Response.Body, x.To)
		}
		if string(p.Head) != string(x.Request.Head) || p.Size != x.Request.Size || tt.goes != "" && p.To != tt.goes {
			t.Errorf("%+v: prepared %+v, and sent %q", tt.resend, p, x.Request.Head)
		}
	}
}

// TestReplayToTLS: an https target is who it says it is, or gets nothing.
func TestReplayToTLS(t *testing.T) {
	other := httptest.NewUnstartedServer(place("safe"))
	other.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError) // of the handshake that is to fail
	other.StartTLS()
	defer other.Close()
	w := newWorld(t, place("own"))
	w.ready()
	w.recordedAs("x", "POST / HTTP/1.1\nHost: a.example\nContent-Length: 2\n\n", "hi", "")
	id, err := w.a.Replay(t.Context(), "x", inspect.Resend{To: other.URL})
	if err != nil {
		t.Fatal(err)
	}
	if x := w.over(id); x.State != inspect.Failed || x.Failure.Code != int(wire.CodeLocalTLS) {
		t.Errorf("a certificate that nobody knows: %v, %v", x.State, x.Failure)
	}
	ep, r, err := w.a.made(t.Context(), "x", inspect.Resend{To: other.URL})
	if err != nil {
		t.Fatal(err)
	}
	ep.up.secure.RootCAs = x509.NewCertPool()
	ep.up.secure.RootCAs.AddCert(other.Certificate())
	if id, err = w.a.resend(t.Context(), ep, r); err != nil {
		t.Fatal(err)
	}
	if x := w.over(id); x.State != inspect.Done || string(x.Response.Body) != "safe a.example / hi []" || x.To != other.URL {
		t.Errorf("%v %v, to %q", x.State, x.Failure, x.To)
	}
}

// TestReplayMixedUp: what to do about a target that speaks something else is to name another target; the endpoint's options have nothing to do with it.
func TestReplayMixedUp(t *testing.T) {
	plain := httptest.NewServer(place("plain"))
	defer plain.Close()
	secret := httptest.NewUnstartedServer(place("secret"))
	secret.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError) // of the handshakes that are to fail
	secret.StartTLS()
	defer secret.Close()
	host := func(s *httptest.Server) string { return s.Listener.Addr().String() }
	w := newWorld(t, place("own"))
	w.ready()
	w.recordedAs("x", "GET / HTTP/1.1\nHost: a.example\n\n", "", "")
	for to, want := range map[string]string{
		"https://" + host(plain): "Send it to http://" + host(plain) + ".",
		"http://" + host(secret): "Send it to https://" + host(secret) + ".",
		secret.URL:               wire.CodeLocalTLS.Info().Remedy, // nobody knows its authority
	} {
		id, err := w.a.Replay(t.Context(), "x", inspect.Resend{To: to})
		if err != nil {
			t.Fatal(err)
		}
		if x := w.over(id); x.Failure == nil || x.Failure.Remedy != want {
			t.Errorf("%s: %+v, want %q", to, x.Failure, want)
		}
	}
}

// TestReplayHost: on this machine Host stays what the endpoint makes it; another machine gets its own name, unless the person has written one.
func TestReplayHost(t *testing.T) {
	w := newWorld(t, echo)
	w.ready()
	w.recordedAs("x", "GET / HTTP/1.1\nHost: a.example\n\n", "", "")
	ep := w.a.endpointOf("web")
	written := &inspect.Edit{Fields: []inspect.Field{{Name: "Host", Value: "b.example"}}}
	same := &inspect.Edit{Fields: []inspect.Field{{Name: "Host", Value: "a.example"}}}
	for _, tt := range []struct {
		option, to string
		edit       *inspect.Edit
		want       string
	}{
		{"", "3000", nil, "a.example"},
		{"", "http://[::1]:3000", written, "b.example"},
		{"rewrite", "3000", written, "localhost:3000"},
		{"fixed.example", "localhost", nil, "fixed.example"},
		{"", "https://staging.example:443", nil, "staging.example"},
		{"fixed.example", "staging.example:8443", nil, "staging.example:8443"},
		{"rewrite", "staging.example:443", same, "staging.example"},
		{"rewrite", "https://10.0.0.1", written, "b.example"},
	} {
		configured, err := newEndpoint(Endpoint{Name: "web", Upstream: "http://localhost:1", HostHeader: tt.option})
		if err != nil {
			t.Fatal(err)
		}
		ep.HostHeader, ep.host = tt.option, configured.host
		p, err := w.a.Prepare(t.Context(), "x", inspect.Resend{To: tt.to, Edit: tt.edit})
		if err != nil || !strings.Contains(string(p.Head), "\r\nHost: "+tt.want+"\r\n") {
			t.Errorf("%+v: %q, %v", tt, p.Head, err)
		}
	}
}

func TestReplayToWhere(t *testing.T) {
	for text, want := range map[string]string{
		"3000": "http://localhost:3000", "443": "https://localhost", "localhost": "http://localhost", "a.example:443": "https://a.example",
		"http://a.example:443": "http://a.example:443", "https://a.example:80/": "https://a.example:80", "[::1]:80": "http://[::1]",
	} {
		if up, err := parseTarget(text); err != nil || up.url() != want {
			t.Errorf("%s: %+v, %v", text, up, err)
		}
	}
	for _, text := range []string{
		" ", "0", "65536", "99999999999999999999999", "-1", "+3", "a.example:", "a.example:x", "file:///tmp", "tcp://a.example:1", "http://", "https:///x", "a.example/path",
		"http://a.example/?q", "http://a.example/#f", "http://user:secret@a.example", "a b", "a.example\r\nX: y", "http://\u00e9.example", "//a.example",
	} {
		var wrong *inspect.EditError
		if _, err := parseTarget(text); !errors.As(err, &wrong) || wrong.Key != "to" || strings.Contains(wrong.Text, "secret") {
			t.Errorf("%q: %v", text, err)
		}
	}
}
