package agent

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/wire"
)

// respond has the local service answer one GET with raw, and returns what the relay sees of it.
func respond(t *testing.T, method, raw string, closing bool) (*answer, *rig, *peer) {
	t.Helper()
	s := newService(t)
	r := newRig(t, s.addr)
	r.send(r.req(method+" / HTTP/1.1\nHost: a.example\n\n", wire.BodyNone, 0).Append(nil, wire.End))
	p := s.accept()
	p.head()
	p.say(raw)
	if closing {
		p.Close()
	}
	return r.answer(), r, p
}

// TestResponses: what the local service sends is what the relay gets, framed.
func TestResponses(t *testing.T) {
	big := strings.Repeat("0123456789abcdef", 1<<16)
	tests := []struct {
		name   string
		method string
		head   string
		rest   string // behind the head, \n is CRLF
		close  bool   // the local service closes
		body   wire.Body
		length uint64
		want   string
		frames []string // nil: not looked at
		kept   bool
	}{
		{"length", "GET", "HTTP/1.1 200 OK\nX: 1\ncontent-LENGTH: 5\nx:2\n\n", "hello", false, wire.BodyLength, 5, "hello", []string{"D5"}, true},
		{"length 0", "GET", "HTTP/1.1 200 OK\nContent-Length: 0\n\n", "", false, wire.BodyLength, 0, "", nil, true},
		{"no reason", "GET", "HTTP/1.1 200\nContent-Length: 0\n\n", "", false, wire.BodyLength, 0, "", nil, true},
		{"large", "GET", "HTTP/1.1 200 OK\nContent-Length: 1048576\n\n", big, false, wire.BodyLength, 1 << 20, big, nil, true},
		{"HEAD", "HEAD", "HTTP/1.1 200 OK\nContent-Length: 5\n\n", "", false, wire.BodyNone, 0, "", nil, true},
		{"204", "GET", "HTTP/1.1 204 No Content\nContent-Length: 5\n\n", "", false, wire.BodyNone, 0, "", nil, true},
		{"304", "GET", "HTTP/1.1 304 Not Modified\nContent-Length: 5\n\n", "", false, wire.BodyNone, 0, "", nil, true},
		{"close", "GET", "HTTP/1.1 200 OK\nConnection: close\nContent-Length: 1\n\n", "x", false, wire.BodyLength, 1, "x", nil, false},
		{"until close", "GET", "HTTP/1.0 200 OK\nServer: old\n\n", "all of it", true, wire.BodyUntil, 0, "all of it", nil, false},
		{"until close, nothing", "GET", "HTTP/1.0 200 OK\n\n", "", true, wire.BodyUntil, 0, "", []string{"D0"}, false},
		{"until close, large", "GET", "HTTP/1.1 200 OK\n\n", big, true, wire.BodyUntil, 0, big, nil, false},
		{"1.0 with length", "GET", "HTTP/1.0 200 OK\nContent-Length: 1\n\n", "x", true, wire.BodyLength, 1, "x", nil, false},
		{"chunks", "GET", chunkedHead, "1\na\n2\nbc\n0\n\n", false, wire.BodyUntil, 0, "abc", []string{"D1", "D2"}, true},
		{"chunk extension", "GET", chunkedHead, "1;x=y\na\n0\n\n", false, wire.BodyUntil, 0, "a", []string{"D1"}, true},
		{"no chunks", "GET", chunkedHead, "0\n\n", false, wire.BodyUntil, 0, "", []string{"D0"}, true},
		{"trailers", "GET", chunkedHead, "1\na\n0\nX-Sum: 9\n\n", false, wire.BodyUntil, 0, "a", []string{"D1"}, true},
		{"large head", "GET", "HTTP/1.1 200 OK\nContent-Length: 2\nX: " + big[:50000] + "\n\n", "ok", false, wire.BodyLength, 2, "ok", nil, true},
		{"middling head", "GET", "HTTP/1.1 200 OK\nContent-Length: 9000\nX: " + big[:5000] + "\n\n", big[:9000], false, wire.BodyLength, 9000, big[:9000], nil, true},
		{"stray bytes", "GET", "HTTP/1.1 200 OK\nContent-Length: 2\n\n", "okSTRAY", false, wire.BodyLength, 2, "ok", nil, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a, r, p := respond(t, tt.method, tt.head+tt.rest, tt.close)
			if want := strings.ReplaceAll(tt.head, "\n", "\r\n"); a.head != want {
				t.Errorf("head %q, want %q", clip(a.head), clip(want))
			}
			if a.resp.Body != tt.body || a.resp.Length != tt.length || string(a.body) != tt.want || !a.taken {
				t.Errorf("body %d, length %d, taken %v, %d bytes %q", a.resp.Body, a.resp.Length, a.taken, len(a.body), clip(string(a.body)))
			}
			if tt.frames != nil && !reflect.DeepEqual(a.frames, tt.frames) {
				t.Errorf("frames %v, want %v", a.frames, tt.frames)
			}
			x := r.rec.nth(t, 0, inspect.Done)
			if string(x.Response.Head) != a.head || string(x.Response.Body) != tt.want || !x.Response.Whole || x.Tries != 1 {
				t.Errorf("recorded %v", x.Response)
			}
			if tt.name == "trailers" && (a.trailers != "X-Sum: 9\r\n" || string(x.Response.Trailers) != a.trailers) {
				t.Errorf("trailers %q", a.trailers)
			}
			if tt.kept {
				r.get("/2")
				p.want("GET /2 HTTP/1.1\nHost: a.example\n\n")
				p.say(ok)
				r.answer()
			} else if !tt.close {
				p.gone()
			}
		})
	}
}

