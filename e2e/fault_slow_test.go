package e2e

import (
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

const (
	slowRate = 20 << 10 // bytes a second, each way
	// linkHolds is what the slow link's socket takes in before it stops its sender. All of it is read at once, so that the sender's window opens
	// wide now and then: one that stays nearly shut is not a slow line but a receiver that does not read, and TCP_USER_TIMEOUT ends that.
	linkHolds = 32 << 10
)

// slowLink passes connections on to addr, as slowly as rate says once that is set.
type slowLink struct {
	ln   net.Listener
	rate atomic.Int64 // bytes a second each way; 0: as fast as it goes
}

func newSlowLink(t *testing.T, addr string) *slowLink {
	t.Helper()
	lc := net.ListenConfig{Control: holdsLittle}
	ln, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &slowLink{ln: ln}
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go s.join(c, addr)
		}
	}()
	t.Cleanup(func() { _ = ln.Close() })
	return s
}

func holdsLittle(_, _ string, raw syscall.RawConn) (err error) {
	if cerr := raw.Control(func(fd uintptr) {
		err = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, linkHolds)
	}); cerr != nil {
		return cerr
	}
	return err
}

func (s *slowLink) join(c net.Conn, addr string) {
	defer c.Close()
	d := net.Dialer{Control: holdsLittle}
	up, err := d.Dial("tcp", addr)
	if err != nil {
		return
	}
	defer up.Close()
	go func() {
		s.pump(up, c)
		_ = up.Close()
	}()
	s.pump(c, up)
}

// pump paces one direction.
func (s *slowLink) pump(to io.Writer, from io.Reader) {
	buf := make([]byte, 4*linkHolds)
	for {
		n, err := from.Read(buf)
		if err != nil {
			return
		}
		for piece := range slices.Chunk(buf[:n], 1<<10) {
			if _, err := to.Write(piece); err != nil {
				return
			}
			if rate := s.rate.Load(); rate > 0 {
				time.Sleep(time.Duration(len(piece)) * time.Second / time.Duration(rate))
			}
		}
	}
}

func slowFault() row {
	var link *slowLink
	return row{
		name: "link of 20 KiB/s, 50 requests at once", silent: true, survive: true,
		before: func(w *world) {
			link = newSlowLink(w.t, w.agents)
			w.link = link.ln.Addr().String()
		},
		fault: func(w *world) {
			link.rate.Store(slowRate)
			w.crowd()
			w.load.mend()
			link.rate.Store(0)
		},
		demand: func(w *world) {
			if l := w.load; l.count[cut]+l.count[crossed]+l.reached > 0 {
				w.t.Errorf("%d requests were cut or lost", l.count[cut]+l.count[crossed]+l.reached)
			}
			said := w.agent.stderr.text()
			if n := strings.Count(said, `msg="endpoint online"`); n != 1 || strings.Contains(said, "no session") {
				w.t.Errorf("the slow link was taken for a dead one:\n%s", w.agent.stderr.tail())
			}
		},
	}
}

// crowd sends fifty requests at once, a megabyte of content up and half of one down, and lets a visitor leave in the midst of a download of its own: the
// service must hear of that while the others' content is still waiting for its turn.
func (w *world) crowd() {
	leaver := question{id: w.load.last.Add(1), size: 8 << 20, pieces: 1}
	c, err := net.Dial("tcp", w.public)
	if err != nil {
		w.t.Fatal(err)
	}
	defer c.Close()
	if err := leaver.write(c, w.host(), true); err != nil {
		w.t.Fatal(err)
	}
	var over sync.WaitGroup
	for i := range 50 {
		q := question{size: 200, pieces: 1}
		switch i % 5 {
		case 0:
			q.size = 50 << 10
		case 1, 2:
			q.post, q.sent = true, 56<<10
		}
		over.Add(1)
		go func() {
			defer over.Done()
			v := w.load.visitor(false)
			w.load.put(v, q)
			w.load.leaves(v)
		}()
	}
	all := make(chan struct{})
	go func() { over.Wait(); close(all) }()
	if _, err := io.ReadFull(c, make([]byte, 8<<10)); err != nil {
		w.t.Errorf("the download does not begin: %v", err)
	}
	left := time.Now()
	_ = c.Close()
	select {
	case at := <-w.service.missed:
		w.out.note = "the service heard of a visitor that left after " + at.Sub(left).Round(10*time.Millisecond).String()
	case <-all:
		w.t.Error("the service did not hear of the visitor that left while others were served")
	}
	<-all
}
