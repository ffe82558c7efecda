//go:build linux

package e2e

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
	"golang.org/x/sys/unix"
)

const (
	// tricklesFor is how long they are watched, and trickleEvery how long each of them waits before its next byte.
	tricklesFor  = 10 * time.Second
	trickleEvery = 2 * time.Second
	// largeAnswer is of the downloads.
	largeAnswer = 10 << 20
)

// largeContent is made once: a thousand times would be the most that happens here.
var largeContent = make([]byte, largeAnswer)

// trickle is a kind of visitor who sends a byte every few seconds, or takes one.
type trickle struct {
	name  string
	way   string // over which it comes: plain, secure, http2, tcp
	ask   string // the request line, and a field line or two
	piece string // what is sent again and again; "": nothing
	takes bool   // a byte at a time; else everything
	hears bool   // an answer that does not end
	most  int    // MiB that a thousand may cost relay and agents together
}

const chunked, withLength = "Transfer-Encoding: chunked\r\n", "Content-Length: 1000000\r\n"

// trickles cost what docs/reliability.md says; most leaves a quarter for what the collectors have not given back. What passes through TLS, and a
// download whose first window is on its way, cost more.
var trickles = []trickle{
	{name: "uploads with a length", way: "plain", ask: "POST /upload HTTP/1.1\r\n" + withLength, piece: "x", most: 64},
	{name: "uploads in chunks", way: "plain", ask: "POST /upload HTTP/1.1\r\n" + chunked, piece: "1\r\nx\r\n", most: 66},
	{name: "event streams", way: "plain", ask: "GET /events HTTP/1.1\r\n", hears: true, most: 72},
	{name: "upgraded connections", way: "plain", ask: "GET /talk HTTP/1.1\r\nUpgrade: talk\r\nConnection: upgrade\r\n", piece: "x", hears: true, most: 74},
	{name: "downloads", way: "plain", ask: "GET /large HTTP/1.1\r\n", takes: true, most: 78},
	{name: "uploads", way: "secure", ask: "POST /upload HTTP/1.1\r\n" + withLength, piece: "x", most: 84},
	{name: "downloads", way: "secure", ask: "GET /large HTTP/1.1\r\n", takes: true, most: 98},
	{name: "uploads", way: "http2", ask: "POST /upload", piece: "x", most: 140},
	{name: "downloads", way: "http2", ask: "GET /large", takes: true, most: 185},
	{name: "uploads", way: "tcp", ask: "POST /upload HTTP/1.1\r\n" + withLength, piece: "x", most: 54},
	{name: "downloads", way: "tcp", ask: "GET /large HTTP/1.1\r\n", takes: true, most: 56},
}

// Visitors that send a byte every few seconds, or take one, are not cut, cost little, and those beside them feel nothing. Some of all kinds together in every
// "make test"; where the numbers are wanted, a thousand of each, and relay and agents are as released: the race detector costs more than the visitors do.
func TestManyTricklers(t *testing.T) {
	beside(t)
	if !full() {
		newTrickled(t, "").besides(t, 66, trickles...)
		return
	}
	program := lean(t)
	for _, k := range trickles {
		t.Run(k.way+" "+k.name, func(t *testing.T) {
			if grown := newTrickled(t, program).besides(t, 1000, k); grown > k.most {
				t.Errorf("they cost %d MiB", grown)
			}
		})
	}
}

// trickled is a world that they come to.
type trickled struct {
	*world
	secure, tcp string // addresses
	passing     *process
	live        []string
}

func newTrickled(t *testing.T, program string) *trickled {
	w := &trickled{world: newWorld(t)}
	w.program = program
	lc := net.ListenConfig{Control: keepsLittle}
	lc.SetMultipathTCP(false) // it does not hand the option down
	w.local = watchWith(t, lc, trickling(w.service))
	w.secure = fixedAddress(t)
	_, port, _ := net.SplitHostPort(fixedAddress(t))
	w.tcp = "127.0.0.1:" + port
	w.startRelay("--https", w.secure, "--tcp-ports", port+"-"+port)
	w.startAgent()
	w.passing = w.launch("tcp", "127.0.0.1:"+w.local.port, "--relay", w.link, "--relay-pin", w.pin, "--authtoken", w.token, "--no-tui", "--web-addr", "false",
		"--state-dir", w.dir+"/passing")
	w.passing.ready()
	w.live = w.startLive()
	return w
}

// besides lets n visitors of these kinds come and returns by how many MiB relay and agents have grown.
func (w *trickled) besides(t *testing.T, n int, kinds ...trickle) (grown int) {
	t.Helper()
	alone := calmFor
	if full() {
		alone = tricklesFor // what the load makes them grow by is then in what they held before
	}
	calm := w.watchLive(w.live, func() { w.pass(alone) })
	before := w.holds()
	all := tricklers{w: w}
	defer all.leave()
	all.come(n, kinds)
	eventually(t, "each has a stream, and was not sent away", func() bool { return w.figures()["adit_streams"] >= float64(n) })
	w.pass(alone / 5) // a service that begins a thousand downloads at once fills a thousand sockets first, and has the processors to itself for a second
	during := w.watchLive(w.live, func() { w.pass(tricklesFor) })
	grown = w.holds() - before
	report(t, fmt.Sprintf("%d visitors who send or take a byte every %v: relay and agents grow by %d MiB", n, trickleEvery, grown))
	report(t, fmt.Sprintf("%d agents beside them: before %s; meanwhile %s", lives, calm, during))
	if failed := during.failed(); len(failed) > 0 {
		t.Errorf("%d of %d requests beside them failed: %v", len(failed), len(during), failed[:min(shown, len(failed))])
	}
	if cut := all.cut.Load(); cut > 0 {
		t.Errorf("%d of %d were cut", cut, n)
	}
	return grown
}

