package agent

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/adit-tunnel/adit/wire"
)

// Verdict says how a Check ended.
type Verdict string

// The verdicts.
const (
	CheckOK     Verdict = "ok"
	CheckWarn   Verdict = "warn"  // it works, or may work, but not as it should
	CheckFailed Verdict = "error" // an agent would not get beyond this
)

// Check is one step on the way to a relay, or on the way to a local service. Its texts are for people and hold no secret.
type Check struct {
	Name    string
	Verdict Verdict
	Detail  string
	Remedy  string // what to do about it; "" when there is nothing
	Took    time.Duration
}

const (
	diagnoseStep  = 5 * time.Second // for a name, and for each address
	diagnoseAddrs = 4               // how many addresses of a relay are tried
)

// Diagnose goes the way to the relay step by step as an agent with o would: name, TCP, TLS with pin or certificate, the protocol with the token, and the
// clock as far as the relay's certificate tells. It ends with the first step that fails, since the next ones need it; ctx ends it early. The relay sees a session that ends at once.
// The error says what is wrong with o.
func Diagnose(ctx context.Context, o Options) ([]Check, error) {
	if err := o.fill(); err != nil {
		return nil, err
	}
	conf, err := o.relayTLS()
	if err != nil {
		return nil, err
	}
	d := &diagnosis{o: &o, conf: conf}
	for _, step := range []func(context.Context) Check{d.name, d.tcp, d.tls, d.protocol} {
		begin := time.Now()
		c := step(ctx)
		c.Took = time.Since(begin)
		if d.checks = append(d.checks, c); c.Verdict == CheckFailed {
			break
		}
	}
	if d.conn != nil {
		_ = d.conn.Close()
	}
	if d.leaf != nil {
		d.checks = append(d.checks, clockCheck(d.leaf, time.Now()))
	}
	return d.checks, nil
}

// diagnosis is what the steps hand to each other.
type diagnosis struct {
	o      *Options
	conf   *tls.Config
	addrs  []string // HOST:PORT
	conn   net.Conn
	leaf   *x509.Certificate
	checks []Check
}

func (d *diagnosis) name(ctx context.Context) Check {
	c := Check{Name: "Name resolution", Verdict: CheckOK}
	host, port, _ := net.SplitHostPort(d.o.Relay) // fill has looked at it
	if _, err := netip.ParseAddr(host); err == nil {
		d.addrs = []string{d.o.Relay}
		c.Detail = host + " is an address"
		return c
	}
	ctx, cancel := context.WithTimeout(ctx, diagnoseStep)
	defer cancel()
	found, err := net.DefaultResolver.LookupHost(ctx, host)
	if err != nil {
		c.Verdict, c.Detail = CheckFailed, err.Error()
		c.Remedy = "Check that --relay names the relay, and that this machine can ask a name server."
		return c
	}
	for _, addr := range found[:min(len(found), diagnoseAddrs)] {
		d.addrs = append(d.addrs, net.JoinHostPort(addr, port))
	}
	c.Detail = host + " is " + strings.Join(found, ", ")
	return c
}

// tcp tries every address: an agent takes the first that answers, and one that does not costs it time.
func (d *diagnosis) tcp(ctx context.Context) Check {
	c := Check{Name: "TCP", Verdict: CheckOK}
	var good, bad []string
	for _, addr := range d.addrs {
		dialCtx, cancel := context.WithTimeout(ctx, diagnoseStep)
		conn, err := new(net.Dialer).DialContext(dialCtx, "tcp", addr)
		cancel()
		if err != nil {
			bad = append(bad, err.Error())
			continue
		}
		good = append(good, addr)
		if d.conn != nil {
			_ = conn.Close()
			continue
		}
		d.conn = conn
	}
	c.Detail = strings.Join(append(good, bad...), "; ")
	switch {
	case len(good) == 0:
		c.Verdict = CheckFailed
		c.Remedy = "Check that the relay runs, that --relay is the address of its agents' port, and that no firewall is in between."
	case len(bad) > 0:
		c.Verdict = CheckWarn
		c.Remedy = "Take the addresses that do not answer out of the name's records, or mend them."
	}
	return c
}

func (d *diagnosis) tls(ctx context.Context) Check {
	c := Check{Name: "TLS", Verdict: CheckOK}
	ctx, cancel := context.WithTimeout(ctx, dialTime)
	defer cancel()
	conn := tls.Client(d.conn, d.conf)
	err := conn.HandshakeContext(ctx)
	st := conn.ConnectionState()
	if len(st.PeerCertificates) > 0 {
		d.leaf = st.PeerCertificates[0]
	}
	if err != nil {
		return c.failed(err, "Check that --relay is the address of the relay's agents' port: this one does not speak TLS 1.3 as a relay does.")
	}
	d.conn = conn
	how := "the certificate is valid for the name"
	if d.o.Pin != "" {
		how = "the pin matches"
	}
	c.Detail = fmt.Sprintf("%s, %s, %s", tls.VersionName(st.Version), tls.CipherSuiteName(st.CipherSuite), how)
	return c
}

func (d *diagnosis) protocol(ctx context.Context) Check {
	c := Check{Name: "Protocol", Verdict: CheckOK}
	stop := context.AfterFunc(ctx, func() { _ = d.conn.Close() })
	defer stop()
	w, err := wire.ClientHandshake(d.conn, &wire.Auth{
		Token: d.o.Token, Instance: uuid.NewString(), Version: d.o.Version, OS: runtime.GOOS + "/" + runtime.GOARCH,
	})
	if err != nil {
		return c.failed(err, "The relay ended the connection: its log may say why.")
	}
	c.Detail = fmt.Sprintf("account %s, plan %s, region %s, relay version %s", orNone(w.Account), orNone(w.Plan), orNone(w.Region), orNone(w.Version))
	return c
}

// failed is c after err; a code of the relay's knows a better remedy than the step.
func (c Check) failed(err error, remedy string) Check {
	c.Verdict, c.Detail, c.Remedy = CheckFailed, err.Error(), remedy
	var fatal *wire.FatalError
	if errors.As(err, &fatal) {
		if fix := fatal.Code.Info().Remedy; fix != "" {
			c.Remedy = fix
		}
	}
	return c
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

// clockCheck compares the clock with the time for which the relay's certificate is made: that is all there is to compare with.
func clockCheck(leaf *x509.Certificate, now time.Time) Check {
	const day = "2006-01-02 15:04 MST"
	from, until := leaf.NotBefore.UTC().Format(day), leaf.NotAfter.UTC().Format(day)
	c := Check{Name: "Clock", Verdict: CheckOK, Detail: fmt.Sprintf("%s is within the validity of the relay's certificate, %s to %s", now.UTC().Format(day), from, until)}
	if now.Before(leaf.NotBefore) || now.After(leaf.NotAfter) {
		c.Verdict = CheckFailed
		c.Detail = fmt.Sprintf("%s is not within the validity of the relay's certificate, %s to %s", now.UTC().Format(day), from, until)
		c.Remedy = "Set this machine's clock; if it is right, the relay needs a new certificate."
	}
	return c
}
