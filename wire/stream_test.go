package wire

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestCreditBothWays(t *testing.T) {
	transports(t, func(t *testing.T, r, a net.Conn) {
		l := startLegs(t, r, a, legSetup{})
		s := openStream(t, l.relay)
		peer := acceptStream(t, l.agent)
		s.Begin(1, netip.Addr{})
		peer.Begin(1, netip.Addr{})
		const size = 8 << 20
		send := func(s *Stream) error {
			b := dataFrame(MaxData, 0)
			for left := size; left > 0; left -= MaxData {
				if left <= MaxData {
					b = dataFrame(left, End)
				}
				if err := s.WriteContent(b, len(b)-HeaderSize+FrameCost); err != nil {
					return err
				}
			}
			return nil
		}
		receive := func(s *Stream) (n int, err error) {
			for {
				f, err := s.Next()
				if err != nil {
					return n, err
				}
				n += len(f.Payload)
				s.Took(Cost(f))
				if f.Flags&End != 0 {
					return n, nil
				}
			}
		}
		var wg sync.WaitGroup
		for _, x := range []*Stream{s, peer} {
			wg.Go(func() {
				if err := send(x); err != nil {
					t.Error(err)
				}
			})
			wg.Go(func() {
				if n, err := receive(x); n != size || err != nil {
					t.Error(n, err)
				}
			})
		}
		within(t, "16 MiB", wg.Wait)
	})
}

func TestCreditTakesAtomically(t *testing.T) {
	var c sendCredit
	c.more = make(chan struct{}, 1)
	c.begin()
	n := testing.AllocsPerRun(100, func() {
		c.begin()
		for c.take(1000) {
		}
	})
	if n != 0 || c.sent.Load() != FirstLimit/1000*1000 {
		t.Errorf("%v allocations, %d taken", n, c.sent.Load())
	}
	if c.grant(FirstLimit - 1) {
		t.Error("the limit was lowered")
	}
	if !c.grant(FirstLimit) || c.take(1000) {
		t.Error("the same limit granted something")
	}
	if !c.grant(FirstLimit+1000) || !c.take(1000) {
		t.Error("nothing was granted")
	}
}

func TestOverCredit(t *testing.T) {
	l, _, s, _ := relayAlone(t, LegOptions{}, nil)
	st := openStream(t, l)
	st.Begin(1, netip.Addr{})
	mux, err := s.mux.AcceptStream()
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if _, err := mux.Write(dataFrame(MaxData, 0)); err != nil {
			t.Fatal(err)
		}
	}
	mustNext(t, st, Data)
	mustNext(t, st, Data)
	_, err = st.Next()
	wantCode(t, err, CodeOverCredit)
}

// TestWriteOnABrokenLink: a link that takes nothing is lost, though reading goes on for a while.
func TestWriteOnABrokenLink(t *testing.T) {
	l, _, _, r := relayAlone(t, LegOptions{}, nil)
	st := openStream(t, l)
	r.out.set(func() { r.out.gone = true })
	within(t, "a write that fails", func() {
		for {
			if err := st.Write(dataFrame(1, 0)); err != nil {
				if !errors.Is(err, ErrLinkLost) {
					t.Error(err)
				}
				return
			}
		}
	})
}

func TestWriteContentWaits(t *testing.T) {
	l, _, s, _ := relayAlone(t, LegOptions{}, nil)
	fill := func() (*Stream, chan error) {
		st := openStream(t, l)
		st.Begin(1, netip.Addr{})
		st.Handle(newMemory())
		done := make(chan error, 1)
		go func() {
			var err error
			for err == nil {
				err = st.WriteContent(dataFrame(MaxData, 0), MaxData+FrameCost)
			}
			done <- err
		}()
		eventually(t, "waiting", func() bool { return st.out.sent.Load() == 2*(MaxData+FrameCost) })
		return st, done
	}
	wait := func(done chan error) error {
		select {
		case err := <-done:
			return err
		case <-time.After(testTime):
			return errors.New("it still waits")
		}
	}
	t.Run("stop", func(t *testing.T) {
		st, done := fill()
		s.say(t, appendStop(nil, signal{stream: st.ID(), seq: 1}))
		if err := wait(done); err != ErrStopped {
			t.Error(err)
		}
		if st.TryCredit(1) {
			t.Error("credit after STOP")
		}
		st.Begin(2, netip.Addr{})
		if !st.TryCredit(1) {
			t.Error("no credit for the next exchange")
		}
	})
	t.Run("reset", func(t *testing.T) {
		st, done := fill()
		s.say(t, appendReset(nil, signal{stream: st.ID(), seq: 1, code: CodeProtocol}))
		if err := wait(done); err != ErrReset {
			t.Error(err)
		}
		st.Begin(2, netip.Addr{})
		if err := st.Write(dataFrame(1, 0)); err != ErrReset {
			t.Error(err)
		}
	})
	t.Run("close", func(t *testing.T) {
		st, done := fill()
		st.Close()
		if err := wait(done); err != ErrClosed {
			t.Error(err)
		}
		if _, err := st.Next(); err != ErrClosed {
			t.Error(err)
		}
	})
	t.Run("credit", func(t *testing.T) {
		st, done := fill()
		s.say(t, appendCredit(nil, signal{stream: st.ID(), seq: 1, limit: FirstLimit + MaxData}))
		eventually(t, "one more frame", func() bool { return st.out.sent.Load() == 3*(MaxData+FrameCost) })
		st.Close()
		_ = wait(done)
	})
	t.Run("never", func(t *testing.T) {
		st := openStream(t, l)
		st.Begin(1, netip.Addr{})
		st.TryCredit(FirstLimit)
		if err := st.WriteContent(dataFrame(1, 0), maxCost+1); err == nil {
			t.Error("it took what may never be granted")
		}
	})
}

