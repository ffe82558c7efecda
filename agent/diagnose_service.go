package agent

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"time"

	"github.com/adit-tunnel/adit/http1"
	"github.com/adit-tunnel/adit/wire"
)

// serviceTime is how long a local service has for each step of DiagnoseService.
const serviceTime = 5 * time.Second

// DiagnoseService goes the way to the local service of e step by step, as what comes from visitors would: a connection, or the directory; TLS where that is
// spoken; and HEAD / where HTTP is. It ends with the first step that fails; ctx ends it early. The error says what is wrong with e.
func DiagnoseService(ctx context.Context, e Endpoint) ([]Check, error) {
	ep, err := newEndpoint(e)
	if missing := (*fs.PathError)(nil); errors.As(err, &missing) && missing.Op == "stat" {
		return []Check{{Name: "Directory", Verdict: CheckFailed, Detail: missing.Error(), Remedy: "Correct the path, or make the directory."}}, nil
	}
	if err != nil {
		return nil, err
	}
	defer ep.close(errGivenUp)
	var checks []Check
	for _, step := range ep.steps() {
		stepCtx, cancel := context.WithTimeout(ctx, serviceTime)
		begin := time.Now()
		c := step(stepCtx)
		c.Took = time.Since(begin)
		cancel()
		if checks = append(checks, c); c.Verdict == CheckFailed {
			break
		}
	}
	return checks, nil
}

// steps are those of the way to the local service.
func (ep *endpoint) steps() []func(context.Context) Check {
	steps := []func(context.Context) Check{ep.tryConnect}
	if ep.up.kind == "file" {
		steps = nil // newEndpoint has looked at it
	}
	if ep.up.secure != nil {
		steps = append(steps, ep.tryTLS)
	}
	if ep.kind() == wire.KindHTTP {
		steps = append(steps, ep.tryHTTP)
	}
	return steps
}

// tryConnect connects, and says no more.
func (ep *endpoint) tryConnect(ctx context.Context) Check {
	c := Check{Name: "TCP", Verdict: CheckOK}
	if ep.up.kind == "unix" {
		c.Name = "Socket"
	}
	conn, err := ep.up.dial(ctx, serviceTime)
	if err != nil {
		return ep.ails(c, err)
	}
	c.Detail = conn.RemoteAddr().String()
	_ = conn.Close()
	return c
}

// tryTLS does the handshake that every connection begins with, and looks at the certificate whether the endpoint does or not.
func (ep *endpoint) tryTLS(ctx context.Context) Check {
	c := Check{Name: "TLS", Verdict: CheckOK}
	conn, err := ep.up.open(ctx, serviceTime, visit{})
	if err != nil {
		return ep.ails(c, err)
	}
	defer conn.Close()
	st := conn.(*secure).ConnectionState()
	c.Detail = tls.VersionName(st.Version) + ", the certificate is valid"
	if !ep.up.secure.InsecureSkipVerify {
		return c
	}
	others := x509.NewCertPool()
	for _, cert := range st.PeerCertificates[1:] {
		others.AddCert(cert)
	}
	_, err = st.PeerCertificates[0].Verify(x509.VerifyOptions{DNSName: ep.up.name, Intermediates: others})
	if err != nil {
		c.Detail = fmt.Sprintf("%s; the certificate is not looked at (with --upstream-tls-verify it would be refused: %v)", tls.VersionName(st.Version), err)
	}
	return c
}

// tryHTTP asks something harmless.
func (ep *endpoint) tryHTTP(ctx context.Context) Check {
	c := Check{Name: "HTTP", Verdict: CheckOK}
	if ep.up.kind == "file" {
		c.Name = "Directory"
	}
	conn, err := ep.dial(ctx, serviceTime, visit{})
	if err != nil {
		return ep.ails(c, err)
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer func() { stop(); _ = conn.Close() }()
	host := ep.up.host
	if ep.host != nil {
		host = string(ep.host)
	}
	_, err = fmt.Fprintf(conn, "HEAD / HTTP/1.1\r\nHost: %s\r\nUser-Agent: adit\r\nConnection: close\r\n\r\n", host)
	var head http1.Response
	if err == nil {
		err = readAnswer(conn, &head)
	}
	switch {
	case errors.Is(context.Cause(ctx), context.DeadlineExceeded):
		c.Verdict, c.Detail, c.Remedy = CheckWarn, fmt.Sprintf("HEAD / is not answered within %v", serviceTime), wire.CodeLocalTimeout.Info().Remedy
	case err != nil:
		return ep.ails(c, err)
	default:
		if c.Detail = fmt.Sprintf("HEAD / is answered %d %s", head.Status, head.Reason); head.Status >= 500 {
			c.Verdict = CheckWarn
		}
	}
	return c
}

// readAnswer reads until the head of the last answer to a HEAD is whole.
func readAnswer(r io.Reader, head *http1.Response) error {
	b := make([]byte, 0, wire.MaxHead)
	for {
		n, err := head.Parse(b, true, false)
		switch {
		case err != nil:
			return mixUp(b, err)
		case n > 0 && head.Status >= 200:
			return nil
		case n > 0:
			b = append(b[:0], b[n:]...)
			continue
		case len(b) == cap(b):
			return http1.ErrTooLarge
		}
		n, err = r.Read(b[len(b):cap(b)])
		if b = b[:len(b)+n]; n == 0 && err != nil {
			return ended(err)
		}
	}
}

// ails is c after err, in the words that visitors and dashboard have for it.
func (ep *endpoint) ails(c Check, err error) Check {
	why := explain(err, ep)
	c.Verdict, c.Detail, c.Remedy = CheckFailed, why.detail, why.failure().Remedy
	return c
}
