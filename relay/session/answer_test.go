package session

import (
	"errors"
	"testing"

	"github.com/adit-tunnel/adit/wire"
)

// frames cuts appended frames.
func frames(t testing.TB, b []byte) []wire.Frame {
	t.Helper()
	var all []wire.Frame
	for len(b) > 0 {
		if len(b) < wire.HeaderSize || frameSize(b) < wire.HeaderSize {
			t.Fatal("half a frame")
		}
		n := frameSize(b)
		all = append(all, wire.Frame{Type: wire.Type(b[0] & 0x1f), Flags: wire.Flags(b[0] &^ 0x1f), Payload: b[wire.HeaderSize:n]})
		b = b[n:]
	}
	return all
}

func resp(seq uint32, body wire.Body, length uint64, f wire.Flags) []byte {
	a := wire.Resp{Seq: seq, Body: body, Length: length, Head: []byte("HTTP/1.1 200 OK\r\n\r\n")}
	return a.Append(nil, f)
}

func data(content string, f wire.Flags) []byte {
	return append(wire.AppendHeader(nil, wire.Data, f, len(content)), content...)
}

func info(seq uint32) []byte {
	i := wire.Info{Seq: seq, Head: []byte("HTTP/1.1 103 Early Hints\r\n\r\n")}
	return i.Append(nil)
}

func fail(seq uint32, code wire.Code, undelivered bool) []byte {
	f := wire.Fail{Seq: seq, Code: code, Undelivered: undelivered, Text: "no"}
	return f.Append(nil, true)
}

func abort(seq uint32) []byte {
	f := wire.AbortFrame{Seq: seq, Code: wire.CodeLocalEarlyEnd}
	return f.Append(nil)
}

func ready(seq uint32) []byte { return wire.AppendReady(nil, seq) }

func join(all ...[]byte) (b []byte) {
	for _, p := range all {
		b = append(b, p...)
	}
	return b
}

