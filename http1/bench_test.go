package http1_test

import (
	"bufio"
	"bytes"
	"net/http"
	"testing"

	"github.com/adit-tunnel/adit/http1"
)

const typicalRequest = "POST /webhooks/github?delivery=1 HTTP/1.1\r\n" +
	"Host: 9a1b-quiet-otter.tunnel.example.com\r\n" +
	"User-Agent: GitHub-Hookshot/044aadd\r\n" +
	"Accept: */*\r\n" +
	"Content-Type: application/json\r\n" +
	"X-GitHub-Delivery: 72d3162e-cc78-11e3-81ab-4c9367dc0958\r\n" +
	"X-GitHub-Event: issues\r\n" +
	"X-Hub-Signature-256: sha256=d57c68ca6f92289e6987922ff26938930f6e66a2d161ef06abdf1859230aa23c\r\n" +
	"Accept-Encoding: gzip, deflate, br\r\n" +
	"Connection: keep-alive\r\n" +
	"Content-Length: 7063\r\n\r\n"

const typicalResponse = "HTTP/1.1 200 OK\r\n" +
	"Server: nginx\r\n" +
	"Date: Mon, 01 Jan 2024 00:00:00 GMT\r\n" +
	"Content-Type: application/json; charset=utf-8\r\n" +
	"Connection: keep-alive\r\n" +
	"Cache-Control: no-store\r\n" +
	"Transfer-Encoding: chunked\r\n\r\n"

var forwarding = []byte("X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: x.example\r\n")

var closing = []byte("Connection: close\r\n")

func BenchmarkRequestParse(b *testing.B) {
	var r http1.Request
	in := []byte(typicalRequest)
	b.SetBytes(int64(len(in)))
	b.ReportAllocs()
	for b.Loop() {
		if n, err := r.Parse(in); n != len(in) {
			b.Fatal(n, err)
		}
	}
}

// BenchmarkRequestForward is all that the relay does with a head.
func BenchmarkRequestForward(b *testing.B) {
	var r http1.Request
	in := []byte(typicalRequest)
	out := make([]byte, 0, 4096)
	b.ReportAllocs()
	for b.Loop() {
		if n, err := r.Parse(in); n != len(in) {
			b.Fatal(n, err)
		}
		r.DropHopByHop(false)
		r.DropUnderscores("x-forwarded-for", "x-forwarded-proto", "x-forwarded-host")
		r.Drop("x-forwarded-for")
		out = r.Append(out[:0], forwarding)
	}
}

func BenchmarkResponseParse(b *testing.B) {
	var r http1.Response
	in := []byte(typicalResponse)
	b.SetBytes(int64(len(in)))
	b.ReportAllocs()
	for b.Loop() {
		if n, err := r.Parse(in, false, false); n != len(in) {
			b.Fatal(n, err)
		}
	}
}

// BenchmarkResponseForward is all that either half does with the head of an answer.
func BenchmarkResponseForward(b *testing.B) {
	var r http1.Response
	in := []byte(typicalResponse)
	out := make([]byte, 0, 4096)
	b.ReportAllocs()
	for b.Loop() {
		if n, err := r.Parse(in, false, false); n != len(in) {
			b.Fatal(n, err)
		}
		r.DropHopByHop(false)
		out = r.Append(out[:0], closing)
	}
}

// BenchmarkRequestTrickle is the largest head, one byte at a time: it stays linear.
func BenchmarkRequestTrickle(b *testing.B) {
	var r http1.Request
	in := largestHead()
	b.SetBytes(int64(len(in)))
	for b.Loop() {
		for i := range in {
			if n, err := r.Parse(in[:i]); n != 0 || err != nil {
				b.Fatal(n, err)
			}
		}
		if n, err := r.Parse(in); n != len(in) {
			b.Fatal(n, err)
		}
	}
}

func largestHead() []byte {
	in := []byte("GET / HTTP/1.1\r\nHost: h\r\nX: ")
	in = append(in, bytes.Repeat([]byte("x"), http1.MaxHead-len(in)-4)...)
	return append(in, "\r\n\r\n"...)
}

func BenchmarkChunks(b *testing.B) {
	body := http1.AppendChunkSize(nil, 16<<10)
	body = append(body, make([]byte, 16<<10)...)
	body = append(body, "\r\n"...)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	var c http1.Chunks
	for b.Loop() {
		for in := body; len(in) > 0; {
			_, n, _, _, err := c.Next(in)
			if err != nil {
				b.Fatal(err)
			}
			in = in[n:]
		}
	}
}

// BenchmarkNetHTTP is what the same head costs in net/http, for comparison.
func BenchmarkNetHTTP(b *testing.B) {
	rd := bytes.NewReader(nil)
	br := bufio.NewReader(rd)
	b.ReportAllocs()
	for b.Loop() {
		rd.Reset([]byte(typicalRequest))
		br.Reset(rd)
		if _, err := http.ReadRequest(br); err != nil {
			b.Fatal(err)
		}
	}
}
