// Package promises holds what broke earlier designs of the protocol, numbered, through the whole of adit in one process: a visitor's
// socket, a real relay, a real agent, a local service that speaks bytes. Not every promise is tested here; this is where each of them is, by
// room and test, and TestTable holds that they exist:
//
//	 1 a visitor leaves               agent: TestVisitorLeaves · relay/edge: TestVisitorLeaves · e2e: TestVisitorVanishes
//	 2 answers before the upload ends e2e/promises: TestPromise02EarlyAnswers · agent: TestStop, TestEarlyAnswer · relay/edge: TestEarlyAnswer, TestStop
//	 3 the kept connection            e2e/promises: TestPromise03KeptConnectionClosedUnderPOST · agent: TestStrayBytes, TestIdleCloseRace, TestRepeat, TestNoRepeat
//	 4 killed mid-body                e2e: TestLinkVanishes · wire: TestLostLinkDelivers · relay: TestPromise17AnswersCutAtEveryByte
//	 5 RESET, CREDIT against data     relay: TestPromise05ControlAgainstData, TestPromise05CreditForAnOldSeq, TestPromise05ResetWhileTheLastAnswerIsOnItsWay,
//	                                  TestPromise05ResetBelow · agent: TestPromise05ControlAgainstData, TestPromise05CreditForAnOldSeq, TestPromise05EarlyResets,
//	                                  TestPromise05RelayThatIsAhead · wire: TestResetBeforeAccept, TestSignals
//	 6 Bind, Unbind against OPEN      agent: TestPromise06StreamBeforeItsBound, TestPromise06BindAndOpenCross · relay: TestPromise06BindAndOpenCross
//	 7 standing readers               wire: TestUnreadStreams, TestStandingReaders
//	 8 full duplex                    e2e/promises: TestPromise08FullDuplex · wire: TestCreditBothWays, TestEcho
//	 9 upgrades                       e2e/promises: TestPromise09Upgrade · agent: TestUpgradeDeclined · relay/edge: TestUpgradeDeclined
//	10 close-delimited, cut           relay/edge: TestCuts · agent: TestResetMidway · relay: TestPromise17AnswersCutAtEveryByte
//	11 HEAD, 204, 304                 e2e: TestByteEquality · agent: TestResponses · relay/edge: TestAnswers
//	12 100-continue                   relay/edge: TestContinueGranted, TestContinueLate, TestContinueRefused · agent: TestContinue · e2e: TestByteEquality
//	13 NTLM (PROXY: later)            agent: TestPin, TestListenRemoteAddr · relay/session: TestPin
//	14 Fatal is read                  wire: TestFatalIsAlwaysRead, TestRefusalIsAlwaysRead
//	15 a link of 20 KiB/s             wire: TestPromise15SlowLink, TestControlPassesBulk · e2e: TestFaults
//	16 unknown frames                 relay: TestPromise16UnknownFrames · agent: TestPromise16UnknownFrames · wire: TestUnknownFrames
//	17 every frame cut at every byte  relay: TestPromise17AnswersCutAtEveryByte, TestPromise17ControlCutAtEveryByte, TestPromise17HelloCutAtEveryByte ·
//	                                  agent: TestPromise17RequestsCutAtEveryByte, TestPromise17ControlCutAtEveryByte, TestPromise17GreetingCutAtEveryByte · wire: TestCutFrames
//	18 a hostile agent                relay: TestPromise18HostileAgent, TestPromise18HostileLeg, TestPromise18PingFloodThatReadsNothing (pushes over the window: the guard, later)
//	19 a hostile relay                agent: TestPromise19HostileRelay, TestPromise19HostileStreams, TestPromise19HostileLeg, TestPromise19PingFlood
//	20 trailers                       e2e: TestByteEquality · agent: TestRequestContent, TestResponses · relay/edge: TestAnswers
//	21 chunk borders                  e2e: TestByteEquality · agent: TestChunkBorders · relay/edge: TestChunkBordersDown, TestChunkBordersUp
//	22 stream ids run out (one leg)   wire: TestStreamIDsRunOut
//	23 strangers before Welcome       wire: TestHandshakeStrangers · relay/session: TestAuth, TestFullLobby, TestSilentConnectionsAreCut, TestSilentConnectionsKeepNobodyOut, TestGarbage
package promises

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/agent"
	"github.com/adit-tunnel/adit/relay"
	"github.com/adit-tunnel/adit/relay/relaytest"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const patience = 20 * time.Second

