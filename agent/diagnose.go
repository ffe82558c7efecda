package agent

import (
	"cmp"
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

// Diagnose goes the way to the relay step by step as an agent with o would: name and TCP, or the proxy; the WebSocket, if there is one; TLS with pin or
// certificate, the protocol with the token, and the clock against the relay's. It ends with the first step that fails, since the next ones need it, and then
// tries the relay's WebSocket if the way seems to be closed to all but HTTP; ctx ends it early. The relay sees a session that ends at once. The error says what
// is wrong with o.
func Diagnose(ctx context.Context, o Options) ([]Check, error) {
	if err := o.fill(); err != nil {
		return nil, err
	}
	conf, err := o.relayTLS()
	if err != nil {
		return nil, err
	}
	d := &diagnosis{o: &o, conf: conf}
	if d.way, err = o.way(); err != nil {
		return nil, err
	}
	for _, step := range d.steps() {
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
	if c, tried := d.detour(ctx); tried {
		d.checks = append(d.checks, c)
	}
	if d.leaf != nil {
		d.checks = append(d.checks, d.clock(time.Now()))
	}
	return d.checks, nil
}

// diagnosis is what the steps hand to each other.
type diagnosis struct {
	o      *Options
	way    way
	conf   *tls.Config
	addrs  []string // HOST:PORT
	conn   net.Conn
	leaf   *x509.Certificate
	told   int64     // the relay's clock, as Welcome has it; 0: it has not said
	asked  time.Time // the time here before the relay said it
	heard  time.Time // and after
	failed error     // what ended the way; nil: nothing has
	checks []Check
}

// steps are those of the way.
func (d *diagnosis) steps() []func(context.Context) Check {
	steps := []func(context.Context) Check{d.name, d.tcp}
	if d.way.proxy != nil {
		steps = []func(context.Context) Check{d.proxy}
	}
	if d.way.socket != "" {
		steps = append(steps, d.socket)
	}
	return append(steps, d.tls, d.protocol)
}

// proxy has the proxy connect to the relay, whose name it looks up itself.
func (d *diagnosis) proxy(ctx context.Context) Check {
	c := Check{Name: "Proxy", Verdict: CheckOK}
	ctx, cancel := context.WithTimeout(ctx, dialTime)
	defer cancel()
	conn, err := d.way.proxy.through(new(net.Dialer).DialContext)(ctx, "tcp", d.way.addr)
	if err != nil {
		d.failed = err
		return c.failed(err, "Check the proxy's address, user and password, and that it may connect to the relay's port. Many let only port 443 pass.")
	}
	d.conn = conn
	c.Detail = fmt.Sprintf("%v connects to %s", d.way.proxy, d.way.addr)
	return c
}

// socket makes the WebSocket on the connection that there is.
func (d *diagnosis) socket(ctx context.Context) Check {
	c := Check{Name: "WebSocket", Verdict: CheckOK}
	ctx, cancel := context.WithTimeout(ctx, dialTime)
	defer cancel()
	conn, err := wire.DialSocket(ctx, d.way.socket, func(context.Context, string, string) (net.Conn, error) { return d.conn, nil })
	if err != nil {
		return c.failed(err, "Check that --relay is the address of the relay's visitors, and that what stands in front of it passes WebSockets (Upgrade) and the Host on.")
	}
	d.conn = conn
	c.Detail = d.way.socket
	return c
}

func (d *diagnosis) name(ctx context.Context) Check {
	c := Check{Name: "Name resolution", Verdict: CheckOK}
	host, port, _ := net.SplitHostPort(d.way.addr) // fill has looked at it
	if _, err := netip.ParseAddr(host); err == nil {
		d.addrs = []string{d.way.addr}
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
			bad, d.failed = append(bad, err.Error()), err
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
	if len(good) > 0 {
		d.failed = nil
	}
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
		d.failed = err
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
	d.asked = time.Now()
	w, err := wire.ClientHandshake(d.conn, &wire.Auth{
		Token: d.o.Token, Instance: uuid.NewString(), Version: d.o.Version, OS: runtime.GOOS + "/" + runtime.GOARCH,
	})
	if err != nil {
		return c.failed(err, "The relay ended the connection: its log may say why.")
	}
	d.heard, d.told = time.Now(), w.Time
	c.Detail = fmt.Sprintf("account %s, plan %s, region %s, relay version %s", cmp.Or(w.Account, "none"), cmp.Or(w.Plan, "none"), cmp.Or(w.Region, "none"), cmp.Or(w.Version, "none"))
	return c
}

// detour tries the relay's WebSocket where something on the way seems to let only HTTP pass; false: nothing speaks for that.
func (d *diagnosis) detour(ctx context.Context) (c Check, tried bool) {
	to := d.way.detour(d.failed)
	if to == "" {
		return c, false
	}
	c = Check{Name: "Other way", Verdict: CheckWarn, Detail: to + " leads to the relay", Remedy: "Let the agent come as a WebSocket: --relay " + to + "."}
	begin := time.Now()
	o := *d.o
	o.Relay = to
	way, err := o.way()
	if err == nil {
		a := &Agent{o: o, way: way, tls: d.conf, dial: new(net.Dialer).DialContext}
		var conn net.Conn
		if conn, err = a.dialRelay(ctx); err == nil {
			_ = conn.Close()
		}
	}
	if c.Took = time.Since(begin); err != nil {
		c.Detail, c.Remedy = to+" does not lead to the relay either: "+err.Error(), ""
	}
	return c, true
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
