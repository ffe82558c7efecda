package agent

import (
	"fmt"
	"strings"
	"testing"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/wire"
)

const ok = "HTTP/1.1 200 OK\nContent-Length: 2\n\nok"

// TestRequestArrivesAsSent holds that heads reach the local service byte by byte, on one connection.
func TestRequestArrivesAsSent(t *testing.T) {
	s := newService(t)
	r := newRig(t, s.addr)
	heads := []string{
		"GET / HTTP/1.1\nHost: a.example\n\n",
		"GET /a//b?x=%2f&y HTTP/1.1\nhOsT:a.example\nX-Dup: 1\nx-dup:  2 \nX-DUP:\t3\nEmpty:\nCookie: a=1; b=2\n\n",
		"OPTIONS * HTTP/1.1\nHost: a.example\n\n",
		"DELETE /x HTTP/1.1\nX-Umlaut: \xe4\xf6\xff\nHost: a.example:8080\n\n",
		"GET /" + strings.Repeat("x", 20000) + " HTTP/1.1\nHost: a.example\nBig: " + strings.Repeat("y", 30000) + "\n\n",
	}
	var p *peer
	for i, h := range heads {
		r.send(r.req(h, wire.BodyNone, 0).Append(nil, wire.End))
		if p == nil {
			p = s.accept()
		}
		p.want(h)
		p.say(ok)
		a := r.answer()
		if a.head != strings.ReplaceAll("HTTP/1.1 200 OK\nContent-Length: 2\n\n", "\n", "\r\n") || string(a.body) != "ok" || !a.taken {
			t.Fatalf("answer %+v", a)
		}
		x := r.rec.nth(t, i, inspect.Done)
		if string(x.Request.Head) != strings.ReplaceAll(h, "\n", "\r\n") || x.Response.Status != 200 || string(x.Response.Body) != "ok" || !x.Request.Whole {
			t.Fatalf("recorded %+v", x)
		}
	}
	s.none()
}

// TestRequestContent holds that content arrives as it was sent, chunk borders and trailers too.
func TestRequestContent(t *testing.T) {
	mib := strings.Repeat("0123456789abcdef", 1<<16)
	chunked := "POST / HTTP/1.1\nHost: a.example\nTransfer-Encoding: chunked\n\n"
	tests := []struct {
		name   string
		head   string
		body   wire.Body
		length int
		frames [][]byte
		want   string // behind the head; \n is CRLF
	}{
		{"length 0", "POST / HTTP/1.1\nHost: a.example\nContent-Length: 0\n\n", wire.BodyLength, 0, nil, ""},
		{"length", "PUT / HTTP/1.1\nHost: a.example\nContent-Length: 5\n\n", wire.BodyLength, 5, [][]byte{data("ab", 0), data("cde", wire.End)}, "abcde"},
		{"large", fmt.Sprintf("PUT / HTTP/1.1\nHost: a.example\nContent-Length: %d\n\n", len(mib)), wire.BodyLength, len(mib), pieces(mib, 0), mib},
		{"chunks", chunked, wire.BodyUntil, 0, [][]byte{data("a", 0), data("bc", 0), data("", wire.End)}, "1\na\n2\nbc\n0\n\n"},
		{"END on a chunk", chunked, wire.BodyUntil, 0, [][]byte{data("a", 0), data("bc", wire.End)}, "1\na\n2\nbc\n0\n\n"},
		{"no content", chunked, wire.BodyUntil, 0, [][]byte{data("", wire.End)}, "0\n\n"},
		{"trailers", chunked, wire.BodyUntil, 0, [][]byte{data("a", 0), trailers("X-Sum: 1\nx-sum:2\n")}, "1\na\n0\nX-Sum: 1\nx-sum:2\n\n"},
		{"32764", chunked, wire.BodyUntil, 0, [][]byte{data(mib[:32764], wire.End)}, "7ffc\n" + mib[:32764] + "\n0\n\n"},
		{"32765", chunked, wire.BodyUntil, 0, [][]byte{wire.AppendChunk(nil, 32765), data(mib[:32764], 0), data("x", wire.End)}, "7ffd\n" + mib[:32764] + "x\n0\n\n"},
		{"1 MiB", chunked, wire.BodyUntil, 0, append([][]byte{wire.AppendChunk(nil, 1<<20)}, pieces(mib, 0)...), "100000\n" + mib + "\n0\n\n"},
		{"open chunk, then small", chunked, wire.BodyUntil, 0, [][]byte{wire.AppendChunk(nil, 3), data("a", 0), data("bc", 0), data("d", wire.End)}, "3\nabc\n1\nd\n0\n\n"},
	}
	for _, tt := range tests {
		for _, hold := range []bool{false, true} {
			t.Run(fmt.Sprint(tt.name, " ", hold), func(t *testing.T) {
				s := newService(t)
				r := newRig(t, s.addr)
				r.note(func() { r.hold = hold })
				end := wire.Flags(0)
				if tt.frames == nil {
					end = wire.End
				}
				r.send(r.req(tt.head, tt.body, tt.length).Append(nil, end))
				r.send(tt.frames...)
				p := s.accept()
				p.want(tt.head + tt.want)
				p.say(ok)
				if a := r.answer(); !a.taken || a.resp.Tries != 1 {
					t.Fatalf("answer %+v", a)
				}
				// What was forwarded has been taken from the credit, and the connection is fit for another exchange.
				cost := 0
				for _, f := range tt.frames {
					fr, _ := splitFrame(f)
					cost += wire.Cost(fr)
				}
				r.mu.Lock()
				if tt.name != "large" && tt.name != "1 MiB" && r.taken != cost {
					t.Errorf("taken %d, want %d", r.taken, cost)
				}
				r.mu.Unlock()
				r.get("/next")
				p.want("GET /next HTTP/1.1\nHost: a.example\n\n")
				p.say(ok)
				r.answer()
			})
		}
	}
}

