//go:build linux

package e2e

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// A relay with 128 MiB, and visitors who have it hold as much as they can: long heads that do not end, with TLS and without, and over HTTP/2 uploads that nobody takes and
// requests by the hundred behind an answer that is not read, with long fields, of which the relay refuses some and net/http others. Each time it stays alive and within
// its limit, others are served or told to come again, and when the crowd has gone all is as before.
func TestHostileVisitors(t *testing.T) {
	t.Parallel()
	program := lean(t)
	free := make(chan struct{})
	t.Cleanup(func() { close(free) })
	port := service(t, http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if q.URL.Path == "/stuck" {
			<-free // and takes nothing of what is sent
		}
		heavy(w, q)
	}))
	for _, by := range []string{"GOMEMLIMIT", "cgroup"} {
		t.Run(by, func(t *testing.T) {
			t.Parallel()
			line := "export GOMEMLIMIT=128MiB"
			if by == "cgroup" {
				line = cage(t, "relay", little)
			}
			s := newScarce(t)
			s.program = program
			s.startRelay(line, "--https", "127.0.0.1:0", "--state-dir", s.dir+"/relay", "--access-log", "false")
			s.startAgent("", port)
			for _, crowd := range []struct {
				what string
				n    int
				come func(h *raider, i int) error
			}{
				{"long heads", 2700, (*raider).longHead},
				{"uploads that nobody takes", 300, (*raider).upload},
				{"requests behind a full link", 100, (*raider).pileUp},
			} {
				s.besieged(crowd.what, crowd.n, crowd.come)
			}
			s.within(by)
		})
	}
}

// besieged has a crowd of n come, looks how others fare, and sends it away.
func (s *scarce) besieged(what string, n int, come func(h *raider, i int) error) {
	s.t.Helper()
	begin := time.Now()
	crowd := make(chan *raider, n)
	var over sync.WaitGroup
	var next atomic.Int32
	for range 32 {
		over.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				h := &raider{s: s}
				if come(h, i) == nil {
					crowd <- h
				} else {
					h.close()
				}
			}
		})
	}
	over.Wait()
	took := time.Since(begin).Round(10 * time.Millisecond)
	time.Sleep(1500 * time.Millisecond) // who was told within the last second that there is no room keeps its place
	answers := map[string]int{}
	for range 10 {
		for _, way := range []string{"http", "https", "h2"} {
			answers[way+" "+s.visit(way)]++
		}
	}
	report(s.t, fmt.Sprintf("%s, %d of %d in %v: others %v", what, len(crowd), n, took, answers))
	for a := range answers {
		if !strings.HasSuffix(a, " 200") && !strings.HasSuffix(a, " 503 ADIT-1007 RELAY_BUSY") {
			s.t.Errorf("%s: others got %s", what, a)
		}
	}
	s.healthy()
	close(crowd)
	for h := range crowd {
		h.close()
	}
	for _, way := range []string{"http", "https", "h2"} {
		eventually(s.t, what+": others are served by "+way+" again", func() bool { return s.visit(way) == "200" })
	}
	eventually(s.t, what+": all is given back", func() bool { return s.figure(`adit_budget_held{of="connections"}`) == 0 })
}

// name is the endpoint's.
func (s *scarce) name() string {
	s.t.Helper()
	u, err := url.Parse(s.url)
	if err != nil {
		s.t.Fatal(err)
	}
	return u.Hostname()
}

// visit is one request on a connection of its own: the answer's status, and the code if adit made it.
func (s *scarce) visit(way string) string {
	s.t.Helper()
	host := s.name()
	var p http.Protocols
	p.SetHTTP1(way != "h2")
	p.SetHTTP2(way == "h2")
	addr, scheme := s.public, "http"
	if way != "http" {
		addr, scheme = s.secure, "https"
	}
	tr := &http.Transport{
		DisableKeepAlives: true, Protocols: &p, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, // nothing secret is said
		Dial: func(string, string) (net.Conn, error) { return net.Dial("tcp", addr) },
	}
	if way == "h2" {
		tr.DisableKeepAlives = false
		defer tr.CloseIdleConnections()
		p.SetHTTP1(true) // in which it may be told that there is no room
	}
	a, err := (&http.Client{Transport: tr, Timeout: patience}).Get(scheme + "://" + host + "/")
	if err != nil {
		return err.Error()
	}
	defer a.Body.Close()
	_, _ = io.Copy(io.Discard, a.Body)
	return strings.TrimSpace(fmt.Sprint(a.StatusCode, " ", a.Header.Get("Adit-Error")))
}

