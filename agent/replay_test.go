package agent

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/adit-tunnel/adit/http1"
	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/wire"
)

// recordedAs puts a request into the store as if it had come, and returns its exchange.
func (w *world) recordedAs(id inspect.ID, head, body, trailers string) *inspect.Exchange {
	crlf := func(s string) []byte { return []byte(strings.ReplaceAll(s, "\n", "\r\n")) }
	x := &inspect.Exchange{ID: id, Endpoint: "web", State: inspect.Interrupted}
	x.Request.Host = "a.example"
	x.Request.Message = inspect.Message{
		Head: crlf(head), Body: []byte(body), Kept: int64(len(body)), Size: int64(len(body)), Trailers: crlf(trailers), Whole: true,
	}
	w.store.Record(x)
	return x
}

// ended waits for the exchange to end.
func (w *world) over(id inspect.ID) *inspect.Exchange {
	w.t.Helper()
	var x *inspect.Exchange
	w.until("end of "+string(id), func(inspect.Status) bool {
		item, err := w.store.Get(w.t.Context(), id)
		x = item.Exchange
		return err == nil && x.Ended()
	})
	return x
}

// TestReplayEdited: what is changed is sent, framed anew, and all else as it was recorded.
func TestReplayEdited(t *testing.T) {
	w := newWorld(t, echo)
	w.ready()
	const length = "POST /hook?a=1 HTTP/1.1\nHost: a.example\nX-One:  1 \ncontent-length: 5\nX-Two: 2\n\n"
	const chunked = "POST / HTTP/1.1\nHost: a.example\nTransfer-Encoding: chunked\nTrailer: X\n\n"
	const none = "GET / HTTP/1.1\nHost: a.example\n\n"
	w.recordedAs("length", length, "hello", "")
	w.recordedAs("chunked", chunked, "hello", "X: 1\n")
	w.recordedAs("none", none, "", "")
	w.recordedAs("redacted", length, "hel", "").Request.Redacted = true
	w.recordedAs("cut", length, "hel", "").Request.Size = 5
	field := func(name, value string) inspect.Field { return inspect.Field{Name: name, Value: value} }
	for _, tt := range []struct {
		id         inspect.ID
		edit       *inspect.Edit
		head, body string
		edited     bool
	}{
		{"length", nil, length, "hello", false},
		{"length", &inspect.Edit{}, length, "hello", false},
		{"length", &inspect.Edit{Body: []byte("hello")}, length, "hello", false},
		{"length", &inspect.Edit{Method: "PUT", Target: "/b?c"}, strings.Replace(length, "POST /hook?a=1", "PUT /b?c", 1), "hello", true},
		{"length", &inspect.Edit{Body: []byte("good bye")}, strings.Replace(length, "content-length: 5", "Content-Length: 8", 1), "good bye", true},
		{"length", &inspect.Edit{Body: []byte{}}, strings.Replace(length, "content-length: 5", "Content-Length: 0", 1), "", true},
		{"length", &inspect.Edit{Fields: []inspect.Field{field("X", "1"), field("Content-Length", "99"), field("x", "2"), field("Transfer-Encoding", "chunked")}},
			"POST /hook?a=1 HTTP/1.1\nHost: a.example\nX: 1\nContent-Length: 5\nx: 2\n\n", "hello", true},
		{"length", &inspect.Edit{Fields: []inspect.Field{field("Connection", "x"), field("X", "1"), field("Keep-Alive", "a"), field("Host", "b.example"), field("Upgrade", "y")}},
			"POST /hook?a=1 HTTP/1.1\nHost: b.example\nContent-Length: 5\n\n", "hello", true},
		{"chunked", nil, chunked, "hello", false},
		{"chunked", &inspect.Edit{Target: "/c"}, "POST /c HTTP/1.1\nHost: a.example\nContent-Length: 5\n\n", "hello", true},
		{"none", &inspect.Edit{Fields: []inspect.Field{}}, none, "", false},
		{"none", &inspect.Edit{Method: "POST", Body: []byte("x")}, "POST / HTTP/1.1\nHost: a.example\nContent-Length: 1\n\n", "x", true},
		{"redacted", nil, strings.Replace(length, "content-length: 5", "Content-Length: 3", 1), "hel", true},
		{"cut", &inspect.Edit{Body: []byte("hello")}, length, "hello", true},
	} {
		id, err := w.a.Replay(t.Context(), tt.id, inspect.Resend{Edit: tt.edit})
		if err != nil {
			t.Errorf("%s %+v: %v", tt.id, tt.edit, err)
			continue
		}
		x := w.over(id)
		if got := strings.ReplaceAll(string(x.Request.Head), "\r\n", "\n"); got != tt.head || string(x.Request.Body) != tt.body {
			t.Errorf("%s %+v: sent %q and %q", tt.id, tt.edit, got, x.Request.Body)
		}
		if x.State != inspect.Done || x.ReplayOf != tt.id || x.Edited != tt.edited {
			t.Errorf("%s %+v: %v, replay of %s, edited %v, %v", tt.id, tt.edit, x.State, x.ReplayOf, x.Edited, x.Failure)
		}
	}
}