func TestTooManyStreams(t *testing.T) {
	r, a := memPair(1 << 20)
	l := startLegs(t, r, a, legSetup{})
	var streams []*Stream
	for range MaxStreams {
		streams = append(streams, openStream(t, l.relay))
	}
	_, err := l.relay.Open(context.Background(), &OpenFrame{})
	wantCode(t, err, CodeTooManyStreams)
	streams[7].Close()
	eventually(t, "a free place", func() bool { return l.relay.Streams() == MaxStreams-1 })
	openStream(t, l.relay)
	for range MaxStreams + 1 {
		if _, err := l.agent.Accept(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestOpenEnds: Open returns with its context even while the link takes nothing, and leaves nothing behind.
func TestOpenEnds(t *testing.T) {
	r, a := memPair(16)
	l := startLegs(t, r, a, legSetup{})
	eventually(t, "a round trip", func() bool { return l.relay.RTT() > 0 })
	a.freeze(true)
	s, err := l.relay.Open(context.Background(), &OpenFrame{}) // gathers
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	go func() { _ = s.Write(make([]byte, 8*gatherMin)) }() // blocks
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	var last error
	within(t, "Open", func() {
		for last == nil {
			var s *Stream
			if s, last = l.relay.Open(ctx, &OpenFrame{}); s != nil {
				s.Close()
			}
		}
	})
	if !errors.Is(last, context.DeadlineExceeded) {
		t.Error(last)
	}
	a.freeze(false)
	_ = l.relay.Close()
	eventually(t, "every stream's end", func() bool { return l.relay.Streams() <= 1 })
}

// TestWriteIsNotTorn: long writes from two goroutines do not mix, though smux cuts them.
func TestWriteIsNotTorn(t *testing.T) {
	r, a := memPair(64 << 10)
	l := startLegs(t, r, a, legSetup{})
	s := openStream(t, l.relay)
	peer := acceptStream(t, l.agent)
	const each = 20
	for w := range 2 {
		go func() {
			q := Req{Seq: uint32(w), Head: bytes.Repeat([]byte{byte('a' + w)}, 60000)}
			for range each {
				if err := s.Write(q.Append(nil, End)); err != nil {
					t.Error(err)
				}
			}
		}()
	}
	for range 2 * each {
		var q Req
		if err := q.Decode(mustNext(t, peer, ReqType).Payload); err != nil {
			t.Fatal(err)
		}
		if want := strings.Repeat(string(rune('a'+q.Seq)), 60000); string(q.Head) != want {
			t.Fatal("two heads are mixed")
		}
	}
}

// TestControlBesideBulk: with 200 writers of bulk the control stream stays quick, because 8 of them write at once.
func TestControlBesideBulk(t *testing.T) {
	r, a := tlsPair(t)
	l := startLegs(t, r, a, legSetup{})
	var wg sync.WaitGroup
	for range 200 {
		s := openStream(t, l.relay)
		s.Begin(1, netip.Addr{})
		peer := acceptStream(t, l.agent)
		peer.Begin(1, netip.Addr{})
		wg.Go(func() {
			b := dataFrame(MaxData, 0)
			for peer.WriteContent(b, MaxData+FrameCost) == nil {
			}
		})
		wg.Go(func() {
			for {
				f, err := s.Next()
				if err != nil {
					return
				}
				s.Took(Cost(f))
			}
		})
	}
	if n := len(l.agent.places); n > maxPlaces {
		t.Errorf("%d places are taken", n)
	}
	for range 20 {
		ping(t, l.relay)
	}
	_ = l.relay.Close()
	within(t, "everybody's end", wg.Wait)
}

func TestStreamEnds(t *testing.T) {
	r, a := memPair(64 << 10)
	l := startLegs(t, r, a, legSetup{})
	s := openStream(t, l.relay)
	peer := acceptStream(t, l.agent)
	if err := peer.Write(dataFrame(5, 0)); err != nil {
		t.Fatal(err)
	}
	if err := peer.Write(dataFrame(5, 0)[:6]); err != nil {
		t.Fatal(err)
	}
	peer.Close()
	s.Begin(1, netip.Addr{})
	mustNext(t, s, Data)
	if _, err := s.Next(); err != io.ErrUnexpectedEOF {
		t.Error(err)
	}
	s2 := openStream(t, l.relay)
	acceptStream(t, l.agent).Close()
	if _, err := s2.Next(); err != io.EOF {
		t.Error(err)
	}
}

func TestErrorTexts(t *testing.T) {
	for want, err := range map[string]error{
		"ADIT-5005 BAD_SEQ: x":   &ProtocolError{CodeBadSeq, "x"},
		"ADIT-1002 BAD_TOKEN: x": &FatalError{Code: CodeBadToken, Text: "x"},
		"ADIT-1002 BAD_TOKEN: The relay does not know this token.": &FatalError{Code: CodeBadToken},
	} {
		if err.Error() != want {
			t.Error(fmt.Sprint(err))
		}
	}
}
