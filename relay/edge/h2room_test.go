package edge

import (
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"

	"github.com/adit-tunnel/adit/budget"
	"github.com/adit-tunnel/adit/wire"
)

// deaf is a visitor of HTTP/2 who lets no content come.
func (w *secureWorld) deaf() *framer {
	f := w.frames()
	f.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 0})
	return f
}

// TestH2DeafToLittle: an answer that fits into what net/http keeps back costs what its request does until it has gone, and its time is limited like any other's.
func TestH2DeafToLittle(t *testing.T) {
	t.Parallel()
	memory := budget.New(1 << 30)
	w := startTLS(t, func(x *fakeExchange) { x.ok("little") }, func(o *Options, _ *limits) { o.Memory, o.Reader = memory, 2*time.Second })
	const idle = connCost + tlsCost + h2Cost
	f := w.deaf()
	f.head(1, true)
	f.head(3, true, "x: "+strings.Repeat("x", 5000))
	heads := int64(len("app.test/")+len("app.test/x")+5000) * headCost
	until(t, "answered", func() bool { return len(w.up.exchanges()) == 2 && memory.Held() == idle+2*streamCost+heads })
	f.WriteWindowUpdate(1, 6)
	if got := f.outcome(1); got != "200 little" {
		t.Errorf("%q", got)
	}
	if got := f.outcome(3); !strings.HasSuffix(got, " RST INTERNAL_ERROR") { // its head may have come before
		t.Errorf("%q", got)
	}
	f.head(5, true, "host: other.test") // gets a page
	f.head(7, true, "te: gzip")         // is answered by net/http
	for range 2 {
		if got := f.reset(); got != http2.ErrCodeInternal {
			t.Errorf("%v", got)
		}
	}
	until(t, "given back", func() bool { return memory.Held() == idle })
}

// reset reads until a stream is reset.
func (f *framer) reset() http2.ErrCode {
	for {
		fr, err := f.ReadFrame()
		if err != nil {
			f.t.Fatal(err)
		}
		if r, ok := fr.(*http2.RSTStreamFrame); ok {
			return r.ErrCode
		}
	}
}

// TestH2LongAnswer: what limits net/http's own answers does not limit ours.
func TestH2LongAnswer(t *testing.T) {
	t.Parallel()
	w := startTLS(t, func(x *fakeExchange) {
		x.put(respFrame("HTTP/1.1 200 OK\r\n\r\n", wire.BodyUntil, 0, false))
		time.Sleep(5 * time.Second)
		x.put(dataFrame("last", true))
	}, func(o *Options, _ *limits) { o.Reader = 2 * time.Second })
	f := w.frames()
	f.head(1, true)
	if got := f.outcome(1); got != "200 last" {
		t.Errorf("%q", got)
	}
}

// TestH2NoMemory: the answer of a relay that has no memory waits for nobody.
func TestH2NoMemory(t *testing.T) {
	memory := budget.New(connCost + tlsCost + h2Cost)
	w := startTLS(t, parrot, func(o *Options, _ *limits) { o.Memory = memory })
	f := w.deaf()
	f.head(1, true)
	f.head(3, true, "host: other.test") // is none
	for n := 0; n < 2; {
		fr, err := f.ReadFrame()
		if err != nil {
			t.Fatal(err)
		}
		if h, ok := fr.(*http2.MetaHeadersFrame); ok {
			if n++; h.PseudoValue("status") != "503" || !h.StreamEnded() {
				t.Errorf("%v", h)
			}
		}
	}
	if n := len(w.up.exchanges()); n != 0 {
		t.Errorf("%d came through", n)
	}
	until(t, "counted", func() bool { return w.s.Stats().Errors["RELAY_BUSY"] == 2 })
}

// fullLink is a visitor of HTTP/2 who has asked for an answer of 32 MiB, and takes nothing of it until the link is full.
func fullLink(t *testing.T, opts ...option) (*secureWorld, *framer) {
	w := startTLS(t, func(x *fakeExchange) {
		x.put(respFrame("HTTP/1.1 200 OK\r\n\r\n", wire.BodyUntil, 0, false))
		for range 1024 {
			x.put(dataFrame(strings.Repeat("x", wire.MaxData), false))
		}
		x.put(dataFrame("", true))
	}, opts...)
	f := w.frames()
	f.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1 << 30})
	f.WriteWindowUpdate(0, 1<<30)
	f.head(1, true)
	until(t, "the link is full", func() bool {
		since := int64(0)
		w.s.each(func(c *conn) {
			if m := c.mux.Load(); m != nil {
				m.each(func(st *stream) { since = max(since, st.writing.Load()) })
			}
		})
		return since > 0 && w.s.clock.Load() > since+4*int64(w.s.lim.tick)
	})
	return w, f
}

// TestH2Pace: who takes nothing is not heard with much more, also with what net/http refuses by itself; when he takes what there is, all is answered.
func TestH2Pace(t *testing.T) {
	_, f := fullLink(t)
	const more = maxStreams - 1
	before := runtime.NumGoroutine()
	for i := range uint32(more) {
		f.head(2*i+3, true, "te: gzip", "x: "+strings.Repeat("x", 5000))
	}
	time.Sleep(500 * time.Millisecond) // in which all would have been heard
	if n := runtime.NumGoroutine() - before; n > 20 {
		t.Errorf("%d goroutines for requests of a visitor who takes nothing", n)
	}
	f.conn.SetDeadline(time.Now().Add(3 * patience))
	for answered := 0; answered < more; {
		fr, err := f.ReadFrame()
		if err != nil {
			t.Fatalf("%d of %d were answered: %v", answered, more, err)
		}
		if h, ok := fr.(*http2.MetaHeadersFrame); ok && h.StreamID > 1 {
			if answered++; h.PseudoValue("status") != "400" {
				t.Errorf("%v", h)
			}
		}
	}
}
