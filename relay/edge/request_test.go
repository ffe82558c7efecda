package edge

import (
	"net/netip"
	"reflect"
	"strings"
	"testing"

	"github.com/adit-tunnel/adit/wire"
)

// TestForwardedHead: what arrives is what was sent, but for the documented edits.
func TestForwardedHead(t *testing.T) {
	trust := func(o *Options, _ *limits) { o.Trust = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")} }
	const own = "X-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: app.test\r\n"
	tests := []struct {
		name, in, want string
		trusted        bool
		client         string
	}{
		{name: "order, case and spacing", in: "GET /a?b=%20c HTTP/1.1\r\nhOST:app.test\r\nX-B:  two \r\nX-A:\r\nx-b: three\r\n\r\n",
			want: "GET /a?b=%20c HTTP/1.1\r\nhOST:app.test\r\nX-B:  two \r\nX-A:\r\nx-b: three\r\n" + own + "\r\n"},
		{name: "claims of a stranger", in: "GET / HTTP/1.1\r\nHost: app.test\r\nX-Forwarded-For: 6.6.6.6\r\nx-forwarded-proto: https\r\nX-Forwarded-Host: evil\r\nX-Forwarded-Port: 1\r\n" +
			"Forwarded: for=6.6.6.6\r\nX-Real-IP: 6.6.6.6\r\nX_Forwarded_For: 6.6.6.6\r\nX-Forwarded_Proto: https\r\nX_Real_IP: 6\r\nX-Other: 1\r\n\r\n",
			want: "GET / HTTP/1.1\r\nHost: app.test\r\nX-Other: 1\r\n" + own + "\r\n"},
		{name: "claims of a trusted peer", trusted: true, client: "203.0.113.9", in: "GET / HTTP/1.1\r\nHost: app.test\r\nX-Forwarded-For: 6.6.6.6\r\nX-Forwarded-For: 203.0.113.9, 127.0.0.2\r\n" +
			"X-Forwarded-Proto: https\r\nX-Forwarded-Host: shown.test\r\nX-Real-IP: 203.0.113.9\r\nForwarded: for=1\r\nX-Forwarded-Port: 443\r\nX_Forwarded_For: 7.7.7.7\r\n\r\n",
			want: "GET / HTTP/1.1\r\nHost: app.test\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: shown.test\r\nX-Real-IP: 203.0.113.9\r\nForwarded: for=1\r\nX-Forwarded-Port: 443\r\n" +
				"X-Forwarded-For: 6.6.6.6, 203.0.113.9, 127.0.0.2, 127.0.0.1\r\n\r\n"},
		{name: "a trusted peer that says nothing", trusted: true, in: "GET / HTTP/1.1\r\nHost: app.test\r\n\r\n", want: "GET / HTTP/1.1\r\nHost: app.test\r\n" + own + "\r\n"},
		{name: "aliases of framing fields", in: "GET / HTTP/1.1\r\nHost: app.test\r\nContent_Length: 5\r\nTransfer_Encoding: chunked\r\nX_Mine: 1\r\n\r\n",
			want: "GET / HTTP/1.1\r\nHost: app.test\r\nX_Mine: 1\r\n" + own + "\r\n"},
		{name: "hop by hop", in: "GET / HTTP/1.1\r\nHost: app.test\r\nConnection: keep-alive, X-Mine, X-Forwarded-For\r\nX-Mine: 1\r\nKeep-Alive: timeout=5\r\nTE: trailers\r\nProxy-Connection: x\r\nX-Forwarded-For: 1\r\n\r\n",
			want: "GET / HTTP/1.1\r\nHost: app.test\r\nTE: trailers\r\n" + own + "\r\n"},
		{name: "absolute form", in: "GET http://app.test/x HTTP/1.1\r\nHost: app.test\r\n\r\n", want: "GET /x HTTP/1.1\r\nHost: app.test\r\n" + own + "\r\n"},
		{name: "1.0", in: "GET / HTTP/1.0\r\nHost: app.test\r\n\r\n", want: "GET / HTTP/1.1\r\nHost: app.test\r\n" + own + "\r\n"},
		{name: "host spelt differently", in: "GET / HTTP/1.1\r\nHost: APP.Test.:8080\r\n\r\n",
			want: "GET / HTTP/1.1\r\nHost: APP.Test.:8080\r\nX-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: APP.Test.:8080\r\n\r\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var opts []option
			if tt.trusted {
				opts = append(opts, trust)
			}
			w := start(t, func(x *fakeExchange) { x.ok("x") }, opts...)
			v := w.dial().send(tt.in)
			v.response("GET")
			x := w.up.exchanges()[0]
			if got := string(x.req.Head); got != tt.want {
				t.Errorf("got\n%q\nwant\n%q", got, tt.want)
			}
			local := v.LocalAddr().String()
			if tt.client == "" && x.req.Client.String() != local {
				t.Errorf("client %v, not %v", x.req.Client, local)
			}
			if tt.client != "" && x.req.Client.Addr().String() != tt.client {
				t.Errorf("client %v, not %v", x.req.Client, tt.client)
			}
			if many := tt.trusted && tt.client == ""; x.req.Many != many {
				t.Errorf("it says %v of standing for many", x.req.Many)
			}
			x.over()
		})
	}
}

