package relay

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"syscall"
	"time"
)

const (
	// portsWithin is how long the relay's last process may still hold the ports of agents and visitors: it lets go of them first thing when it stops.
	portsWithin = 2500 * time.Millisecond

	busyRetry = 100 * time.Millisecond
)

// listen opens a plain TCP listener. Go's default is multipath TCP where the kernel has it: those sockets are slower to accept, and options set on
// the listener do not reach the accepted ones.
func listen(network, addr string) (net.Listener, error) {
	c := listenConfig()
	c.SetMultipathTCP(false)
	return c.Listen(context.Background(), network, addr)
}

// listenWithin opens a TCP listener and waits for an address that is in use to become free, up to limit.
func listenWithin(ctx context.Context, limit time.Duration, addr string, log *slog.Logger) (net.Listener, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	retry := time.NewTicker(busyRetry)
	defer retry.Stop()
	for told := false; ; {
		ln, err := listen("tcp", addr)
		if err == nil || limit <= 0 || !errors.Is(err, syscall.EADDRINUSE) {
			return ln, err
		}
		if !told {
			told = true
			log.Warn("an address is in use, by the last process perhaps; waiting for it", "addr", addr, "up to", limit)
		}
		select {
		case <-retry.C:
		case <-ctx.Done():
			return nil, err
		}
	}
}

// stopping says that a relay which stops listens on an admin's address.
func stopping(addr string) bool {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	client := &http.Client{Timeout: time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	a, err := client.Get("http://" + net.JoinHostPort(host, port) + "/readyz")
	if err != nil {
		return false
	}
	a.Body.Close() // nothing is read from it
	return a.StatusCode == http.StatusServiceUnavailable
}
