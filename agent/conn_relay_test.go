package agent_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/agent"
	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/relay"
	"github.com/adit-tunnel/adit/relay/relaytest"
	"github.com/adit-tunnel/adit/wire"
)

// passing is an agent with one tcp or tls endpoint.
type passing struct {
	*guest
	addr     string // of the endpoint
	recorder *lastStates
}

// lastStates is a Recorder that keeps the newest state of each exchange.
type lastStates struct {
	mu  sync.Mutex
	all map[inspect.ID]*inspect.Exchange
}

func (l *lastStates) Record(x *inspect.Exchange) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all[x.ID] = x
}

func (l *lastStates) list() (all []*inspect.Exchange) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, x := range l.all {
		all = append(all, x)
	}
	return all
}

// localService takes connections, each of which f has.
func localService(t *testing.T, f func(c *net.TCPConn)) (addr string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			all.Go(func() { defer c.Close(); f(c.(*net.TCPConn)) })
		}
	})
	t.Cleanup(func() { ln.Close(); all.Wait() })
	return ln.Addr().String()
}

func echoes(c *net.TCPConn) {
	io.Copy(c, c)
	c.CloseWrite()
}

// ranges gives each relay of a test run ports of its own.
var ranges = struct {
	sync.Mutex
	next int
}{next: 21000 + os.Getpid()%200*40}

func withPorts(o *relay.Options) {
	ranges.Lock()
	defer ranges.Unlock()
	o.TCPPorts = [2]int{ranges.next, ranges.next + 19}
	ranges.next += 20
}

// pass runs an agent whose endpoint leads to upstream.
func pass(t *testing.T, r *relaytest.Relay, e agent.Endpoint, change ...func(*agent.Options)) *passing {
	t.Helper()
	g := &guest{t: t, ended: make(chan error, 1)}
	rec := &lastStates{all: map[inspect.ID]*inspect.Exchange{}}
	o := agent.Options{Relay: r.Agents, Pin: r.Pin, Token: r.Token, Recorder: rec}
	for _, f := range change {
		f(&o)
	}
	var err error
	if g.a, err = agent.New(o); err != nil {
		t.Fatal(err)
	}
	e.Name, e.Inspect = "ssh", true
	if err := g.a.Forward(e); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	g.stop = cancel
	done := make(chan struct{})
	go func() {
		defer close(done)
		g.ended <- g.a.Run(ctx)
	}()
	t.Cleanup(func() { cancel(); <-done })
	u, err := url.Parse(g.until("endpoint", online).Endpoints[0].URL)
	if err != nil || u.Scheme != e.Protocol {
		t.Fatalf("URL %v %v", u, err)
	}
	return &passing{g, net.JoinHostPort("127.0.0.1", u.Port()), rec}
}

func (p *passing) dial() *net.TCPConn {
	p.t.Helper()
	c, err := net.Dial("tcp", p.addr)
	if err != nil {
		p.t.Fatal(err)
	}
	c.SetDeadline(time.Now().Add(limit))
	p.t.Cleanup(func() { c.Close() })
	return c.(*net.TCPConn)
}

// recorded waits for the end of the only exchange.
func (p *passing) recorded() *inspect.Exchange {
	p.t.Helper()
	for late := time.Now().Add(limit); time.Now().Before(late); time.Sleep(5 * time.Millisecond) {
		if all := p.recorder.list(); len(all) == 1 && (all[0].State == inspect.Done || all[0].State == inspect.Failed) {
			return all[0]
		}
	}
	p.t.Fatal("nothing was recorded to its end")
	return nil
}