// TestRequestFacts: what goes beside the head.
func TestRequestFacts(t *testing.T) {
	tests := []struct {
		in         string
		body       wire.Body
		flags      uint8
		version    uint8
		content    string
		idempotent bool
	}{
		{"GET / HTTP/1.1\r\nHost: app.test\r\n\r\n", wire.BodyNone, 0, 0x11, "", true},
		{"HEAD / HTTP/1.0\r\nHost: app.test\r\n\r\n", wire.BodyNone, wire.ReqHead, 0x10, "", true},
		{"POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 0\r\n\r\n", wire.BodyLength, 0, 0x11, "", false},
		{"POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 5\r\n\r\nhello", wire.BodyLength, 0, 0x11, "hello", false},
		{"POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\nhello", wire.BodyLength, wire.ReqExpect, 0x11, "hello", false},
		{"GET / HTTP/1.1\r\nHost: app.test\r\nExpect: 100-continue\r\n\r\n", wire.BodyNone, 0, 0x11, "", true},
		{"POST / HTTP/1.1\r\nHost: app.test\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", wire.BodyUntil, 0, 0x11, "", false},
		{"GET / HTTP/1.1\r\nHost: app.test\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n", wire.BodyNone, wire.ReqUpgrade, 0x11, "", true},
	}
	for _, tt := range tests {
		t.Run(tt.in, func(t *testing.T) {
			w := start(t, func(x *fakeExchange) {
				if tt.body == wire.BodyUntil {
					x.upload()
				}
				x.put(respFrame("HTTP/1.1 204 No Content\r\n\r\n", wire.BodyNone, 0, true))
			})
			w.dial().send(tt.in).head()
			r := w.up.exchanges()[0].req
			if r.Body != tt.body || r.Flags != tt.flags || r.Version != tt.version || string(r.Content) != tt.content || r.Idempotent != tt.idempotent {
				t.Errorf("%+v", r)
			}
			if r.ID[6]>>4 != 7 || r.ID[8]>>6 != 2 || r.Conn == 0 || r.Start.IsZero() || r.ServerPort == 0 {
				t.Errorf("%+v", r)
			}
		})
	}
}

