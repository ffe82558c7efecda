package session

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"math/big"
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/relay/control"
	"github.com/adit-tunnel/adit/relay/registry"
	"github.com/adit-tunnel/adit/wire"
	"github.com/adit-tunnel/adit/wire/wiretest"
)

// patience bounds everything a test waits for.
const patience = 10 * time.Second

// rig is a server on loopback.
type rig struct {
	t     testing.TB
	srv   *Server
	reg   *registry.Registry
	addr  string
	roots *x509.CertPool
	names *names
	begun time.Time

	tickets map[string]string // by the endpoint's name
}

// names is a Namer that gives what is asked for and counts what comes back.
type names struct{ placed, released atomic.Int64 }

func (n *names) Place(_ context.Context, e *registry.Endpoint, w Wish) (func(), error) {
	host := w.Host
	if host == "bad" {
		return nil, &registry.Error{Code: wire.CodeBadName}
	}
	if host == "" {
		host = e.Name + "." + e.Account + ".test"
	}
	e.Host, e.URL = host, "http://"+host
	n.placed.Add(1)
	return func() { n.released.Add(1) }, nil
}

func newRig(t testing.TB, change ...func(*Options)) *rig {
	t.Helper()
	r := prepare(t, change...)
	r.serve()
	return r
}

// prepare is newRig without Serve.
func prepare(t testing.TB, change ...func(*Options)) *rig {
	t.Helper()
	cert, roots := selfSigned(t)
	r := &rig{t: t, reg: registry.New(nil), roots: roots, names: &names{}, begun: time.Now(), tickets: map[string]string{}}
	o := Options{
		Registry: r.reg, Namer: r.names, Relay: "r1", Version: "0.0", Region: "here", Probe: -1,
		Control: control.Memory(map[string]control.Grant{"good": {Account: "acme", Plan: "free"}, "other": {Account: "emca"}}),
		Key:     []byte("a key of the relay's"),
		TLS:     &tls.Config{Certificates: []tls.Certificate{cert}},
	}
	for _, f := range change {
		f(&o)
	}
	r.srv = New(o)
	return r
}

func (r *rig) serve() {
	t := r.t
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r.addr = ln.Addr().String()
	served := make(chan error, 1)
	go func() { served <- r.srv.Serve(context.Background(), ln) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		_ = r.srv.Shutdown(ctx)
		if err := <-served; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
}

func selfSigned(t testing.TB) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, roots
}

func (r *rig) dial() *tls.Conn { return r.dialTo(r.addr) }

func (r *rig) dialTo(addr string) *tls.Conn {
	r.t.Helper()
	c, err := tls.Dial("tcp", addr, &tls.Config{RootCAs: r.roots, NextProtos: []string{wire.ALPN}})
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { c.Close() })
	return c
}

// lane is the agent's end of a stream with the request that is under way on it.
type lane struct {
	*wire.Stream
	n      int // of this stream, in order of arrival
	kind   wire.Kind
	handle uint32
	req    wire.Req
	ended  bool // REQ had END
	resets chan reset
}

type reset struct {
	seq  uint32
	code wire.Code
}

func (l *lane) OnReset(seq uint32, code wire.Code) {
	select {
	case l.resets <- reset{seq, code}:
	default:
	}
}

func (l *lane) OnStop(uint32) {}

// agent is a fake one: serve is called for each request, on a goroutine for each stream, until it returns false.
type agent struct {
	t       testing.TB
	leg     *wire.Leg
	welcome *wire.Welcome
	msgs    chan *wire.Message
	streams atomic.Int64
	serve   atomic.Pointer[func(*lane) bool]
	stats   atomic.Pointer[func(*wire.Stats)] // hears of figures instead of msgs, and they are acknowledged
	id      int64
}

func (r *rig) agent(token, instance string, serve func(*lane) bool) *agent {
	r.t.Helper()
	return r.agentOn(r.dial(), token, instance, serve)
}

// agentBehind is an agent at the end of a cable.
func (r *rig) agentBehind(instance string, serve func(*lane) bool) (*agent, *wiretest.Cable) {
	r.t.Helper()
	c := wiretest.NewCable(r.t, r.addr)
	return r.agentOn(r.dialTo(c.Addr), "good", instance, serve), c
}