// TestConnBothWays: 64 MiB each way at once, and each direction ends alone.
func TestConnBothWays(t *testing.T) {
	const size = 64 << 20
	content := make([]byte, size)
	rand.Read(content)
	for name, scheme := range map[string]string{"tcp": "tcp://", "localhost": "tcp://localhost:"} {
		t.Run(name, func(t *testing.T) {
			heard := make(chan [32]byte, 1)
			addr := localService(t, func(c *net.TCPConn) {
				var out sync.WaitGroup
				out.Go(func() { c.Write(content); c.CloseWrite() })
				sum := sha256.New()
				io.Copy(sum, c)
				heard <- [32]byte(sum.Sum(nil))
				out.Wait()
			})
			if name == "localhost" {
				_, addr, _ = net.SplitHostPort(addr)
			}
			p := pass(t, relaytest.Start(t, withPorts), agent.Endpoint{Protocol: "tcp", Upstream: scheme + addr})
			v := p.dial()
			v.SetDeadline(time.Now().Add(2 * time.Minute))
			go func() { v.Write(content); v.CloseWrite() }()
			sum := sha256.New()
			if _, err := io.Copy(sum, v); err != nil {
				t.Fatal(err)
			}
			want := sha256.Sum256(content)
			if !bytes.Equal(sum.Sum(nil), want[:]) || <-heard != want {
				t.Error("the bytes differ")
			}
			x := p.recorded()
			if x.Kind != inspect.TCP || x.State != inspect.Done || x.Request.Size != int64(size) || x.Response == nil || x.Response.Size != int64(size) || !x.Client.IsValid() {
				t.Errorf("recorded %+v, response %+v", x, x.Response)
			}
			s := p.a.Status()
			if n := s.Endpoints[0].Requests.Count; n != 0 {
				t.Errorf("%d requests were counted", n)
			}
		})
	}
}

