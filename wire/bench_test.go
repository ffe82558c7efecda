package wire

import (
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
)

// serveEcho answers every REQ with a small RESP and DATA in one write, as the agent does.
func serveEcho(l *Leg) {
	for {
		s, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer s.Close()
			answer := func(seq uint32, out []byte) []byte {
				r := Resp{Seq: seq, Body: BodyLength, Length: 128, Head: benchHead}
				out = r.Append(out[:0], 0)
				return append(out, benchData...)
			}
			var out []byte
			for {
				f, err := s.Next()
				if err != nil {
					return
				}
				if f.Type != ReqType {
					continue
				}
				var q Req
				if q.Decode(f.Payload) != nil {
					return
				}
				s.Begin(q.Seq, netip.Addr{})
				out = answer(q.Seq, out)
				if s.WriteContent(out, 128+FrameCost) != nil {
					return
				}
			}
		}()
	}
}

var (
	benchHead = []byte("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 128\r\nDate: Mon, 02 Nov 2026 10:00:00 GMT\r\n\r\n")
	benchData = dataFrame(128, End|Taken)
)

func roundTrip(s *Stream, q *Req, out []byte) ([]byte, error) {
	q.Seq++
	s.Begin(q.Seq, netip.Addr{})
	out = q.Append(out[:0], End)
	if err := s.Write(out); err != nil {
		return out, err
	}
	f, err := s.Next()
	if err != nil {
		return out, err
	}
	var r Resp
	if err := r.Decode(f.Payload); err != nil || r.Seq != q.Seq {
		return out, errors.Join(err, fmt.Errorf("%s", f.Type))
	}
	f, err = s.Next()
	if err == nil {
		s.Took(Cost(f))
	}
	return out, err
}

// BenchmarkRoundTrips is one small exchange after another on each of n streams over TLS on loopback, both ends in this process.
func BenchmarkRoundTrips(b *testing.B) {
	for _, n := range []int{1, 50} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			r, a := tlsPair(b)
			l := startLegs(b, r, a, legSetup{})
			go serveEcho(l.agent)
			streams := make([]*Stream, n)
			for i := range streams {
				streams[i] = openStream(b, l.relay)
			}
			var left atomic.Int64
			left.Store(int64(b.N))
			b.ReportAllocs()
			b.ResetTimer()
			var wg sync.WaitGroup
			for _, s := range streams {
				wg.Go(func() {
					q := Req{Head: []byte("GET / HTTP/1.1\r\nHost: example.com\r\nUser-Agent: bench\r\nAccept: */*\r\n\r\n")}
					var out []byte
					var err error
					for left.Add(-1) >= 0 {
						if out, err = roundTrip(s, &q, out); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "trips/s")
		})
	}
}

// BenchmarkDownload is content as fast as it goes on each of n streams.
func BenchmarkDownload(b *testing.B) {
	for _, n := range []int{1, 8} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			r, a := tlsPair(b)
			l := startLegs(b, r, a, legSetup{})
			b.SetBytes(MaxData)
			b.ReportAllocs()
			var wg sync.WaitGroup
			var left atomic.Int64
			left.Store(int64(b.N))
			for range n {
				s := openStream(b, l.relay)
				s.Begin(1, netip.Addr{})
				peer := acceptStream(b, l.agent)
				peer.Begin(1, netip.Addr{})
				wg.Go(func() {
					buf := dataFrame(MaxData, 0)
					for left.Add(-1) >= 0 {
						if err := peer.WriteContent(buf, MaxData+FrameCost); err != nil {
							b.Error(err)
							return
						}
					}
					PutHeader(buf, Data, End, 0)
					if err := peer.WriteContent(buf[:HeaderSize], FrameCost); err != nil {
						b.Error(err)
					}
				})
				wg.Go(func() {
					for {
						f, err := s.Next()
						if err != nil {
							b.Error(err)
							return
						}
						s.Took(Cost(f))
						if f.Flags&End != 0 {
							return
						}
					}
				})
			}
			wg.Wait()
		})
	}
}