const chunkedHead = "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n"

// TestChunkBorders holds that borders arrive, whatever pieces the chunks arrive in.
func TestChunkBorders(t *testing.T) {
	big := strings.Repeat("0123456789abcdef", 1<<16)
	sizes := [][]int{{1}, {32764}, {32765}, {1 << 20}, {1, 32764, 1}, {5000, 5000, 1, 40000}, {4096, 4096, 4096, 4096, 4096, 4096, 4096, 4096, 4096}}
	for _, list := range sizes {
		t.Run(fmt.Sprint(list), func(t *testing.T) {
			raw := chunkedHead
			for _, n := range list {
				raw += fmt.Sprintf("%x\n%s\n", n, big[:n])
			}
			a, _, _ := respond(t, "GET", raw+"0\n\n", false)
			if got := borders(t, a.frames); !reflect.DeepEqual(got, list) {
				t.Errorf("borders %v", got)
			}
		})
	}
}

// borders adds up the chunks that frames stand for.
func borders(t *testing.T, frames []string) []int {
	t.Helper()
	var out []int
	open := 0
	for _, f := range frames {
		var n int
		fmt.Sscanf(f[1:], "%d", &n)
		switch {
		case f[0] == 'C':
			open = n
			out = append(out, n)
		case open > 0:
			open -= n
		case n > 0:
			out = append(out, n)
		}
	}
	if open != 0 {
		t.Errorf("%d bytes of a chunk are missing", open)
	}
	return out
}

// TestChunksInPieces: a chunk is passed on as it comes, and a chunk that is whole needs no CHUNK.
func TestChunksInPieces(t *testing.T) {
	s := newService(t)
	r := newRig(t, s.addr)
	r.get("/")
	p := s.accept()
	p.head()
	p.say(chunkedHead + "5\nab")
	var a answer
	for i, want := range []string{"R", "C5", "D2"} {
		r.take(&a, r.frame())
		if i > 0 && a.frames[i-1] != want {
			t.Fatalf("frames %v", a.frames)
		}
	}
	p.raw("cde\r\n3\r")
	r.take(&a, r.frame())
	p.raw("\nxyz\r\n")
	r.take(&a, r.frame())
	p.raw("2;e=\"x\"\r\n")
	p.raw("ab\r\n0\r\n\r\n")
	for !strings.HasSuffix(fmt.Sprint(a.frames), " D0]") && !strings.HasSuffix(string(a.body), "ab") {
		r.take(&a, r.frame())
	}
	if got := borders(t, a.frames); !reflect.DeepEqual(got, []int{5, 3, 2}) || string(a.body) != "abcdexyzab" {
		t.Errorf("borders %v of %v, %q", got, a.frames, a.body)
	}
}