func reset(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// TestConnAborts: an RST on one side is one on the other.
func TestConnAborts(t *testing.T) {
	t.Run("visitor", func(t *testing.T) {
		heard := make(chan error, 1)
		p := pass(t, relaytest.Start(t, withPorts), agent.Endpoint{Protocol: "tcp", Upstream: "tcp://" + localService(t, func(c *net.TCPConn) {
			c.Write([]byte("hello"))
			_, err := io.Copy(io.Discard, c)
			heard <- err
		})})
		v := p.dial()
		io.ReadFull(v, make([]byte, 5))
		v.SetLinger(0)
		v.Close()
		if err := <-heard; !reset(err) {
			t.Errorf("the service met %v", err)
		}
		if x := p.recorded(); x.State != inspect.Failed || x.Failure.Name != "VISITOR_GONE" {
			t.Errorf("recorded %+v %+v", x, x.Failure)
		}
	})
	t.Run("service", func(t *testing.T) {
		p := pass(t, relaytest.Start(t, withPorts), agent.Endpoint{Protocol: "tcp", Upstream: "tcp://" + localService(t, func(c *net.TCPConn) {
			c.Write([]byte("hello"))
			io.ReadFull(c, make([]byte, 1))
			c.SetLinger(0)
		})})
		v := p.dial()
		io.ReadFull(v, make([]byte, 5))
		v.Write([]byte("x"))
		if _, err := io.Copy(io.Discard, v); !reset(err) {
			t.Errorf("the visitor met %v", err)
		}
		if x := p.recorded(); x.State != inspect.Failed || x.Failure.Name != "LOCAL_RESET" {
			t.Errorf("recorded %+v %+v", x, x.Failure)
		}
	})
	t.Run("nobody listens", func(t *testing.T) {
		p := pass(t, relaytest.Start(t, withPorts), agent.Endpoint{Protocol: "tcp", Upstream: "tcp://127.0.0.1:1"})
		v, err := net.Dial("tcp", p.addr)
		if err == nil { // it may be cut before it knows that it has come through
			v.SetDeadline(time.Now().Add(limit))
			_, err = io.Copy(io.Discard, v)
			v.Close()
		}
		if !reset(err) {
			t.Errorf("the visitor met %v", err)
		}
		if x := p.recorded(); x.State != inspect.Failed || x.Failure.Name != "LOCAL_REFUSED" || x.Response != nil {
			t.Errorf("recorded %+v %+v", x, x.Failure)
		}
	})
}

// TestConnStalled: one visitor that reads nothing stops no other.
func TestConnStalled(t *testing.T) {
	p := pass(t, relaytest.Start(t, withPorts), agent.Endpoint{Protocol: "tcp", Upstream: "tcp://" + localService(t, func(c *net.TCPConn) {
		b := make([]byte, 1)
		if io.ReadFull(c, b); b[0] == 'm' {
			io.Copy(c, zeros{})
			return
		}
		c.Write(b)
	})})
	p.dial().Write([]byte("m"))
	for range 20 {
		v := p.dial()
		v.Write([]byte("x"))
		if got, err := io.ReadAll(io.LimitReader(v, 1)); err != nil || string(got) != "x" {
			t.Fatalf("%q %v", got, err)
		}
	}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { return len(b), nil }

// TestConnCrowd: 200 connections at once, each with its own bytes.
func TestConnCrowd(t *testing.T) {
	p := pass(t, relaytest.Start(t, withPorts), agent.Endpoint{Protocol: "tcp", Upstream: "tcp://" + localService(t, echoes)})
	var all sync.WaitGroup
	for i := range 200 {
		c := p.dial()
		all.Go(func() {
			content := bytes.Repeat([]byte{byte(i)}, 50_000)
			go func() { c.Write(content); c.CloseWrite() }()
			if got, err := io.ReadAll(c); err != nil || !bytes.Equal(got, content) {
				t.Errorf("%d: %d bytes, %v", i, len(got), err)
			}
		})
	}
	all.Wait()
}

// TestSamePort: an endpoint that comes back has the port that it had, which nobody else got meanwhile.
func TestSamePort(t *testing.T) {
	r, dir := relaytest.Start(t, withPorts), t.TempDir()
	e := agent.Endpoint{Protocol: "tcp", Upstream: "tcp://" + localService(t, echoes)}
	slot := func(o *agent.Options) {
		var err error
		if o.Slot, err = agent.TakeSlot(dir); err != nil {
			t.Fatal(err)
		}
	}
	first := pass(t, r, e, slot)
	first.stop()
	if err := first.end(); err != nil {
		t.Fatal(err)
	}
	if err := first.a.Close(); err != nil {
		t.Fatal(err)
	}

	others := map[string]bool{}
	for range 5 {
		others[pass(t, r, e).addr] = true
	}
	if len(others) != 5 || others[first.addr] {
		t.Errorf("others have %v, beside %s", others, first.addr)
	}
	again := pass(t, r, e, slot)
	defer again.a.Close()
	if again.addr != first.addr {
		t.Errorf("it was at %s, and is at %s", first.addr, again.addr)
	}
	c := again.dial()
	c.Write([]byte("x"))
	if _, err := io.ReadFull(c, make([]byte, 1)); err != nil {
		t.Error(err)
	}
}

// TestNoPorts: a relay without ports for tcp endpoints says what its owner must do.
func TestNoPorts(t *testing.T) {
	r := relaytest.Start(t)
	a, err := agent.New(agent.Options{Relay: r.Agents, Pin: r.Pin, Token: r.Token})
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Forward(agent.Endpoint{Name: "ssh", Protocol: "tcp", Upstream: "tcp://localhost:22"}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	err = a.Run(ctx)
	var fatal *agent.FatalError
	if !errors.As(err, &fatal) || fatal.Code != int(wire.CodeUnsupported) || !strings.Contains(err.Error(), "--tcp-ports") {
		t.Errorf("Run: %v", err)
	}
}

// authority signs certificates.
type authority struct {
	t    *testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{t: t}
	a.cert, a.key = a.make(&x509.Certificate{IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign, Subject: pkix.Name{CommonName: "test CA"}})
	return a
}

func (a *authority) make(c *x509.Certificate) (*x509.Certificate, *ecdsa.PrivateKey) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	c.SerialNumber, _ = rand.Int(rand.Reader, big.NewInt(1<<60))
	c.NotBefore, c.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	parent, signer := a.cert, a.key
	if parent == nil {
		parent, signer = c, key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, &key.PublicKey, signer)
	if err != nil {
		a.t.Fatal(err)
	}
	c, err = x509.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	return c, key
}

func (a *authority) pool() *x509.CertPool {
	p := x509.NewCertPool()
	p.AddCert(a.cert)
	return p
}

// leaf writes a certificate and its key for name into dir.
func (a *authority) leaf(dir, name string) (crt, key string) {
	a.t.Helper()
	c, k := a.make(&x509.Certificate{DNSNames: []string{name}, Subject: pkix.Name{CommonName: name}})
	der, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		a.t.Fatal(err)
	}
	crt, key = filepath.Join(dir, "leaf.crt"), filepath.Join(dir, "leaf.key")
	a.write(crt, "CERTIFICATE", c.Raw)
	a.write(key, "PRIVATE KEY", der)
	return crt, key
}

func (a *authority) write(file, kind string, der []byte) {
	a.t.Helper()
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		a.t.Fatal(err)
	}
}