func TestAnswer(t *testing.T) {
	const done = wire.End | wire.Taken
	many := make([][]byte, wire.MaxInfos+1)
	for i := range many {
		many[i] = info(7)
	}
	for _, c := range []struct {
		name    string
		bytes   []byte
		kind    wire.Kind
		upgrade bool
		unsent  bool
		code    wire.Code // of the protocol error at the last frame; 0: fine
		aborted bool      // ErrAborted
		clean   bool
	}{
		{name: "whole", bytes: join(resp(7, wire.BodyLength, 2, 0), data("ok", done)), clean: true},
		{name: "empty", bytes: resp(7, wire.BodyLength, 0, done), clean: true},
		{name: "info first", bytes: join(info(7), info(7), resp(7, wire.BodyNone, 0, done)), clean: true},
		{name: "not taken", bytes: resp(7, wire.BodyLength, 0, wire.End)},
		{name: "taken before it was sent", bytes: resp(7, wire.BodyLength, 0, done), unsent: true, code: wire.CodeFrameOrder},
		{name: "fail", bytes: fail(7, wire.CodeLocalRefused, true), clean: true},
		{name: "abort", bytes: join(resp(7, wire.BodyLength, 9, 0), data("ok", 0), abort(7))},
		{name: "tunnel", bytes: join(resp(7, wire.BodyTunnel, 0, 0), data("x", done)), upgrade: true},
		{name: "declined upgrade", bytes: resp(7, wire.BodyLength, 0, done), upgrade: true},
		{name: "END on chunked RESP", bytes: resp(7, wire.BodyUntil, 0, done), code: wire.CodeBadFraming},
		{name: "END on a tunnel's RESP", bytes: resp(7, wire.BodyTunnel, 0, done), upgrade: true, code: wire.CodeBadFraming},
		{name: "wrong seq", bytes: resp(8, wire.BodyLength, 0, done), code: wire.CodeBadSeq},
		{name: "old seq in info", bytes: info(6), code: wire.CodeBadSeq},
		{name: "wrong seq in fail", bytes: fail(6, wire.CodeLocalReset, false), code: wire.CodeBadSeq},
		{name: "wrong seq in abort", bytes: join(resp(7, wire.BodyUntil, 0, 0), abort(6)), code: wire.CodeBadSeq},
		{name: "two RESP", bytes: join(resp(7, wire.BodyUntil, 0, 0), resp(7, wire.BodyUntil, 0, 0)), code: wire.CodeFrameOrder},
		{name: "info behind RESP", bytes: join(resp(7, wire.BodyUntil, 0, 0), info(7)), code: wire.CodeFrameOrder},
		{name: "fail behind RESP", bytes: join(resp(7, wire.BodyUntil, 0, 0), fail(7, wire.CodeLocalReset, false)), code: wire.CodeFrameOrder},
		{name: "DATA first", bytes: data("x", 0), code: wire.CodeFrameOrder},
		{name: "abort first", bytes: abort(7), code: wire.CodeFrameOrder},
		{name: "DATA behind END", bytes: join(resp(7, wire.BodyLength, 0, done), data("x", 0)), code: wire.CodeFrameOrder},
		{name: "RESP behind END", bytes: join(resp(7, wire.BodyLength, 0, done), resp(7, wire.BodyLength, 0, done)), code: wire.CodeFrameOrder},
		{name: "a tunnel unasked", bytes: resp(7, wire.BodyTunnel, 0, 0), code: wire.CodeBadFraming},
		{name: "too many infos", bytes: join(many...), code: wire.CodeFrameOrder},
		{name: "a frame of the control stream", bytes: wire.AppendHeader(nil, wire.Msg, 0, 0), code: wire.CodeFrameOrder},
		{name: "a connection", kind: wire.KindTCP, bytes: join(ready(7), data("x", 0), data("y", done))},
		{name: "a connection's half-close", kind: wire.KindTLS, bytes: join(ready(7), data("", wire.End))},
		{name: "a connection refused", kind: wire.KindTCP, bytes: fail(7, wire.CodeLocalRefused, true)},
		{name: "a connection aborted", kind: wire.KindTCP, bytes: join(ready(7), data("x", 0), abort(7))},
		{name: "DATA before READY", kind: wire.KindTCP, bytes: data("x", 0), code: wire.CodeFrameOrder},
		{name: "two READY", kind: wire.KindTCP, bytes: join(ready(7), ready(7)), code: wire.CodeFrameOrder},
		{name: "READY behind END", kind: wire.KindTCP, bytes: join(ready(7), data("", done), ready(7)), code: wire.CodeFrameOrder},
		{name: "another's READY", kind: wire.KindTCP, bytes: ready(8), code: wire.CodeBadSeq},
		{name: "FAIL behind READY", kind: wire.KindTCP, bytes: join(ready(7), fail(7, wire.CodeLocalReset, false)), code: wire.CodeFrameOrder},
		{name: "RESP of a connection", kind: wire.KindTCP, bytes: resp(7, wire.BodyUntil, 0, 0), code: wire.CodeFrameOrder},
		{name: "INFO of a connection", kind: wire.KindTLS, bytes: info(7), code: wire.CodeFrameOrder},
		{name: "CHUNK of a connection", kind: wire.KindTCP, bytes: join(ready(7), wire.AppendChunk(nil, 2)), code: wire.CodeFrameOrder},
		{name: "READY of a request", bytes: ready(7), code: wire.CodeFrameOrder},
		{name: "cut short", bytes: join(resp(7, wire.BodyLength, 9, 0), data("ok", done)), aborted: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			var a answer
			a.begin(7, c.kind, c.upgrade)
			all := frames(t, c.bytes)
			for i, f := range all {
				err := a.accept(f, !c.unsent)
				if i < len(all)-1 {
					if err != nil {
						t.Fatalf("frame %d: %v", i, err)
					}
					continue
				}
				var pe *wire.ProtocolError
				switch {
				case c.aborted && !errors.Is(err, wire.ErrAborted):
					t.Fatalf("want ErrAborted, got %v", err)
				case c.aborted:
				case c.code == 0 && err != nil:
					t.Fatal(err)
				case c.code != 0 && (!errors.As(err, &pe) || pe.Code != c.code):
					t.Fatalf("want %v, got %v", c.code, err)
				}
			}
			if c.code == 0 && a.clean() != c.clean {
				t.Fatalf("clean is %v", a.clean())
			}
		})
	}
}

// FuzzAnswer: whatever an agent sends, nothing is accepted behind END, and no content before RESP or READY.
func FuzzAnswer(f *testing.F) {
	f.Add(join(info(7), resp(7, wire.BodyLength, 2, 0), data("ok", wire.End|wire.Taken)), uint8(wire.KindHTTP), false)
	f.Add(join(resp(7, wire.BodyUntil, 0, 0), wire.AppendChunk(nil, 2), data("ok", 0), data("", wire.End)), uint8(wire.KindHTTP), true)
	f.Add(join(resp(7, wire.BodyTunnel, 0, 0), data("ok", 0), abort(7)), uint8(wire.KindHTTP), true)
	f.Add(fail(7, wire.CodeLocalReset, true), uint8(wire.KindHTTP), false)
	f.Add(join(ready(7), data("ok", 0), data("", wire.End)), uint8(wire.KindTCP), false)
	f.Fuzz(func(t *testing.T, b []byte, kind uint8, upgrade bool) {
		var a answer
		a.begin(7, wire.Kind(kind), upgrade)
		ended, begun := false, false
		for len(b) >= wire.HeaderSize {
			n := frameSize(b)
			fr := wire.Frame{Type: wire.Type(b[0] & 0x1f), Flags: wire.Flags(b[0] &^ 0x1f), Payload: b[wire.HeaderSize:n]}
			b = b[n:]
			if a.accept(fr, true) != nil {
				return
			}
			content := fr.Type == wire.Data || fr.Type == wire.Chunk || fr.Type == wire.Trailers
			if ended || content && !begun {
				t.Fatalf("accepted %v where it must not be", fr.Type)
			}
			begun = begun || fr.Type == wire.RespType || fr.Type == wire.Ready
			ended = fr.Flags&wire.End != 0
			if ended != a.over() {
				t.Fatalf("END %v but over %v", ended, a.over())
			}
		}
	})
}
