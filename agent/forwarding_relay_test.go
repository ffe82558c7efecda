package agent_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"net/http/httptrace"

	"github.com/adit-tunnel/adit/agent"
	"github.com/adit-tunnel/adit/inspect"
)

// newHTTP2Service is a service that speaks nothing but HTTP/2, without TLS; connected counts its connections.
func newHTTP2Service(t *testing.T, h http.Handler) (address string, connected *atomic.Int32) {
	t.Helper()
	connected = new(atomic.Int32)
	s := httptest.NewUnstartedServer(h)
	s.Config.ErrorLog, s.Config.Protocols = quiet, new(http.Protocols)
	s.Config.Protocols.SetUnencryptedHTTP2(true)
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connected.Add(1)
		}
	}
	s.Start()
	t.Cleanup(s.Close)
	return s.Listener.Addr().String(), connected
}

// TestHTTP2Upstream: what works with a service of HTTP/1.1 works with one of HTTP/2, with and without TLS, over one connection.
func TestHTTP2Upstream(t *testing.T) {
	big := content(5 << 20)
	plain, connected := newHTTP2Service(t, services(big))
	secure := newTLSService(t, services(big), &tls.Config{NextProtos: []string{"h2"}})
	for _, upstream := range []string{"http://" + plain, secure.URL} {
		t.Run(upstream[:5], func(t *testing.T) {
			f := newForwarder(t, agent.Endpoint{Upstream: upstream, UpstreamProtocol: "http2"})
			f.serves(big)
		})
	}
	if n := connected.Load(); n != 1 {
		t.Errorf("%d connections to the service", n)
	}
}

// serves goes through services, but for what HTTP/2 has not.
func (f *forwarder) serves(big []byte) {
	t := f.t
	q := f.request("POST", "/echo", io.MultiReader(bytes.NewReader(big[:9]), bytes.NewReader(big[9:])))
	q.Trailer = http.Header{"Asked": {"yes"}}
	if res, got := f.do(f.visitor(), q); got != string(big) || res.Trailer.Get("Sum") != fmt.Sprintf("%d <nil> yes", len(big)) {
		t.Errorf("chunked: %d bytes, trailers %v", len(got), res.Trailer)
	}
	if res, got := f.do(f.visitor(), f.request("POST", "/echo", bytes.NewReader(big))); got != string(big) {
		t.Errorf("length: %d, %d bytes", res.StatusCode, len(got))
	}
	if res, got := f.get("/big"); got != string(big) || res.StatusCode != 200 {
		t.Errorf("download: %d, %d bytes", res.StatusCode, len(got))
	}
	for _, method := range []string{"GET", "HEAD"} {
		if res, got := f.do(f.visitor(), f.request(method, "/none", nil)); res.StatusCode != 204 || got != "" {
			t.Errorf("none: %d %q", res.StatusCode, got)
		}
	}
	if res, got := f.do(f.visitor(), f.request("HEAD", "/early", nil)); res.StatusCode != 413 || got != "" || res.ContentLength != 9 {
		t.Errorf("HEAD: %d %q %d", res.StatusCode, got, res.ContentLength)
	}
	_, r := f.raw("POST /early HTTP/1.1\nHost: HOST\nContent-Length: 100000000\n\nbegin")
	if res, err := http.ReadResponse(r, nil); err != nil || res.StatusCode != 413 {
		t.Errorf("early: %+v %v", res, err)
	}
	f.duplex(big)
	for _, path := range []string{"/panic/chunked", "/panic/length"} {
		res, err := f.visitor().Do(f.request("GET", path, nil))
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(res.Body)
		res.Body.Close()
		if string(b) != "half" || !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%s: %q %v", path, b, err)
		}
	}
	if res, _ := f.do(f.visitor(), f.request("POST", "/panic", nil)); res.StatusCode != 502 || !strings.HasPrefix(res.Header.Get("Adit-Error"), "ADIT-2003") {
		t.Errorf("panic: %d %v", res.StatusCode, res.Header)
	}
}

