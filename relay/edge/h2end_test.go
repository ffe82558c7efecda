package edge

import (
	"crypto/tls"
	"io"
	"net"
	"testing"
	"time"

	"golang.org/x/net/http2"
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
