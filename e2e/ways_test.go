package e2e

import (
	"bufio"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"fmt"
	"hash"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// way is one of the ways through adit, in the few things that all of them must do alike. Each method opens a connection, or a request, of its own.
type way interface {
	echo(t *testing.T, text string) string
	down(t *testing.T, n int64) string     // the digest of n bytes of noise that the service sends
	up(t *testing.T, n int64) string       // what the service says that it got when n bytes have come, and their end
	visitorAborts(t *testing.T)            // in the middle of what it sends
	serviceAborts(t *testing.T) error      // in the middle of what it sends: what the visitor reads at the end
	silence(t *testing.T, d time.Duration) // for d nobody says a word; then both still hear each other
}

// endings are how visitors' uploads ended at the service: nil is a whole one.
type endings chan error

// serviceEnds waits until the service knows of the end of an upload, and returns it.
func (e endings) wait(t *testing.T) error {
	t.Helper()
	select {
	case err := <-e:
		return err
	case <-time.After(patience):
		t.Fatal("the service does not learn of the visitor's end")
		return nil
	}
}

// httpWay is the way of http, https and HTTP/2: the service is webService.
type httpWay struct {
	client *http.Client
	base   string // scheme://host:port
}

func (w httpWay) do(t *testing.T, method, path string, body io.Reader) (*http.Response, error) {
	t.Helper()
	q, err := http.NewRequest(method, w.base+path, body)
	if err != nil {
		t.Fatal(err)
	}
	return w.client.Do(q)
}

func (w httpWay) ask(t *testing.T, method, path string, body io.Reader) *http.Response {
	t.Helper()
	a, err := w.do(t, method, path, body)
	if err != nil {
		t.Fatal(err)
	}
	if a.StatusCode != http.StatusOK {
		b, _ := io.ReadAll(a.Body)
		t.Fatalf("%s %s: %s: %.300s", method, path, a.Status, b)
	}
	t.Cleanup(func() { a.Body.Close() })
	return a
}

func (w httpWay) text(t *testing.T, method, path string, body io.Reader) string {
	t.Helper()
	b, err := io.ReadAll(w.ask(t, method, path, body).Body)
	if err != nil {
		t.Error(err)
	}
	return string(b)
}

func (w httpWay) echo(t *testing.T, text string) string {
	return w.text(t, "POST", "/echo", strings.NewReader(text))
}

func (w httpWay) down(t *testing.T, n int64) string {
	return digest(t, w.ask(t, "GET", fmt.Sprintf("/down?n=%d", n), nil).Body)
}

func (w httpWay) up(t *testing.T, n int64) string {
	return w.text(t, "POST", "/up", io.MultiReader(noise(n))) // of no known length: the end is what says that it is whole
}

var errGivenUp = errors.New("the visitor gives up")

func (w httpWay) visitorAborts(t *testing.T) {
	r, s := io.Pipe()
	go func() {
		_, _ = io.Copy(s, noise(1<<20))
		s.CloseWithError(errGivenUp)
	}()
	if a, err := w.do(t, "POST", "/up", r); err == nil {
		a.Body.Close()
		t.Errorf("an upload that was given up is answered with %s", a.Status)
	}
}

func (w httpWay) serviceAborts(t *testing.T) error {
	_, err := io.Copy(io.Discard, w.ask(t, "GET", "/abort", nil).Body)
	return err
}

func (w httpWay) silence(t *testing.T, d time.Duration) {
	in := bufio.NewReader(w.ask(t, "GET", fmt.Sprintf("/silence?ms=%d", d.Milliseconds()), nil).Body)
	for _, want := range []string{"before\n", "after\n"} {
		if line, err := in.ReadString('\n'); line != want {
			t.Errorf("%q, %v", line, err)
		}
	}
}

// webService is what an httpWay leads to.
func webService(ends endings) http.Handler {
	m := http.NewServeMux()
	m.HandleFunc("/echo", func(w http.ResponseWriter, q *http.Request) { _, _ = io.Copy(w, q.Body) })
	m.HandleFunc("/down", func(w http.ResponseWriter, q *http.Request) {
		n, _ := strconv.ParseInt(q.FormValue("n"), 10, 64)
		w.Header().Set("Content-Length", q.FormValue("n"))
		_, _ = io.Copy(w, noise(n))
	})
	m.HandleFunc("/up", func(w http.ResponseWriter, q *http.Request) {
		h := sha256.New()
		n, err := io.Copy(h, q.Body)
		ends <- err
		fmt.Fprint(w, receipt(n, h))
	})
	m.HandleFunc("/abort", func(w http.ResponseWriter, q *http.Request) {
		_, _ = io.Copy(w, noise(1<<20))
		panic(http.ErrAbortHandler)
	})
	m.HandleFunc("/silence", func(w http.ResponseWriter, q *http.Request) {
		ms, _ := strconv.Atoi(q.FormValue("ms"))
		fmt.Fprintln(w, "before")
		_ = http.NewResponseController(w).Flush()
		time.Sleep(time.Duration(ms) * time.Millisecond)
		fmt.Fprintln(w, "after")
	})
	return m
}

func receipt(n int64, h hash.Hash) string { return fmt.Sprintf("%d %s", n, hexSum(h)) }

// connWay is the way of tcp and tls: the service is lineService.
type connWay struct {
	addr   string
	secure *tls.Config // nil: tcp
}

// duplex is a connection whose two directions end one by one.
type duplex interface {
	net.Conn
	CloseWrite() error
}

func (w connWay) open(t *testing.T, order string) (duplex, *bufio.Reader) {
	t.Helper()
	raw, err := net.Dial("tcp", w.addr)
	if err != nil {
		t.Fatal(err)
	}
	c := raw.(duplex)
	if w.secure != nil {
		c = tls.Client(raw, w.secure)
	}
	_ = c.SetDeadline(time.Now().Add(5 * patience))
	t.Cleanup(func() { c.Close() })
	if _, err := io.WriteString(c, order+"\n"); err != nil {
		t.Fatal(err)
	}
	return c, bufio.NewReader(c)
}

// rest is all that still comes.
func rest(t *testing.T, r io.Reader) string {
	t.Helper()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Errorf("after %d bytes: %v", len(b), err)
	}
	return string(b)
}