func pieces(s string, _ int) [][]byte {
	var out [][]byte
	for len(s) > 0 {
		n := min(len(s), wire.MaxData)
		f := wire.Flags(0)
		if n == len(s) {
			f = wire.End
		}
		out = append(out, data(s[:n], f))
		s = s[n:]
	}
	return out
}

func trailers(s string) []byte {
	s = strings.ReplaceAll(s, "\n", "\r\n")
	return append(wire.AppendHeader(nil, wire.Trailers, wire.End, len(s)), s...)
}

// TestMissingFraming: the frame decides, and the line that says so to the local service is added.
func TestMissingFraming(t *testing.T) {
	s := newService(t)
	r := newRig(t, s.addr)
	r.send(r.req("POST / HTTP/1.1\nHost: a.example\n\n", wire.BodyLength, 2).Append(nil, 0), data("ab", wire.End))
	p := s.accept()
	p.want("POST / HTTP/1.1\nHost: a.example\nContent-Length: 2\n\nab")
	p.say(ok)
	r.answer()
	r.send(r.req("POST / HTTP/1.1\nHost: a.example\n\n", wire.BodyUntil, 0).Append(nil, 0), data("ab", wire.End))
	p.want("POST / HTTP/1.1\nHost: a.example\nTransfer-Encoding: chunked\n\n2\nab\n0\n\n")
	p.say(ok)
	r.answer()
}

// TestHostHeader: preserved, the upstream's, or literal, in the place where Host stood.
func TestHostHeader(t *testing.T) {
	for _, tt := range []struct{ option, want string }{
		{"", "a.example"}, {"preserve", "a.example"}, {"rewrite", ""}, {"other.example:81", "other.example:81"},
	} {
		t.Run(tt.option, func(t *testing.T) {
			s := newService(t)
			r := newRig(t, s.addr, func(r *rig) {
				ep, err := newEndpoint(Endpoint{Name: "web", Upstream: "http://" + s.addr, HostHeader: tt.option, Inspect: true})
				if err != nil {
					t.Fatal(err)
				}
				r.ep = ep
			})
			want := tt.want
			if want == "" {
				want = s.addr
			}
			r.send(r.req("GET / HTTP/1.1\nA: 1\nhost: a.example\nB: 2\n\n", wire.BodyNone, 0).Append(nil, wire.End))
			p := s.accept()
			if tt.option == "" || tt.option == "preserve" {
				p.want("GET / HTTP/1.1\nA: 1\nhost: a.example\nB: 2\n\n")
			} else {
				p.want("GET / HTTP/1.1\nA: 1\nhost: " + want + "\nB: 2\n\n")
			}
			p.say(ok)
			r.answer()
			if x := r.rec.nth(t, 0, inspect.Done); x.Request.Host != want {
				t.Errorf("recorded host %q", x.Request.Host)
			}
		})
	}
}

// TestSmallRequestIsOneWrite: head and small content reach the local service together.
func TestSmallRequestIsOneWrite(t *testing.T) {
	s := newService(t)
	r := newRig(t, s.addr)
	r.post("/", "hello")
	p := s.accept()
	b := make([]byte, 1000)
	n, err := p.Read(b)
	if err != nil || !strings.HasSuffix(string(b[:n]), "\r\n\r\nhello") {
		t.Fatalf("first read: %q, %v", b[:n], err)
	}
	p.say(ok)
	r.answer()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.writes != 1 {
		t.Errorf("the answer took %d writes", r.writes)
	}
}
