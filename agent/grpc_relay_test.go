package agent_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	pb "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/adit-tunnel/adit/agent"
	"github.com/adit-tunnel/adit/inspect"
)

// testService is gRPC's own test service, as far as it is asked here.
type testService struct {
	pb.UnimplementedTestServiceServer
	ended chan error // of calls that waited for their end
}

func payload(n int) *pb.Payload { return &pb.Payload{Body: content(n)} }

func (s *testService) UnaryCall(ctx context.Context, q *pb.SimpleRequest) (*pb.SimpleResponse, error) {
	if e := q.GetResponseStatus(); e != nil {
		return nil, status.Error(codes.Code(e.Code), e.Message)
	}
	if q.FillUsername { // stands for: wait
		_, limited := ctx.Deadline()
		<-ctx.Done()
		s.ended <- fmt.Errorf("deadline %v: %w", limited, ctx.Err())
		return nil, ctx.Err()
	}
	in, _ := metadata.FromIncomingContext(ctx)
	grpc.SetHeader(ctx, metadata.Pairs("x-head", strings.Join(in["x-asked"], ",")))
	grpc.SetTrailer(ctx, metadata.Pairs("x-trailer-bin", string([]byte{0, 1, 255})))
	return &pb.SimpleResponse{Payload: payload(int(q.ResponseSize))}, nil
}

func (s *testService) StreamingOutputCall(q *pb.StreamingOutputCallRequest, stream grpc.ServerStreamingServer[pb.StreamingOutputCallResponse]) error {
	for _, p := range q.ResponseParameters {
		if err := stream.Send(&pb.StreamingOutputCallResponse{Payload: payload(int(p.Size))}); err != nil {
			return err
		}
	}
	return nil
}

func (s *testService) StreamingInputCall(stream grpc.ClientStreamingServer[pb.StreamingInputCallRequest, pb.StreamingInputCallResponse]) error {
	var sum int32
	for {
		q, err := stream.Recv()
		if err == io.EOF {
			return stream.SendAndClose(&pb.StreamingInputCallResponse{AggregatedPayloadSize: sum})
		}
		if err != nil {
			return err
		}
		sum += int32(len(q.GetPayload().GetBody()))
	}
}

func (s *testService) FullDuplexCall(stream grpc.BidiStreamingServer[pb.StreamingOutputCallRequest, pb.StreamingOutputCallResponse]) error {
	for {
		q, err := stream.Recv()
		if err != nil {
			s.ended <- err
			if err == io.EOF {
				return nil
			}
			return err
		}
		if err := stream.Send(&pb.StreamingOutputCallResponse{Payload: q.Payload}); err != nil {
			return err
		}
	}
}

// newGRPC is a client of a real gRPC server behind a tunnel. What it says goes in as HTTP/1.1: a proxy makes that of it, since trailers and both ways at once
// are there in HTTP/1.1, too.
func newGRPC(t *testing.T) (*forwarder, pb.TestServiceClient, *testService) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	service, srv := &testService{ended: make(chan error, 1)}, grpc.NewServer()
	pb.RegisterTestServiceServer(srv, service)
	served := make(chan struct{})
	go func() {
		defer close(served)
		srv.Serve(ln)
	}()
	t.Cleanup(func() {
		srv.Stop()
		<-served
	})
	f := newForwarder(t, agent.Endpoint{Upstream: "http://" + ln.Addr().String(), UpstreamProtocol: "http2"})
	_, host, _ := strings.Cut(f.url, "://")
	tr := &http.Transport{DisableCompression: true}
	front := httptest.NewUnstartedServer(&httputil.ReverseProxy{
		Transport: tr, ErrorLog: quiet, Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme, r.Out.URL.Host, r.Out.Host = "http", f.relay.HTTP, host
		},
	})
	front.Config.Protocols = new(http.Protocols)
	front.Config.Protocols.SetUnencryptedHTTP2(true)
	front.Start()
	conn, err := grpc.NewClient("passthrough:///"+front.Listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		conn.Close()
		front.Close()
		tr.CloseIdleConnections()
	})
	return f, pb.NewTestServiceClient(conn), service
}

