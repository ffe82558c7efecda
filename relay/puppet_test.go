package relay_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/relay"
	"github.com/adit-tunnel/adit/relay/relaytest"
	"github.com/adit-tunnel/adit/wire"
	"github.com/adit-tunnel/adit/wire/wiretest"
)

const (
	patience = wiretest.Patience
	done     = wire.End | wire.Taken
)

// stage is a real relay with a puppet agent behind it.
type stage struct {
	t    testing.TB
	r    *relaytest.Relay
	a    *wiretest.Peer
	host string
}

// quiet keeps a relay from logging a line for each mistake that a puppet makes on purpose.
func quiet(o *relay.Options) { o.Log = nil }

func newStage(t testing.TB) *stage {
	s := &stage{t: t, r: relaytest.Start(t, quiet)}
	s.a = s.agent("puppet")
	s.host = s.a.Bind(1, "web")
	return s
}

func (s *stage) agent(instance string) *wiretest.Peer {
	s.t.Helper()
	return wiretest.DialAgent(s.t, s.r.Agents, s.r.Pin, s.r.Token, instance)
}

// request is a visitor's request; \n stands for CRLF, HOST for the endpoint's, #ID for an exchange that needs no name of its own.
func (s *stage) request(text string) string {
	return strings.NewReplacer("\n", "\r\n", "HOST", s.host, "#ID", "any").Replace(text)
}

// visitor sends a request and returns the connection.
func (s *stage) visitor(text string) *visitor {
	s.t.Helper()
	c, err := net.Dial("tcp", s.r.HTTP)
	if err != nil {
		s.t.Fatal(err)
	}
	_ = c.SetDeadline(time.Now().Add(patience))
	if _, err := io.WriteString(c, s.request(text)); err != nil {
		s.t.Error(err)
	}
	method, _, _ := strings.Cut(text, " ")
	return &visitor{Conn: c, r: bufio.NewReader(c), method: method}
}

type visitor struct {
	net.Conn
	r      *bufio.Reader
	method string
}

// outcome is what a visitor can say of an answer.
type outcome struct {
	whole  bool // it looks whole
	status int  // 0: not even a head
	code   string
	body   string
	infos  int
	trail  string
	err    error
}

// answer reads one answer, with a parser that is not ours.
func (v *visitor) answer() (o outcome) {
	for {
		res, err := http.ReadResponse(v.r, &http.Request{Method: v.method})
		if err != nil {
			o.err = err
			return o
		}
		if res.StatusCode < 200 && res.StatusCode != 101 {
			o.infos++
			continue
		}
		o.status, o.code = res.StatusCode, res.Header.Get("Adit-Error")
		var content io.Reader = res.Body
		if res.StatusCode == 101 {
			content = v.r
		}
		b, err := io.ReadAll(content)
		res.Body.Close()
		o.body, o.err, o.whole = string(b), err, err == nil
		for k, all := range res.Trailer {
			o.trail += k + "=" + strings.Join(all, ",")
		}
		return o
	}
}

// hung says that the answer did not end at all.
func (o outcome) hung() bool {
	var late net.Error
	return errors.As(o.err, &late) && late.Timeout()
}

func (o outcome) String() string {
	return fmt.Sprintf("status %d %s, %d interim, %d bytes, trailers %q, whole %t, %v", o.status, o.code, o.infos, len(o.body), o.trail, o.whole, o.err)
}

// ask is one exchange of a visitor's own connection.
func (s *stage) ask(text string) outcome {
	s.t.Helper()
	v := s.visitor(text)
	defer v.Close()
	return v.answer()
}

// figure reads one of the relay's figures.
func (s *stage) figure(name string) int {
	s.t.Helper()
	res, err := http.Get("http://" + s.r.Admin + "/metrics")
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	defer http.DefaultClient.CloseIdleConnections()
	lines := bufio.NewScanner(res.Body)
	for lines.Scan() {
		if v, ok := strings.CutPrefix(lines.Text(), name+" "); ok {
			n, _ := strconv.Atoi(v)
			return n
		}
	}
	s.t.Fatalf("no figure %s", name)
	return 0
}

// settled waits until nothing is under way and no more than idle streams are open. Visitors one after another may need two: the one who has
// an answer is a moment ahead of its stream.
func (s *stage) settled(sessions, idle int) {
	s.t.Helper()
	var seen [4]int
	for late := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		for i, name := range []string{"adit_sessions", "adit_streams", "adit_edge_connections_open", "adit_endpoints"} {
			seen[i] = s.figure(name)
		}
		if seen[0] == sessions && seen[1] <= idle && seen[2] == 0 {
			return
		}
		if time.Now().After(late) {
			s.t.Fatalf("%d sessions, %d streams, %d visitors, %d endpoints are left", seen[0], seen[1], seen[2], seen[3])
		}
	}
}

// serve answers each request of the puppet with what play does, until the leg ends. play returns false when its stream is over. stop cuts
// the leg.
func serve(a *wiretest.Peer, play func(id uint32, q *wire.Req, content string) bool) (stop func()) {
	return streams(a, func(id uint32) {
		a.NextQuietly(id) // OPEN
		for {
			q, content, ok := receive(a, id)
			if !ok || !play(id, q, content) {
				return
			}
		}
	})
}

// serveHandles is serve that tells the stream's handle, and ends streams with the relay.
func serveHandles(a *wiretest.Peer, play func(id, handle uint32, q *wire.Req)) (stop func()) {
	return streams(a, func(id uint32) {
		var o wire.OpenFrame
		if f, ok := a.NextQuietly(id); ok {
			_ = o.Decode(f.Payload)
		}
		for {
			q, _, ok := receive(a, id)
			if !ok {
				a.Fin(id)
				return
			}
			play(id, o.Handle, q)
		}
	})
}

// streams runs f for each stream that the relay opens.
func streams(a *wiretest.Peer, f func(id uint32)) (stop func()) {
	var all sync.WaitGroup
	all.Go(func() {
		for id := a.AcceptQuietly(); id != 0; id = a.AcceptQuietly() {
			all.Go(func() { f(id) })
		}
	})
	return func() { a.Cut(); all.Wait() }
}

// receive reads one request to its END, which stands behind RESP if it upgrades.
func receive(a *wiretest.Peer, id uint32) (q *wire.Req, content string, ok bool) {
	f, ok := a.NextQuietly(id)
	if !ok || f.Type == wire.Data { // a tunnel's END
		return nil, "", false
	}
	q = a.Req(f)
	for !f.End() && q.Flags&wire.ReqUpgrade == 0 {
		if f, ok = a.NextQuietly(id); !ok {
			return nil, "", false
		}
		if f.Type == wire.Data {
			content += string(f.Payload)
		}
	}
	return q, content, true
}

// path is the request's target.
func path(q *wire.Req) string { return strings.Fields(string(q.Head) + " - -")[1] }
