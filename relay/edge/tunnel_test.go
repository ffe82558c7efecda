package edge

import (
	"io"
	"strings"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/wire"
)

const (
	upgradeReq  = "GET /ws HTTP/1.1\r\nHost: app.test\r\nConnection: keep-alive, Upgrade\r\nUpgrade: echo\r\n\r\n"
	upgradeResp = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n"
)

func tunnelFrame() []byte { return respFrame(upgradeResp, wire.BodyTunnel, 0, false) }

// echo sends back what comes, and its end.
func echo(x *fakeExchange) {
	x.put(tunnelFrame())
	for {
		f, ok := x.recv()
		if !ok {
			return
		}
		x.put(dataFrame(string(f.payload), f.end))
		if f.end {
			return
		}
	}
}

func TestUpgrade(t *testing.T) {
	w := start(t, echo)
	v := w.dial().send(upgradeReq + "before the 101")
	if got := v.bytes(len(upgradeResp)); got != upgradeResp {
		t.Errorf("got %q", got)
	}
	x := w.up.exchanges()[0]
	if head := string(x.req.Head); !strings.Contains(head, "Connection: keep-alive, Upgrade\r\nUpgrade: echo\r\n") {
		t.Errorf("head %q", head)
	}
	v.bytes(len("before the 101"))
	big := strings.Repeat("0123456789", 100_000)
	go v.TCPConn.Write([]byte(big))
	if got := v.bytes(len(big)); got != big {
		t.Error("the bytes differ")
	}
	v.send("x")
	v.bytes(1)
	v.CloseWrite() // half-close: the answer to it still comes
	if rest := v.rest(); rest != "" {
		t.Errorf("rest %q", rest)
	}
	if _, finished := x.over(); !finished {
		t.Error("not finished")
	}
}

// TestUpgradeServiceEndsFirst: the visitor may go on sending.
func TestUpgradeServiceEndsFirst(t *testing.T) {
	heard := make(chan string, 1)
	w := start(t, func(x *fakeExchange) {
		x.put(tunnelFrame(), dataFrame("bye", true))
		_, content := x.upload()
		heard <- content
	})
	v := w.dial().send(upgradeReq)
	v.head()
	if got := v.rest(); got != "bye" {
		t.Errorf("got %q", got)
	}
	v.send("still here")
	v.CloseWrite()
	if got := <-heard; got != "still here" {
		t.Errorf("heard %q", got)
	}
}

func TestUpgradeDeclined(t *testing.T) {
	var frames []string
	w := start(t, func(x *fakeExchange) {
		if x.req.Flags&wire.ReqUpgrade != 0 {
			x.put(respFrame("HTTP/1.1 426 Upgrade Required\r\nContent-Length: 2\r\n\r\n", wire.BodyLength, 2, false))
			frames, _ = x.upload()
			x.put(dataFrame("no", true))
			return
		}
		x.ok("next")
	})
	v := w.dial().send(upgradeReq)
	if res, got := v.response("GET"); res.StatusCode != 426 || got != "no" {
		t.Errorf("%d %q", res.StatusCode, got)
	}
	if len(frames) != 1 || frames[0] != `DATA "" END` {
		t.Errorf("frames %v", frames)
	}
	if _, got := v.send(get).response("GET"); got != "next" {
		t.Errorf("got %q", got)
	}
	v = w.dial().send(upgradeReq + get) // what follows was meant for the other protocol
	v.head()
	if rest := v.rest(); rest != "no" {
		t.Errorf("rest %q", rest)
	}
}

func TestUpgradeCut(t *testing.T) {
	w := start(t, func(x *fakeExchange) {
		x.put(tunnelFrame(), dataFrame("hello", false))
		x.lose()
	})
	v := w.dial().send(upgradeReq)
	v.head()
	got, err := io.ReadAll(v.r)
	if string(got) != "hello" || err == nil {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestUpgradeVisitorLeaves(t *testing.T) {
	w := start(t, func(x *fakeExchange) { x.put(tunnelFrame()) }, short(time.Second))
	v := w.dial().send(upgradeReq)
	v.head()
	v.SetLinger(0)
	v.Close()
	if code, _ := w.up.exchanges()[0].over(); code != wire.CodeVisitorGone {
		t.Errorf("aborted with %v", code)
	}
}
