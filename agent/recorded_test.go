package agent

import (
	"bytes"
	"context"
	"fmt"
	"hash/crc32"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/store"
)

// shown waits until the newest exchange is recorded so, and returns it.
func (w *world) shown(what string, ok func(x *inspect.Exchange) bool) *inspect.Exchange {
	w.t.Helper()
	var x *inspect.Exchange
	w.until(what, func(inspect.Status) bool {
		items := listed(w.t, w.store)
		if len(items) == 0 {
			return false
		}
		item, err := w.store.Get(w.t.Context(), items[0].ID)
		x = item.Exchange
		return err == nil && ok(x)
	})
	return x
}

// TestStreamsAreRecorded: what has come of an event stream or an upgraded connection is recorded while it stands still, each way.
func TestStreamsAreRecorded(t *testing.T) {
	more := make(chan string)
	w := newWorld(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/events" {
			w.Header().Set("Content-Type", "text/event-stream")
			for text := range more {
				fmt.Fprintf(w, "data: %s\n\n", text)
				w.(http.Flusher).Flush()
			}
			return
		}
		c, buf, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer c.Close()
		fmt.Fprint(buf, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\n")
		buf.Flush()
		io.Copy(c, buf)
	}))
	_, host, _ := strings.Cut(w.ready(), "://")

	ended := make(chan error, 1)
	go func() {
		_, _, err := w.try("GET", "/events", "")
		ended <- err
	}()
	var sent string
	for _, text := range []string{"1", "2", "3"} {
		more <- text
		sent += "data: " + text + "\n\n"
		w.shown("event "+text, func(x *inspect.Exchange) bool {
			return x.State == inspect.Open && x.Response != nil && string(x.Response.Body) == sent
		})
	}
	close(more)
	if err := <-ended; err != nil {
		t.Error(err)
	}
	events := w.shown("end of the events", (*inspect.Exchange).Ended)
	if m := events.Response.Message; len(m.Passed) == 0 || m.Passed[0].Offset != 0 || m.Size != int64(len(sent)) || !m.Complete() {
		t.Errorf("events: %+v", m)
	}

	c, err := net.Dial("tcp", w.relay.HTTP)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(patience))
	fmt.Fprintf(c, "GET /chat HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\n", host)
	w.shown("upgrade", func(x *inspect.Exchange) bool { return x.Upgraded })
	sent = ""
	for _, text := range []string{"one", "two", "three"} {
		fmt.Fprint(c, text)
		sent += text
		w.shown(text, func(x *inspect.Exchange) bool {
			return x.State == inspect.Open && string(x.Request.Body) == sent && string(x.Response.Body) == sent
		})
	}
	c.(*net.TCPConn).CloseWrite()
	x := w.shown("end of the chat", (*inspect.Exchange).Ended)
	for _, m := range []inspect.Message{x.Request.Message, x.Response.Message} {
		if n := len(m.Passed); n == 0 || m.Passed[0].After > m.Passed[n-1].After || m.Size != int64(len(sent)) {
			t.Errorf("chat: %+v", m)
		}
	}
}

// TestRedacted: the local service and the visitor get what was sent, the record does not.
func TestRedacted(t *testing.T) {
	const clean = `{"card":"[redacted]","n":1}`
	secret := `{"card":"4111-1111","n":1}`
	got := make(chan string, 2)
	w := newWorld(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		got <- string(b)
		w.Header().Set("X-Secret", "4111-1111")
		w.Write(b)
	}), func(o *Options, _ *Endpoint) { o.RedactFields, o.RedactJSON = []string{"x-secret"}, []string{"$.card"} })
	w.ready()
	res, body := w.do("POST", "/", secret)
	if sent := <-got; sent != secret || body != secret || res.Header.Get("X-Secret") != "4111-1111" {
		t.Errorf("the service got %q, the visitor %q", sent, body)
	}
	x := w.shown("end", (*inspect.Exchange).Ended)
	if q := x.Request; string(q.Body) != clean || !q.Redacted || !q.Complete() {
		t.Errorf("request: %+v", q)
	}
	if r := x.Response; string(r.Body) != clean || strings.Contains(string(r.Head), "4111") {
		t.Errorf("response: %+v", r)
	}
	id, err := w.a.Replay(t.Context(), x.ID, inspect.Resend{})
	if err != nil {
		t.Fatal(err)
	}
	if sent := <-got; sent != clean {
		t.Errorf("the replay sent %q", sent)
	}
	if x := w.over(id); !x.Edited || x.State != inspect.Done {
		t.Errorf("replay: %v, edited %v", x.State, x.Edited)
	}
	if _, body := w.do("POST", "/", `{"card":"4111`); body != `{"card":"4111` || <-got != body {
		t.Errorf("what is cut came as %q", body)
	}
	x = w.shown("end", func(x *inspect.Exchange) bool { return x.Ended() && x.ReplayOf == "" })
	_, err = w.a.Replay(t.Context(), x.ID, inspect.Resend{})
	if q := x.Request; q.Body != nil || !q.Withheld || err == nil || !strings.Contains(err.Error(), "what is to be redacted in it could not be looked for") {
		t.Errorf("what cannot be read: %+v, %v", q, err)
	}
	if _, err := New(Options{Relay: w.relay.Agents, RedactJSON: []string{"card"}}); err == nil {
		t.Error("a wrong path is taken")
	}
}

