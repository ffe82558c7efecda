package e2e

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// raw is gRPC's codec for messages that are text.
type raw struct{}

func (raw) Marshal(v any) ([]byte, error)      { return []byte(*v.(*string)), nil }
func (raw) Unmarshal(data []byte, v any) error { *v.(*string) = string(data); return nil }
func (raw) Name() string                       { return "raw" }

// The four forms of call: one message each way, many down, many up, many both ways.
var (
	echoForm  = grpc.StreamDesc{StreamName: "Echo", Handler: echoes}
	countForm = grpc.StreamDesc{StreamName: "Count", ServerStreams: true, Handler: counts}
	sumForm   = grpc.StreamDesc{StreamName: "Sum", ClientStreams: true, Handler: sums}
	sayForm   = grpc.StreamDesc{StreamName: "Say", ServerStreams: true, ClientStreams: true}
)

// chatter is a gRPC service with a method of each form, and returns its port.
func chatter(t *testing.T, gone chan<- struct{}) (port string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	say := sayForm
	say.Handler = func(_ any, st grpc.ServerStream) error { return chats(st, gone) }
	s := grpc.NewServer(grpc.ForceServerCodec(raw{}))
	s.RegisterService(&grpc.ServiceDesc{ServiceName: "chat.Chat", HandlerType: (*any)(nil), Streams: []grpc.StreamDesc{echoForm, countForm, sumForm, say}}, nil)
	go func() { _ = s.Serve(ln) }()
	t.Cleanup(s.Stop)
	_, port, _ = net.SplitHostPort(ln.Addr().String())
	return port
}

func echoes(_ any, st grpc.ServerStream) error {
	var m string
	if err := st.RecvMsg(&m); err != nil {
		return err
	}
	return st.SendMsg(&m)
}

// counts sends as many messages as it is told to.
func counts(_ any, st grpc.ServerStream) error {
	var m string
	if err := st.RecvMsg(&m); err != nil {
		return err
	}
	n, _ := strconv.Atoi(m)
	for i := range n {
		m := strconv.Itoa(i)
		if err := st.SendMsg(&m); err != nil {
			return err
		}
	}
	return nil
}

// sums says how many messages came.
func sums(_ any, st grpc.ServerStream) error {
	for n := 0; ; n++ {
		var m string
		if err := st.RecvMsg(&m); err == io.EOF {
			m = strconv.Itoa(n)
			return st.SendMsg(&m)
		} else if err != nil {
			return err
		}
	}
}

// chats says each message back, when the visitor has said his last "total: N", or fails if it is told to.
func chats(st grpc.ServerStream, gone chan<- struct{}) error {
	st.SetTrailer(metadata.Pairs("x-end", "said"))
	for n := 0; ; n++ {
		var m string
		switch err := st.RecvMsg(&m); {
		case err == io.EOF:
			m = fmt.Sprint("total: ", n)
			return st.SendMsg(&m)
		case err != nil:
			return err
		case m == "fail":
			return status.Error(codes.NotFound, "as you wish: 100% ü")
		case m == "wait":
			<-st.Context().Done()
			gone <- struct{}{}
			return st.Context().Err()
		}
		if err := st.SendMsg(&m); err != nil {
			return err
		}
	}
}