// duplex: each piece comes back before the next is sent.
func (f *forwarder) duplex(big []byte) {
	t := f.t
	c, r := f.raw("POST /duplex HTTP/1.1\nHost: HOST\nTransfer-Encoding: chunked\n\n6\nfirst \n")
	res, err := http.ReadResponse(r, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, piece := range []string{"first ", "second ", "third "} {
		got := make([]byte, len(piece))
		if _, err := io.ReadFull(res.Body, got); err != nil || string(got) != piece {
			t.Fatalf("%q %v", got, err)
		}
		next := map[string]string{"first ": "7\r\nsecond \r\n", "second ": "6\r\nthird \r\n", "third ": ""}[piece]
		io.WriteString(c, next)
	}
	go func() {
		fmt.Fprintf(c, "%x\r\n", len(big))
		c.Write(big)
		io.WriteString(c, "\r\n0\r\n\r\n")
	}()
	if b, err := io.ReadAll(res.Body); err != nil || !bytes.Equal(b, big) {
		t.Errorf("duplex: %d bytes, %v", len(b), err)
	}
}

// TestHTTP2Fields: nothing is added to what the visitor sent, nothing taken away but what is for one connection, and 1xx answers come when they are sent.
func TestHTTP2Fields(t *testing.T) {
	got := make(chan *http.Request, 1)
	address, _ := newHTTP2Service(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got <- r
		w.Header().Set("Link", "</a.css>; rel=preload")
		w.WriteHeader(http.StatusEarlyHints)
		w.Header().Del("Link")
		w.Header()["Date"], w.Header()["Content-Type"] = nil, nil
		w.Header().Set("Content-Encoding", "gzip")
		w.Header()["X-Twice"] = []string{"1", "2"}
		io.WriteString(w, "as it is")
	}))
	f := newForwarder(t, agent.Endpoint{Upstream: "http://" + address, UpstreamProtocol: "http2", HostHeader: "shop.test"})
	q := f.request("GET", "/a%2Fb|c//d?e=%zz;f", nil)
	q.URL.Opaque = "/a%2Fb|c//d"
	q.Header["User-Agent"] = nil
	q.Header["Cookie"] = []string{"a=b; c=d"}
	var hint textproto.MIMEHeader
	q = q.WithContext(httptrace.WithClientTrace(q.Context(), &httptrace.ClientTrace{Got1xxResponse: func(code int, h textproto.MIMEHeader) error {
		if code == 103 {
			hint = h
		}
		return nil
	}}))
	v := f.visitor()
	v.Transport.(*http.Transport).DisableCompression = true
	res, body := f.do(v, q)
	seen := <-got
	var names []string
	for name := range seen.Header {
		if !strings.HasPrefix(name, "X-Forwarded-") {
			names = append(names, name)
		}
	}
	if seen.RequestURI != "/a%2Fb|c//d?e=%zz;f" || seen.Host != "shop.test" || seen.Header.Get("Cookie") != "a=b; c=d" || !slices.Equal(names, []string{"Cookie"}) || seen.ProtoMajor != 2 {
		t.Errorf("the service got %s %s %s %v", seen.Proto, seen.RequestURI, seen.Host, seen.Header)
	}
	if hint.Get("Link") == "" {
		t.Error("no early hint")
	}
	names = names[:0]
	for name := range res.Header {
		names = append(names, name)
	}
	slices.Sort(names)
	if body != "as it is" || !slices.Equal(names, []string{"Content-Encoding", "Content-Length", "X-Twice"}) || len(res.Header["X-Twice"]) != 2 {
		t.Errorf("the visitor got %v %q", res.Header, body)
	}
	f.until(func() bool { return f.last().State == inspect.Done })
	if x := f.last(); string(x.Response.Body) != "as it is" || x.Response.Status != 200 {
		t.Errorf("recorded %+v", x.Response)
	}
}

// TestHTTP2Cancel: a visitor who leaves ends the request at the service, while it waits, while it answers, and while the visitor still sends.
func TestHTTP2Cancel(t *testing.T) {
	arrived, left := make(chan struct{}), make(chan error)
	address, connected := newHTTP2Service(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/waiting" {
			http.NewResponseController(w).Flush()
		}
		arrived <- struct{}{}
		if r.URL.Path == "/sending" {
			_, err := io.Copy(io.Discard, r.Body)
			left <- err
			return
		}
		<-r.Context().Done()
		left <- r.Context().Err()
	}))
	f := newForwarder(t, agent.Endpoint{Upstream: "http://" + address, UpstreamProtocol: "http2"})
	for _, path := range []string{"/waiting", "/answering", "/sending"} {
		head := "GET " + path + " HTTP/1.1\nHost: HOST\n\n"
		if path == "/sending" {
			head = "POST " + path + " HTTP/1.1\nHost: HOST\nTransfer-Encoding: chunked\n\n5\nfirst\n"
		}
		c, _ := f.raw(head)
		<-arrived
		c.(*net.TCPConn).SetLinger(0)
		c.Close()
		if err := <-left; err == nil {
			t.Errorf("%s: the service has seen an end that looks whole", path)
		}
	}
	if n := connected.Load(); n != 1 {
		t.Errorf("%d connections: an abandoned request costs more than its stream", n)
	}
}