// TestReplayEditRefused: no edit makes a request of two, or one that parsers read differently.
func TestReplayEditRefused(t *testing.T) {
	w := newWorld(t, echo)
	w.ready()
	w.recordedAs("x", "POST / HTTP/1.1\nHost: a.example\nContent-Length: 2\n\n", "hi", "")
	before := w.store.Count()
	many := make([]inspect.Field, 300)
	for i := range many {
		many[i] = inspect.Field{Name: "X", Value: "1"}
	}
	fields := func(name, value string) inspect.Edit {
		return inspect.Edit{Fields: []inspect.Field{{Name: name, Value: value}}}
	}
	for key, edits := range map[string][]inspect.Edit{
		"method": {{Method: "GE T"}, {Method: "GET\r\nX: y"}, {Method: "CONNECT"}, {Method: "(GET)"}, {Method: "G\u00c9T"}},
		"target": {{Target: "x"}, {Target: "/a b"}, {Target: "/a\r\nX: y"}, {Target: "/#f"}, {Target: "*"}, {Target: "http://b.example/"}, {Target: "/\u00e9"}},
		"fields": {
			fields("", "1"), fields("A\r\nB", "1"), fields("A: b", "1"), fields("A", "b\r\nC: d"), fields("A", "b\nC: d"), fields("A", "\x00"), fields("A", "\x01"),
			fields("A b", "1"), fields("Host", "two words"), fields("Host", ""), fields("Upgrade", "h2c"), fields("A", strings.Repeat("x", 70<<10)),
			{Fields: many}, {Fields: []inspect.Field{{Name: "Host", Value: "a"}, {Name: "host", Value: "a"}}},
		},
	} {
		for _, e := range edits {
			_, err := w.a.Replay(t.Context(), "x", inspect.Resend{Edit: &e})
			var wrong *inspect.EditError
			if !errors.As(err, &wrong) || wrong.Key != key || wrong.Text == "" {
				t.Errorf("%.200q: %v", fmt.Sprint(e), err)
			}
		}
	}
	if n := w.store.Count(); n != before {
		t.Errorf("%d requests were sent all the same", n-before)
	}
}

// keptReader has one request, of whose content memory holds the beginning only.
type keptReader struct {
	inspect.Reader // nil: nobody reads anything else
	x              *inspect.Exchange
	content        *bytes.Reader
	open, opened   atomic.Int32
}

func (k *keptReader) Get(context.Context, inspect.ID) (inspect.Item, error) {
	return inspect.Item{Exchange: k.x}, nil
}

func (k *keptReader) Body(context.Context, inspect.ID, inspect.Side) (inspect.Body, error) {
	k.open.Add(1)
	k.opened.Add(1)
	return k, nil
}

func (k *keptReader) ReadAt(p []byte, at int64) (int, error) { return k.content.ReadAt(p, at) }
func (k *keptReader) Close() error                           { k.open.Add(-1); return nil }

// Size is less at first: the content is still being written.
func (k *keptReader) Size() int64 {
	if k.opened.Load() == 1 {
		return k.x.Request.Kept - 1
	}
	return k.x.Request.Kept
}