// TestGRPC: the four forms of calls, status without content, metadata, deadlines and cancellation go through a tunnel.
func TestGRPC(t *testing.T) {
	f, c, service := newGRPC(t)
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	t.Run("unary", func(t *testing.T) {
		var head, trailer metadata.MD
		asked := metadata.AppendToOutgoingContext(ctx, "x-asked", "yes")
		res, err := c.UnaryCall(asked, &pb.SimpleRequest{ResponseSize: 3 << 20, Payload: payload(1 << 20)}, grpc.Header(&head), grpc.Trailer(&trailer))
		if err != nil || len(res.GetPayload().GetBody()) != 3<<20 || head["x-head"][0] != "yes" || trailer["x-trailer-bin"][0] != "\x00\x01\xff" {
			t.Errorf("%d bytes, %v %v %v", len(res.GetPayload().GetBody()), head, trailer, err)
		}
		f.until(func() bool { return f.last().State == inspect.Done })
		if x := f.last(); x.Request.Target != "/grpc.testing.TestService/UnaryCall" || x.Response.Status != 200 || !strings.Contains(string(x.Response.Trailers), "Grpc-Status: 0") {
			t.Errorf("recorded %q %q", x.Response.Head, x.Response.Trailers)
		}
	})
	t.Run("status alone", func(t *testing.T) {
		_, err := c.UnaryCall(ctx, &pb.SimpleRequest{ResponseStatus: &pb.EchoStatus{Code: 9, Message: "not \u00e4 now\n"}})
		if s, _ := status.FromError(err); s.Code() != codes.FailedPrecondition || s.Message() != "not \u00e4 now\n" {
			t.Error(err)
		}
		if _, err := c.UnimplementedCall(ctx, &pb.Empty{}); status.Code(err) != codes.Unimplemented {
			t.Error(err)
		}
	})
	t.Run("server streaming", func(t *testing.T) {
		s, err := c.StreamingOutputCall(ctx, &pb.StreamingOutputCallRequest{ResponseParameters: []*pb.ResponseParameters{{Size: 31415}, {Size: 9}, {Size: 1 << 20}}})
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []int{31415, 9, 1 << 20} {
			if m, err := s.Recv(); err != nil || len(m.Payload.Body) != want {
				t.Fatalf("%d, %v", want, err)
			}
		}
		if _, err := s.Recv(); err != io.EOF {
			t.Error(err)
		}
	})
	t.Run("client streaming", func(t *testing.T) {
		s, err := c.StreamingInputCall(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for range 5 {
			if err := s.Send(&pb.StreamingInputCallRequest{Payload: payload(100 << 10)}); err != nil {
				t.Fatal(err)
			}
		}
		if m, err := s.CloseAndRecv(); err != nil || m.AggregatedPayloadSize != 500<<10 {
			t.Errorf("%v %v", m, err)
		}
	})
	t.Run("both ways", func(t *testing.T) { pingPong(ctx, t, c, service) })
	t.Run("deadline", func(t *testing.T) {
		short, cancel := context.WithTimeout(ctx, 300*time.Millisecond)
		defer cancel()
		if _, err := c.UnaryCall(short, &pb.SimpleRequest{FillUsername: true}); status.Code(err) != codes.DeadlineExceeded && !strings.Contains(fmt.Sprint(err), "CANCEL") {
			t.Error(err) // CANCEL: the service's clock was first, and it has ended the stream
		}
		if err := <-service.ended; !strings.HasPrefix(err.Error(), "deadline true") {
			t.Errorf("the service knows of no deadline: %v", err)
		}
	})
	t.Run("cancellation", func(t *testing.T) {
		canceled, cancel := context.WithCancel(ctx)
		s, err := c.FullDuplexCall(canceled)
		if err == nil {
			err = errors.Join(s.Send(&pb.StreamingOutputCallRequest{Payload: payload(1)}), second(s.Recv()))
		}
		if err != nil {
			t.Fatal(err)
		}
		cancel()
		if _, err := s.Recv(); status.Code(err) != codes.Canceled {
			t.Error(err)
		}
		if err := <-service.ended; err == io.EOF || err == nil {
			t.Errorf("the service has seen an end that looks whole: %v", err)
		}
	})
}

func second[T any](_ T, err error) error { return err }

// pingPong sends each message when the one before has come back.
func pingPong(ctx context.Context, t *testing.T, c pb.TestServiceClient, service *testService) {
	s, err := c.FullDuplexCall(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{1, 70 << 10, 0, 9} {
		if err := s.Send(&pb.StreamingOutputCallRequest{Payload: payload(n)}); err != nil {
			t.Fatal(err)
		}
		if m, err := s.Recv(); err != nil || len(m.GetPayload().GetBody()) != n {
			t.Fatalf("%d: %v", n, err)
		}
	}
	if err := s.CloseSend(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Recv(); err != io.EOF {
		t.Error(err)
	}
	if err := <-service.ended; err != io.EOF {
		t.Error(err)
	}
}
