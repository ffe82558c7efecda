package view

import (
	"net/netip"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/inspect"
)

// BenchmarkAppendExchange: a line is written for each exchange, however many there are.
func BenchmarkAppendExchange(b *testing.B) {
	x := &inspect.Exchange{
		ID: "0193a2b4-5c6d-7e8f-9a0b-1c2d3e4f5a6b", Endpoint: "command_line", Start: time.Now(), Duration: 1234567, State: inspect.Done,
		Client: netip.MustParseAddrPort("127.0.0.1:40000"),
		Request: inspect.Request{Method: "GET", Target: "/small", Host: "web.example.com", Message: inspect.Message{
			Head: []byte("GET /small HTTP/1.1\r\nHost: web.example.com\r\nX-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: web.example.com\r\nUser-Agent: x\r\n\r\n"),
		}},
		Response: &inspect.Response{Status: 200, Message: inspect.Message{Size: 128}},
	}
	var line []byte
	b.ReportAllocs()
	for b.Loop() {
		line = AppendExchange(line[:0], x)
	}
}
