package wire

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"testing/iotest"
)

// wantCode fails unless err is a *ProtocolError with that code.
func wantCode(t testing.TB, err error, code Code) {
	t.Helper()
	var bad *ProtocolError
	if !errors.As(err, &bad) || bad.Code != code {
		t.Fatalf("error is %v, not %v", err, code)
	}
}

func newReader(from side, control bool, b []byte) *frameReader {
	return &frameReader{src: bytes.NewReader(b), from: from, control: control}
}

func TestHeader(t *testing.T) {
	for _, typ := range []Type{Open, Credit, 0x1f} {
		for _, f := range []Flags{0, End, Taken | Skip, End | Taken | Skip} {
			for _, n := range []int{0, 1, 255, 65536, maxLength} {
				b := AppendHeader(nil, typ, f, n)
				if got := unpackHeader(b); got != (header{typ, f, n}) {
					t.Errorf("%x reads as %+v", b, got)
				}
				var p [HeaderSize]byte
				PutHeader(p[:], typ, f, n)
				if !bytes.Equal(p[:], b) {
					t.Errorf("PutHeader %x, AppendHeader %x", p, b)
				}
			}
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("a length of 25 bits was written")
		}
	}()
	AppendHeader(nil, Data, 0, maxLength+1)
}

func TestHeaderCheck(t *testing.T) {
	tests := []struct {
		name    string
		h       header
		from    side
		control bool
		code    Code
	}{
		{"req", header{ReqType, End, ReqSize}, fromRelay, false, 0},
		{"req from the agent", header{ReqType, 0, ReqSize}, fromAgent, false, CodeFrameOrder},
		{"req on control", header{ReqType, 0, ReqSize}, fromRelay, true, CodeFrameOrder},
		{"req too short", header{ReqType, 0, ReqSize - 1}, fromRelay, false, CodeFrameSize},
		{"req too long", header{ReqType, 0, ReqSize + MaxExt + MaxHead + 1}, fromRelay, false, CodeFrameSize},
		{"req with taken", header{ReqType, End | Taken, ReqSize}, fromRelay, false, CodeFrameOrder},
		{"resp taken", header{RespType, End | Taken, RespSize}, fromAgent, false, 0},
		{"resp taken without end", header{RespType, Taken, RespSize}, fromAgent, false, CodeFrameOrder},
		{"data", header{Data, 0, MaxData}, fromRelay, false, 0},
		{"data too long", header{Data, 0, MaxData + 1}, fromRelay, false, CodeFrameSize},
		{"data taken from the relay", header{Data, End | Taken, 1}, fromRelay, false, CodeFrameOrder},
		{"data may be skipped", header{Data, End | Skip, 1}, fromRelay, false, 0},
		{"info with end", header{InfoType, End, 10}, fromAgent, false, CodeFrameOrder},
		{"info too long", header{InfoType, 0, seqSize + MaxInfo + 1}, fromAgent, false, CodeFrameSize},
		{"fail without end", header{FailType, 0, failSize}, fromAgent, false, CodeFrameOrder},
		{"trailers without end", header{Trailers, 0, 5}, fromRelay, false, CodeFrameOrder},
		{"abort", header{Abort, End, abortSize}, fromAgent, false, 0},
		{"abort from the relay", header{Abort, End, abortSize}, fromRelay, false, CodeFrameOrder},
		{"chunk with end", header{Chunk, End, chunkSize}, fromRelay, false, CodeFrameOrder},
		{"stop from the relay", header{Stop, 0, stopSize}, fromRelay, true, CodeFrameOrder},
		{"ping of 7", header{Ping, 0, 7}, fromRelay, true, CodeFrameSize},
		{"msg", header{Msg, 0, MaxMessage}, fromAgent, true, 0},
		{"msg too long", header{Msg, 0, MaxMessage + 1}, fromAgent, true, CodeFrameSize},
		{"msg on data", header{Msg, 0, 2}, fromAgent, false, CodeFrameOrder},
		{"unknown", header{0x1f, 0, 0}, fromAgent, false, CodeUnknownFrame},
		{"type 0", header{0, End, 0}, fromAgent, false, CodeUnknownFrame},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			skip, err := tt.h.check(tt.from, tt.control)
			if skip {
				t.Error("it would be skipped")
			}
			if tt.code != 0 {
				wantCode(t, err, tt.code)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}

func TestUnknownFrames(t *testing.T) {
	big := make([]byte, 300<<10)
	in := append(AppendHeader(nil, 0x1e, Skip, len(big)), big...)
	in = append(in, AppendHeader(nil, 0x1d, Skip|End, 0)...)
	in = append(in, dataFrame(7, End)...)
	in = append(in, AppendHeader(nil, 0x1e, End, 3)...)
	fr := newReader(fromAgent, false, in)
	f, err := fr.next()
	if err != nil || f.Type != Data || len(f.Payload) != 7 || f.Flags != End {
		t.Fatalf("%+v, %v", f, err)
	}
	_, err = fr.next()
	wantCode(t, err, CodeUnknownFrame)
	for _, n := range []int{2, HeaderSize, 1000} {
		_, err = newReader(fromAgent, false, in[:n]).next()
		if err != io.ErrUnexpectedEOF {
			t.Errorf("cut at %d while skipping: %v", n, err)
		}
	}
}

// TestHeaderBeforePayload: what a header announces wrongly is refused before its payload came.
func TestHeaderBeforePayload(t *testing.T) {
	for _, h := range [][]byte{AppendHeader(nil, Data, 0, MaxData+1), AppendHeader(nil, 0x1f, 0, 5)} {
		fr := frameReader{src: io.MultiReader(bytes.NewReader(h), iotest.ErrReader(errors.New("it reads on"))), from: fromAgent}
		_, err := fr.next()
		var bad *ProtocolError
		if !errors.As(err, &bad) {
			t.Error(err)
		}
	}
}

// TestCutFrames: every frame of the vectors, cut at every byte, is an unexpected end, and whole when it comes byte by byte.
func TestCutFrames(t *testing.T) {
	for _, v := range readVectors(t).Frames {
		from, control := v.place()
		whole := v.bytes(t)
		for cut := range whole {
			fr := newReader(from, control, whole[:cut])
			_, err := fr.next()
			want := io.ErrUnexpectedEOF
			if cut == 0 {
				want = io.EOF
			}
			if err != want {
				t.Fatalf("%s cut at %d: %v", v.Name, cut, err)
			}
			fr.release()
		}
		fr := frameReader{src: iotest.OneByteReader(bytes.NewReader(whole)), from: from, control: control}
		f, err := fr.next()
		if err != nil || !bytes.Equal(f.Payload, whole[HeaderSize:]) {
			t.Errorf("%s byte by byte: %v", v.Name, err)
		}
		fr.release()
	}
}

// pushes hands out one push a read, as smux does.
type pushes [][]byte

func (p *pushes) Read(b []byte) (int, error) {
	if len(*p) == 0 {
		return 0, io.EOF
	}
	n := copy(b, (*p)[0])
	(*p)[0] = (*p)[0][n:]
	if len((*p)[0]) == 0 {
		*p = (*p)[1:]
	}
	return n, nil
}

func TestReaderBuffers(t *testing.T) {
	req := (&Req{Head: make([]byte, MaxHead), Ext: AppendExt(nil, 9, make([]byte, MaxExt-extHeader))}).Append(nil, 0)
	src := pushes{dataFrame(100, 0), dataFrame(MaxData, 0), dataFrame(MaxData, 0), req[:32768], req[32768:65536], req[65536:], dataFrame(MaxData, 0), dataFrame(1, End)}
	fr := frameReader{src: &src, from: fromRelay}
	steps := []struct{ payload, buffer, reads int }{
		{100, smallBuffer, 7}, {MaxData, mediumBuffer, 6}, {MaxData, mediumBuffer, 5},
		{len(req) - HeaderSize, largeBuffer, 2}, {MaxData, mediumBuffer, 1}, {1, mediumBuffer, 0},
	}
	for i, s := range steps {
		f, err := fr.next()
		if err != nil || len(f.Payload) != s.payload {
			t.Fatalf("step %d: %d bytes, %v", i, len(f.Payload), err)
		}
		if len(fr.buf) != s.buffer || len(src) != s.reads {
			t.Errorf("step %d: buffer of %d, %d pushes left; want %d, %d", i, len(fr.buf), len(src), s.buffer, s.reads)
		}
	}
	fr.idle()
	if fr.buf != nil {
		t.Error("an idle reader keeps a buffer")
	}
}

// TestReaderIdleKeepsUnread: what was read ahead survives the change of buffers.
func TestReaderIdleKeepsUnread(t *testing.T) {
	src := pushes{append(dataFrame(30000, 0), dataFrame(5, End)...)}
	fr := frameReader{src: &src, from: fromRelay}
	if _, err := fr.next(); err != nil {
		t.Fatal(err)
	}
	if !fr.buffered() {
		t.Error("the second frame is not seen")
	}
	fr.idle()
	if len(fr.buf) != smallBuffer || !fr.buffered() {
		t.Errorf("buffer of %d", len(fr.buf))
	}
	if f, err := fr.next(); err != nil || len(f.Payload) != 5 {
		t.Fatal(f, err)
	}
	if fr.buffered() {
		t.Error("nothing is left")
	}
}

func TestReaderDoesNotAllocate(t *testing.T) {
	frame := dataFrame(MaxData, 0)
	src := &endless{frame: frame}
	fr := frameReader{src: src, from: fromRelay}
	var c Content
	if err := c.Start(BodyUntil, 0, false); err != nil {
		t.Fatal(err)
	}
	n := testing.AllocsPerRun(100, func() {
		f, err := fr.next()
		if err == nil {
			err = c.Accept(f)
		}
		if err != nil {
			t.Fatal(err)
		}
	})
	if n >= 1 {
		t.Errorf("%v allocations a frame", n)
	}
}

// endless repeats a frame, one push each.
type endless struct {
	frame []byte
	at    int
}

func (e *endless) Read(b []byte) (int, error) {
	n := copy(b, e.frame[e.at:])
	e.at = (e.at + n) % len(e.frame)
	return n, nil
}

// TestReaderAwait: a reader waits without a buffer; what came, or the end, is told by next all the same, and what lies there already is not waited for.
func TestReaderAwait(t *testing.T) {
	whole := dataFrame(30000, 0)
	src := pushes{whole[:2], whole[2:], append(dataFrame(1, 0), dataFrame(5, End)...)}
	fr := frameReader{src: &src, from: fromRelay}
	for i, payload := range []int{30000, 1, 5} {
		left := len(src)
		fr.await()
		if i == 2 && left != len(src) {
			t.Error("it reads on though a frame lies there")
		}
		if f, err := fr.next(); err != nil || len(f.Payload) != payload {
			t.Fatal(f, err)
		}
	}
	fr.await()
	if fr.buf != nil {
		t.Error("a buffer is held at the end")
	}
	if _, err := fr.next(); err != io.EOF {
		t.Error(err)
	}
}
