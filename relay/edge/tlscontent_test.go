package edge

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/wire"
)

// TestCutsShowInTLS: an answer that is not whole never ends like one that is.
func TestCutsShowInTLS(t *testing.T) {
	for name, frames := range map[string][][]byte{
		"length": {respFrame("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n", wire.BodyLength, 10, false), dataFrame("half", false)},
		"chunks": {respFrame("HTTP/1.1 200 OK\r\n\r\n", wire.BodyUntil, 0, false), dataFrame("half", false)},
	} {
		w := startTLS(t, func(x *fakeExchange) { x.put(frames...); x.lose() })
		got, closed := w.lastRecord(get)
		if closed || !strings.Contains(got, "half") {
			t.Errorf("%s: close_notify %v after %q", name, closed, got)
		}
		w.shutdown(patience)
	}
	w := startTLS(t, func(x *fakeExchange) {
		x.put(respFrame("HTTP/1.1 200 OK\r\n\r\n", wire.BodyUntil, 0, false), dataFrame("half", false))
		x.lose()
	})
	c := w.mustSeal(w.config("app.test"))
	io.WriteString(c, "GET / HTTP/1.0\r\nHost: app.test\r\n\r\n")
	if got, err := io.ReadAll(c); err == nil {
		t.Errorf("HTTP/1.0: %q looks whole", got)
	}
	// … and one that is whole ends with close_notify.
	w = startTLS(t, parrot)
	if got, closed := w.lastRecord("GET / HTTP/1.1\r\nHost: app.test\r\nConnection: close\r\n\r\n"); !closed {
		t.Errorf("no close_notify after %q", got)
	}
}

// lastRecord sends a request and reads to the end; closed: that was announced with an alert. In TLS 1.2 a record's type can be seen.
func (w *secureWorld) lastRecord(req string) (got string, closed bool) {
	w.t.Helper()
	nc, err := net.Dial("tcp", w.tlsAddr)
	if err != nil {
		w.t.Fatal(err)
	}
	defer nc.Close()
	nc.SetDeadline(time.Now().Add(patience))
	cfg := w.config("app.test")
	cfg.MaxVersion = tls.VersionTLS12
	tap := &tap{Conn: nc}
	c := tls.Client(tap, cfg)
	io.WriteString(c, req)
	b, err := io.ReadAll(c)
	if err != nil {
		w.t.Errorf("the connection did not end with FIN: %v", err)
	}
	last := byte(0)
	for p := tap.read.Bytes(); len(p) >= 5; p = p[min(len(p), 5+int(p[3])<<8+int(p[4])):] {
		last = p[0]
	}
	return string(b), last == 21
}

// tap keeps what was read.
type tap struct {
	net.Conn
	read bytes.Buffer
}

func (t *tap) Read(p []byte) (int, error) {
	n, err := t.Conn.Read(p)
	t.read.Write(p[:n])
	return n, err
}

// TestTunnelInTLS: an upgrade with half-close each way.
func TestTunnelInTLS(t *testing.T) {
	w := startTLS(t, func(x *fakeExchange) {
		x.put(respFrame("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n", wire.BodyTunnel, 0, false))
		sendBack(x)
	})
	c := w.mustSeal(w.config("app.test"))
	io.WriteString(c, "GET / HTTP/1.1\r\nHost: app.test\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nearly")
	r := bufio.NewReader(c)
	if res, err := http.ReadResponse(r, nil); err != nil || res.StatusCode != 101 {
		t.Fatalf("%v %v", res, err)
	}
	sent := strings.Repeat("0123456789", 20_000)
	go func() { io.WriteString(c, sent); c.CloseWrite() }()
	got, err := io.ReadAll(r)
	if err != nil || string(got) != "early"+sent {
		t.Errorf("%v after %d bytes", err, len(got))
	}
}

// TestSlowUploadInTLS: content in small and large pieces keeps its order and chunks, whatever records it comes in.
func TestSlowUploadInTLS(t *testing.T) {
	w := startTLS(t, parrot)
	c := w.mustSeal(w.config("app.test"))
	io.WriteString(c, "POST / HTTP/1.1\r\nHost: app.test\r\nTransfer-Encoding: chunked\r\n\r\n")
	var want strings.Builder
	for i, size := range []int{1, 4000, 4096, 9000, 20_000, 3, 40_000, 100} {
		chunk := strings.Repeat(string(rune('a'+i)), size)
		want.WriteString(chunk)
		fmt.Fprintf(c, "%x\r\n%s\r\n", size, chunk)
		time.Sleep(time.Millisecond)
	}
	io.WriteString(c, "0\r\n\r\nGET /next HTTP/1.1\r\nHost: app.test\r\n\r\n")
	r := bufio.NewReader(c)
	for _, content := range []string{want.String(), ""} {
		res, err := http.ReadResponse(r, nil)
		if err != nil {
			t.Fatal(err)
		}
		if b, err := io.ReadAll(res.Body); err != nil || string(b) != content {
			t.Errorf("%v, %d bytes", err, len(b))
		}
	}
}