// holds is the memory of the relay and the agents that they come to, in MiB.
func (w *trickled) holds() int {
	return int((resident(w.relay) + resident(w.agent) + resident(w.passing)) >> 20)
}

// trickling is a service that reads what trickles in, and sends events, and much.
func trickling(others http.Handler) http.HandlerFunc {
	return func(w http.ResponseWriter, q *http.Request) {
		c := http.NewResponseController(w)
		switch q.URL.Path {
		case "/upload":
			_, _ = io.Copy(io.Discard, q.Body)
		case "/events":
			w.Header().Set("Content-Type", "text/event-stream")
			for wait := true; wait; wait = pauseFor(q, trickleEvery) {
				_, _ = io.WriteString(w, ":\n\n")
				_ = c.Flush()
			}
		case "/large":
			w.Header().Set("Content-Length", strconv.Itoa(largeAnswer))
			_, _ = w.Write(largeContent)
		case "/talk":
			conn, _, err := c.Hijack()
			if err != nil {
				return
			}
			defer conn.Close()
			_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: talk\r\nConnection: upgrade\r\n\r\n")
			_, _ = io.Copy(conn, conn)
		default:
			others.ServeHTTP(w, q)
		}
	}
}

type tricklers struct {
	w     *trickled
	conns []net.Conn
	cut   atomic.Int64
	gone  atomic.Bool // they leave
}

func (a *tricklers) come(n int, kinds []trickle) {
	for i := range n {
		k := kinds[i%len(kinds)]
		c, err := k.come(a.w)
		if err != nil {
			a.w.t.Fatal(err)
		}
		a.conns = append(a.conns, c)
		go a.send(c, k)
		go a.hear(c, k)
	}
}

// come connects and asks.
func (k trickle) come(w *trickled) (net.Conn, error) {
	d := net.Dialer{Timeout: patience}
	if k.takes {
		d.Control = takesLittle
	}
	c, err := d.Dial("tcp", map[string]string{"plain": w.public, "secure": w.secure, "http2": w.secure, "tcp": w.tcp}[k.way])
	if err != nil {
		return nil, err
	}
	host := w.host()
	name, _, _ := net.SplitHostPort(host)
	switch k.way {
	case "secure":
		c = tls.Client(c, &tls.Config{ServerName: name, InsecureSkipVerify: true, NextProtos: []string{"http/1.1"}})
	case "http2":
		c = tls.Client(c, &tls.Config{ServerName: name, InsecureSkipVerify: true, NextProtos: []string{"h2"}})
		return c, k.askHTTP2(c, host)
	}
	_, err = io.WriteString(c, k.ask+"Host: "+host+"\r\n\r\n")
	return c, err
}

// takesLittle bounds a socket's buffer, so that the kernel does not read all of it in the visitor's place.
func takesLittle(_, _ string, raw syscall.RawConn) (err error) {
	if cerr := raw.Control(func(fd uintptr) { err = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 64<<10) }); cerr != nil {
		return cerr
	}
	return err
}

// keepsLittle bounds what the kernel keeps of a service's answers, for those it accepts, too: 4 MiB for each of a thousand are more than a machine's TCP may
// have in all (tcp_mem), and what stands still then is every connection on it. The tunnel is measured, not that.
func keepsLittle(_, _ string, raw syscall.RawConn) (err error) {
	if cerr := raw.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT, 128<<10) }); cerr != nil {
		return cerr
	}
	return err
}

// askHTTP2 asks on stream 1.
func (k trickle) askHTTP2(c net.Conn, host string) error {
	var head strings.Builder
	enc := hpack.NewEncoder(&head)
	method, path, _ := strings.Cut(k.ask, " ")
	for _, f := range [][2]string{{":method", method}, {":scheme", "https"}, {":authority", host}, {":path", path}} {
		if err := enc.WriteField(hpack.HeaderField{Name: f[0], Value: f[1]}); err != nil {
			return err
		}
	}
	if _, err := io.WriteString(c, http2.ClientPreface); err != nil {
		return err
	}
	f := http2.NewFramer(c, nil)
	if err := f.WriteSettings(); err != nil {
		return err
	}
	return f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: []byte(head.String()), EndHeaders: true, EndStream: k.piece == ""})
}

// send sends the piece again and again.
func (a *tricklers) send(c net.Conn, k trickle) {
	var f *http2.Framer
	if k.way == "http2" {
		f = http2.NewFramer(c, nil)
	}
	for tick := time.NewTicker(trickleEvery); k.piece != ""; <-tick.C {
		var err error
		if f != nil {
			err = f.WriteData(1, false, []byte(k.piece))
		} else {
			_, err = io.WriteString(c, k.piece)
		}
		if err != nil {
			return
		}
	}
}

// hear notices the end of a connection, and an answer where none should be yet.
func (a *tricklers) hear(c net.Conn, k trickle) {
	var n int64
	var err error
	if k.takes {
		for {
			if _, err = c.Read(make([]byte, 1)); err != nil {
				break
			}
			a.w.pass(trickleEvery)
		}
	} else {
		n, err = io.Copy(io.Discard, c)
	}
	if !a.gone.Load() || n > 0 && !k.hears && k.way != "http2" {
		a.cut.Add(1)
	}
}

func (a *tricklers) leave() {
	a.gone.Store(true)
	for _, c := range a.conns {
		_ = c.Close()
	}
}
