package decode

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/klauspost/compress/flate"
)

// frame is a WebSocket frame as a sender writes it.
func frame(first byte, payload string, masked bool) []byte {
	head := []byte{first, byte(len(payload))}
	switch {
	case len(payload) > 0xffff:
		head = binary.BigEndian.AppendUint64([]byte{first, 127}, uint64(len(payload)))
	case len(payload) > 125:
		head = binary.BigEndian.AppendUint16([]byte{first, 126}, uint16(len(payload)))
	}
	data := []byte(payload)
	if masked {
		head[1] |= 0x80
		head = append(head, 1, 2, 3, 4)
		unmask(data, [4]byte{1, 2, 3, 4})
	}
	return append(head, data...)
}

// squeezer compresses messages as permessage-deflate does, each with those before in mind.
type squeezer struct {
	b bytes.Buffer
	w *flate.Writer
}

func (s *squeezer) squeeze(t testing.TB, text string) string {
	t.Helper()
	if s.w == nil {
		s.w, _ = flate.NewWriter(&s.b, 6)
	}
	s.b.Reset()
	if _, err := io.WriteString(s.w, text); err != nil {
		t.Fatal(err)
	}
	if err := s.w.Flush(); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(s.b.String(), "\x00\x00\xff\xff")
}

const (
	plainAnswer    = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\n\r\n"
	deflatedAnswer = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nSec-WebSocket-Extensions: x-a, Permessage-Deflate; server_max_window_bits=15\r\n\r\n"
)

func joinFrames(frames ...[]byte) []byte { return bytes.Join(frames, nil) }

func TestWebSocket(t *testing.T) {
	var s squeezer
	said := "Zoë says that 1, 2, 3 and 5 are primes, which is not so, and that 8 is none, which nobody has doubted"
	first, second, third := s.squeeze(t, said), s.squeeze(t, said+" again"), s.squeeze(t, strings.Repeat("a", MaxPiece+3*window))
	fourth := s.squeeze(t, "aaaaaaaa, and the end")
	if len(second) > len(said)/2 {
		t.Fatal("the second message does not refer to the first")
	}
	for _, c := range []struct {
		name, answer string
		content      []byte
		want         string // opcode, size, offset, end, payload; c compressed, … cut, ! error
	}{
		{"messages", plainAnswer, joinFrames(frame(0x81, "hi", true), frame(0x82, "\x00", false), frame(0x81, strings.Repeat("x", 200), false)),
			"text 2 0-8 hi|binary 1 8-11 \x00|text 200 11-215 " + strings.Repeat("x", 200)},
		{"control within fragments", plainAnswer, joinFrames(frame(0x01, "a", true), frame(0x89, "?", true), frame(0x00, "b", true), frame(0x80, "", true), frame(0x8a, "", true)),
			"ping 1 7-14 ?|text 2 0-27 ab|pong 0 27-33 "},
		{"close", plainAnswer, joinFrames(frame(0x88, "\x03\xe9gone", true), frame(0x88, "", false)), "close 6 0-12 \x03\xe9gone 1001 gone|close 0 12-14 "},
		{"compressed", deflatedAnswer, joinFrames(frame(0xc1, first, true), frame(0x81, "plain", true), frame(0x41, second[:3], true), frame(0x80, second[3:], true)),
			fmt.Sprintf("text %d 0-%d c %s|text 5 %d-%d plain|text %d %d-%d c %s again",
				len(first), len(first)+6, said, len(first)+6, len(first)+17, len(second), len(first)+17, len(first)+17+12+len(second), said)},
		{"compressed, and large", deflatedAnswer, joinFrames(frame(0xc1, first, false), frame(0xc1, second, false), frame(0xc1, third, false), frame(0xc1, fourth, false)),
			"… 1048576 bytes, then aaaaaaaa, and the end"},
		{"compressed, and not agreed", plainAnswer, joinFrames(frame(0xc1, first, true), frame(0x81, "plain", true)),
			fmt.Sprintf("text %d 0-%d c ! %s|text 5 %d-%d plain", len(first), len(first)+6, first, len(first)+6, len(first)+17)},
		{"damaged, and what refers to it", deflatedAnswer, joinFrames(frame(0xc1, "\xff\xff", false), frame(0xc1, second, false), frame(0x81, "plain", false)),
			fmt.Sprintf("text 2 0-4 c … ! |text %d 4-%d c … ! |text 5 %d-%d plain", len(second), len(second)+6, len(second)+6, len(second)+13)},
		{"cut off", plainAnswer, joinFrames(frame(0x81, "hi", true), frame(0x81, "hello", true)[:9]), "text 2 0-8 hi|text 5 8-17 … ! hel"},
		{"cut off in a head", plainAnswer, joinFrames(frame(0x01, "hi", false), frame(0x80, "hello", true)[:4]), "text 2 0-4 ! hi"},
		{"cut off between fragments", plainAnswer, frame(0x01, "hi", false), "text 2 0-4 ! hi"},
		{"claims much", plainAnswer, append([]byte{0x82, 127, 0x7f, 255, 255, 255, 255, 255, 255, 255}, "abc"...), "binary 9223372036854775807 0-13 … ! abc"},
		{"no frames", plainAnswer, []byte("GET / HTTP/1.1\r\n\r\n"), "unknown 0 0-2 ! "},
		{"a message within another", plainAnswer, joinFrames(frame(0x01, "a", false), frame(0x81, "b", false)), "text 1 0-3 ! a"},
		{"nothing", plainAnswer, nil, ""},
	} {
		var got []string
		for m := range WebSocket([]byte(c.answer), bytes.NewReader(c.content)) {
			line := fmt.Sprintf("%s %d %d-%d ", m.Opcode, m.Size, m.Offset, m.End)
			if m.Compressed {
				line += "c "
			}
			if m.Cut {
				line += "… "
			}
			if m.Err != nil {
				line += "! "
			}
			line += string(m.Payload)
			if m.Code != 0 {
				line += fmt.Sprintf(" %d %s", m.Code, m.Reason)
			}
			got = append(got, line)
		}
		all := strings.Join(got, "|")
		if c.name == "compressed, and large" && len(got) == 4 && strings.Contains(got[2], "c … a") && strings.Count(got[2], "a") == MaxPiece {
			_, end, _ := strings.Cut(got[3], " c ")
			all = fmt.Sprintf("… %d bytes, then %s", strings.Count(got[2], "a"), end)
		}
		if all != c.want {
			t.Errorf("%s: %.300q\nwant %.300q", c.name, all, c.want)
		}
	}
}

