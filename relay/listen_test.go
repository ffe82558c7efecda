package relay

import (
	"context"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"time"
)

// The next process of a relay that stops finds its ports free in a moment, and the admin's when the last one has ended.
func TestNextProcessWaitsForPorts(t *testing.T) {
	old, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := old.Addr().String()
	time.AfterFunc(3*busyRetry, func() { old.Close() })
	ln, err := listenWithin(t.Context(), 10*time.Second, addr, discard)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := listenWithin(ctx, time.Hour, addr, discard); err == nil {
		t.Fatal("the address was taken twice")
	}
	var status atomic.Int32
	status.Store(http.StatusServiceUnavailable)
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(int(status.Load())) })}
	served := make(chan struct{})
	go func() { defer close(served); _ = srv.Serve(ln) }()
	if !stopping(addr) {
		t.Error("a relay that stops was not seen")
	}
	status.Store(http.StatusOK)
	if stopping(addr) {
		t.Error("a relay that is ready was taken for one that stops")
	}
	srv.Close()
	<-served
	if stopping(addr) {
		t.Error("nobody is there")
	}
}
