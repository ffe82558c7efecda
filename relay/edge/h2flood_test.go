package edge

import (
	"bytes"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// giveUp begins a request and resets it.
func (f *framer) giveUp(w *secureWorld, id uint32) {
	n := len(w.up.exchanges())
	f.head(id, true)
	until(f.t, "begun", func() bool { return len(w.up.exchanges()) > n })
	f.WriteRSTStream(id, http2.ErrCodeCancel)
	w.up.exchanges()[n].over()
}

// TestH2ManyGivenUp: a visitor in a hurry, who gives most requests up, is asked to go on with another connection before he is cut off.
func TestH2ManyGivenUp(t *testing.T) {
	w := startTLS(t, func(x *fakeExchange) {
		if strings.Contains(string(x.req.Head), "/now") {
			x.ok("x")
		}
	})
	f := w.frames()
	id := uint32(1)
	for range maxResets/2 + 10 {
		f.giveUp(w, id)
		id += 2
	}
	f.head(id, true, ":path: /now")
	got, err := f.ending()
	if len(got) == 0 || got[0].ErrCode != http2.ErrCodeNo || got[0].LastStreamID < id || err != io.EOF {
		t.Errorf("%v %v", got, err)
	}
}

// TestH2Resets: who opens requests and gives them up is cut off.
func TestH2Resets(t *testing.T) {
	w := startTLS(t, func(*fakeExchange) {})
	f := w.frames()
	go func() {
		for {
			if _, err := f.ReadFrame(); err != nil {
				return
			}
		}
	}()
	for id := uint32(1); ; id += 2 {
		if id > 2_000_000 {
			t.Fatal("never cut off")
		}
		f.out.Reset()
		for _, p := range [][2]string{{":method", "GET"}, {":scheme", "https"}, {":path", "/"}, {":authority", "app.test"}} {
			f.enc.WriteField(hpack.HeaderField{Name: p[0], Value: p[1]})
		}
		if f.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: f.out.Bytes(), EndHeaders: true, EndStream: true}) != nil || f.WriteRSTStream(id, http2.ErrCodeCancel) != nil {
			break
		}
	}
	until(t, "closed", func() bool { return w.s.Stats().Open == 0 })
}

// TestH2Floods: what would pile up with us ends the connection; what costs no more than its bytes is endured. Others are served all the time. (Pings that nobody reads
// the answers of are not heard: TestH2Pace.)
func TestH2Floods(t *testing.T) {
	w := startTLS(t, parrot)
	for name, c := range map[string]struct {
		flood   func(f *framer, i int) error
		endured bool
	}{
		"continuation": {flood: func(f *framer, i int) error {
			if i == 0 {
				return f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: []byte{0x82, 0x87, 0x84}})
			}
			return f.WriteContinuation(1, false, bytes.Repeat([]byte{0, 1, 'a', 127, 0}, 100)[:500])
		}},
		"settings": {flood: many("\x00\x00\x00\x04\x00\x00\x00\x00\x00"), endured: true}, // one answer is for all that came
	} {
		f := w.frames()
		limit := 2 * patience
		if c.endured {
			limit = patience / 5
		}
		f.conn.SetWriteDeadline(time.Now().Add(limit))
		var err error
		for i := 0; err == nil && !(c.endured && i == 1000); i++ { // and nothing is read
			err = c.flood(f, i)
			if i == 500 {
				if res, got := fetch(t, w.client(true), request(t, "POST", "https://app.test/", strings.NewReader("alive"))); got != "alive" {
					t.Errorf("%s: another visitor gets %s %q", name, res.Status, got)
				}
			}
		}
		late := errors.Is(err, os.ErrDeadlineExceeded) // of what is endured no more is heard when the answers, which nobody reads, fill the socket
		if (err == nil || late) != c.endured {
			t.Errorf("%s: %v", name, err)
		}
		f.conn.Close()
	}
	if res, got := fetch(t, w.client(true), request(t, "POST", "https://app.test/", strings.NewReader("alive"))); got != "alive" {
		t.Errorf("%s %q", res.Status, got)
	}
}

// many sends a thousand frames at a time.
func many(frame string) func(*framer, int) error {
	all := strings.Repeat(frame, 1000)
	return func(f *framer, _ int) error {
		_, err := io.WriteString(f.conn, all)
		return err
	}
}
