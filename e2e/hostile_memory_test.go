//go:build linux

package e2e

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/adit-tunnel/adit/wire"
	"github.com/adit-tunnel/adit/wire/wiretest"
)

// A relay that has 128 MiB, at the hands of strangers and agents who have it hold as much as it lets them. What it held at most is what the system says of the
// process: it sees what is given back before anybody could look.
func TestHostileMemory(t *testing.T) {
	t.Parallel()
	s := newScarce(t)
	s.program = lean(t)
	state := filepath.Join(s.dir, "relay")
	if p := start(t, s.env, "relay", "plan", "set", "narrow", "--bandwidth", "1000", "--state-dir", state); p.code() != 0 {
		t.Fatal("no plan")
	}
	p := start(t, s.env, "relay", "token", "create", "--account", "hostile", "--plan", "narrow", "--token-file", filepath.Join(s.dir, "tokens"))
	if p.code() != 0 {
		t.Fatal("no token")
	}
	hostile := strings.TrimSpace(p.stdout.text())
	// With GOGC it is what was held that shows, not what had not been collected yet.
	s.startRelay("export GOMEMLIMIT=128MiB GOGC=20", "--state-dir", state, "--access-log", "false")
	s.startAgent("", service(t, http.HandlerFunc(hello)))
	for _, by := range []struct {
		name string
		hold func(token string)
		most int64 // with a guard that let twice as much through it would be more
	}{{"guests", s.guests, 48 << 20}, {"queues", s.queues, 92 << 20}, {"streams", s.heaps, 92 << 20}} {
		forgetPeak(t, s.relay)
		by.hold(hostile)
		for range 20 {
			if status, code := s.get("/"); status != 200 && (status != 503 || code == "") {
				t.Fatalf("%s: another visitor: %d %s", by.name, status, code)
			}
		}
		report(t, fmt.Sprintf("%s: at most %d MiB", by.name, peak(s.relay)>>20))
		if n := peak(s.relay); n > by.most {
			t.Errorf("%s: the relay held %d MiB", by.name, n>>20)
		}
	}
	eventually(t, "others are served", func() bool { status, _ := s.get("/"); return status == 200 })
	if n := times(s.agent.stderr, "session online"); n != 1 {
		t.Errorf("the other agent came %d times", n)
	}
}

// forgetPeak has the system look for a new one.
func forgetPeak(t *testing.T, p *process) {
	t.Helper()
	if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", p.cmd.Process.Pid), []byte("5"), 0); err != nil {
		t.Skip("the system does not forget a peak: ", err)
	}
}

// agents are connections on which hello was said; the system takes little of what is sent to them.
func (s *scarce) agents(n int, hello func(i int) []byte) (all []net.Conn) {
	s.t.Helper()
	cfg, err := wire.ClientTLS(s.pin, nil, "")
	if err != nil {
		s.t.Fatal(err)
	}
	dialer := net.Dialer{Timeout: patience, Control: func(_, _ string, c syscall.RawConn) error {
		return c.Control(func(fd uintptr) { _ = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, 4096) })
	}}
	for i := range n {
		conn, err := tls.DialWithDialer(&dialer, "tcp", s.link, cfg)
		if err != nil {
			continue // no room
		}
		s.t.Cleanup(func() { conn.NetConn().Close() })
		_ = conn.SetWriteDeadline(time.Now().Add(patience))
		_, _ = conn.Write(hello(i))
		all = append(all, conn)
	}
	return all
}

// guests say most of a long Auth.
func (s *scarce) guests(string) {
	auth := append(wire.AppendHeader(wiretest.Preface(), wire.Msg, 0, 60<<10), strings.Repeat(" ", 59<<10)...)
	s.agents(600, func(int) []byte { return auth })
}

// queues are of agents who ask without an end and take no answer.
func (s *scarce) queues(token string) {
	all := s.agents(90, func(i int) []byte { return wiretest.Hello(token, fmt.Sprint("queue-", i)) })
	bind := wiretest.Message(wire.MsgBind, 1, &wire.Bind{Handle: 1, Protocol: "http", How: strings.Repeat("?", 201)})
	ask := wiretest.Push(wiretest.Control, bytes.Repeat(bind, 16<<10/len(bind))) // more would wait to be heard
	for end := time.Now().Add(patience); len(all) > 0; {                         // in turns, so that all queues grow together
		if time.Now().After(end) {
			s.t.Errorf("%d agents that take no answer stay", len(all))
			return
		}
		live := all[:0]
		for _, c := range all {
			_ = c.SetWriteDeadline(end)
			if _, err := c.Write(ask); err == nil {
				live = append(live, c)
			}
		}
		all = live
		time.Sleep(100 * time.Millisecond)
	}
}

// heaps are pushes of a size for which smux keeps nearly twice as much, on streams whose visitors get a thousand bytes a second, until their legs end.
func (s *scarce) heaps(token string) {
	const agents, visitors, rounds = 4, 80, 16
	type held struct {
		a  *wiretest.Peer
		id uint32
	}
	var all []held
	for i := range agents {
		a := wiretest.DialAgent(s.t, s.link, s.pin, token, fmt.Sprint("heap-", i))
		host := a.Bind(1, "")
		for range visitors {
			c := s.call()
			fmt.Fprintf(c, "DELETE / HTTP/1.1\r\nHost: %s\r\n\r\n", host)
			id := a.Accept()
			if id == 0 {
				s.t.Fatal("the agent's leg has ended")
			}
			a.Send(id, wiretest.Resp(1, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", wire.BodyUntil, 0, 0))
			all = append(all, held{a, id})
		}
	}
	push := wiretest.Data(strings.Repeat("x", 16<<10+1-wire.HeaderSize), 0)
	for range rounds {
		for _, h := range all {
			h.a.Send(h.id, push)
		}
	}
	for _, h := range all {
		select {
		case <-h.a.Ended():
		case <-time.After(patience):
			s.t.Error("an agent that sends more than it was granted stays")
			return
		}
	}
}