// TestPipelining: answers come in order, and what is behind a body is the next request.
func TestPipelining(t *testing.T) {
	w := start(t, func(x *fakeExchange) {
		_, content := x.upload0()
		x.ok(strings.Fields(string(x.req.Head))[1] + content)
	})
	v := w.dial().send("GET /1 HTTP/1.1\r\nHost: app.test\r\n\r\n" +
		"POST /2 HTTP/1.1\r\nHost: app.test\r\nContent-Length: 3\r\n\r\nabc" +
		"POST /3 HTTP/1.1\r\nHost: app.test\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nde\r\n1;x=y\r\nf\r\n0\r\n\r\n" +
		"\r\nGET /4 HTTP/1.1\r\nHost: app.test\r\nConnection: close\r\n\r\n")
	for _, want := range []string{"/1", "/2abc", "/3def", "/4"} {
		if _, got := v.response("GET"); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if rest := v.rest(); rest != "" {
		t.Errorf("rest %q", rest)
	}
}

// TestBigPipeline: many requests in few segments, with bodies that do not fit the small inbox.
func TestBigPipeline(t *testing.T) {
	w := start(t, func(x *fakeExchange) {
		_, content := x.upload0()
		x.ok(content)
	})
	const n = 50
	var in strings.Builder
	var want []string
	for i := range n {
		body := strings.Repeat(string(rune('a'+i%26)), 997*i)
		want = append(want, body)
		if i%2 == 0 {
			in.WriteString("POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: " + itoa(len(body)) + "\r\n\r\n" + body)
			continue
		}
		in.WriteString("POST / HTTP/1.1\r\nHost: app.test\r\nTransfer-Encoding: chunked\r\n\r\n")
		for len(body) > 0 {
			k := min(len(body), 1+i*7)
			in.WriteString(hex(k) + "\r\n" + body[:k] + "\r\n")
			body = body[k:]
		}
		in.WriteString("0\r\n\r\n")
	}
	v := w.dial()
	go v.TCPConn.Write([]byte(in.String()))
	for i := range n {
		if _, got := v.response("POST"); got != want[i] {
			t.Fatalf("answer %d: %d bytes, want %d", i, len(got), len(want[i]))
		}
	}
}

// TestChunkBordersUp: chunks reach the agent as the visitor sent them.
func TestChunkBordersUp(t *testing.T) {
	big := strings.Repeat("x", wire.MaxData)
	tests := []struct {
		name string
		in   []string // each is sent when the one before has arrived
		want []string
	}{
		{"whole", []string{"5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n"}, []string{`DATA "hello"`, `DATA "!" END`}},
		{"none", []string{"0\r\n\r\n"}, []string{`DATA "" END`}},
		{"trailers", []string{"5\r\nhello\r\n0\r\nX-Sum: 1\r\nx-b:2\r\n\r\n"}, []string{`DATA "hello"`, `TRAILERS "X-Sum: 1\r\nx-b:2\r\n" END`}},
		{"in pieces", []string{"5\r\nhe", "llo\r\n0\r\n\r\n"}, []string{"CHUNK 5", `DATA "he"`, `DATA "llo" END`}},
		{"line in pieces", []string{"1\r\na\r\n5", "\r\nhello\r\n0\r\n\r\n"}, []string{`DATA "a"`, `DATA "hello" END`}},
		{"end apart", []string{"5\r\nhello\r\n", "0\r\n\r\n"}, []string{`DATA "hello"`, `DATA "" END`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			v := new(visitor)
			sent := make(chan struct{})
			w := start(t, func(x *fakeExchange) {
				<-sent
				for _, piece := range tt.in[1:] {
					got = append(got, (<-x.up).String())
					for len(x.up) > 0 {
						got = append(got, (<-x.up).String())
					}
					v.send(piece)
				}
				rest, _ := x.upload()
				got = append(got, rest...)
				x.ok("")
			})
			v = w.dial().send("POST / HTTP/1.1\r\nHost: app.test\r\nTransfer-Encoding: chunked\r\n\r\n" + tt.in[0])
			close(sent)
			v.response("POST")
			if !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
	t.Run("big", func(t *testing.T) {
		for _, n := range []int{1, 32764, 32765, 1 << 20} {
			var sum int
			var borders []int
			w := start(t, func(x *fakeExchange) {
				sum, borders = x.borders()
				x.ok("")
			})
			content := strings.Repeat(big, n/len(big)+1)[:n]
			v := w.dial()
			go v.TCPConn.Write([]byte("POST / HTTP/1.1\r\nHost: app.test\r\nTransfer-Encoding: chunked\r\n\r\n" + hex(n) + "\r\n" + content + "\r\n3\r\nend\r\n0\r\n\r\n"))
			v.response("POST")
			if sum != n+3 || !reflect.DeepEqual(borders, []int{n, 3}) {
				t.Errorf("%d: %d bytes in chunks %v", n, sum, borders)
			}
		}
	})
}
