package agent

import (
	"errors"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/wire"
)

// TestLocalhost: a service that listens on one family only is found, and remembered.
func TestLocalhost(t *testing.T) {
	for _, host := range families {
		t.Run(host, func(t *testing.T) {
			ln, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
			if err != nil {
				t.Skipf("this machine has no %s: %v", host, err)
			}
			defer ln.Close()
			_, port, _ := net.SplitHostPort(ln.Addr().String())
			up, err := parseUpstream("http://localhost:" + port)
			if err != nil {
				t.Fatal(err)
			}
			for range 2 {
				c, err := up.dial(t.Context(), patience)
				if err != nil {
					t.Fatal(err)
				}
				c.Close()
				if got := families[up.last.Load()]; got != host {
					t.Errorf("remembered %s", got)
				}
			}
		})
	}
}

// TestDialErrors: each way not to get a connection has its code.
func TestDialErrors(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(ln.Addr().String())
	ln.Close()
	for upstream, want := range map[string]wire.Code{
		"http://127.0.0.1:" + port: wire.CodeLocalRefused, "http://localhost:" + port: wire.CodeLocalRefused,
		"http://does-not-exist.invalid:80": wire.CodeLocalName,
	} {
		ep, err := newEndpoint(Endpoint{Name: "a", Upstream: upstream})
		if err != nil {
			t.Fatal(err)
		}
		_, err = ep.up.dial(t.Context(), patience)
		var name *net.DNSError
		if errors.As(err, &name) && name.IsTemporary {
			continue // no resolver here: that says nothing about the name
		}
		if p := explain(err, ep); p.code != want || !strings.Contains(p.detail, ep.up.addr) {
			t.Errorf("%s: %+v", upstream, p)
		}
	}
}

// TestTells: the more telling of two errors is shown.
func TestTells(t *testing.T) {
	for _, tt := range []struct {
		a, b error
		want bool
	}{
		{syscall.EADDRNOTAVAIL, syscall.ECONNREFUSED, false}, {syscall.ECONNREFUSED, syscall.EADDRNOTAVAIL, true},
		{syscall.ETIMEDOUT, syscall.ECONNREFUSED, true}, {syscall.ECONNREFUSED, syscall.ETIMEDOUT, false},
	} {
		if got := tells(tt.a, tt.b); got != tt.want {
			t.Errorf("%v, %v: %v", tt.a, tt.b, got)
		}
	}
}

// TestTunnelIsPatient: after the local service's half-close the visitor may go on as slowly as it likes.
func TestTunnelIsPatient(t *testing.T) {
	s := newService(t)
	r := newRig(t, s.addr, func(r *rig) { r.eng.limits.late = time.Millisecond })
	r.upgrade()
	p := s.accept()
	p.head()
	p.say("HTTP/1.1 101 Switching Protocols\nConnection: Upgrade\nUpgrade: x\n\n")
	r.frame()
	p.CloseWrite()
	r.frame()
	big := strings.Repeat("x", wire.MaxData)
	const n = 300 // more than the kernel holds
	for range n {
		r.send(data(big, 0))
	}
	<-time.After(50 * time.Millisecond) // the write blocks meanwhile
	for range n {
		p.want(big)
	}
	r.send(data("", wire.End))
	p.gone()
	if len(r.stops) != 0 {
		t.Errorf("STOP %v", r.stops)
	}
}

// TestTunnelStop: a local service that has gone wants no more of the visitor's bytes.
func TestTunnelStop(t *testing.T) {
	s := newService(t)
	r := newRig(t, s.addr)
	r.upgrade()
	p := s.accept()
	p.head()
	p.say("HTTP/1.1 101 Switching Protocols\nConnection: Upgrade\nUpgrade: x\n\n")
	r.frame()
	p.Close()
	if f := r.frame(); f.Flags&wire.End == 0 {
		t.Fatalf("%s %x", f.Type, f.Flags)
	}
	for stopped := false; !stopped; {
		r.send(data("x", 0))
		r.wait("the agent to take it", func() bool { return len(r.in) == 0 || len(r.stops) > 0 })
		r.note(func() { stopped = len(r.stops) > 0 })
	}
}