// raider is a visitor who wants to cost much.
type raider struct {
	s    *scarce
	sock net.Conn
	conn net.Conn // sock, or TLS on it
	f    *http2.Framer
}

func (h *raider) close() {
	if h.sock != nil {
		_ = h.sock.(*net.TCPConn).SetLinger(0)
		h.sock.Close()
	}
}

// dial opens a connection, of HTTP/2 if h2 says so. What is sent and not taken is not waited for.
func (h *raider) dial(addr string, secure, h2 bool) error {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return err
	}
	h.sock, h.conn = c, c
	_ = c.SetDeadline(time.Now().Add(5 * time.Second))
	_ = c.(*net.TCPConn).SetReadBuffer(4 << 10)
	if !secure {
		return nil
	}
	cfg := &tls.Config{InsecureSkipVerify: true, ServerName: h.s.name(), NextProtos: []string{"http/1.1"}}
	if h2 {
		cfg.NextProtos = []string{"h2"}
	}
	t := tls.Client(c, cfg)
	if err := t.Handshake(); err != nil || !h2 {
		h.conn = t
		return err
	}
	h.conn, h.f = t, http2.NewFramer(t, t)
	if _, err := io.WriteString(t, http2.ClientPreface); err != nil {
		return err
	}
	if err := h.f.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1 << 30}); err != nil {
		return err
	}
	return h.f.WriteWindowUpdate(0, 1<<30)
}

// longHead sends a long head that does not end: the first ones over HTTP/2 and with TLS, then without.
func (h *raider) longHead(i int) error {
	addr, secure, h2 := h.s.public, i < 200, i < 200 && i%2 > 0
	if secure {
		addr = h.s.secure
	}
	if err := h.dial(addr, secure, h2); err != nil {
		return err
	}
	if h2 {
		return h.request(1, h.fields("GET", "/", 58_000), true, false)
	}
	_, err := fmt.Fprintf(h.conn, "GET / HTTP/1.1\r\nHost: app\r\nCookie: %s", strings.Repeat("x", 58_000))
	return err
}

// fields is a header block of a request with a long field, and others.
func (h *raider) fields(method, path string, long int, more ...hpack.HeaderField) []byte {
	var b bytes.Buffer
	enc := hpack.NewEncoder(&b)
	all := append([]hpack.HeaderField{{Name: ":method", Value: method}, {Name: ":scheme", Value: "https"}, {Name: ":path", Value: path},
		{Name: ":authority", Value: h.s.name()}, {Name: "x", Value: strings.Repeat("x", long), Sensitive: true}}, more...)
	for _, f := range all {
		f.Sensitive = true    // is not remembered: each block stands for itself
		_ = enc.WriteField(f) // into memory
	}
	return b.Bytes()
}

// request sends a header block in as many frames as it needs, the last of them only if it is to be whole.
func (h *raider) request(stream uint32, block []byte, end, whole bool) error {
	const most = 16 << 10
	first := block[:min(most, len(block))]
	block = block[len(first):]
	err := h.f.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: first, EndStream: end, EndHeaders: whole && len(block) == 0})
	for err == nil && len(block) > 0 {
		piece := block[:min(most, len(block))]
		block = block[len(piece):]
		err = h.f.WriteContinuation(stream, whole && len(block) == 0, piece)
	}
	return err
}

// upload sends what the windows of two requests let it.
func (h *raider) upload(int) error {
	if err := h.dial(h.s.secure, true, true); err != nil {
		return err
	}
	for _, stream := range []uint32{1, 3} {
		if err := h.request(stream, h.fields("POST", "/stuck", 1), false, true); err != nil {
			return err
		}
		for range 8 {
			if err := h.f.WriteData(stream, false, make([]byte, 16<<10-1)); err != nil {
				return err
			}
		}
	}
	return nil
}

// pileUp asks for much, takes nothing of it, and asks for more; every other one with requests that no server of HTTP/2 takes.
func (h *raider) pileUp(i int) error {
	if err := h.dial(h.s.secure, true, true); err != nil {
		return err
	}
	if err := h.request(1, h.fields("GET", "/?100000000", 1), true, true); err != nil {
		return err
	}
	time.Sleep(100 * time.Millisecond) // until the link is full
	field := hpack.HeaderField{Name: "te", Value: "gzip"}
	if i%2 > 0 {
		field.Value = "trailers"
	}
	block := h.fields("GET", "/stuck", 50_000, field)
	_ = h.conn.SetWriteDeadline(time.Now().Add(300 * time.Millisecond))
	for i := range uint32(99) {
		if h.request(2*i+3, block, true, true) != nil {
			break // it is not heard any more
		}
	}
	return nil
}
