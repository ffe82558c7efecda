package e2e

import (
	"bytes"
	"io"
	"net"
	"testing"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// frameService is a service that speaks HTTP/2 frame by frame: answer is called for each request. It returns its port.
func frameService(t *testing.T, answer func(f *http2.Framer, stream uint32)) (port string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			nc, err := ln.Accept()
			if err != nil {
				return
			}
			go serveFrames(nc, answer)
		}
	}()
	_, port, _ = net.SplitHostPort(ln.Addr().String())
	return port
}

func serveFrames(nc net.Conn, answer func(f *http2.Framer, stream uint32)) {
	defer nc.Close()
	f := http2.NewFramer(nc, nc)
	if _, err := io.ReadFull(nc, make([]byte, len(http2.ClientPreface))); err != nil || f.WriteSettings() != nil {
		return
	}
	for {
		fr, err := f.ReadFrame()
		if err != nil {
			return
		}
		switch fr := fr.(type) {
		case *http2.SettingsFrame:
			if !fr.IsAck() {
				f.WriteSettingsAck()
			}
		case *http2.PingFrame:
			if !fr.IsAck() {
				f.WritePing(true, fr.Data)
			}
		case *http2.HeadersFrame:
			answer(f, fr.StreamID)
		}
	}
}

// fields writes HEADERS with these fields: a name, its value, the next name …
func fields(f *http2.Framer, stream uint32, end bool, all ...string) {
	var b bytes.Buffer
	enc := hpack.NewEncoder(&b)
	for i := 0; i < len(all); i += 2 {
		enc.WriteField(hpack.HeaderField{Name: all[i], Value: all[i+1]})
	}
	f.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: b.Bytes(), EndHeaders: true, EndStream: end})
}

// A service that resets a call: the client makes the same of it as without a tunnel, before the answer has begun and after it.
func TestGRPCResets(t *testing.T) {
	for _, c := range []struct {
		reset http2.ErrCode
		want  codes.Code
	}{
		{http2.ErrCodeCancel, codes.Canceled}, {http2.ErrCodeEnhanceYourCalm, codes.ResourceExhausted}, {http2.ErrCodeInternal, codes.Internal},
		{http2.ErrCodeInadequateSecurity, codes.PermissionDenied}, {http2.ErrCodeRefusedStream, codes.Unavailable},
	} {
		for name, begin := range map[string]func(f *http2.Framer, stream uint32){
			"before the head": func(*http2.Framer, uint32) {},
			"after a message": func(f *http2.Framer, stream uint32) {
				fields(f, stream, false, ":status", "200", "content-type", "application/grpc+raw")
				f.WriteData(stream, false, []byte("\x00\x00\x00\x00\x01x"))
			},
		} {
			if c.reset == http2.ErrCodeRefusedStream && name == "before the head" {
				continue // net/http tries that again, and then it is a 502
			}
			t.Run(c.reset.String()+" "+name, func(t *testing.T) {
				t.Parallel()
				r := relay(t, "--https", "127.0.0.1:0")
				port := frameService(t, func(f *http2.Framer, stream uint32) {
					begin(f, stream)
					f.WriteRSTStream(stream, c.reset)
				})
				p := start(t, nil, append([]string{"http", port, "--upstream-protocol", "http2"}, r.agentArgs()...)...)
				st, m := dialGRPC(t, r, p.ready())(t.Context(), countForm), "1"
				st.SendMsg(&m)
				st.CloseSend()
				var err error
				for err == nil {
					err = st.RecvMsg(&m)
				}
				if status.Code(err) != c.want {
					t.Errorf("%v", err)
				}
			})
		}
	}
}

// An answer with a length, behind which trailers come that it has not named, keeps them.
func TestGRPCTrailersBehindLength(t *testing.T) {
	r := relay(t, "--https", "127.0.0.1:0")
	port := frameService(t, func(f *http2.Framer, stream uint32) {
		fields(f, stream, false, ":status", "200", "content-type", "application/grpc", "content-length", "6")
		f.WriteData(stream, false, []byte("\x00\x00\x00\x00\x01x"))
		fields(f, stream, true, "grpc-status", "5", "grpc-message", "not here")
	})
	p := start(t, nil, append([]string{"http", port, "--upstream-protocol", "http2"}, r.agentArgs()...)...)
	st, m := dialGRPC(t, r, p.ready())(t.Context(), countForm), "1"
	st.SendMsg(&m)
	st.CloseSend()
	if err := st.RecvMsg(&m); err != nil || m != "x" {
		t.Fatalf("%q %v", m, err)
	}
	if err := st.RecvMsg(&m); status.Code(err) != codes.NotFound || status.Convert(err).Message() != "not here" {
		t.Errorf("%v", err)
	}
}