// agentOn is agent on a connection that has done its TLS handshake.
func (r *rig) agentOn(conn net.Conn, token, instance string, serve func(*lane) bool) *agent {
	r.t.Helper()
	w, err := wire.ClientHandshake(conn, &wire.Auth{Token: token, Instance: instance, Version: "t", OS: "t"})
	if err != nil {
		r.t.Fatal(err)
	}
	return r.welcomed(conn, w, serve)
}

// further is another leg of a's session.
func (r *rig) further(a *agent, spare bool, serve func(*lane) bool) *agent {
	r.t.Helper()
	return r.furtherOn(r.dial(), a, spare, serve)
}

// furtherOn is further on a connection that has done its TLS handshake.
func (r *rig) furtherOn(conn net.Conn, a *agent, spare bool, serve func(*lane) bool) *agent {
	r.t.Helper()
	s := r.srv.session(a.welcome.Session)
	eventually(r.t, "the relay has the session's first leg", func() bool { return len(s.legs.all()) > 0 })
	before := s.legs.all()
	w, err := wire.ClientJoin(conn, &wire.Join{Session: a.welcome.Session, Secret: a.welcome.Secret, Version: "t", Spare: spare})
	if err != nil {
		r.t.Fatal(err)
	}
	b := r.welcomed(conn, w, serve)
	eventually(r.t, "the relay has the leg", func() bool {
		all := s.legs.all()
		return len(all) > 0 && !slices.Contains(before, all[len(all)-1])
	})
	return b
}

// welcomed is an agent's leg on a connection whose handshake is done.
func (r *rig) welcomed(conn net.Conn, w *wire.Welcome, serve func(*lane) bool) *agent {
	r.t.Helper()
	a := &agent{t: r.t, welcome: w, msgs: make(chan *wire.Message, 1024)}
	a.serve.Store(&serve)
	leg, err := wire.NewAgentLeg(conn, wire.LegOptions{OnMessage: a.hear})
	if err != nil {
		r.t.Fatal(err)
	}
	a.leg = leg
	var wg sync.WaitGroup
	wg.Add(2)
	go func() { defer wg.Done(); _ = leg.Run(context.Background()) }()
	go func() { defer wg.Done(); a.accept(&wg) }()
	r.t.Cleanup(func() { leg.Close(); wg.Wait() })
	return a
}

func (a *agent) hear(m *wire.Message) {
	st, figures := m.Body.(*wire.Stats)
	f := a.stats.Load()
	if !figures || f == nil {
		a.msgs <- m
		return
	}
	(*f)(st)
	_ = a.leg.Send(wire.MsgStatsAck, 0, &wire.StatsAck{Seq: st.Seq})
}

func (a *agent) accept(wg *sync.WaitGroup) {
	for {
		s, err := a.leg.Accept()
		if err != nil {
			return
		}
		n := int(a.streams.Add(1))
		wg.Add(1)
		go func() { defer wg.Done(); a.work(s, n) }()
	}
}

func (a *agent) work(s *wire.Stream, n int) {
	defer s.Close()
	l := &lane{Stream: s, n: n, resets: make(chan reset, 16)}
	s.Handle(l)
	f, err := s.Next()
	var o wire.OpenFrame
	if err != nil || f.Type != wire.Open || o.Decode(f.Payload) != nil {
		return
	}
	l.kind, l.handle = o.Kind, o.Handle
	for {
		f, err := s.Next()
		if err != nil || f.Type != wire.ReqType {
			return
		}
		if err := l.req.Decode(f.Payload); err != nil {
			return
		}
		l.req.Head = append([]byte(nil), l.req.Head...)
		l.ended = f.Flags&wire.End != 0
		s.Begin(l.req.Seq, l.req.Client.Addr())
		if !(*a.serve.Load())(l) {
			return
		}
	}
}

// bind binds and returns the endpoint's upstream.
func (a *agent) bind(r *rig, handle uint32, name string) *registry.Endpoint {
	a.t.Helper()
	return a.bindAs(r, &wire.Bind{Handle: handle, Protocol: "http", Name: name, How: wire.HowResume, Ticket: r.tickets[name]})
}