// TestTable: each test that the package comment names stands where it says.
func TestTable(t *testing.T) {
	src, err := os.ReadFile("promises_test.go")
	if err != nil {
		t.Fatal(err)
	}
	comment, _, _ := strings.Cut(string(src), "\npackage ")
	room, named := "", 0
	for _, word := range regexp.MustCompile(`[a-z0-9/]+:|Test\w+`).FindAllString(comment[strings.Index(comment, "\n//\t"):], -1) {
		if r, ok := strings.CutSuffix(word, ":"); ok {
			room = r
			continue
		}
		named++
		files, err := filepath.Glob(filepath.Join("..", "..", filepath.FromSlash(room), "*_test.go"))
		if err != nil {
			t.Fatal(err)
		}
		found := false
		for _, f := range files {
			b, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			found = found || strings.Contains(string(b), "\nfunc "+word+"(")
		}
		if !found {
			t.Errorf("there is no %s in %s", word, room)
		}
	}
	if named < 50 {
		t.Errorf("%d tests are named", named)
	}
}

// world is a relay and an agent in front of a local service that plays each connection.
type world struct {
	t          testing.TB
	http, host string
}

func newWorld(t testing.TB, play func(c *net.TCPConn, r *bufio.Reader)) *world {
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
			_ = c.SetDeadline(time.Now().Add(patience))
			all.Go(func() { defer c.Close(); play(c.(*net.TCPConn), bufio.NewReader(c)) })
		}
	})
	t.Cleanup(func() { ln.Close(); all.Wait() })
	r := relaytest.Start(t, func(o *relay.Options) { o.Log = nil })
	a, err := agent.New(agent.Options{Relay: r.Agents, Pin: r.Pin, Token: r.Token, Grace: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Forward(agent.Endpoint{Name: "web", Upstream: "http://" + ln.Addr().String()}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); _ = a.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-ended; _ = a.Close() })
	select {
	case <-a.Ready():
	case <-time.After(patience):
		t.Fatal("the agent is not ready")
	}
	_, host, _ := strings.Cut(a.Status().Endpoints[0].URL, "://")
	return &world{t: t, http: r.HTTP, host: host}
}

// dial is a visitor's connection on which a request has been sent; \n stands for CRLF.
func (w *world) dial(text string) (*net.TCPConn, *bufio.Reader) {
	w.t.Helper()
	c, err := net.Dial("tcp", w.http)
	if err != nil {
		w.t.Fatal(err)
	}
	_ = c.SetDeadline(time.Now().Add(patience))
	w.t.Cleanup(func() { c.Close() })
	w.send(c, text)
	return c.(*net.TCPConn), bufio.NewReader(c)
}

func (w *world) send(c net.Conn, text string) {
	w.t.Helper()
	if _, err := io.WriteString(c, strings.ReplaceAll(strings.ReplaceAll(text, "HOST", w.host), "\n", "\r\n")); err != nil {
		w.t.Error(err)
	}
}

func answer(t testing.TB, r *bufio.Reader) (status int, body string) {
	t.Helper()
	res, err := http.ReadResponse(r, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(b)
}

const page = 2 << 20

// TestPromise02EarlyAnswers: a service that answers while the upload runs, with a page of 2 MiB: it stops reading, or reads on, or closes at
// once. The visitor gets the page; when the service has closed on what it did not read, which is a RST that destroys what is on its way, it
// may get a cut that shows.
func TestPromise02EarlyAnswers(t *testing.T) {
	for name, then := range map[string]func(c *net.TCPConn, r io.Reader){
		"stops reading": func(c *net.TCPConn, r io.Reader) { time.Sleep(2 * time.Second) },
		"closes":        func(c *net.TCPConn, r io.Reader) { _ = c.CloseWrite(); _, _ = io.CopyN(io.Discard, r, 100<<10) },
		"reads on":      func(c *net.TCPConn, r io.Reader) { _, _ = io.Copy(io.Discard, r) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, func(c *net.TCPConn, r *bufio.Reader) {
				if _, err := http.ReadRequest(r); err != nil {
					return
				}
				fmt.Fprintf(c, "HTTP/1.1 413 Content Too Large\r\nContent-Length: %d\r\n\r\n%s", page, strings.Repeat("p", page))
				then(c, r)
			})
			const size = 8 << 20
			c, r := w.dial(fmt.Sprintf("POST / HTTP/1.1\nHost: HOST\nContent-Length: %d\n\n", size))
			go io.WriteString(c, strings.Repeat("u", size))
			res, err := http.ReadResponse(r, nil)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			body, err := io.ReadAll(res.Body)
			cut := name == "closes" && (err != nil || res.StatusCode == 502)
			if !cut && (res.StatusCode != 413 || len(body) != page || err != nil) {
				t.Errorf("%d, %d bytes, %v", res.StatusCode, len(body), err)
			}
		})
	}
}