// TestManySmallChunks: a read full of one-byte chunks never asks for more credit than there may be.
func TestManySmallChunks(t *testing.T) {
	s := newService(t)
	r := newRig(t, s.addr)
	r.note(func() { r.credit = wire.FirstLimit })
	r.get("/")
	p := s.accept()
	p.head()
	const n = 20000
	p.say(chunkedHead + strings.Repeat("1\nx\n", n) + "0\n\n")
	var a answer
	for {
		f := r.frame()
		r.take(&a, f)
		r.note(func() { r.credit += wire.Cost(f) })
		if f.Flags&wire.End != 0 {
			break
		}
	}
	if len(a.body) != n {
		t.Errorf("%d bytes", len(a.body))
	}
}

// TestHeadDoesNotWaitForCredit: a visitor that takes nothing still gets the head.
func TestHeadDoesNotWaitForCredit(t *testing.T) {
	s := newService(t)
	r := newRig(t, s.addr)
	r.note(func() { r.credit = 0 })
	r.get("/")
	p := s.accept()
	p.head()
	p.say(ok)
	if f := r.frame(); f.Type != wire.RespType {
		t.Fatalf("first frame %s", f.Type)
	}
	r.rec.nth(t, 0, inspect.Open)
	r.note(func() { r.credit = 1000 })
	if f := r.frame(); f.Type != wire.Data || f.Flags != wire.End|wire.Taken {
		t.Fatalf("then %s %x", f.Type, f.Flags)
	}
	r.rec.nth(t, 0, inspect.Done)
}

// TestInterim: 1xx heads go out as they come.
func TestInterim(t *testing.T) {
	a, r, p := respond(t, "GET", "HTTP/1.1 103 Early Hints\nLink: </a.css>\n\nHTTP/1.1 100 Continue\n\n"+ok, false)
	want := []string{"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n", "HTTP/1.1 100 Continue\r\n\r\n"}
	if !reflect.DeepEqual(a.infos, want) || string(a.body) != "ok" {
		t.Fatalf("%+v", a)
	}
	r.get("/")
	p.head()
	p.say(strings.Repeat("HTTP/1.1 102 Processing\n\n", wire.MaxInfos+1) + ok)
	if a := r.answer(); !strings.HasPrefix(a.head, "HTTP/1.1 502 ") || len(a.infos) != wire.MaxInfos {
		t.Fatalf("too many: %s, %d", a.head, len(a.infos))
	}
}

// TestContinue: the request's content is written while 100 is on its way.
func TestContinue(t *testing.T) {
	s := newService(t)
	r := newRig(t, s.addr)
	q := r.req("POST / HTTP/1.1\nHost: a.example\nExpect: 100-continue\nContent-Length: 4\n\n", wire.BodyLength, 4)
	q.Flags |= wire.ReqExpect
	r.send(q.Append(nil, 0))
	p := s.accept()
	p.want("POST / HTTP/1.1\nHost: a.example\nExpect: 100-continue\nContent-Length: 4\n\n")
	p.say("HTTP/1.1 100 Continue\n\n")
	if f := r.frame(); f.Type != wire.InfoType {
		t.Fatalf("frame %s", f.Type)
	}
	r.send(data("body", wire.End))
	p.want("body")
	p.say(ok)
	if a := r.answer(); !a.taken {
		t.Fatalf("%+v", a)
	}
}