func (a *agent) bindAs(r *rig, w *wire.Bind) *registry.Endpoint {
	a.t.Helper()
	m := a.ask(wire.MsgBind, w)
	b, ok := m.Body.(*wire.Bound)
	if !ok {
		a.t.Fatalf("Bind answered with %s %+v", m.Type, m.Body)
	}
	r.tickets[w.Name] = b.Ticket
	e, err := r.reg.Pick([]byte(b.URL[len("http://"):]))
	if err != nil {
		a.t.Fatal(err)
	}
	return e
}

// ask sends a message and waits for the answer. What else comes meanwhile is left to others.
func (a *agent) ask(typ string, body any) *wire.Message {
	a.t.Helper()
	a.id++
	if err := a.leg.Send(typ, a.id, body); err != nil {
		a.t.Fatal(err)
	}
	var others []*wire.Message
	for {
		m := a.next()
		if m.ID != a.id {
			others = append(others, m)
			continue
		}
		for _, o := range others {
			a.msgs <- o
		}
		return m
	}
}

func (a *agent) next() *wire.Message {
	a.t.Helper()
	select {
	case m := <-a.msgs:
		return m
	case <-time.After(patience):
		a.t.Fatal("no message came")
		return nil
	}
}

// await waits for a message of a type.
func (a *agent) await(typ string) *wire.Message {
	a.t.Helper()
	for {
		if m := a.next(); m.Type == typ {
			return m
		}
	}
}

// ok answers 200 with content, when the request has ended.
func ok(content string) func(*lane) bool {
	return func(l *lane) bool {
		if !l.drain() {
			return false
		}
		return l.Write(l.response(content, wire.End|wire.Taken)) == nil
	}
}

// drain reads the request to its end.
func (l *lane) drain() bool {
	for end := l.ended; !end; {
		f, err := l.Next()
		if err != nil {
			return false
		}
		end = f.Flags&wire.End != 0
		l.Took(wire.Cost(f))
	}
	return true
}

// response is RESP with DATA; f stands on the last frame.
func (l *lane) response(content string, f wire.Flags) []byte {
	a := wire.Resp{Seq: l.req.Seq, Body: wire.BodyLength, Length: uint64(len(content)),
		Head: []byte(fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", len(content)))}
	if content == "" {
		return a.Append(nil, f)
	}
	b := a.Append(nil, 0)
	b = wire.AppendHeader(b, wire.Data, f, len(content))
	return append(b, content...)
}

func get(conn uint64) *registry.Request {
	return &registry.Request{
		Conn: conn, Client: netip.MustParseAddrPort("192.0.2.1:1"), Start: time.Now(), Version: 0x11,
		Head: []byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), Idempotent: true,
	}
}

func post(content string) *registry.Request {
	r := get(1)
	r.Body, r.Length, r.Idempotent = wire.BodyLength, uint64(len(content)), false
	if content != "" {
		r.Content = []byte(content)
	}
	r.Head = []byte(fmt.Sprintf("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n", len(content)))
	return r
}

func begin(t testing.TB, e *registry.Endpoint, r *registry.Request) registry.Exchange {
	t.Helper()
	x, err := e.Upstream.Begin(context.Background(), r)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// read reads an answer to its end and returns its content.
func read(x registry.Exchange) (content string, last wire.Frame, err error) {
	for {
		f, err := x.Next()
		if err != nil {
			return content, last, err
		}
		last = f
		if f.Type == wire.Data {
			content += string(f.Payload)
		}
		x.Took(wire.Cost(f))
		if f.Flags&wire.End != 0 {
			return content, last, nil
		}
	}
}

// do is one exchange from Begin to Finish.
func do(t testing.TB, e *registry.Endpoint, r *registry.Request) string {
	t.Helper()
	x := begin(t, e, r)
	content, _, err := read(x)
	if err != nil {
		t.Fatal(err)
	}
	x.Finish()
	return content
}

// eventually polls until f holds.
func eventually(t testing.TB, what string, f func() bool) {
	t.Helper()
	end := time.Now().Add(patience)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !f() {
		if time.Now().After(end) {
			t.Fatalf("never: %s", what)
		}
		<-tick.C
	}
}

func codeOf(err error) wire.Code {
	if e, ok := err.(*registry.Error); ok {
		return e.Code
	}
	return 0
}
