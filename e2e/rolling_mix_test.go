package e2e

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// place is where visitors of one kind come in.
type place struct {
	kind, addr, host string
	secure           *tls.Config
	web              []*http.Client // of HTTP/2, a connection each
	brief            bool           // a connection is good for one request: nobody tells its visitor that no more should come
	share            int            // of ten visitors
}

// mixture is a relay that serves everything, with agents that came in every way, and visitors of all kinds.
type mixture struct {
	w      *world
	places []place // that lead to the world's service
	talks  []place // and to one that sends everything back
	agents float64
}

// newMixture starts the relay and the agents.
func newMixture(w *world, more ...string) *mixture {
	t := w.t
	t.Helper()
	secured, first := fixedAddress(t), portOf(fixedAddress(t))
	port, err := strconv.Atoi(first)
	if err != nil {
		t.Fatal(err)
	}
	w.startRelay(append(more, "--https", secured, "--tcp-ports", fmt.Sprintf("%d-%d", port, port+99))...)
	m := &mixture{w: w}
	agent := func(protocol, service, link string, more ...string) (url string) {
		m.agents++
		p := start(t, w.env, append([]string{protocol, service, "--relay", link, "--relay-pin", w.pin, "--authtoken", w.token, "--no-tui", "--web-addr", "127.0.0.1:0",
			"--state-dir", filepath.Join(w.dir, fmt.Sprint("agent-", m.agents))}, more...)...)
		return p.ready()
	}
	host := hostIn(agent("http", w.local.port, secured))
	echoPort := echoService(t)
	echo := hostIn(agent("http", echoPort, "ws://"+w.public))
	tcp, tcpEcho := tcpAddr(t, agent("tcp", w.local.port, w.agents)), tcpAddr(t, agent("tcp", echoPort, "ws://"+w.public))
	crt, key, own := ownCertificate(t, "own.tunnel.test")
	agent("tls", w.local.port, w.agents, "--url", "tls://own.tunnel.test", "--crt", crt, "--key", key)

	web := &tls.Config{RootCAs: rootsOf(t, w.env, w.relayState), ServerName: strings.TrimSuffix(host, ":"+portOf(secured))}
	m.places = []place{
		{kind: "http", addr: w.public, host: host, share: 4},
		{kind: "https", addr: secured, host: host, secure: web, share: 2},
		{kind: "h2", addr: secured, host: host, web: browsers(t, 5, secured, web), share: 2},
		{kind: "tcp", addr: tcp, host: host, brief: true, share: 1},
		{kind: "tls", addr: secured, host: host, secure: &tls.Config{RootCAs: own, ServerName: "own.tunnel.test"}, brief: true, share: 1},
	}
	talk := web.Clone()
	talk.ServerName = strings.TrimSuffix(echo, ":"+portOf(secured))
	m.talks = []place{
		{kind: "http", addr: w.public, host: echo},
		{kind: "https", addr: secured, host: echo, secure: talk},
		{kind: "tcp", addr: tcpEcho, host: echo},
	}
	return m
}

func tcpAddr(t *testing.T, public string) string {
	t.Helper()
	u, err := url.Parse(public)
	if err != nil {
		t.Fatal(err)
	}
	return "127.0.0.1:" + u.Port()
}

// browsers are clients of HTTP/2 that come to addr, whatever they ask for.
func browsers(t *testing.T, n int, addr string, secure *tls.Config) (all []*http.Client) {
	for range n {
		tr := &http.Transport{DisableCompression: true, Protocols: new(http.Protocols), TLSClientConfig: secure.Clone()}
		tr.Protocols.SetHTTP2(true)
		tr.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, network, addr)
		}
		t.Cleanup(tr.CloseIdleConnections)
		all = append(all, &http.Client{Transport: tr, Timeout: hangs})
	}
	return all
}

// visitor is the i-th one.
func (m *mixture) visitor(i int) *visitor {
	at := i % 10
	for _, p := range m.places {
		if at -= p.share; at >= 0 {
			continue
		}
		v := &visitor{kind: p.kind, addr: p.addr, host: p.host, secure: p.secure, keeps: !p.brief && i/10%2 == 0, service: m.w.service}
		if p.web != nil {
			v.web = p.web[i/10%len(p.web)]
		}
		return v
	}
	panic("ten visitors have no place")
}

// fetch asks by HTTP/2. What the relay has refused to begin with (GOAWAY) the client asks for again by itself, as browsers do.
func (v *visitor) fetch(q question) (verdict, string) {
	method, target := q.line()
	content := pattern(q.id, q.sent)
	r, err := http.NewRequest(method, "https://"+v.host+target, nil)
	if err != nil {
		return cut, err.Error()
	}
	if q.post {
		r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(q.slowly(content)), nil }
		r.Body, _ = r.GetBody()
		if r.ContentLength = int64(len(content)); q.chunked {
			r.ContentLength = -1
		}
	}
	a, err := v.web.Do(r)
	if err != nil {
		return cut, err.Error()
	}
	defer a.Body.Close()
	kind, what, _ := v.judge(q, a)
	return kind, what
}

// slowly is content in the pieces and with the pauses of the question.
func (q question) slowly(content []byte) io.Reader {
	var all []io.Reader
	for i := range q.pieces {
		all = append(all, bytes.NewReader(content[i*len(content)/q.pieces:(i+1)*len(content)/q.pieces]), readFunc(func() { time.Sleep(q.pause) }))
	}
	return io.MultiReader(all[:len(all)-1]...)
}

// readFunc is a reader that has nothing to say, but does something before.
type readFunc func()

func (f readFunc) Read([]byte) (int, error) {
	f()
	return 0, io.EOF
}

// talkers are connections that were upgraded, or are carried as they are, on which somebody talks all the time.
type talkers struct {
	t    *testing.T
	stop atomic.Bool
	over sync.WaitGroup
}

func (m *mixture) openTalkers() *talkers {
	t := m.w.t
	t.Helper()
	s := &talkers{t: t}
	for _, p := range m.talks {
		for range rollingTalkers {
			c, err := net.Dial("tcp", p.addr)
			if err != nil {
				t.Fatal(err)
			}
			if p.secure != nil {
				c = tls.Client(c, p.secure)
			}
			t.Cleanup(func() { c.Close() })
			fmt.Fprintf(c, "GET /ws HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", p.host)
			in := bufio.NewReader(c)
			_ = c.SetReadDeadline(time.Now().Add(patience))
			if a, err := http.ReadResponse(in, nil); err != nil || a.StatusCode != http.StatusSwitchingProtocols {
				t.Fatalf("%s: no upgrade: %v, %v", p.kind, a, err)
			}
			s.over.Go(func() { s.talk(p.kind, c, in) })
		}
	}
	return s
}

func (s *talkers) talk(kind string, c net.Conn, in *bufio.Reader) {
	defer c.Close()
	for n := 0; !s.stop.Load(); n++ {
		word := fmt.Sprintf("word %d\n", n)
		_, err := io.WriteString(c, word)
		_ = c.SetReadDeadline(time.Now().Add(patience))
		if back, rerr := in.ReadString('\n'); err != nil || rerr != nil || back != word {
			s.t.Errorf("a connection over %s was cut: %q, %v, %v", kind, back, err, rerr)
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// end has them leave.
func (s *talkers) end() {
	s.stop.Store(true)
	s.over.Wait()
}
