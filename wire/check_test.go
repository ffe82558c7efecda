package wire

import (
	"errors"
	"testing"
)

func TestContent(t *testing.T) {
	data := func(n int, f Flags) Frame { return Frame{Data, f, make([]byte, n)} }
	chunk := func(n uint64) Frame { return Frame{Chunk, 0, AppendChunk(nil, n)[HeaderSize:]} }
	trailers := Frame{Trailers, End, []byte("A: b\r\n")}
	const aborted, fine, open = Code(1), Code(0), Code(2) // beside real codes: how the last frame is taken
	tests := []struct {
		name   string
		body   Body
		length uint64
		end    bool
		frames []Frame
		want   Code // of the last frame, or of Start
	}{
		{"none", BodyNone, 0, true, nil, fine},
		{"none without END", BodyNone, 0, false, nil, CodeBadFraming},
		{"none, then DATA", BodyNone, 0, true, []Frame{data(1, 0)}, CodeFrameOrder},
		{"none, then empty DATA", BodyNone, 0, true, []Frame{data(0, End)}, CodeFrameOrder},
		{"length 0", BodyLength, 0, true, nil, fine},
		{"length 0 without END", BodyLength, 0, false, nil, CodeBadFraming},
		{"length, END at once", BodyLength, 5, true, nil, aborted},
		{"length", BodyLength, 5, false, []Frame{data(3, 0), data(2, End)}, fine},
		{"length not yet", BodyLength, 5, false, []Frame{data(3, 0)}, open},
		{"length without END", BodyLength, 5, false, []Frame{data(5, 0)}, CodeBadFraming},
		{"beyond the length", BodyLength, 5, false, []Frame{data(3, 0), data(3, End)}, CodeBadFraming},
		{"short of the length", BodyLength, 5, false, []Frame{data(3, 0), data(1, End)}, aborted},
		{"short, empty END", BodyLength, 5, false, []Frame{data(3, 0), data(0, End)}, aborted},
		{"CHUNK with length", BodyLength, 5, false, []Frame{chunk(5)}, CodeFrameOrder},
		{"TRAILERS with length", BodyLength, 5, false, []Frame{trailers}, CodeFrameOrder},
		{"more after END", BodyLength, 5, false, []Frame{data(5, End), data(1, End)}, CodeFrameOrder},
		{"empty DATA", BodyUntil, 0, false, []Frame{data(0, 0)}, CodeFrameSize},
		{"too long DATA", BodyUntil, 0, false, []Frame{data(MaxData+1, 0)}, CodeFrameSize},
		{"until", BodyUntil, 0, false, []Frame{data(1, 0), data(MaxData, 0), data(9, End)}, fine},
		{"until, END alone", BodyUntil, 0, false, []Frame{data(1, 0), data(0, End)}, fine},
		{"until, END at once", BodyUntil, 0, true, nil, CodeBadFraming},
		{"chunk", BodyUntil, 0, false, []Frame{chunk(5), data(3, 0), data(2, 0), chunk(1), data(1, End)}, fine},
		{"chunk beside bare DATA", BodyUntil, 0, false, []Frame{data(9, 0), chunk(5), data(5, 0), data(9, 0), data(0, End)}, fine},
		{"chunk of 0", BodyUntil, 0, false, []Frame{chunk(0)}, CodeBadFraming},
		{"chunk in a chunk", BodyUntil, 0, false, []Frame{chunk(5), data(3, 0), chunk(2)}, CodeFrameOrder},
		{"chunk in a chunk at once", BodyUntil, 0, false, []Frame{chunk(5), chunk(5)}, CodeFrameOrder},
		{"beyond the chunk", BodyUntil, 0, false, []Frame{chunk(5), data(6, 0)}, CodeBadFraming},
		{"END inside a chunk", BodyUntil, 0, false, []Frame{chunk(5), data(3, End)}, aborted},
		{"empty END inside a chunk", BodyUntil, 0, false, []Frame{chunk(5), data(3, 0), data(0, End)}, aborted},
		{"TRAILERS", BodyUntil, 0, false, []Frame{data(3, 0), trailers}, fine},
		{"TRAILERS alone", BodyUntil, 0, false, []Frame{trailers}, fine},
		{"TRAILERS inside a chunk", BodyUntil, 0, false, []Frame{chunk(5), data(3, 0), trailers}, aborted},
		{"TRAILERS without END", BodyUntil, 0, false, []Frame{{Trailers, 0, nil}}, CodeFrameOrder},
		{"TRAILERS too long", BodyUntil, 0, false, []Frame{{Trailers, End, make([]byte, MaxTrailers+1)}}, CodeFrameSize},
		{"after TRAILERS", BodyUntil, 0, false, []Frame{trailers, data(1, End)}, CodeFrameOrder},
		{"CHUNK with END", BodyUntil, 0, false, []Frame{{Chunk, End, make([]byte, 8)}}, CodeBadFraming},
		{"RESP inside", BodyUntil, 0, false, []Frame{{RespType, 0, nil}}, CodeFrameOrder},
		{"tunnel", BodyTunnel, 0, false, []Frame{data(3, 0), data(0, End)}, fine},
		{"tunnel, END at once", BodyTunnel, 0, true, nil, CodeBadFraming},
		{"CHUNK in a tunnel", BodyTunnel, 0, false, []Frame{chunk(1)}, CodeFrameOrder},
		{"TRAILERS in a tunnel", BodyTunnel, 0, false, []Frame{trailers}, CodeFrameOrder},
		{"unknown body", 4, 0, false, nil, CodeBadFraming},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var c Content
			err := c.Start(tt.body, tt.length, tt.end)
			for i, f := range tt.frames {
				if err != nil {
					t.Fatalf("before frame %d: %v", i, err)
				}
				err = c.Accept(f)
			}
			switch tt.want {
			case fine:
				if err != nil || !c.Done() {
					t.Errorf("%v, done %t", err, c.Done())
				}
			case open:
				if err != nil || c.Done() {
					t.Errorf("%v, done %t", err, c.Done())
				}
			case aborted:
				if !errors.Is(err, ErrAborted) {
					t.Error(err)
				}
			default:
				wantCode(t, err, tt.want)
			}
		})
	}
}