// A real client and a real service, HTTP/2 all the way, in each form of call, with failures, cancellation and deadlines.
func TestGRPC(t *testing.T) {
	gone := make(chan struct{}, 1)
	r := relay(t, "--https", "127.0.0.1:0")
	p := start(t, nil, append([]string{"http", chatter(t, gone), "--upstream-protocol", "http2"}, r.agentArgs()...)...)
	call := dialGRPC(t, r, p.ready())
	chat := func(ctx context.Context) grpc.ClientStream { return call(ctx, sayForm) }
	for _, one := range []struct {
		form           grpc.StreamDesc
		messages, want []string
	}{
		{echoForm, []string{strings.Repeat("x", 100_000)}, []string{strings.Repeat("x", 100_000)}},
		{countForm, []string{"3"}, []string{"0", "1", "2"}},
		{sumForm, []string{"a", "b"}, []string{"2"}},
	} {
		if got := exchanged(t, call(t.Context(), one.form), one.messages); !slices.Equal(got, one.want) {
			t.Errorf("%s: %.100q", one.form.StreamName, got)
		}
	}

	for name, messages := range map[string][]string{"unary": {"one"}, "none": {}, "many": {"a", "b", strings.Repeat("c", 200_000), ""}} {
		st := chat(t.Context())
		for i := range messages {
			if err := st.SendMsg(&messages[i]); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			var m string
			if err := st.RecvMsg(&m); err != nil || m != messages[i] { // full duplex: before the next is sent
				t.Fatalf("%s: %d bytes, %v", name, len(m), err)
			}
		}
		st.CloseSend()
		var m string
		if err := st.RecvMsg(&m); err != nil || m != fmt.Sprint("total: ", len(messages)) {
			t.Errorf("%s: %q %v", name, m, err)
		}
		if err := st.RecvMsg(&m); err != io.EOF || !slices.Equal(st.Trailer().Get("x-end"), []string{"said"}) {
			t.Errorf("%s: %v %v", name, err, st.Trailer())
		}
	}

	st, m := chat(t.Context()), "fail"
	st.SendMsg(&m)
	if err := st.RecvMsg(&m); status.Code(err) != codes.NotFound || status.Convert(err).Message() != "as you wish: 100% ü" {
		t.Errorf("failure: %v", err)
	}

	ctx, cancel := context.WithCancel(t.Context())
	st, m = chat(ctx), "wait"
	st.SendMsg(&m)
	time.AfterFunc(100*time.Millisecond, cancel)
	if err := st.RecvMsg(&m); status.Code(err) != codes.Canceled {
		t.Errorf("cancelled: %v", err)
	}
	soon(t, gone, "the service was never told of the cancellation")

	ctx, cancel = context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	st, m = chat(ctx), "wait"
	st.SendMsg(&m)
	if err := st.RecvMsg(&m); status.Code(err) != codes.DeadlineExceeded {
		t.Errorf("deadline: %v", err)
	}
	soon(t, gone, "the service was never told of the deadline")
}

// exchanged sends all messages and returns what comes.
func exchanged(t *testing.T, st grpc.ClientStream, messages []string) (got []string) {
	t.Helper()
	for i := range messages {
		if err := st.SendMsg(&messages[i]); err != nil {
			t.Fatal(err)
		}
	}
	st.CloseSend()
	for {
		var m string
		if err := st.RecvMsg(&m); err == io.EOF {
			return got
		} else if err != nil {
			t.Error(err)
			return got
		}
		got = append(got, m)
	}
}

func soon(t *testing.T, c <-chan struct{}, never string) {
	t.Helper()
	select {
	case <-c:
	case <-time.After(patience):
		t.Error(never)
	}
}

// dialGRPC returns what begins a call at an endpoint of the relay.
func dialGRPC(t *testing.T, r *publicRelay, url string) func(context.Context, grpc.StreamDesc) grpc.ClientStream {
	t.Helper()
	host, ok := strings.CutPrefix(url, "https://")
	if !ok {
		t.Fatalf("URL %q", url)
	}
	_, port, _ := strings.Cut(host, ":")
	conn, err := grpc.NewClient("passthrough:///127.0.0.1:"+port, grpc.WithAuthority(host), grpc.WithDefaultCallOptions(grpc.ForceCodec(raw{})),
		grpc.WithTransportCredentials(credentials.NewTLS(&tls.Config{RootCAs: r.roots(t)})))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return func(ctx context.Context, form grpc.StreamDesc) grpc.ClientStream {
		ctx, cancel := context.WithTimeout(ctx, patience)
		t.Cleanup(cancel)
		st, err := conn.NewStream(ctx, &form, "/chat.Chat/"+form.StreamName)
		if err != nil {
			t.Fatal(err)
		}
		return st
	}
}
