package edge

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"

	"github.com/adit-tunnel/adit/wire"
)

// narrow is a listener whose connections hold little that is on its way to a visitor, as those over a slow link do.
type narrow struct{ net.Listener }

func (l narrow) Accept() (net.Conn, error) {
	nc, err := l.Listener.Accept()
	if err == nil {
		err = nc.(*net.TCPConn).SetWriteBuffer(64 << 10)
	}
	return nc, err
}

// TestH2SlowLink: who takes all the time what his link carries is not taken for one who takes nothing, though each of his many requests gets little of it.
func TestH2SlowLink(t *testing.T) {
	t.Parallel()
	const requests, limit = maxStreams, 3 * time.Second
	w := startTLS(t, func(x *fakeExchange) {
		x.put(respFrame("HTTP/1.1 200 OK\r\n\r\n", wire.BodyUntil, 0, false))
		for range 4 {
			x.put(dataFrame(strings.Repeat("x", wire.MaxData), false))
		}
		x.put(dataFrame("", true))
	}, func(o *Options, _ *limits) { o.Reader = limit })
	ln := listen(t)
	served := make(chan error, 1)
	go func() { served <- w.s.ServeTLS(context.Background(), narrow{ln}) }()
	w.tlsAddr = ln.Addr().String()
	f := w.frames()
	f.conn.SetDeadline(time.Now().Add(3 * patience))
	f.conn.NetConn().(*net.TCPConn).SetReadBuffer(256 << 10)
	f.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1 << 30})
	f.WriteWindowUpdate(0, 1<<30)
	for i := range uint32(requests) {
		f.head(2*i+1, true)
	}
	slow := time.Now().Add(2 * limit)
	for ended := 0; ended < requests; {
		fr, err := f.ReadFrame()
		if err != nil {
			t.Fatalf("%d of %d came: %v", ended, requests, err)
		}
		switch fr := fr.(type) {
		case *http2.RSTStreamFrame:
			t.Fatalf("a request was reset: %v %v", fr.ErrCode, w.s.Stats().Errors)
		case *http2.DataFrame:
			if fr.StreamEnded() {
				ended++
			}
			if time.Now().Before(slow) {
				time.Sleep(30 * time.Millisecond) // for 16 KiB
			}
		}
	}
	f.conn.Close()
	w.shutdown(patience)
	if err := <-served; err != nil {
		t.Error(err)
	}
}