func TestContentBeforeStart(t *testing.T) {
	var c Content
	wantCode(t, c.Accept(Frame{Data, End, nil}), CodeFrameOrder)
}

func TestContentUpgrade(t *testing.T) {
	some := Frame{Data, 0, []byte("x")}
	var c Content
	c.StartUpgrade()
	wantCode(t, c.Accept(some), CodeFrameOrder)
	wantCode(t, c.Accept(Frame{Chunk, 0, make([]byte, 8)}), CodeFrameOrder)
	c.Tunnel()
	if err := errors.Join(c.Accept(some), c.Accept(Frame{Data, End, nil})); err != nil || !c.Done() {
		t.Error(err)
	}
	c.Tunnel()
	wantCode(t, c.Accept(some), CodeFrameOrder)
	c.StartUpgrade() // declined
	if err := c.Accept(Frame{Data, End, nil}); err != nil || !c.Done() {
		t.Error(err)
	}
}

func TestContentDoesNotAllocate(t *testing.T) {
	chunk, data, end := Frame{Chunk, 0, AppendChunk(nil, 5)[HeaderSize:]}, Frame{Data, 0, make([]byte, 5)}, Frame{Data, End, nil}
	n := testing.AllocsPerRun(100, func() {
		var c Content
		if c.Start(BodyUntil, 0, false) != nil || c.Accept(chunk) != nil || c.Accept(data) != nil || c.Accept(end) != nil {
			t.Fatal("refused")
		}
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestCost(t *testing.T) {
	for typ, want := range map[Type]int{Data: 10 + FrameCost, InfoType: 10 + FrameCost, Chunk: 10 + FrameCost, Trailers: 10 + FrameCost, RespType: 0, ReqType: 0, Abort: 0, Msg: 0} {
		if got := Cost(Frame{Type: typ, Payload: make([]byte, 10)}); got != want {
			t.Errorf("%s costs %d", typ, got)
		}
	}
	if got := Cost(Frame{Type: Data, Payload: make([]byte, MaxData)}); got > maxCost {
		t.Errorf("the longest DATA costs %d, more than half the smallest window", got)
	}
}