// embeddedRelay gives each endpoint a port of its own on this machine.
func embeddedRelay(o *relay.Options) { o.Embedded, o.Domain, o.HTTP = true, "", "" }

func embeddedAgent(o *agent.Options) { o.Embedded = true }

// TestTLSPassThrough: the visitor's TLS is the local service's.
func TestTLSPassThrough(t *testing.T) {
	ca := newAuthority(t)
	crt, key := ca.leaf(t.TempDir(), "service.test")
	pair, err := tls.LoadX509KeyPair(crt, key)
	if err != nil {
		t.Fatal(err)
	}
	service := localService(t, func(c *net.TCPConn) {
		s := tls.Server(c, &tls.Config{Certificates: []tls.Certificate{pair}})
		io.Copy(s, s)
		s.CloseWrite()
	})
	for _, scheme := range []string{"tcp://", "tls://"} {
		p := pass(t, relaytest.Start(t, embeddedRelay), agent.Endpoint{Protocol: "tls", Upstream: scheme + service}, embeddedAgent)
		echoTLS(t, p, &tls.Config{RootCAs: ca.pool(), ServerName: "service.test"})
		if x := p.recorded(); x.Kind != inspect.TLS || x.State != inspect.Done {
			t.Errorf("%s: recorded %+v %+v", scheme, x, x.Failure)
		}
	}
}

func echoTLS(t *testing.T, p *passing, conf *tls.Config) {
	t.Helper()
	v := tls.Client(p.dial(), conf)
	content := make([]byte, 4<<20)
	rand.Read(content)
	go func() { v.Write(content); v.CloseWrite() }()
	got, err := io.ReadAll(v)
	if err != nil || !bytes.Equal(got, content) {
		t.Fatalf("%d bytes of %d came back, %v", len(got), len(content), err)
	}
	v.NetConn().(*net.TCPConn).CloseWrite()
}

// TestTLSAtAgent: the agent has the certificate, and may ask for one; the local service gets the plaintext, and nothing of those who show none.
func TestTLSAtAgent(t *testing.T) {
	ca := newAuthority(t)
	dir, clients := t.TempDir(), t.TempDir()
	crt, key := ca.leaf(dir, "my.test")
	cas := filepath.Join(dir, "ca.pem")
	ca.write(cas, "CERTIFICATE", ca.cert.Raw)
	clientCrt, clientKey := ca.leaf(clients, "somebody")
	client, err := tls.LoadX509KeyPair(clientCrt, clientKey)
	if err != nil {
		t.Fatal(err)
	}
	came := make(chan struct{}, 10)
	p := pass(t, relaytest.Start(t, embeddedRelay), agent.Endpoint{
		Protocol: "tls", TerminateAt: "agent", Certificate: crt, Key: key, ClientCAs: []string{cas},
		Upstream: "tcp://" + localService(t, func(c *net.TCPConn) { came <- struct{}{}; echoes(c) }),
	}, embeddedAgent)
	conf := &tls.Config{RootCAs: ca.pool(), ServerName: "my.test", Certificates: []tls.Certificate{client}}
	echoTLS(t, p, conf)
	if x := p.recorded(); x.Kind != inspect.TLS || x.State != inspect.Done || x.Request.Size != 4<<20 {
		t.Errorf("recorded %+v %+v", x, x.Failure)
	}
	<-came
	stranger := tls.Client(p.dial(), &tls.Config{RootCAs: ca.pool(), ServerName: "my.test"})
	if _, err := stranger.Read(make([]byte, 1)); err == nil || !strings.Contains(err.Error(), "certificate required") && !reset(err) {
		t.Errorf("a stranger met %v", err)
	}
	select {
	case <-came:
		t.Error("the service has seen a stranger")
	default:
	}
	for late := time.Now().Add(limit); slices.ContainsFunc(p.recorder.list(), func(x *inspect.Exchange) bool { return !x.Ended() }) || len(p.recorder.list()) < 2; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(late) {
			t.Fatal("the stranger's end is not recorded")
		}
	}
	if n := p.a.Status().Endpoints[0].Requests.Errors; n != 0 {
		t.Errorf("%d errors of the endpoint: a stranger is none", n)
	}
	// A new certificate counts from the next connection on.
	ca.leaf(dir, "renewed.test")
	os.Chtimes(crt, time.Time{}, time.Now().Add(time.Second))
	conf.ServerName = "renewed.test"
	echoTLS(t, p, conf)
}