func TestIsWebSocket(t *testing.T) {
	for answer, want := range map[string]bool{
		plainAnswer: true, deflatedAnswer: true, "HTTP/1.1 200 OK\r\nUpgrade: websocket\r\n\r\n": false, "HTTP/1.1 101 x\r\nUpgrade: h2c\r\n\r\n": false, "": false,
	} {
		if got := IsWebSocket([]byte(answer)); got != want {
			t.Errorf("%q: %v", answer, got)
		}
	}
	content := joinFrames(frame(0x81, "Zoë", true), frame(0x82, "binary", true), frame(0x81, "hi", true))
	if got := Text([]byte("GET / HTTP/1.1\r\n\r\n"), []byte(plainAnswer), content); string(got) != "Zoë\nhi\n" {
		t.Errorf("its text is %q", got)
	}
}

func TestEvents(t *testing.T) {
	for _, c := range []struct{ content, want string }{
		{"data: a\n\ndata:b\r\n\r\ndata: c\r\rdata:  d\n\n", "0-9 a|9-19 b|19-28 c|28-38  d"},
		{"\xef\xbb\xbfevent: push\ndata: 1\ndata\ndata: 2\nid: 7\nretry: 10\nother: x\n\n", "3-62 1\n\n2 push id=7 retry=10"},
		{": hi\n:there\n\nid: 1\n\n\n\ndata:\n\n", "0-13 :hi\nthere untold|13-20 id=1 untold|22-29 "},
		{"data: a\n\ndata: b\n", "0-9 a|9-17 b untold !"},
		{"data: a", "0-7 a untold !"},
		{"\n\n\r\n", ""},
		{"", ""},
		{"<html>", "0-6 untold !"},
	} {
		var got []string
		for e := range Events(strings.NewReader(c.content)) {
			line := fmt.Sprintf("%d-%d %s", e.Offset, e.End, e.Payload)
			for _, part := range []struct {
				is   bool
				text string
			}{
				{e.Name != "", " " + e.Name}, {e.ID != "", " id=" + e.ID}, {e.Retry != "", " retry=" + e.Retry},
				{e.Comment != "", ":" + e.Comment}, {!e.Told, " untold"}, {e.Err != nil, " !"},
			} {
				if part.is {
					line += part.text
				}
			}
			got = append(got, strings.ReplaceAll(line, "  ", " "))
		}
		if all := strings.Join(got, "|"); all != strings.ReplaceAll(c.want, "  ", " ") {
			t.Errorf("%q: %q, want %q", c.content, all, c.want)
		}
	}
	long := "data: " + strings.Repeat("x", MaxPiece+100) + "\n\ndata: end\n\n"
	var got []Event
	for e := range Events(strings.NewReader(long)) {
		got = append(got, e)
	}
	if len(got) != 2 || len(got[0].Payload) > MaxPiece || !got[0].Cut || string(got[1].Payload) != "end" {
		t.Errorf("%d events of a long line", len(got))
	}
}