// TestStreaming: what one read gives goes out at once (server-sent events, long polls).
func TestStreaming(t *testing.T) {
	s := newService(t)
	r := newRig(t, s.addr)
	r.get("/")
	p := s.accept()
	p.head()
	p.say("HTTP/1.1 200 OK\nContent-Type: text/event-stream\n\n")
	if f := r.frame(); f.Type != wire.RespType {
		t.Fatalf("frame %s", f.Type)
	}
	for i := range 50 {
		event := fmt.Sprintf("data: %s\n\n", strings.Repeat("x", i*i*2))
		p.raw(event)
		var got string
		for len(got) < len(event) {
			got += string(r.frame().Payload)
		}
		if got != event {
			t.Fatalf("event %q", got)
		}
	}
	p.Close()
	if f := r.frame(); f.Flags != wire.End|wire.Taken || len(f.Payload) != 0 {
		t.Fatalf("last frame %s %x", f.Type, f.Flags)
	}
}

// TestBrokenResponses: an answer that is not whole never looks whole, and one that cannot be passed on is answered for.
func TestBrokenResponses(t *testing.T) {
	tests := []struct {
		name, raw string
		reset     bool
		made      wire.Code // answered by the agent
		aborted   wire.Code // begun, then broken off
	}{
		{"nothing", "", false, wire.CodeLocalReset, 0},
		{"nothing, reset", "", true, wire.CodeLocalReset, 0},
		{"half a head", "HTTP/1.1 200 OK\nContent-", false, wire.CodeLocalReset, 0},
		{"not HTTP", "SSH-2.0-OpenSSH_9\n", false, wire.CodeLocalNotHTTP, 0},
		{"HTTP/2", "HTTP/2 200\n\n", false, wire.CodeLocalNotHTTP, 0},
		{"two lengths", "HTTP/1.1 200 OK\nContent-Length: 1\nTransfer-Encoding: chunked\n\n0\n\n", false, wire.CodeLocalBadHead, 0},
		{"101 unasked", "HTTP/1.1 101 Switching Protocols\nConnection: upgrade\nUpgrade: x\n\n", false, wire.CodeLocalBadHead, 0},
		{"short", "HTTP/1.1 200 OK\nContent-Length: 5\n\nabc", false, 0, wire.CodeLocalEarlyEnd},
		{"short chunk", chunkedHead + "5\nabc", false, 0, wire.CodeLocalEarlyEnd},
		{"no last chunk", chunkedHead + "3\nabc\n", false, 0, wire.CodeLocalEarlyEnd},
		{"bad chunk", chunkedHead + "3\nabc\nzz\n", false, 0, wire.CodeLocalBadHead},
		{"bad trailer", chunkedHead + "0\nContent-Length: 3\n\n", false, 0, wire.CodeLocalBadHead},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newService(t)
			r := newRig(t, s.addr)
			r.get("/")
			p := s.accept()
			p.head()
			p.say(tt.raw)
			if tt.reset {
				p.SetLinger(0)
			}
			p.Close()
			a := r.answer()
			x := r.rec.nth(t, 0, inspect.Failed)
			if a.aborted != tt.aborted || tt.aborted != 0 && x.Failure.Code != int(tt.aborted) {
				t.Errorf("aborted %v, recorded %+v", a.aborted, x.Failure)
			}
			if tt.aborted != 0 && (a.resp.Seq == 0 || strings.Contains(tt.raw, "abc") && string(a.body) != "abc") {
				t.Errorf("what was good before the cut: head %q, body %q", a.head, a.body)
			}
			if tt.made != 0 && (!strings.Contains(a.head, "Adit-Error: "+tt.made.String()+"\r\n") || a.resp.Flags != wire.RespMade || !a.taken || !x.Response.Made || x.Failure.Code != int(tt.made)) {
				t.Errorf("answer %q, %v", a.head, a.resp)
			}
			s.none()
		})
	}
}

// TestResetMidway: a close-delimited answer that ends with RST is not whole.
func TestResetMidway(t *testing.T) {
	s := newService(t)
	r := newRig(t, s.addr)
	r.get("/")
	p := s.accept()
	p.head()
	p.say("HTTP/1.0 200 OK\n\nabc")
	r.frame()
	r.frame()
	p.SetLinger(0)
	p.Close()
	if a := r.answer(); a.aborted != wire.CodeLocalEarlyEnd {
		t.Fatalf("%+v", a)
	}
}
