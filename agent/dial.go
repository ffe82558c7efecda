package agent

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/adit-tunnel/adit/wire"
)

// dialTime is for TCP and TLS together.
const dialTime = 10 * time.Second

// relayTLS says how the relay proves itself: by the pin, the CA file, or the system's roots. There is no other way.
func (o *Options) relayTLS() (*tls.Config, error) {
	var roots *x509.CertPool
	if o.CA != "" {
		pem, err := os.ReadFile(o.CA)
		if err != nil {
			return nil, fmt.Errorf("the relay's CA: %w", err)
		}
		roots = x509.NewCertPool()
		if !roots.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("the relay's CA: no certificate in %s", o.CA)
		}
	}
	w, err := o.way()
	if err != nil {
		return nil, err
	}
	c, err := wire.ClientTLS(o.Pin, roots, w.host)
	if err != nil {
		return nil, fmt.Errorf("relay %q: %w", o.Relay, err)
	}
	return c, nil
}

// dialRelay connects to the relay and makes sure that it is the right one.
func (a *Agent) dialRelay(ctx context.Context) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTime)
	defer cancel()
	conn, err := a.way.connect(ctx, a.dial)
	if err != nil {
		return nil, a.unreached(fmt.Errorf("the relay cannot be reached: %w", err))
	}
	c := tls.Client(wire.TuneLink(conn), a.tls)
	if err := c.HandshakeContext(ctx); err != nil {
		return nil, closing(conn, a.unreached(fmt.Errorf("TLS with the relay %s: %w", a.o.Relay, err)))
	}
	a.reached.Store(true)
	return c, nil
}

// unreached is err with another way, if there may be one.
func (a *Agent) unreached(err error) error {
	if to := a.way.detour(err); to != "" && !a.reached.Load() {
		return fmt.Errorf("%w; if only HTTP passes here, try %s as the relay's address", err, to)
	}
	return err
}
