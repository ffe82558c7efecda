package wire

import (
	"math"
	"net/netip"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

var sameAddr = cmp.Comparer(func(a, b netip.AddrPort) bool { return a == b })

// payload is a frame without its header, which is checked on the way.
func payload(t testing.TB, from side, frame []byte) []byte {
	t.Helper()
	f, err := newReader(from, false, frame).next()
	if err != nil {
		t.Fatal(err)
	}
	return f.Payload
}

func TestReqRoundTrip(t *testing.T) {
	for _, q := range []Req{
		{},
		{Seq: math.MaxUint32, Flags: 0xff, Version: 0x30, Body: BodyLength, Hops: 255, Length: math.MaxUint64, ID: sampleID, Start: time.UnixMicro(math.MaxInt64),
			Conn: math.MaxUint64, Client: mustAddr("[fe80::1]:65535"), ServerPort: 65535, Ext: AppendExt(nil, 1, make([]byte, MaxExt-extHeader)), Head: make([]byte, MaxHead)},
		{Seq: 1, Client: mustAddr("10.0.0.1:0"), Body: BodyUntil, Head: []byte("x")},
		{Seq: 1, Client: mustAddr("0.0.0.0:80")},
	} {
		var got Req
		if err := got.Decode(payload(t, fromRelay, q.Append(nil, 0))); err != nil {
			t.Fatal(err)
		}
		if q.Start.IsZero() {
			q.Start = time.UnixMicro(0)
		}
		if d := cmp.Diff(q, got, sameAddr, cmpopts.EquateEmpty()); d != "" {
			t.Error(d)
		}
	}
}

func TestReqSaturates(t *testing.T) {
	var got Req
	q := Req{Start: time.Date(1903, 1, 1, 0, 0, 0, 0, time.UTC), Length: 9, Body: BodyNone}
	p := payload(t, fromRelay, q.Append(nil, End))
	if err := got.Decode(p); err != nil || got.Start.UnixMicro() != 0 || got.Length != 0 {
		t.Errorf("%v, %v, length %d", err, got.Start, got.Length)
	}
	be.PutUint64(p[32:], math.MaxUint64)
	if err := got.Decode(p); err != nil || got.Start.UnixMicro() != math.MaxInt64 {
		t.Errorf("%v, %v", err, got.Start)
	}
}

func TestReservedBytesAreIgnored(t *testing.T) {
	req := payload(t, fromRelay, (&Req{Seq: 1}).Append(nil, End))
	req[70], req[71] = 1, 2
	resp := payload(t, fromAgent, (&Resp{Seq: 1}).Append(nil, End))
	resp[30], resp[31] = 1, 2
	open := payload(t, fromRelay, (&OpenFrame{Handle: 9}).Append(nil))
	open[1] = 7
	fail := payload(t, fromAgent, (&Fail{Seq: 1}).Append(nil, true))
	fail[7] = 7
	var q Req
	var a Resp
	var o OpenFrame
	var f Fail
	for _, err := range []error{q.Decode(req), a.Decode(resp), o.Decode(open), f.Decode(fail)} {
		if err != nil {
			t.Error(err)
		}
	}
}

func TestRespTimes(t *testing.T) {
	for _, tt := range []struct{ in, held, connect time.Duration }{
		{-time.Second, 0, 0},
		{1500 * time.Microsecond, time.Millisecond, 1500 * time.Microsecond},
		{math.MaxInt64, math.MaxUint32 * time.Millisecond, math.MaxUint32 * time.Microsecond},
	} {
		a := Resp{Held: tt.in, Connect: tt.in, Wait: tt.in, Tries: math.MaxUint16}
		var got Resp
		if err := got.Decode(payload(t, fromAgent, a.Append(nil, End))); err != nil {
			t.Fatal(err)
		}
		if got.Held != tt.held || got.Connect != tt.connect || got.Wait != tt.connect || got.Tries != math.MaxUint16 {
			t.Errorf("%v reads as %+v", tt.in, got)
		}
	}
}

func TestFailText(t *testing.T) {
	var got Fail
	f := Fail{Seq: 1, Text: longText}
	if err := got.Decode(payload(t, fromAgent, f.Append(nil, true))); err != nil {
		t.Fatal(err)
	}
	if len(got.Text) != MaxText || !strings.HasPrefix(longText, got.Text) {
		t.Errorf("%d bytes", len(got.Text))
	}
	f.Text = "x" + longText
	if err := got.Decode(payload(t, fromAgent, f.Append(nil, true))); err != nil || len(got.Text) != MaxText-1 || !utf8.ValidString(got.Text) {
		t.Errorf("%v, %d bytes", err, len(got.Text))
	}
	if err := got.Decode([]byte("\x00\x00\x00\x01\x07\xd1\x00\x00\xff!")); err != nil || got.Text != "\ufffd!" || got.Code != CodeLocalRefused {
		t.Errorf("%v, %+v", err, got)
	}
}

// TestShortPayloads: no decoder reads beyond what it got.
func TestShortPayloads(t *testing.T) {
	for n := range ReqSize {
		p := make([]byte, n)
		if n < openSize {
			wantCode(t, new(OpenFrame).Decode(p), CodeFrameSize)
			wantCode(t, new(Fail).Decode(p), CodeFrameSize)
		}
		if n < abortSize {
			wantCode(t, new(AbortFrame).Decode(p), CodeFrameSize)
		}
		if n < seqSize {
			wantCode(t, new(Info).Decode(p), CodeFrameSize)
			_, err := DecodeReady(p)
			wantCode(t, err, CodeFrameSize)
		}
		if n != chunkSize {
			_, err := DecodeChunk(p)
			wantCode(t, err, CodeFrameSize)
		}
		if n < RespSize {
			wantCode(t, new(Resp).Decode(p), CodeFrameSize)
		}
		wantCode(t, new(Req).Decode(p), CodeFrameSize)
	}
	wantCode(t, new(Req).Decode(make([]byte, ReqSize+MaxHead+1)), CodeFrameSize)
	wantCode(t, new(OpenFrame).Decode(make([]byte, openSize+1)), CodeFrameSize)
}

func TestExt(t *testing.T) {
	ext := AppendExt(AppendExt(AppendExt(nil, ExtSNI, []byte("a.b")), 250, nil), ExtALPN, []byte("h2"))
	var got []string
	if err := EachExt(ext, func(typ uint8, v []byte) { got = append(got, string(rune('0'+typ%10))+string(v)) }); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"2a.b", "0", "3h2"}, got); d != "" {
		t.Error(d)
	}
	for cut := range ext {
		err := EachExt(ext[:cut], nil)
		if whole := cut == 0 || cut == 6 || cut == 9; whole != (err == nil) {
			t.Errorf("cut at %d: %v", cut, err)
		}
	}
	wantCode(t, EachExt(make([]byte, MaxExt+3), nil), CodeFrameSize)
}

func TestAppendDoesNotAllocate(t *testing.T) {
	q := Req{Seq: 1, Start: time.Now(), Client: mustAddr("1.2.3.4:5"), Head: []byte("GET / HTTP/1.1\r\n\r\n")}
	a := Resp{Seq: 1, Head: q.Head}
	buf := make([]byte, 0, 1024)
	n := testing.AllocsPerRun(100, func() {
		p := q.Append(buf, End)
		var q2 Req
		if q2.Decode(p[HeaderSize:]) != nil {
			t.Fatal("refused")
		}
		p = a.Append(buf, End|Taken)
		var a2 Resp
		if a2.Decode(p[HeaderSize:]) != nil {
			t.Fatal("refused")
		}
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}
