package edge

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"

	"github.com/adit-tunnel/adit/wire"
)

// ending reads until the connection ends: the GOAWAYs, and the error it ended with (io.EOF: in order).
func (f *framer) ending() (goAways []http2.GoAwayFrame, err error) {
	for {
		fr, err := f.ReadFrame()
		if err != nil {
			return goAways, err
		}
		if g, ok := fr.(*http2.GoAwayFrame); ok {
			goAways = append(goAways, http2.GoAwayFrame{LastStreamID: g.LastStreamID, ErrCode: g.ErrCode})
		}
	}
}

// TestH2StopTells: who idles is told with GOAWAY, before the connection ends in order.
func TestH2StopTells(t *testing.T) {
	w := startTLS(t, parrot, func(_ *Options, l *limits) { l.late = int64(50 * time.Millisecond) })
	f := w.frames()
	f.head(1, true)
	if got := f.outcome(1); got != "200" {
		t.Fatalf("%q", got)
	}
	stopped := make(chan error, 1)
	go func() { stopped <- w.shutdown(patience) }()
	got, err := f.ending()
	if len(got) == 0 || got[0].ErrCode != http2.ErrCodeNo || err != io.EOF {
		t.Errorf("%v %v", got, err)
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}

// TestH2TooLate: whose handshake is over when the server takes no more is told that nothing of his was begun.
func TestH2TooLate(t *testing.T) {
	t.Parallel()
	w := startTLS(t, parrot, func(_ *Options, l *limits) { l.late = int64(2 * time.Second) }) // by which the handshake may be late
	nc, err := net.Dial("tcp", w.tlsAddr)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	nc.SetDeadline(time.Now().Add(patience))
	hello := &waiting{Conn: nc, open: w.s.hand.shut}
	c := tls.Client(hello, w.config("app.test", "h2"))
	shook := make(chan error, 1)
	go func() { shook <- c.Handshake() }()
	until(t, "come", func() bool { return w.s.Stats().Open == 1 })
	stopped := make(chan error, 1)
	go func() { stopped <- w.shutdown(patience) }()
	if err := <-shook; err != nil {
		t.Fatal(err)
	}
	f := &framer{t: t, Framer: http2.NewFramer(c, c), conn: c}
	io.WriteString(c, http2.ClientPreface)
	f.WriteSettings()
	got, err := f.ending()
	if len(got) != 1 || got[0].ErrCode != http2.ErrCodeNo || got[0].LastStreamID != 0 || err != io.EOF {
		t.Errorf("%v %v", got, err)
	}
	nc.Close()
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}

// waiting is a connection whose writes after the first wait.
type waiting struct {
	net.Conn
	open  chan struct{}
	wrote bool
}

func (g *waiting) Write(p []byte) (int, error) {
	if g.wrote {
		<-g.open
	}
	g.wrote = true
	return g.Conn.Write(p)
}

// TestH2Stop: GOAWAY, then what is under way ends, and who idles is told to leave.
func TestH2Stop(t *testing.T) {
	free := make(chan struct{})
	w := startTLS(t, func(x *fakeExchange) {
		<-free
		x.ok("whole")
	}, func(_ *Options, l *limits) { l.late = int64(50 * time.Millisecond) })
	busy, idle := w.frames(), w.frames()
	busy.head(1, true)
	until(t, "begun", func() bool { return len(w.up.exchanges()) == 1 && w.s.Stats().Open == 2 })
	done := make(chan error, 1)
	go func() { done <- w.shutdown(patience) }()
	if got := idle.outcome(99); got != " closed" {
		t.Errorf("idle: %q", got)
	}
	idle.conn.Close()
	close(free)
	if got := busy.outcome(1); got != "200 whole" {
		t.Errorf("busy: %q", got)
	}
	busy.conn.Close()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// TestH2StopSlowReader: who reads an answer when the stop has come past its connection may do that to the end, and say so.
func TestH2StopSlowReader(t *testing.T) {
	const size = 1 << 20
	free := make(chan struct{})
	w := startTLS(t, func(x *fakeExchange) {
		<-free
		x.ok(strings.Repeat("x", size))
	})
	f := w.frames()
	f.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 2 * size})
	f.WriteWindowUpdate(0, 2*size)
	f.head(1, true)
	until(t, "begun", func() bool { return len(w.up.exchanges()) == 1 })
	done := make(chan error, 1)
	go func() { done <- w.shutdown(patience) }()
	close(free)
	until(t, "the relay has done its part", func() bool {
		n := 0
		w.s.each(func(c *conn) {
			if c.phase.Load() != phaseLinger {
				n++
			}
		})
		return n == 0
	})
	if err := f.WriteWindowUpdate(0, 1000); err != nil {
		t.Error(err)
	}
	if got := f.outcome(1); len(got) < size {
		t.Errorf("%d bytes of %d", len(got), size)
	}
	if err := f.WriteWindowUpdate(0, 1000); err != nil {
		t.Errorf("the visitor cannot say that it has read: %v", err)
	}
	f.conn.Close()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// TestH2StopCuts: at the end of the grace what has no answer gets a page, and what has half of one is reset.
func TestH2StopCuts(t *testing.T) {
	w := startTLS(t, func(x *fakeExchange) {
		if strings.Contains(string(x.req.Head), "/half") {
			x.put(respFrame("HTTP/1.1 200 OK\r\n\r\n", wire.BodyUntil, 0, false), dataFrame("half", false))
		}
	})
	var ends []chan string
	for _, path := range []string{"/", "/half"} {
		f, end := w.frames(), make(chan string, 1)
		f.head(1, true, ":path: "+path)
		go func() { end <- f.outcome(1) }()
		ends = append(ends, end)
	}
	until(t, "begun", func() bool { return len(w.up.exchanges()) == 2 })
	if err := w.shutdown(300 * time.Millisecond); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	if got := <-ends[0]; !strings.HasPrefix(got, "503") {
		t.Errorf("without an answer: %.80q", got)
	}
	if got := <-ends[1]; got != "200 half RST INTERNAL_ERROR" {
		t.Errorf("with half of one: %q", got)
	}
}
