package wire

import (
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"testing"
)

// answerAtRandom answers each REQ with INFOs, a head of any size and content in frames of any size, several of them in one write, within its credit.
func answerAtRandom(s *Stream, rnd *rand.Rand) error {
	for {
		f, err := s.Next()
		if err != nil {
			return err
		}
		if f.Type != ReqType {
			continue
		}
		var q Req
		if err := q.Decode(f.Payload); err != nil {
			return err
		}
		s.Begin(q.Seq, netip.Addr{})
		for range rnd.IntN(3) {
			info := Info{Seq: q.Seq, Head: make([]byte, rnd.IntN(MaxInfo))}
			if err := s.WriteContent(info.Append(nil), len(info.Head)+seqSize+FrameCost); err != nil {
				return err
			}
		}
		resp := Resp{Seq: q.Seq, Body: BodyUntil, Head: make([]byte, rnd.IntN(MaxHead+1))}
		if err := s.Write(resp.Append(nil, 0)); err != nil {
			return err
		}
		if err := contentAtRandom(s, rnd); err != nil {
			return err
		}
	}
}

func contentAtRandom(s *Stream, rnd *rand.Rand) error {
	most := []int{1, 1, 100, MaxData}[rnd.IntN(4)] // of one answer
	var p []byte
	for range 20 + rnd.IntN(1000) {
		p = p[:0]
		cost := 0
		for range 1 + rnd.IntN(3) {
			n := 1 + rnd.IntN(most)
			if cost+n+FrameCost > maxCost {
				break
			}
			p = append(p, dataFrame(n, 0)...)
			cost += n + FrameCost
		}
		if err := s.WriteContent(p, cost); err != nil {
			return err
		}
		if most == MaxData && rnd.IntN(50) == 0 {
			break
		}
	}
	return s.WriteContent(dataFrame(0, End|Taken), FrameCost)
}

// readAtRandom sends requests one after another, and takes what comes of the answers now and then.
func readAtRandom(s *Stream, rnd *rand.Rand, exchanges int) error {
	for seq := uint32(1); seq <= uint32(exchanges); seq++ {
		s.Begin(seq, netip.Addr{})
		if err := s.Write((&Req{Seq: seq}).Append(nil, End)); err != nil {
			return err
		}
		owed := 0
		for over := false; !over; {
			f, err := s.Next()
			if err != nil {
				return err
			}
			owed += Cost(f)
			over = f.Flags&End != 0
			if over || !s.Buffered() || rnd.IntN(20) == 0 { // before it waits it must
				s.Took(owed)
				owed = 0
			}
		}
		s.Idle()
	}
	return nil
}

// TestGuardSparesAnyHonest: whatever an agent that holds the rules sends, on many streams at once, exchange after exchange, no guard ends its leg.
func TestGuardSparesAnyHonest(t *testing.T) {
	transports(t, func(t *testing.T, r, a net.Conn) {
		l := startLegs(t, r, a, legSetup{})
		var wg sync.WaitGroup
		for i := range uint64(8) {
			s := openStream(t, l.relay)
			peer := acceptStream(t, l.agent)
			go func() { _ = answerAtRandom(peer, rand.New(rand.NewPCG(1, i))) }()
			wg.Go(func() {
				if err := readAtRandom(s, rand.New(rand.NewPCG(2, i)), 20); err != nil {
					t.Errorf("stream %d: %v", s.ID(), err)
				}
			})
		}
		within(t, "all exchanges", wg.Wait)
	})
}

// TestGuardKnowsTheHead: when the head has been read, only content may be unread, and no more of it than was granted.
func TestGuardKnowsTheHead(t *testing.T) {
	for _, tt := range []struct {
		name string
		head []byte
		kind Type
	}{
		{"RESP", (&Resp{Seq: 1, Body: BodyUntil, Head: make([]byte, MaxHead)}).Append(nil, 0), RespType},
		{"READY", AppendReady(nil, 1), Ready},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l, end, conn := rawAgent(t)
			s := openStream(t, l)
			s.Begin(1, netip.Addr{})
			if _, err := conn.Write(inPushes(s.ID(), tt.head)); err != nil {
				t.Fatal(err)
			}
			mustNext(t, s, tt.kind)
			push := muxFrame(muxPSH, s.ID(), dataFrame(MaxData, 0))
			if _, err := conn.Write(repeated(2, push)); err != nil { // all that was granted
				t.Fatal(err)
			}
			mustNext(t, s, Data)
			mustNext(t, s, Data)
			_, _ = conn.Write(repeated(4, push))
			wantCode(t, waitEnd(t, end), CodeOverCredit)
		})
	}
}

// inPushes is b as smux carries it.
func inPushes(id uint32, b []byte) (all []byte) {
	for len(b) > 0 {
		n := min(len(b), smuxFrame)
		all = append(all, muxFrame(muxPSH, id, b[:n])...)
		b = b[n:]
	}
	return all
}
