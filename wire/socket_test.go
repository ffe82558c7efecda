package wire

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"
)

// What still dials when DialSocket has ended belongs to nobody: it must end with it, and so must the connection.
func TestDialSocketEndsItsDial(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	dialing, ended := make(chan struct{}), make(chan error, 1)
	go func() {
		<-dialing
		cancel()
	}()
	_, err := DialSocket(ctx, "ws://relay.test"+SocketPath, func(ctx context.Context, _, _ string) (net.Conn, error) {
		close(dialing)
		select {
		case <-ctx.Done():
			ended <- ctx.Err()
		case <-time.After(10 * time.Second):
			ended <- errors.New("the dial outlived its context")
		}
		return nil, ctx.Err()
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("DialSocket: %v", err)
	}
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// A connection that nobody can use any more is closed.
func TestDialSocketClosesAnUnusedConnection(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	far, near := net.Pipe()
	defer far.Close()
	_, err := DialSocket(ctx, "ws://relay.test"+SocketPath, func(context.Context, string, string) (net.Conn, error) {
		cancel()
		return near, nil
	})
	if err == nil {
		t.Fatal("a WebSocket that nobody has answered")
	}
	_ = far.SetReadDeadline(time.Now().Add(10 * time.Second))
	for buf := make([]byte, 1024); ; {
		if _, err := far.Read(buf); err != nil {
			if ne, ok := err.(net.Error); ok && ne.Timeout() {
				t.Fatal("the connection stays open")
			}
			return
		}
	}
}
