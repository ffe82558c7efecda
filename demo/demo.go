// Package demo is the sample behind "adit demo": a service that receives webhooks (Receiver) and a sender that plays the providers
// (Sender). Both are ordinary HTTP programs that know nothing of adit: what they say to each other goes through a real tunnel.
package demo

import (
	"context"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// Receiver is the sample local service.
type Receiver struct {
	received atomic.Int64
	ln       net.Listener
}

// NewReceiver listens on a free port of 127.0.0.1. Run serves it and closes it.
func NewReceiver() (*Receiver, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	return &Receiver{ln: ln}, nil
}

// URL is the service's address, http://127.0.0.1:PORT.
func (r *Receiver) URL() string { return "http://" + r.ln.Addr().String() }

// Received is how many requests have arrived.
func (r *Receiver) Received() int64 { return r.received.Load() }

// Close closes the listener of a receiver that never ran.
func (r *Receiver) Close() error { return r.ln.Close() }

// Run serves until ctx ends.
func (r *Receiver) Run(ctx context.Context) error {
	s := &http.Server{
		Handler:           r.handler(),
		ReadHeaderTimeout: 10 * time.Second,
		BaseContext:       func(net.Listener) context.Context { return ctx },
	}
	stop := context.AfterFunc(ctx, func() { _ = s.Close() })
	defer stop()
	if err := s.Serve(r.ln); ctx.Err() == nil {
		return err
	}
	return nil
}
