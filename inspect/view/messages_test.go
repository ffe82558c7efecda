package view

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/inspect"
)

func stream(head, body string, passed ...inspect.Passed) inspect.Message {
	n := int64(len(body))
	return inspect.Message{Head: []byte(head + "\r\n\r\n"), Body: []byte(body), Kept: n, Size: n, Whole: true, Passed: passed}
}

func TestMessages(t *testing.T) {
	const upgrade = "GET / HTTP/1.1\r\nUpgrade: websocket"
	masked := "\x81\x82\x01\x02\x03\x04\x69\x6b" // "hi"
	for _, c := range []struct {
		name              string
		request, response inspect.Message
		upgraded          bool
		want              string
	}{
		{
			"WebSocket", stream(upgrade, masked+"\x88\x80\x00\x00\x00\x00", inspect.Passed{Offset: 0, After: 2e6}, inspect.Passed{Offset: 8, After: 4e6}),
			stream("HTTP/1.1 101 S\r\nUpgrade: websocket", "\x01\x01{\x80\x01}\x89\x00\x82\x02\xff\x00\x88\x06\x03\xe8bye\x1b", inspect.Passed{Offset: 0, After: 1e6},
				inspect.Passed{Offset: 3, After: 3e6}, inspect.Passed{Offset: 8, After: 5e6}),
			true,
			`2ms request text "hi" | 3ms response text "{}" | 3ms response ping "" | 4ms request close "" | 5ms response binary "\xff\x00" | 5ms response close 1000 "bye\x1b"`,
		},
		{
			"another upgrade", stream("GET / HTTP/1.1\r\nUpgrade: x", "abcd", inspect.Passed{Offset: 0, After: 1e6}, inspect.Passed{Offset: 3, After: 3e6}),
			stream("HTTP/1.1 101 S\r\nUpgrade: x", "xyz", inspect.Passed{Offset: 0, After: 2e6}), true,
			`1ms request bytes "abc" | 2ms response bytes "xyz" | 3ms request bytes "d"`,
		},
		{
			"event stream", stream("GET / HTTP/1.1", ""),
			stream("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8", ": hi\n\nevent: tick\x1b\nid: 7\ndata: a\ndata: b\n\ndata: cut", inspect.Passed{After: 1e6}), false,
			`1ms response comment "hi" | 1ms response event tick\x1b #7 "a\nb" | 1ms response event "cut" (the recording ends within it)`,
		},
		{
			"event stream in a coding", stream("GET / HTTP/1.1", ""),
			stream("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Encoding: gzip", gzipped("data: a\n\n"), inspect.Passed{After: 1e6}), false,
			`0s response event "a"`,
		},
		{
			"gRPC", stream("POST /s/M HTTP/1.1\r\nContent-Type: application/grpc", "\x00\x00\x00\x00\x02\x08\x01"),
			stream("HTTP/1.1 200 OK\r\nContent-Type: application/grpc\r\nGrpc-Encoding: gzip", "\x00\x00\x00\x00\x00"), false,
			`0s request message "\b\x01" | 0s response message ""`,
		},
		{
			"gRPC that was answered with a page", stream("POST /s/M HTTP/1.1\r\nContent-Type: application/grpc", "\x00\x00\x00\x00\x02\x08\x01"),
			stream("HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html", "<html>"), false,
			`0s request message "\b\x01"`,
		},
		{"no stream", stream("GET / HTTP/1.1", "x"), stream("HTTP/1.1 200 OK", "x"), false, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			x := &inspect.Exchange{Upgraded: c.upgraded, Request: inspect.Request{Message: c.request}, Response: &inspect.Response{Message: c.response}}
			var got []string
			for m := range Messages(x, nil, nil) {
				text := fmt.Sprint(m.After, " ", m.Side, " ", m.Kind)
				if m.Name != "" {
					text += " " + m.Name
				}
				if m.ID != "" {
					text += " #" + m.ID
				}
				text += fmt.Sprintf(" %q", m.Payload)
				if m.Note != "" {
					text += " (" + m.Note + ")"
				}
				got = append(got, text)
			}
			if all := strings.Join(got, " | "); all != c.want {
				t.Errorf("got\n%s\nwant\n%s", all, c.want)
			}
		})
	}
}

