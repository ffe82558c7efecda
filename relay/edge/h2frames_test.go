package edge

import (
	"bytes"
	"crypto/tls"
	"io"
	"strings"
	"testing"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// framer speaks HTTP/2 frame by frame, right or wrong.
type framer struct {
	t testing.TB
	*http2.Framer
	conn *tls.Conn
	out  bytes.Buffer
	enc  *hpack.Encoder
}

func (w *secureWorld) frames() *framer {
	w.t.Helper()
	c := w.mustSeal(w.config("app.test", "h2"))
	f := &framer{t: w.t, Framer: http2.NewFramer(c, c), conn: c}
	f.enc = hpack.NewEncoder(&f.out)
	f.AllowIllegalWrites = true
	f.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	io.WriteString(c, http2.ClientPreface)
	f.WriteSettings()
	return f
}

// head writes HEADERS: "name: value" for each field; pseudo fields are those of a GET unless they are given.
func (f *framer) head(stream uint32, end bool, fields ...string) {
	f.t.Helper()
	f.out.Reset()
	var given, rest [][2]string
	for _, s := range fields {
		i := strings.Index(s, ": ")
		p := [2]string{s[:i], s[i+2:]}
		if p[0][0] == ':' {
			given = append(given, p)
		} else {
			rest = append(rest, p)
		}
	}
	for _, p := range [][2]string{{":method", "GET"}, {":scheme", "https"}, {":path", "/"}, {":authority", "app.test"}} {
		for _, g := range given {
			if g[0] == p[0] {
				p[1] = g[1]
			}
		}
		if p[1] != "-" {
			f.enc.WriteField(hpack.HeaderField{Name: p[0], Value: p[1]})
		}
	}
	for _, p := range rest {
		f.enc.WriteField(hpack.HeaderField{Name: p[0], Value: p[1]})
	}
	if err := f.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: f.out.Bytes(), EndHeaders: true, EndStream: end}); err != nil {
		f.t.Fatal(err)
	}
}

// outcome reads until the stream is over, and tells how: "status content", then a reset, a goaway or the connection's end.
func (f *framer) outcome(stream uint32) string {
	var s strings.Builder
	for {
		fr, err := f.ReadFrame()
		if err != nil {
			return s.String() + " closed"
		}
		switch fr := fr.(type) {
		case *http2.MetaHeadersFrame:
			if fr.StreamID == stream {
				s.WriteString(fr.PseudoValue("status"))
			}
		case *http2.DataFrame:
			if fr.StreamID == stream && len(fr.Data()) > 0 {
				s.WriteString(" " + string(fr.Data()))
			}
		case *http2.RSTStreamFrame:
			if fr.StreamID == stream {
				return s.String() + " RST " + fr.ErrCode.String()
			}
		case *http2.GoAwayFrame:
			if fr.ErrCode != http2.ErrCodeNo {
				return s.String() + " GOAWAY " + fr.ErrCode.String()
			}
		}
		if h := fr.Header(); h.StreamID == stream && h.Flags.Has(http2.FlagDataEndStream) && (h.Type == http2.FrameData || h.Type == http2.FrameHeaders) {
			return s.String()
		}
	}
}