// TestPromise03KeptConnectionClosedUnderPOST: a service that closes its kept connection about when the next POST comes. No POST arrives
// twice, and one that comes when the connection is known to be closed is answered.
func TestPromise03KeptConnectionClosedUnderPOST(t *testing.T) {
	var mu sync.Mutex
	seen := map[string]int{}
	w := newWorld(t, func(c *net.TCPConn, r *bufio.Reader) {
		q, err := http.ReadRequest(r)
		if err != nil {
			return
		}
		b, _ := io.ReadAll(q.Body)
		mu.Lock()
		seen[string(b)]++
		n := len(seen)
		mu.Unlock()
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
		time.Sleep(time.Duration(n%20) * 50 * time.Microsecond) // and closes without a word
	})
	c, r := w.dial("POST / HTTP/1.1\nHost: HOST\nContent-Length: 5\n\n00000")
	answered := 0
	for i := range 300 {
		status, body := answer(t, r)
		if status == 200 && body == "ok" {
			answered++
		} else if status != 502 {
			t.Errorf("%d %q", status, body)
		}
		w.send(c, fmt.Sprintf("POST / HTTP/1.1\nHost: HOST\nContent-Length: 5\n\n%05d", i+1))
	}
	answer(t, r)
	mu.Lock()
	defer mu.Unlock()
	for id, n := range seen {
		if n > 1 {
			t.Errorf("POST %s came %d times", id, n)
		}
	}
	t.Logf("%d of 300 answered", answered)
	if answered < 150 {
		t.Errorf("only %d of 300 were answered", answered)
	}
}

// TestPromise08FullDuplex: 64 MiB are echoed while they are sent.
func TestPromise08FullDuplex(t *testing.T) {
	const size = 64 << 20
	w := newWorld(t, func(c *net.TCPConn, r *bufio.Reader) {
		if _, err := http.ReadRequest(r); err != nil {
			return
		}
		fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", size)
		_, _ = io.CopyN(c, r, size)
	})
	c, r := w.dial(fmt.Sprintf("POST / HTTP/1.1\nHost: HOST\nContent-Length: %d\n\n", size))
	block := []byte(strings.Repeat("0123456789abcdef", 4096))
	go func() {
		for range size / len(block) {
			if _, err := c.Write(block); err != nil {
				return
			}
		}
	}()
	res, err := http.ReadResponse(r, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	got := make([]byte, len(block))
	for i := range size / len(block) {
		if _, err := io.ReadFull(res.Body, got); err != nil || string(got) != string(block) {
			t.Fatalf("block %d: %v", i, err)
		}
	}
}

// TestPromise09Upgrade: bytes before the 101, a half-close each way, and an upgrade that is declined.
func TestPromise09Upgrade(t *testing.T) {
	const text = "GET / HTTP/1.1\nHost: HOST\nConnection: Upgrade\nUpgrade: x\n\n"
	const yes = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"
	service := func(first bool) func(c *net.TCPConn, r *bufio.Reader) {
		return func(c *net.TCPConn, r *bufio.Reader) {
			if _, err := http.ReadRequest(r); err != nil {
				return
			}
			_, _ = io.WriteString(c, yes)
			if first { // the service ends its half first, and goes on reading
				_, _ = io.WriteString(c, "bye")
				_ = c.CloseWrite()
				b, err := io.ReadAll(r)
				if string(b) != "early late" || err != nil {
					t.Errorf("the service got %q, %v", b, err)
				}
				return
			}
			b, err := io.ReadAll(r)
			if err != nil {
				t.Error(err)
			}
			_, _ = c.Write(b)
		}
	}
	for name, first := range map[string]bool{"the visitor ends first": false, "the service ends first": true} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, service(first))
			c, r := w.dial(text + "early")
			head := make([]byte, len(yes))
			if _, err := io.ReadFull(r, head); err != nil || string(head) != yes {
				t.Fatalf("%q %v", head, err)
			}
			want := "early late"
			if first {
				if b, err := io.ReadAll(r); string(b) != "bye" || err != nil {
					t.Errorf("%q %v", b, err)
				}
				want = ""
			}
			_, _ = io.WriteString(c, " late")
			_ = c.CloseWrite()
			if b, err := io.ReadAll(r); string(b) != want || err != nil {
				t.Errorf("%q %v", b, err)
			}
		})
	}
	t.Run("declined", func(t *testing.T) {
		w := newWorld(t, func(c *net.TCPConn, r *bufio.Reader) {
			for {
				if _, err := http.ReadRequest(r); err != nil {
					return
				}
				_, _ = io.WriteString(c, "HTTP/1.1 426 Upgrade Required\r\nContent-Length: 2\r\n\r\nno")
			}
		})
		c, r := w.dial(text)
		for range 3 {
			if status, body := answer(t, r); status != 426 || body != "no" {
				t.Errorf("%d %q", status, body)
			}
			w.send(c, text)
		}
	})
}