// TestHTTP2Mistakes: a service that speaks no HTTP/2, or is not there, is said so.
func TestHTTP2Mistakes(t *testing.T) {
	one := httptest.NewServer(http.HandlerFunc(says))
	t.Cleanup(one.Close)
	old := newAnswering(t, "HTTP/1.0 400 Bad request version ('HTTP/2.0')\r\n\r\n")
	secure := newTLSService(t, http.HandlerFunc(says), nil)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ln.Close()
	for upstream, want := range map[string][]string{
		one.URL:         {"LOCAL_NOT_HTTP", "it does not speak HTTP/2", "Leave --upstream-protocol http2 out"},
		"http://" + old: {"LOCAL_NOT_HTTP", "it does not speak HTTP/2", "Leave --upstream-protocol http2 out"},
		secure.URL:      {"LOCAL_NOT_HTTP", "it does not speak HTTP/2", "Leave --upstream-protocol http2 out"},
		"https" + strings.TrimPrefix(one.URL, "http"): {"LOCAL_TLS", "it speaks plain HTTP", "Give the upstream as " + one.URL + "."},
		"http://" + ln.Addr().String():                {"LOCAL_REFUSED", "connection refused"},
	} {
		got := newForwarder(t, agent.Endpoint{Upstream: upstream, UpstreamProtocol: "http2"}).failure()
		for _, part := range want {
			if !strings.Contains(got, part) {
				t.Errorf("%s: %s, want %s", upstream, got, part)
			}
		}
	}
}

// TestHTTP2Proxy: with the PROXY protocol each visitor has a connection of its own, and it ends with the visitor's.
func TestHTTP2Proxy(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	told, closed := make(chan string, 10), make(chan struct{}, 10)
	s := &http.Server{ErrorLog: quiet, Protocols: new(http.Protocols), Handler: http.HandlerFunc(says)}
	s.Protocols.SetUnencryptedHTTP2(true)
	s.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateClosed {
			closed <- struct{}{}
		}
	}
	served := make(chan struct{})
	go func() {
		defer close(served)
		s.Serve(introduced{ln, told})
	}()
	t.Cleanup(func() {
		s.Close()
		<-served
	})
	f := newForwarder(t, agent.Endpoint{Upstream: "http://" + ln.Addr().String(), UpstreamProtocol: "http2", ProxyProtocol: 1})
	for range 2 {
		v := f.visitor()
		var ours string
		for range 2 {
			q := f.request("GET", "/", nil)
			q = q.WithContext(httptrace.WithClientTrace(context.WithoutCancel(q.Context()), &httptrace.ClientTrace{
				GotConn: func(i httptrace.GotConnInfo) { ours = i.Conn.LocalAddr().String() },
			}))
			if _, got := f.do(v, q); got != "GET / " {
				t.Fatalf("%q", got)
			}
		}
		_, port, _ := net.SplitHostPort(ours)
		if line := <-told; !strings.HasPrefix(line, "PROXY TCP4 127.0.0.1 127.0.0.1 ") || !strings.Contains(line, " "+port+" ") {
			t.Errorf("visitor %s: %q", ours, line)
		}
		v.CloseIdleConnections()
	}
	select {
	case line := <-told:
		t.Errorf("one connection more: %q", line)
	default:
	}
	<-closed
}

// introduced reads a line of the PROXY protocol in front of each connection.
type introduced struct {
	net.Listener
	told chan string
}

func (l introduced) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	var line []byte
	for one := make([]byte, 1); len(line) < 108 && !bytes.HasSuffix(line, []byte("\r\n")); line = append(line, one[0]) {
		if _, err := io.ReadFull(c, one); err != nil {
			break
		}
	}
	l.told <- string(line)
	return c, nil
}