func TestGRPC(t *testing.T) {
	message := func(flags byte, payload []byte) []byte {
		return append(binary.BigEndian.AppendUint32([]byte{flags}, uint32(len(payload))), payload...)
	}
	squeezed := encode(t, "gzip", []byte("hello"))
	for _, c := range []struct {
		name    string
		content []byte
		want    string
	}{
		{"messages", joinFrames(message(0, []byte("hi")), message(0, nil), message(0x80, []byte("grpc-status: 0"))), "0-7 2 hi|7-12 0 |12-31 14 trailers grpc-status: 0"},
		{"compressed", message(1, squeezed), fmt.Sprintf("0-%d %d hello", len(squeezed)+5, len(squeezed))},
		{"damaged", message(1, []byte("hello")), "0-10 5  !"},
		{"cut off", message(0, []byte("hello"))[:7], "0-7 5 he !"},
		{"cut off in its head", message(0, nil)[:3], "0-3 0  !"},
		{"not gRPC", []byte("<html>"), "0-5 0  !"},
		{"claims much", []byte("\x00\xff\xff\xff\xffabc"), "0-8 4294967295 abc !"},
	} {
		var got []string
		for m := range GRPC("gzip", bytes.NewReader(c.content)) {
			line := fmt.Sprintf("%d-%d %d ", m.Offset, m.End, m.Size)
			if m.Trailers {
				line += "trailers "
			}
			line += string(m.Payload)
			if m.Err != nil {
				line += " !"
			}
			got = append(got, line)
		}
		if all := strings.Join(got, "|"); all != c.want {
			t.Errorf("%s: %q, want %q", c.name, all, c.want)
		}
	}
}

// FuzzDecode gives the same bytes to all decoders: none may panic, hang, or give more than it may.
func FuzzDecode(f *testing.F) {
	for _, coding := range []string{"gzip", "deflate", "raw", "br", "zstd"} {
		f.Add("Content-Encoding: "+strings.Replace(coding, "raw", "deflate", 1), encode(f, coding, []byte("what was sent")))
	}
	var s squeezer
	f.Add("Upgrade: websocket\r\nSec-WebSocket-Extensions: permessage-deflate", joinFrames(frame(0xc1, s.squeeze(f, "hello"), true), frame(0x88, "\x03\xe8", true)))
	f.Add("Content-Type: multipart/form-data; boundary=x", []byte("--x\r\n\r\n{\"a\":\"\\u00eb\"}\r\n--x--"))
	f.Add("Content-Type: text/event-stream", []byte("data: a\r\n\r\n\x00\x00\x00\x00\x01a"))
	f.Fuzz(func(t *testing.T, fields string, content []byte) {
		head := []byte("HTTP/1.1 101 x\r\n" + fields + "\r\n\r\n")
		for _, answer := range [][]byte{nil, head} {
			if got := Text(head, answer, content); len(got) > 3*MaxText { // a byte of Latin-1 takes up to three in UTF-8
				t.Fatalf("%d bytes of text", len(got))
			}
		}
		check := func(p Piece) {
			if p.Offset < 0 || p.End < p.Offset || p.End > int64(len(content)) || len(p.Payload) > MaxPiece {
				t.Fatalf("a piece from %d to %d of %d bytes, %d kept", p.Offset, p.End, len(content), len(p.Payload))
			}
		}
		for m := range WebSocket(head, bytes.NewReader(content)) {
			check(m.Piece)
		}
		for e := range Events(bytes.NewReader(content)) {
			check(e.Piece)
		}
		for m := range GRPC("gzip", bytes.NewReader(content)) {
			check(m.Piece)
		}
	})
}