func TestMessageOpen(t *testing.T) {
	for _, c := range []struct {
		m    Message
		kind Kind
		want string
	}{
		{Message{Kind: "text", Payload: []byte(`{"a":1}`)}, JSON, "{|  \"a\": 1|}"},
		{Message{Kind: "text", Payload: []byte("hi\x1b")}, Text, `hi\x1b`},
		{Message{Kind: "binary", Payload: []byte("\x00")}, Binary, "00000000  00                                                |.|"},
		{Message{Kind: "message", Payload: []byte("\x08\x01"), media: "application/protobuf"}, Protobuf, "1: 1"},
		{Message{Kind: "close"}, Empty, ""},
	} {
		if got := c.m.Open(Limits{}); got.Kind != c.kind || joined(got) != c.want {
			t.Errorf("%+v is %s: %s", c.m, got.Kind, joined(got))
		}
	}
}

func TestTimingAddsUp(t *testing.T) {
	x := &inspect.Exchange{Duration: 100 * time.Millisecond, Connect: 10 * time.Millisecond, Wait: 60 * time.Millisecond, Response: &inspect.Response{}}
	if got := fmt.Sprint(Timing(x)); !strings.HasPrefix(got, "[{connect 0s 10ms ") || !strings.Contains(got, "{wait 10ms 60ms ") || !strings.Contains(got, "{transfer 70ms 30ms ") {
		t.Error(got)
	}
	x = &inspect.Exchange{Duration: 5 * time.Millisecond, Wait: time.Second}
	if got := Timing(x); len(got) != 1 || got[0].Took != x.Duration {
		t.Error(got)
	}
}

func TestFacts(t *testing.T) {
	m := stream("POST /h HTTP/1.1\r\nStripe-Signature: x\r\nAuthorization: Bearer "+token+"\r\nContent-Type: application/json", `{"type":"invoice.paid"}`)
	m.Size, m.Tail = 5<<20, []byte("}")
	x := &inspect.Exchange{
		ID: "1\x1b", Endpoint: "api", Duration: time.Second, State: inspect.Failed, ReplayOf: "0", Edited: true, Resigned: true, To: "http://x\x1b", Tries: 2,
		Request: inspect.Request{Method: "POST", Target: "/h", Host: "x.test", Message: m},
		Failure: &inspect.Failure{Code: 2001, Name: "LOCAL_REFUSED", Text: "Nothing listens.", Remedy: "Start it."},
	}
	var got []string
	for _, f := range Facts(inspect.Item{Exchange: x, Tags: []string{"a", "b"}, Pinned: true}) {
		got = append(got, f.Label+"="+f.Value)
	}
	want := "Request=POST /h|Host=x.test|From=stripe · invoice.paid|Status=LOCAL_REFUSED|State=failed|Failure=ADIT-2001 LOCAL_REFUSED: Nothing listens.|" +
		"What to do=Start it.|Endpoint=api|Started=0001-01-01 00:00:00.000 +00:00|Took=1.00 s|" +
		"Request content=5 MiB application/json, of which the first 23 B and the last 1 B were kept|Tries=2|" +
		"Token=HS256 in Authorization, expires 2018-01-18 01:30:22 UTC; the signature has not been verified|Replay of=0, edited, signed anew, sent to http://x\\x1b|Tags=a, b|" +
		"Pinned=yes: it is kept when older exchanges make room|ID=1\\x1b"
	if all := strings.Join(got, "|"); all != want {
		t.Errorf("got\n%s\nwant\n%s", all, want)
	}
}
