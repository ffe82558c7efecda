package relay

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/pires/go-proxyproto"
)

// balanced is a listener that trusts headers from loopback, and what dials it.
func balanced(t *testing.T, trust string) (*proxied, func(text string) net.Conn) {
	t.Helper()
	o := Options{Proxy: []netip.Prefix{netip.MustParsePrefix(trust)}, Log: discard, Go: func(f func()) { go f() }}
	r := &Relay{o: o, doors: newDoors(nil, discard)}
	r.proxy.Store(&o.Proxy)
	d, err := r.doors.listen(t.Context(), 0, "http", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ln := r.behindBalancers(d).(*proxied)
	t.Cleanup(func() { ln.Close() })
	return ln, func(text string) net.Conn {
		c, err := net.Dial("tcp", ln.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		if _, err := io.WriteString(c, text); err != nil {
			t.Fatal(err)
		}
		return c
	}
}

func header2(t *testing.T, command proxyproto.ProtocolVersionAndCommand, from, to string) string {
	t.Helper()
	h := &proxyproto.Header{Version: 2, Command: command, TransportProtocol: proxyproto.TCPv4}
	h.SourceAddr, _ = net.ResolveTCPAddr("tcp", from)
	h.DestinationAddr, _ = net.ResolveTCPAddr("tcp", to)
	if strings.HasPrefix(from, "[") {
		h.TransportProtocol = proxyproto.TCPv6
	}
	var b bytes.Buffer
	if _, err := h.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestProxyProtocol: the visitor is who the header says, and what follows the header is all there.
func TestProxyProtocol(t *testing.T) {
	ln, dial := balanced(t, "127.0.0.0/8")
	for _, x := range []struct{ head, from string }{
		{"PROXY TCP4 203.0.113.7 192.0.2.1 40000 443\r\n", "203.0.113.7:40000"},
		{"PROXY TCP6 2001:db8::7 2001:db8::1 40000 443\r\n", "[2001:db8::7]:40000"},
		{"PROXY UNKNOWN\r\n", ""},
		{header2(t, proxyproto.PROXY, "203.0.113.8:50000", "192.0.2.1:443"), "203.0.113.8:50000"},
		{header2(t, proxyproto.PROXY, "[2001:db8::8]:50000", "[2001:db8::1]:443"), "[2001:db8::8]:50000"},
		{header2(t, proxyproto.LOCAL, "203.0.113.8:50000", "192.0.2.1:443"), ""},
	} {
		v := dial(x.head + "GET / HTTP/1.1\r\n")
		nc, err := ln.Accept()
		if err != nil {
			t.Fatalf("%q: %v", x.head, err)
		}
		defer nc.Close()
		if x.from == "" {
			x.from = v.LocalAddr().String()
		}
		line, err := bufio.NewReader(nc).ReadString('\n')
		if nc.RemoteAddr().String() != x.from || line != "GET / HTTP/1.1\r\n" {
			t.Errorf("%q: from %v, then %q, %v", x.head, nc.RemoteAddr(), line, err)
		}
	}
	if n := ln.r.badHeads.Load(); n != 0 {
		t.Errorf("%d bad headers", n)
	}
}

// TestProxyProtocolStays: balancers that may be trusted no more at the next start are until then: their connections begin with headers that somebody must read.
func TestProxyProtocolStays(t *testing.T) {
	o := Options{Domain: "tunnel.test", HTTP: "127.0.0.1:0", StateDir: t.TempDir(), Log: discard, Proxy: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}
	r, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for _, c := range []struct {
		now  string
		want string
	}{{"192.0.2.0/24", "192.0.2.0/24"}, {"", "192.0.2.0/24"}} {
		o.Proxy = nil
		if c.now != "" {
			o.Proxy = []netip.Prefix{netip.MustParsePrefix(c.now)}
		}
		if err := r.Change(o); err != nil {
			t.Fatal(err)
		}
		if got := *r.proxy.Load(); len(got) != 1 || got[0].String() != c.want {
			t.Errorf("after a change to %q peers of %v are believed, want %s", c.now, got, c.want)
		}
	}
}

// TestProxyProtocolOfStrangers: whoever is not trusted is served as it comes, its header is part of what it says.
func TestProxyProtocolOfStrangers(t *testing.T) {
	ln, dial := balanced(t, "192.0.2.0/24")
	const text = "PROXY TCP4 203.0.113.7 192.0.2.1 40000 443\r\n"
	v := dial(text)
	nc, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	if line, _ := bufio.NewReader(nc).ReadString('\n'); line != text || nc.RemoteAddr().String() != v.LocalAddr().String() {
		t.Errorf("from %v: %q", nc.RemoteAddr(), line)
	}
}

// TestProxyProtocolRefusals: no header, a wrong one or half of one ends the connection and is counted; nobody behind it waits.
func TestProxyProtocolRefusals(t *testing.T) {
	ln, dial := balanced(t, "127.0.0.0/8")
	silent := dial("PROXY TCP4 203.0.") // for as long as the test lasts
	defer silent.Close()
	bad := []string{
		"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03aaaa", "PROXY TCP4 1.2.3 4.5.6.7 1 2\r\n",
		"PROXY TCP4 " + strings.Repeat("1", 200) + "\r\n", string(proxyproto.SIGV2) + "\x21\x11\xff\xff", string(proxyproto.SIGV2) + "\x91\x11\x00\x0caaaabbbbccdd",
	}
	var all []net.Conn
	for _, text := range bad {
		all = append(all, dial(text))
	}
	dial("PROXY TCP4 203.0.113.7 192.0.2.1 40000 443\r\n")
	nc, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	nc.Close()
	for i, c := range all {
		_ = c.SetReadDeadline(time.Now().Add(30 * time.Second))
		if n, err := c.Read(make([]byte, 1)); n != 0 || os.IsTimeout(err) {
			t.Errorf("%q: %d bytes, %v", bad[i], n, err)
		}
	}
	if n := ln.r.badHeads.Load(); n != uint64(len(bad)) {
		t.Errorf("%d counted, %d were bad", n, len(bad))
	}
}

// TestProxyProtocolSlowHeader: a header that does not come is given up.
func TestProxyProtocolSlowHeader(t *testing.T) {
	ln, dial := balanced(t, "192.0.2.0/24") // which is nobody here, so that Accept leaves the header to us
	dial("PROXY TCP4 203.0.113.7 ")
	nc, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	if _, err := readProxyHead(nc, 50*time.Millisecond); !os.IsTimeout(err) {
		t.Errorf("got %v", err)
	}
}

// TestProxyProtocolLastCall: a connection whose header is under way when the listener closes is still handed over.
func TestProxyProtocolLastCall(t *testing.T) {
	ln, dial := balanced(t, "127.0.0.0/8")
	done := make(chan net.Conn, 2)
	go func() {
		for {
			nc, err := ln.Accept()
			if err != nil {
				close(done)
				return
			}
			done <- nc
		}
	}()
	v := dial("PROXY TCP4 203.0.113.7 192.0.2.1 ")
	for ln.waiting.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	ln.Close()
	if _, err := io.WriteString(v, "40000 443\r\n"); err != nil {
		t.Fatal(err)
	}
	nc := <-done
	if nc == nil {
		t.Fatal("it was lost")
	}
	nc.Close()
	if more, ok := <-done; ok {
		t.Error("and another one:", more.RemoteAddr())
	}
	ln.passed.Store(true)
	if d := ln.patience(); d < proxyHeadTime {
		t.Errorf("a process that was replaced waits for %v, and a header may take %v", d, proxyHeadTime)
	}
}

// FuzzProxyHead: whatever a peer sends, no more of it is read than the header, and what is accepted is a header to the last byte.
func FuzzProxyHead(f *testing.F) {
	f.Add([]byte("PROXY TCP4 203.0.113.7 192.0.2.1 40000 443\r\nGET /"))
	f.Add([]byte("PROXY UNKNOWN\r\n"))
	f.Add([]byte("PROXY TCP6 ::1 ::1 1 2\r\n"))
	f.Add(fmt.Append(proxyproto.SIGV2, "\x21\x11\x00\x0caaaabbbbccddrest"))
	f.Add(fmt.Append(proxyproto.SIGV2, "\x20\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		r := bytes.NewReader(data)
		h, err := proxyHead(r)
		read := len(data) - r.Len()
		switch {
		case read > 16+maxProxyHead2:
			t.Fatalf("%d bytes read", read)
		case err != nil:
			return
		case h == nil:
			t.Fatal("neither header nor error")
		case h.Version == 1 && !bytes.HasSuffix(data[:read], []byte("\r\n")):
			t.Fatalf("a line without an end: %q", data[:read])
		}
		if from, to, ok := h.TCPAddrs(); ok && (from == nil || to == nil) {
			t.Fatal("an address is missing")
		}
	})
}

// TestProxyProtocolClose: a connection that was accepted when the listener closes is handed over, whoever it is from.
func TestProxyProtocolClose(t *testing.T) {
	for range 50 {
		ln, dial := balanced(t, "192.0.2.0/24")
		accepted := make(chan int, 1)
		first := make(chan struct{})
		go func() {
			n := 0
			for {
				nc, err := ln.Accept()
				if err != nil {
					accepted <- n
					return
				}
				if n++; n == 1 {
					close(first)
				}
				nc.Close()
			}
		}()
		dial("x")
		<-first
		v := dial("y")
		time.Sleep(time.Millisecond)
		ln.Close()
		n := <-accepted
		_ = v.SetReadDeadline(time.Now().Add(30 * time.Second))
		if _, err := v.Read(make([]byte, 1)); n == 1 && err == io.EOF {
			t.Error("a connection was accepted and dropped")
		}
	}
}
