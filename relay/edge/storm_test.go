package edge

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/wire"
)

// stormScript answers by what the request's path says, with the visitor's own number in it.
func stormScript(x *fakeExchange) {
	path := strings.Fields(string(x.req.Head))[1]
	way, _, _ := strings.Cut(path[1:], "/")
	chunked := respFrame("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", wire.BodyUntil, 0, false)
	bare := respFrame("HTTP/1.1 200 OK\r\n\r\n", wire.BodyUntil, 0, false)
	switch way {
	case "late":
		<-time.After(30 * time.Millisecond)
		x.ok(path)
	case "echo":
		x.upload0()
		x.put(chunked, dataFrame(path, false), dataFrame("", true))
	case "early":
		x.stop()
		x.ok(path)
	case "fail":
		x.failWith(wire.CodeLocalRefused, "")
	case "cut":
		x.put(bare, dataFrame(path[:len(path)-1], false))
		x.abortWith(wire.CodeLocalReset)
	case "lost":
		x.put(chunked, dataFrame(path[:len(path)-1], false))
		x.lose()
	case "mute":
	case "tunnel":
		if x.req.Flags&wire.ReqUpgrade != 0 {
			echo(x)
			return
		}
		x.ok(path)
	default:
		x.ok(path)
	}
}

// TestStorm: whatever visitors and agents do to each other, nobody hears a foreign answer or takes a cut one for whole, and nothing is left behind.
func TestStorm(t *testing.T) {
	w := start(t, stormScript, short(200*time.Millisecond), func(_ *Options, l *limits) { l.late = int64(50 * time.Millisecond) })
	visitors := 24
	if testing.Short() {
		visitors = 8
	}
	var all sync.WaitGroup
	for i := range visitors {
		all.Go(func() {
			rnd := rand.New(rand.NewPCG(7, uint64(i)))
			for j := 0; j < 40; {
				v := w.dial()
				for n := 0; j < 40 && storm(v, rnd, fmt.Sprintf("%d.%d", i, j)); n++ {
					j++
				}
				j++
				if rnd.IntN(2) == 0 {
					v.SetLinger(0)
				}
				v.Close()
			}
		})
	}
	all.Wait()
	until(t, "all have gone", func() bool { return w.s.Stats().Open == 0 })
	for _, x := range w.up.exchanges() {
		x.over()
	}
	if n, _ := w.up.seats(); n != 0 {
		t.Errorf("%d connections are still attached", n)
	}
	if err := w.shutdown(patience); err != nil {
		t.Error(err)
	}
	t.Logf("%+v", w.s.Stats())
}

// storm is one request of a visitor, who may leave at any byte; true: the connection can be used again.
func storm(v *visitor, rnd *rand.Rand, id string) bool {
	ways := []string{"ok", "ok", "late", "echo", "echo", "early", "fail", "cut", "lost", "mute", "tunnel"}
	way := ways[rnd.IntN(len(ways))]
	path := "/" + way + "/" + id
	req := "GET " + path + " HTTP/1." + fmt.Sprint(min(1, rnd.IntN(4))) + "\r\nHost: app.test\r\n"
	size := rnd.IntN(3) * rnd.IntN(100_000)
	switch kind := rnd.IntN(4); {
	case way == "tunnel":
		req += "Connection: Upgrade\r\nUpgrade: echo\r\n\r\n"
	case kind == 0:
		req += fmt.Sprintf("Content-Length: %d\r\n\r\n%s", size, strings.Repeat("y", size))
	case kind == 1 && strings.Contains(req, "HTTP/1.1"):
		req += fmt.Sprintf("Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", size+1, strings.Repeat("y", size+1))
	default:
		req += "\r\n"
	}
	if rnd.IntN(6) == 0 { // leaves in the middle
		_, _ = io.WriteString(v.TCPConn, req[:rnd.IntN(len(req))])
		return false
	}
	sent := make(chan struct{})
	go func() { defer close(sent); _, _ = io.WriteString(v.TCPConn, req) }()
	defer func() { <-sent }()
	if way == "mute" || rnd.IntN(10) == 0 {
		v.SetDeadline(time.Now().Add(time.Duration(rnd.IntN(30)) * time.Millisecond))
		_, _ = v.r.ReadByte()
		return false
	}
	res, err := http.ReadResponse(v.r, &http.Request{Method: "GET"})
	if err != nil {
		if way != "cut" {
			v.t.Errorf("%s: %v", path, err)
		}
		return false
	}
	if res.StatusCode == http.StatusSwitchingProtocols {
		return false
	}
	b, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode == http.StatusOK && string(b) != path {
		v.t.Errorf("%s was answered with %q", path, b)
	}
	return err == nil && !res.Close && way != "early" // after that the rest of an upload ends the connection
}