// TestReplayFromDisk: content that memory does not hold comes from the store, piece by piece, and one that is gone meanwhile is not sent as if it were whole.
func TestReplayFromDisk(t *testing.T) {
	got := make(chan string, 1)
	w := newWorld(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sum := crc32.NewIEEE()
		if n, err := io.Copy(sum, r.Body); err == nil {
			got <- fmt.Sprint(n, " ", r.TransferEncoding, " ", sum.Sum32())
		}
	}))
	w.ready()
	content := bytes.Repeat([]byte("0123456789abcde\n"), 5<<20/16)
	k := &keptReader{content: bytes.NewReader(content)}
	w.a.SetReader(k)
	for _, framing := range []string{fmt.Sprint("Content-Length: ", len(content)), "Transfer-Encoding: chunked"} {
		k.x = w.recordedAs("big", "POST / HTTP/1.1\nHost: a.example\n"+framing+"\n\n", "0123", "")
		k.x.Request.Kept, k.x.Request.Size = int64(len(content)), int64(len(content))
		id, err := w.a.Replay(t.Context(), "big", inspect.Resend{})
		if err != nil {
			t.Fatal(err)
		}
		coding := "[]"
		if strings.HasPrefix(framing, "T") {
			coding = "[chunked]"
		}
		if want, sent := fmt.Sprint(len(content), " ", coding, " ", crc32.ChecksumIEEE(content)), <-got; sent != want {
			t.Errorf("%s: sent %s, want %s", framing, sent, want)
		}
		if x := w.over(id); x.State != inspect.Done || x.Edited {
			t.Errorf("%s: %v, %v", framing, x.State, x.Failure)
		}
	}
	if _, err := w.a.ReplayExchange(t.Context(), k.x); err == nil || !strings.Contains(err.Error(), "only 4 bytes of 5.0 MiB were kept") {
		t.Errorf("an exchange that holds a part: %v", err)
	}
	k.content = bytes.NewReader(content[:3<<20])
	id, err := w.a.Replay(t.Context(), "big", inspect.Resend{})
	if err != nil {
		t.Fatal(err)
	}
	if x := w.over(id); x.State != inspect.Failed || x.Failure.Code != int(wire.CodeCaptureGone) {
		t.Errorf("content that is gone: %v, %v", x.State, x.Failure)
	}
	k.x.Request.Kept = 1 << 20
	if _, err := w.a.Replay(t.Context(), "big", inspect.Resend{}); err == nil || !strings.Contains(err.Error(), "only 1.0 MiB of 5.0 MiB were kept") {
		t.Errorf("content of which a part was kept: %v", err)
	}
	w.stop()
	if err := w.end(); err != nil || k.open.Load() != 0 {
		t.Errorf("Run: %v, %d are still open", err, k.open.Load())
	}
}

// FuzzEdit: what an edit makes is one request with just the words that were asked for, or nothing.
func FuzzEdit(f *testing.F) {
	f.Add("POST", "/a?b", "X-One", "1", []byte("hello"))
	f.Add("GET", "*", "Connection", "close, host", []byte(nil))
	f.Add("A", "/\t", "X: y\r\nZ", "\x00", []byte{})
	f.Add("OPTIONS", "*", "Content-Length", "3\r\n\r\n", []byte("x"))
	recorded := inspect.Request{Host: "a.example", Message: inspect.Message{Head: []byte("GET / HTTP/1.1\r\nHost: a.example\r\n\r\n"), Whole: true}}
	f.Fuzz(func(t *testing.T, method, target, name, value string, body []byte) {
		e := &inspect.Edit{Method: method, Target: target, Fields: []inspect.Field{{Name: name, Value: value}}, Body: body}
		r, err := newResend(&inspect.Exchange{Request: recorded}, inspect.Resend{Edit: e})
		var wrong *inspect.EditError
		if errors.As(err, &wrong) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		var head http1.Request
		head.Wire = true
		if n, err := head.Parse(r.req.Head); err != nil || n != len(r.req.Head) {
			t.Fatalf("%q: %d, %v", r.req.Head, n, err)
		}
		if method != "" && string(head.Method) != method || target != "" && string(head.Path) != target || head.Upgrade || head.Body == http1.BodyChunked {
			t.Fatalf("%q", r.req.Head)
		}
		for _, field := range head.Fields {
			switch got := string(field.Name); {
			case got == name && string(field.Value) == strings.Trim(value, " \t"):
			case strings.EqualFold(got, "Host"), got == "Content-Length" && string(field.Value) == fmt.Sprint(len(body)):
			default:
				t.Fatalf("%q has a field %q", r.req.Head, field.Line)
			}
		}
	})
}