func (w connWay) echo(t *testing.T, text string) string {
	c, in := w.open(t, "echo")
	_, err := io.WriteString(c, text)
	if err = errors.Join(err, c.CloseWrite()); err != nil {
		t.Error(err)
	}
	return rest(t, in)
}

func (w connWay) down(t *testing.T, n int64) string {
	_, in := w.open(t, fmt.Sprintf("down %d", n))
	return digest(t, in)
}

func (w connWay) up(t *testing.T, n int64) string {
	c, in := w.open(t, "up")
	_, err := io.Copy(c, noise(n))
	if err = errors.Join(err, c.CloseWrite()); err != nil {
		t.Error(err)
	}
	return rest(t, in)
}

func (w connWay) visitorAborts(t *testing.T) {
	c, _ := w.open(t, "up")
	if _, err := io.Copy(c, noise(1<<20)); err != nil {
		t.Error(err)
	}
	reset(c)
}

// reset ends a connection as a process that is killed does, with RST.
func reset(c net.Conn) {
	if s, ok := c.(*tls.Conn); ok {
		c = s.NetConn()
	}
	_ = c.(*net.TCPConn).SetLinger(0)
	_ = c.Close()
}

func (w connWay) serviceAborts(t *testing.T) error {
	_, in := w.open(t, "abort")
	_, err := io.Copy(io.Discard, in)
	return err
}

func (w connWay) silence(t *testing.T, d time.Duration) {
	c, in := w.open(t, "echo")
	for _, word := range []string{"before\n", "after\n"} {
		if _, err := io.WriteString(c, word); err != nil {
			t.Error(err)
		}
		if line, err := in.ReadString('\n'); line != word {
			t.Errorf("%q, %v", line, err)
		}
		if word == "before\n" {
			time.Sleep(d)
		}
	}
}

// lineService takes an order in a line and does it: "echo", "down N", "up", "abort". secure: it speaks TLS. It returns its port.
func lineService(t *testing.T, secure *tls.Config, ends endings) (port string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var over sync.WaitGroup
	t.Cleanup(func() { ln.Close(); over.Wait() })
	over.Go(func() {
		for {
			raw, err := ln.Accept()
			if err != nil {
				return
			}
			c := raw.(duplex)
			if secure != nil {
				c = tls.Server(raw, secure)
			}
			over.Go(func() { defer c.Close(); obey(c, ends) })
		}
	})
	_, port, _ = net.SplitHostPort(ln.Addr().String())
	return port
}

func obey(c duplex, ends endings) {
	_ = c.SetDeadline(time.Now().Add(5 * patience))
	in := bufio.NewReader(c)
	line, _ := in.ReadString('\n')
	order, n, _ := strings.Cut(strings.TrimSpace(line), " ")
	switch order {
	case "echo":
		_, _ = io.Copy(c, in)
		_ = c.CloseWrite()
	case "down":
		size, _ := strconv.ParseInt(n, 10, 64)
		_, _ = io.Copy(c, noise(size))
		_ = c.CloseWrite()
	case "up":
		h := sha256.New()
		size, err := io.Copy(h, in)
		ends <- err
		_, _ = io.WriteString(c, receipt(size, h)) // into a direction that is open, when the other one has ended
		_ = c.CloseWrite()
	case "abort":
		_, _ = io.Copy(c, noise(1<<20))
		reset(c)
	}
}