// spilling is a store whose files are in memory.
type spilling struct {
	*store.Memory
	mu    sync.Mutex
	files map[string]*spilled
}

type spilled struct {
	bytes.Buffer
	closed bool
}

func (s *spilled) Write(p []byte) bool { s.Buffer.Write(p); return true }
func (s *spilled) Close()              { s.closed = true }

func (s *spilling) Spill(id inspect.ID, side inspect.Side) inspect.Spill {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := &spilled{}
	s.files[string(id)+side.String()] = f
	return f
}

func (s *spilling) Body(_ context.Context, id inspect.ID, side inspect.Side) (inspect.Body, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.files[string(id)+side.String()]
	if f == nil {
		return nil, inspect.ErrNotFound
	}
	return fileReader{bytes.NewReader(f.Bytes())}, nil
}

type fileReader struct{ *bytes.Reader }

func (fileReader) Close() error { return nil }

// TestLargeContentIsKept: what memory does not hold goes to the store, both ways, and comes back from there when it is sent again.
func TestLargeContentIsKept(t *testing.T) {
	got := make(chan uint32, 2)
	s := &spilling{files: map[string]*spilled{}}
	w := newWorld(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		got <- crc32.ChecksumIEEE(b)
		w.Write(b)
	}), func(o *Options, _ *Endpoint) {
		s.Memory = o.Recorder.(*store.Memory)
		o.Recorder = s
	})
	w.ready()
	w.a.SetReader(s)
	content := strings.Repeat("0123456789abcde\n", 3<<20/16)
	sum := crc32.ChecksumIEEE([]byte(content))
	if _, body := w.do("POST", "/", content); body != content || <-got != sum {
		t.Fatal("the content is not what was sent")
	}
	x := w.shown("end", (*inspect.Exchange).Ended)
	again, err := w.a.Replay(t.Context(), x.ID, inspect.Resend{})
	if err != nil {
		t.Fatal(err)
	}
	if <-got != sum {
		t.Error("the replay has sent something else")
	}
	for _, x := range []*inspect.Exchange{w.over(again), x} {
		for _, side := range []inspect.Side{inspect.RequestSide, inspect.ResponseSide} {
			m, f := x.Message(side), s.files[string(x.ID)+side.String()]
			if !m.Complete() || m.Size != int64(len(content)) || len(m.Body) != 1<<20 || f.String() != content || !f.closed {
				t.Errorf("%s of %s: %d of %d kept, %d in memory, %d in the file", side, x.ID, m.Kept, m.Size, len(m.Body), f.Len())
			}
		}
	}
}

// TestNothingIsRecorded: without a recorder the status says of no endpoint that it is inspected.
func TestNothingIsRecorded(t *testing.T) {
	w := newWorld(t, echo, func(o *Options, _ *Endpoint) { o.Recorder = nil })
	w.ready()
	if _, body := w.do("GET", "/", ""); body != "GET / " {
		t.Errorf("got %q", body)
	}
	if s := w.a.Status(); s.Endpoints[0].Inspect || w.store.Count() != 0 {
		t.Errorf("inspected %v, %d recorded", s.Endpoints[0].Inspect, w.store.Count())
	}
}
