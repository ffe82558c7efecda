package edge

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/adit-tunnel/adit/wire"
)

// TestNothingIsHeldForWhoTakesNothing: as long as a visitor has no room for more, buffers are given back and no more is asked for; when he reads, all of it comes.
func TestNothingIsHeldForWhoTakesNothing(t *testing.T) {
	const frames = 300
	script := func(x *fakeExchange) {
		x.put(respFrame("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", wire.BodyUntil, 0, false))
		for range frames {
			x.put(dataFrame(strings.Repeat("x", wire.MaxData), false))
		}
		x.put(dataFrame("", true))
	}
	for name, come := range map[string]func(w *secureWorld) net.Conn{
		"plain": func(w *secureWorld) net.Conn {
			ln := listenAsRelay(w.t)
			w.serveAlso(ln, 0)
			return w.dialTo(ln.Addr().String())
		},
		"TLS": func(w *secureWorld) net.Conn { return w.mustSeal(w.config("app.test", "http/1.1")) },
	} {
		t.Run(name, func(t *testing.T) {
			w := startTLS(t, script)
			c := come(w)
			defer c.Close()
			if _, err := io.WriteString(c, get); err != nil {
				t.Fatal(err)
			}
			until(t, "no more is asked for", func() bool {
				all := w.up.exchanges()
				return len(all) == 1 && all[0].heldBack()
			})
			a, err := http.ReadResponse(bufio.NewReader(c), nil)
			if err != nil {
				t.Fatal(err)
			}
			if n, err := io.Copy(io.Discard, a.Body); n != frames*wire.MaxData || err != nil {
				t.Errorf("%d bytes came: %v", n, err)
			}
		})
	}
}

// TestFlowAgain: after a pause in which a visitor took nothing the kernel may keep as much of what he takes as before.
func TestFlowAgain(t *testing.T) {
	w := start(t, func(x *fakeExchange) {
		x.proven.Store(strings.Contains(string(x.req.Head), "/flows"))
		x.put(respFrame("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", wire.BodyUntil, 0, false))
		for range 300 {
			x.put(dataFrame(strings.Repeat("x", wire.MaxData), false))
		}
		x.put(dataFrame("", true))
	})
	ln := listenAsRelay(t)
	served := make(chan error, 1)
	go func() { served <- w.s.Serve(t.Context(), ln, 0) }()
	w.addr = ln.Addr().String()
	v := w.dial().send("GET /flows HTTP/1.1\r\nHost: app.test\r\n\r\n")
	for round := range 2 {
		if round == 1 {
			v.send(get)
			until(t, "no more is asked for", func() bool {
				all := w.up.exchanges()
				return len(all) == 2 && all[1].heldBack()
			})
			w.up.exchanges()[1].proven.Store(true)
		}
		v.response("GET")
		w.s.each(func(c *conn) {
			raw := rawOf(c.sock)
			raw.Control(func(fd uintptr) {
				if n, err := unix.GetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT); n != flowUnsent || err != nil {
					t.Errorf("answer %d: the kernel keeps %d, %v", round+1, n, err)
				}
			})
		})
	}
	if err := w.shutdown(patience); err != nil {
		t.Error(err)
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
}

// listenAsRelay keeps from the kernel what the relay's listeners do.
func listenAsRelay(t testing.TB) net.Listener {
	t.Helper()
	c := net.ListenConfig{Control: func(_, _ string, raw syscall.RawConn) (err error) {
		cerr := raw.Control(func(fd uintptr) {
			err = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT, FirstUnsent)
		})
		return errors.Join(cerr, err)
	}}
	c.SetMultipathTCP(false)
	ln, err := c.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return ln
}
