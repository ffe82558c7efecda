package agent_test

import (
	"bufio"
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/agent"
	"github.com/adit-tunnel/adit/relay/relaytest"
)

// TestConnIdleHoldsNothing: agent and relay hold no more memory for a connection that waits after much has passed than after little.
func TestConnIdleHoldsNothing(t *testing.T) {
	ca := newAuthority(t)
	crt, key := ca.leaf(t.TempDir(), "my.test")
	service := "tcp://" + localService(t, orders)
	// The last frame is a part of one in each case; of 60,000 bytes it is a large part.
	for name, tt := range map[string]struct {
		e        agent.Endpoint
		up, down int
		keeps    int64 // that is not ours to give back
	}{
		"answer":          {agent.Endpoint{Protocol: "tcp"}, 1, 8_000, 0},
		"large answer":    {agent.Endpoint{Protocol: "tcp"}, 1, 41_000, 0},
		"upload":          {agent.Endpoint{Protocol: "tcp"}, 8_000, 1, 0},
		"large upload":    {agent.Endpoint{Protocol: "tcp"}, 60_000, 1, 0},
		"upload over TLS": {agent.Endpoint{Protocol: "tls", TerminateAt: "agent", Certificate: crt, Key: key}, 41_000, 1, 32 << 10}, // crypto/tls has a record
	} {
		t.Run(name, func(t *testing.T) {
			tt.e.Upstream = service
			relay, embedded := withPorts, func(*agent.Options) {}
			if tt.e.Protocol == "tls" {
				relay, embedded = embeddedRelay, embeddedAgent
			}
			p := pass(t, relaytest.Start(t, relay), tt.e, embedded)
			all := make([]net.Conn, 100)
			for i := range all {
				all[i] = p.dial()
				if tt.e.Protocol == "tls" {
					all[i] = tls.Client(all[i], &tls.Config{RootCAs: ca.pool(), ServerName: "my.test"})
				}
			}
			little, much := heldAfter(t, all, 1, 1), heldAfter(t, all, tt.up, tt.down)
			if much > little+tt.keeps+4<<10 {
				t.Errorf("%d bytes a connection after a little, and %d after much", little, much)
			}
		})
	}
}

// orders takes so many bytes and says so many, as its visitor asks.
func orders(c *net.TCPConn) {
	for {
		var o [8]byte
		if _, err := io.ReadFull(c, o[:]); err != nil {
			return
		}
		if _, err := io.CopyN(io.Discard, c, int64(binary.BigEndian.Uint32(o[:]))); err != nil {
			return
		}
		c.Write(make([]byte, binary.BigEndian.Uint32(o[4:])))
	}
}

// heldAfter has up and down bytes pass over all connections, and returns what there is of memory for each.
func heldAfter(t *testing.T, all []net.Conn, up, down int) int64 {
	t.Helper()
	order := make([]byte, 8+up)
	binary.BigEndian.PutUint32(order, uint32(up))
	binary.BigEndian.PutUint32(order[4:], uint32(down))
	got := make([]byte, down)
	for _, c := range all {
		c.Write(order)
		if _, err := io.ReadFull(c, got); err != nil {
			t.Fatal(err)
		}
	}
	return held(all)
}

// held is what there is of memory for each connection.
func held(all []net.Conn) int64 {
	runtime.GC()
	runtime.GC() // pools keep what they have over one
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc) / int64(len(all))
}

// TestUpgradeIdleHoldsNothing: the agent holds no more for an upgraded connection on which its visitor has not said anything yet than when he has.
func TestUpgradeIdleHoldsNothing(t *testing.T) {
	r := relaytest.Start(t)
	service := localService(t, func(c *net.TCPConn) {
		if _, err := http.ReadRequest(bufio.NewReader(c)); err != nil {
			return
		}
		io.WriteString(c, switching)
		orders(c)
	})
	g := newGuest(t, r, http.NotFoundHandler(), func(_ *agent.Options, e *agent.Endpoint) { e.Upstream = "http://" + service })
	host := strings.TrimPrefix(g.until("URL", online).Endpoints[0].URL, "http://")
	all := make([]net.Conn, 200)
	for i := range all {
		c, err := net.Dial("tcp", g.http)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		all[i] = c
		c.SetDeadline(time.Now().Add(limit))
		fmt.Fprintf(c, "GET / HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: orders\r\n\r\n", host)
		if _, err := io.ReadFull(c, make([]byte, len(switching))); err != nil {
			t.Fatal(err)
		}
	}
	before := held(all)
	heldAfter(t, all, 1, 1)
	if behind := heldAfter(t, all, 1, 1); before > behind+2<<10 {
		t.Errorf("%d bytes a connection before its visitor has said anything, and %d behind that", before, behind)
	}
}

const switching = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: orders\r\n\r\n"
