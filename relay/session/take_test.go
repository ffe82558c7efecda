package session

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/wire"
)

// heard is a connection that keeps what it reads, and then gives it again.
type heard struct {
	net.Conn
	r    io.Reader
	text bytes.Buffer
}

func (h *heard) Read(p []byte) (int, error)  { return h.r.Read(p) }
func (h *heard) Write(p []byte) (int, error) { return len(p), nil } // an alert to a hello that was only looked at
func (h *heard) NetConn() net.Conn           { return h.Conn }

// again is the connection as if nothing had been read.
type again struct {
	net.Conn
	r io.Reader
}

func (a *again) Read(p []byte) (int, error) { return a.r.Read(p) }
func (a *again) NetConn() net.Conn          { return a.Conn }

// agents says whether a hello on c asks for an agent's protocol, and returns c with the hello still to be read.
func agents(c net.Conn) (net.Conn, bool) {
	h := &heard{Conn: c}
	h.r = io.TeeReader(c, &h.text)
	found, enough := false, errors.New("enough")
	_ = tls.Server(h, &tls.Config{GetConfigForClient: func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		found = slices.Contains(hello.SupportedProtos, wire.ALPN)
		return nil, enough
	}}).Handshake()
	return &again{c, io.MultiReader(&h.text, c)}, found
}

// TestTake: agents that share a port with browsers are told apart by ALPN, and handed over with their hello still to be read. After Shutdown they are closed.
func TestTake(t *testing.T) {
	r := newRig(t)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ln.Close() })
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			if c, ok := agents(c); ok {
				r.srv.Take(c)
			} else {
				_ = c.Close()
			}
		}
	}()
	a := r.agentOn(r.dialTo(ln.Addr().String()), "good", "shared", ok("over the shared port"))
	e := a.bind(r, 1, "web")
	if got := do(t, e, get(1)); got != "over the shared port" {
		t.Errorf("got %q", got)
	}
	browser, err := tls.Dial("tcp", ln.Addr().String(), &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"http/1.1"}})
	if err == nil {
		_ = browser.Close()
		t.Error("a browser was let in")
	}
	if err := r.srv.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	near, far := net.Pipe()
	r.srv.Take(near)
	_ = far.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := far.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("after Shutdown: %v", err)
	}
}