// TestTLSFilesWrong: what cannot be read is named.
func TestTLSFilesWrong(t *testing.T) {
	ca := newAuthority(t)
	one, two := t.TempDir(), t.TempDir()
	crt, _ := ca.leaf(one, "one.test")
	_, key := ca.leaf(two, "two.test")
	r := relaytest.Start(t, embeddedRelay)
	a, err := agent.New(agent.Options{Relay: r.Agents, Pin: r.Pin, Token: r.Token})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	for name, e := range map[string]agent.Endpoint{
		crt:           {TerminateAt: "agent", Certificate: crt, Key: key},
		"gone.pem":    {TerminateAt: "agent", Certificate: filepath.Join(one, "gone.pem"), Key: key},
		"--key":       {TerminateAt: "agent", Certificate: crt},
		"nowhere":     {TerminateAt: "nowhere"},
		"authorities": {TerminateAt: "edge", ClientCAs: []string{filepath.Join(one, "gone.pem")}},
		"relay's":     {TerminateAt: "edge", Certificate: crt, Key: key},
		"upstream's":  {Certificate: crt, Key: key},
		"mean somet":  {Upstream: "tls://localhost:1", VerifyUpstream: true},
		"wish":        {Port: 7},
		"behind the":  {Upstream: "tcp://localhost"},
		"want tcp://": {Upstream: "http://localhost:1"},
		"UNSUPPORTED": {Protocol: "udp"},
		"follow HOST": {Upstream: "tcp://localhost:1/path"},
	} {
		e.Name = "x"
		if e.Protocol == "" {
			e.Protocol = "tls"
		}
		if e.Upstream == "" {
			e.Upstream = "tcp://localhost:1"
		}
		if err := a.Forward(e); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestConnProxyHeader: the service hears who has come, and where to, before all else.
func TestConnProxyHeader(t *testing.T) {
	heard := make(chan string, 1)
	service := localService(t, func(c *net.TCPConn) {
		line, _ := bufio.NewReader(c).ReadString('\n')
		heard <- line
	})
	r := relaytest.Start(t, embeddedRelay)
	p := pass(t, r, agent.Endpoint{Protocol: "tcp", Upstream: "tcp://" + service, ProxyProtocol: 1}, embeddedAgent)
	c := p.dial()
	_, from, _ := net.SplitHostPort(c.LocalAddr().String())
	_, to, _ := net.SplitHostPort(p.addr)
	if got, want := soon(t, "header", heard), "PROXY TCP4 127.0.0.1 127.0.0.1 "+from+" "+to+"\r\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestConnEvents: a program hears of connections as it does of requests.
func TestConnEvents(t *testing.T) {
	r := relaytest.Start(t, embeddedRelay)
	p := pass(t, r, agent.Endpoint{Protocol: "tcp", Upstream: "tcp://" + localService(t, echoes)}, embeddedAgent)
	events := make(chan agent.Event, 16)
	seq := p.a.Events(t.Context())
	go func() {
		for e := range seq {
			events <- e
		}
	}()
	visit := func(end func(c *net.TCPConn)) agent.ConnectionEnded {
		c := p.dial()
		io.WriteString(c, "x")
		io.ReadFull(c, make([]byte, 1))
		began, _ := soon(t, "event", events).(agent.ConnectionBegan)
		if began.Endpoint != "ssh" || began.Client.String() != c.LocalAddr().String() || began.ID == "" || began.At.IsZero() {
			t.Errorf("%+v", began)
		}
		end(c)
		ended, _ := soon(t, "event", events).(agent.ConnectionEnded)
		if ended.ConnectionBegan != began || ended.Duration <= 0 {
			t.Errorf("%+v %+v", began, ended)
		}
		return ended
	}
	if e := visit(func(c *net.TCPConn) { c.CloseWrite() }); e.Failure != nil {
		t.Errorf("%+v", e.Failure)
	}
	if e := visit(func(c *net.TCPConn) { c.SetLinger(0); c.Close() }); e.Failure == nil || e.Failure.Code != int(wire.CodeVisitorGone) {
		t.Errorf("%+v", e.Failure)
	}
}
