package e2e

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
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

// chatter is a gRPC service with one method, for all four forms of call: it says each message back, when the visitor has said his last "total: N", or fails
// if it is told to.
func chatter(gone chan<- struct{}) *grpc.Server {
	s := grpc.NewServer(grpc.ForceServerCodec(raw{}))
	s.RegisterService(&grpc.ServiceDesc{ServiceName: "chat.Chat", HandlerType: (*any)(nil), Streams: []grpc.StreamDesc{{
		StreamName: "Say", ServerStreams: true, ClientStreams: true, Handler: func(_ any, st grpc.ServerStream) error { return say(st, gone) },
	}}}, nil)
	return s
}

func say(st grpc.ServerStream, gone chan<- struct{}) error {
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

// TestGRPC: a real client and a real service, through the edge's HTTP/2. The service is told that it is HTTP/2 that it sees, since it insists on it.
func TestGRPC(t *testing.T) {
	gone := make(chan struct{}, 1)
	server := chatter(gone)
	port := service(t, http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		_ = http.NewResponseController(w).EnableFullDuplex()
		q.Proto, q.ProtoMajor, q.ProtoMinor = "HTTP/2.0", 2, 0
		server.ServeHTTP(w, q)
	}))
	r := relay(t, "--https", "127.0.0.1:0")
	p := start(t, nil, append([]string{"http", port}, r.agentArgs()...)...)
	chat := dialGRPC(t, r, p.ready())

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
	st.CloseSend() // over HTTP/1.1 gRPC's server waits for the end of what it does not want any more
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

func soon(t *testing.T, c <-chan struct{}, never string) {
	t.Helper()
	select {
	case <-c:
	case <-time.After(patience):
		t.Error(never)
	}
}

// dialGRPC returns what begins a call at an endpoint of the relay.
func dialGRPC(t *testing.T, r *publicRelay, url string) func(context.Context) grpc.ClientStream {
	t.Helper()
	host, ok := strings.CutPrefix(url, "https://")
	if !ok {
		t.Fatalf("URL %q", url)
	}
	text, err := os.ReadFile(filepath.Join(r.args[slices.Index(r.args, "--state-dir")+1], "ca.crt"))
	pool := x509.NewCertPool()
	if err != nil || !pool.AppendCertsFromPEM(text) {
		t.Fatal(errors.Join(errors.New("no CA"), err))
	}
	_, port, _ := strings.Cut(host, ":")
	conn, err := grpc.NewClient("passthrough:///127.0.0.1:"+port, grpc.WithAuthority(host), grpc.WithDefaultCallOptions(grpc.ForceCodec(raw{})),
		grpc.WithTransportCredentials(credentials.NewTLS(&tls.Config{RootCAs: pool})))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return func(ctx context.Context) grpc.ClientStream {
		ctx, cancel := context.WithTimeout(ctx, patience)
		t.Cleanup(cancel)
		st, err := conn.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true, ClientStreams: true}, "/chat.Chat/Say")
		if err != nil {
			t.Fatal(err)
		}
		return st
	}
}
