package wire

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"net"
	"testing"
	"time"
)

// FuzzFrames: whatever comes, a reader returns frames that lie within their type's rules, or an error; decoders never read beyond, and what they read they
// write again in a way that reads the same.
func FuzzFrames(f *testing.F) {
	v := readVectors(f)
	for _, s := range append(v.Frames, v.Invalid...) {
		from, control := s.place()
		b, err := hex.DecodeString(s.Hex)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(uint8(from), control, b)
	}
	f.Add(uint8(fromAgent), false, append(AppendHeader(nil, 0x1e, Skip, 3), "abc\x86\x00\x00\x00"...))
	f.Fuzz(func(t *testing.T, from uint8, control bool, b []byte) {
		s := side(from)
		if s != fromRelay && s != fromAgent {
			s = fromAgent
		}
		fr := newReader(s, control, b)
		defer fr.release()
		var c Content
		c.StartUpgrade()
		for {
			frame, err := fr.next()
			var bad *ProtocolError
			switch {
			case errors.As(err, &bad), err == io.EOF, err == io.ErrUnexpectedEOF:
				return
			case err != nil:
				t.Fatal(err)
			}
			_ = c.Accept(frame)
			checkAgain(t, frame)
		}
	})
}

func checkAgain(t *testing.T, f Frame) {
	t.Helper()
	_, again, err := describe(f)
	if err != nil {
		return
	}
	if f.Type == Msg {
		if _, err := decodeMessage(again[HeaderSize:]); err != nil {
			t.Fatalf("%q: %v", again, err)
		}
		return
	}
	second := Frame{Type: f.Type, Flags: f.Flags, Payload: again[HeaderSize:]}
	if _, third, err := describe(second); err != nil || !bytes.Equal(again, third) {
		t.Fatalf("%x reads as %x, then %x, %v", f.Payload, again, third, err)
	}
}

// FuzzMessage: whatever comes is a message or a protocol error, and a message can be written and read again.
func FuzzMessage(f *testing.F) {
	for _, s := range messageSamples() {
		f.Add(s.raw[HeaderSize:])
	}
	f.Add([]byte(`{"type":"Dance","id":9,"body":{"x":[1,2,{}]}}`))
	f.Add([]byte(`{"type":"Bind","body":null}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := decodeMessage(b)
		if err != nil {
			var bad *ProtocolError
			if !errors.As(err, &bad) {
				t.Fatal(err)
			}
			return
		}
		out, err := appendMessage(nil, m.Type, m.ID, m.Body)
		if err != nil {
			return // what was short may be escaped to be longer
		}
		if again, err := decodeMessage(out[HeaderSize:]); err != nil || again.Type != m.Type || again.ID != m.ID {
			t.Fatalf("%q: %v", out, err)
		}
	})
}

// script is a connection on which a stranger says what was fuzzed and then closes.
type script struct {
	io.Reader
	io.Writer
}

func (script) Close() error                     { return nil }
func (script) LocalAddr() net.Addr              { return memAddr{} }
func (script) RemoteAddr() net.Addr             { return memAddr{} }
func (script) SetDeadline(time.Time) error      { return nil }
func (script) SetReadDeadline(time.Time) error  { return nil }
func (script) SetWriteDeadline(time.Time) error { return nil }

// FuzzHandshake: both sides are safe with strangers.
func FuzzHandshake(f *testing.F) {
	auth, err := appendMessage(appendPreface(nil, 1, 1), MsgAuth, 1, testAuth)
	if err != nil {
		f.Fatal(err)
	}
	answer, err := appendMessage(appendAnswer(nil, 1, 0, 0), MsgWelcome, 1, &Welcome{Account: "a"})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(auth)
	f.Add(auth[:40])
	f.Add(appendPreface(nil, 2, 3))
	f.Add(answer)
	f.Add(appendAnswer(nil, 0, CodeRelayBusy, time.Minute))
	f.Add([]byte("GET / HTTP/1.1\r\n\r\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		var out bytes.Buffer
		asked := false
		w, err := ServerHandshake(script{bytes.NewReader(b), &out}, func(a *Auth) (*Welcome, error) {
			asked = true
			return welcome(a)
		}, nil)
		if (err == nil) != (w != nil) || (err == nil) != asked {
			t.Fatalf("%v, %v, asked %t", w, err, asked)
		}
		if !bytes.HasPrefix(b, []byte(magic)) && out.Len() > 0 {
			t.Fatalf("a stranger got %x", out.Bytes())
		}
		if w, err := ClientHandshake(script{bytes.NewReader(b), io.Discard}, testAuth); (err == nil) != (w != nil) {
			t.Fatal(w, err)
		}
	})
}
