package edge

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"reflect"
	"testing"

	"github.com/adit-tunnel/adit/http1"
	"github.com/adit-tunnel/adit/wire"
)

// FuzzChunkFrames: chunked content cut anywhere becomes frames with the same chunks, and frames that the protocol allows. sizes makes chunks, cuts
// makes the reads.
func FuzzChunkFrames(f *testing.F) {
	f.Add([]byte{5, 1, 0, 255}, []byte{3}, true)
	f.Add([]byte{1, 1, 1, 1, 1, 1, 1}, []byte{1}, false)
	f.Add([]byte{200, 201, 202}, []byte{250, 255}, true)
	f.Fuzz(func(t *testing.T, sizes, cuts []byte, trailers bool) {
		var in, content []byte
		var want []int
		for i, b := range sizes[:min(len(sizes), 24)] {
			n := chunkSizeOf(b)
			p := bytes.Repeat([]byte{byte(i)}, n)
			content, want = append(content, p...), append(want, n)
			in = append(append(http1.AppendChunkSize(in, uint64(n)), p...), "\r\n"...)
		}
		in = append(in, "0\r\n"...)
		if trailers {
			in = append(in, "X-Sum: 1\r\n"...)
		}
		in = append(in, "\r\nGET next"...)
		x, rest, err := frameUp(t, in, cuts)
		if err != nil || string(rest) != "GET next" {
			t.Fatalf("%v, rest %q", err, rest)
		}
		var got []byte
		var check wire.Content
		check.Start(wire.BodyUntil, 0, false)
		chunks := []int(nil)
		open := 0
		for _, fr := range x.frames {
			if err := check.Accept(fr); err != nil {
				t.Fatal(err)
			}
			switch fr.Type {
			case wire.Chunk:
				size, _ := wire.DecodeChunk(fr.Payload)
				open, chunks = int(size), append(chunks, int(size))
			case wire.Data:
				got = append(got, fr.Payload...)
				if n := len(fr.Payload); open > 0 {
					open -= n
				} else if n > 0 {
					chunks = append(chunks, n)
				}
			}
		}
		if !check.Done() || !bytes.Equal(got, content) || !reflect.DeepEqual(chunks, want) {
			t.Fatalf("chunks %v, want %v; %d bytes, want %d", chunks, want, len(got), len(content))
		}
	})
}

// chunkSizeOf spreads a byte over the sizes where something changes.
func chunkSizeOf(b byte) int {
	if b < 200 {
		return int(b) + 1
	}
	return int(b-200)*1500 + 500
}

// collector is an exchange that keeps what is sent.
type collector struct {
	canned
	t      *testing.T
	frames []wire.Frame
}

func (x *collector) Send(p []byte, cost int, last bool) error {
	sum, end := 0, false
	for len(p) > 0 {
		n := int(binary.BigEndian.Uint32(p) & 0xffffff)
		f := wire.Frame{Type: wire.Type(p[0] & 0x1f), Flags: wire.Flags(p[0] & 0xe0), Payload: bytes.Clone(p[4 : 4+n])}
		x.frames = append(x.frames, f)
		sum, end = sum+wire.Cost(f), f.Flags&wire.End != 0
		p = p[4+n:]
	}
	if sum != cost || end != last || cost > wire.FirstLimit/2 {
		x.t.Fatalf("Send says cost %d last %v, the frames say %d %v", cost, last, sum, end)
	}
	return nil
}

// frameUp plays the uploader: pieces of in arrive as cuts says.
func frameUp(t *testing.T, in, cuts []byte) (x *collector, rest []byte, err error) {
	x = &collector{t: t}
	var buf upBuffer
	cr := chunkReader{batch: batch{c: &conn{}, t: &turn{x: x, count: new(counters)}, last: -1}}
	for i := 0; ; i++ {
		n := len(in)
		if len(cuts) > 0 {
			n = min(n, 1+len(in)/5000+int(cuts[i%len(cuts)])*int(cuts[i%len(cuts)]))
		}
		cr.b, cr.r = buf.b[:], upRoom
		n = copy(buf.b[upRoom:], in[:n])
		in, cr.w = in[n:], upRoom+n
		done, err := cr.take()
		if done || err != nil || n == 0 {
			return x, append(bytes.Clone(cr.b[cr.r:cr.w]), in...), err
		}
	}
}

// FuzzBadChunks: whatever comes, frames are ones the protocol allows.
func FuzzBadChunks(f *testing.F) {
	f.Add([]byte("5\r\nhello\r\n0\r\n\r\n"), []byte{2})
	f.Add([]byte("5;x=y\r\nhello\r\n0\r\nA: b\r\n\r\n"), []byte{1})
	f.Add([]byte("ffffffff\r\nhello"), []byte{})
	f.Fuzz(func(t *testing.T, in, cuts []byte) {
		x, _, _ := frameUp(t, in, cuts)
		var check wire.Content
		check.Start(wire.BodyUntil, 0, false)
		for _, fr := range x.frames {
			if err := check.Accept(fr); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// FuzzFields: fields that are read here and not in http1.
func FuzzFields(f *testing.F) {
	f.Add([]byte("text/html;q=0.3, */*"), []byte("1.2.3.4, [::1]:80, unknown"), []byte("X_Forwarded-For"))
	f.Fuzz(func(t *testing.T, path, chain, name []byte) {
		s := New(Options{Trust: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}})
		c := &origin{s: s, peer: netip.MustParseAddrPort("10.0.0.1:9")}
		if ap := c.client(chain); !ap.IsValid() || ap.Addr().Zone() != "" || ap.Addr().Is4In6() {
			t.Error(ap)
		}
		if r, alias := roleOf(name); r == roleNone && alias || alias != (r != roleNone && bytes.IndexByte(name, '_') >= 0) {
			t.Errorf("%q: %d %v", name, r, alias)
		}
		line := appendQuoted(nil, append(path, chain...))
		for _, b := range line {
			if b < ' ' || b > '~' {
				t.Errorf("%q", line)
			}
		}
	})
}
