package agent_test

import (
	"crypto/tls"
	"io"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/agent"
	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/relay/relaytest"
)

// TestConnOverTLS: to a tls:// upstream of a tcp endpoint TLS is spoken, its certificate is looked at where that is asked for, and one is shown.
func TestConnOverTLS(t *testing.T) {
	ca, dir := newAuthority(t), t.TempDir()
	cas := filepath.Join(dir, "ca.pem")
	ca.write(cas, "CERTIFICATE", ca.cert.Raw)
	crt, key := ca.leaf(dir, "localhost")
	pair, err := tls.LoadX509KeyPair(crt, key)
	if err != nil {
		t.Fatal(err)
	}
	service := func(conf *tls.Config) string {
		conf.Certificates, conf.ClientCAs = []tls.Certificate{pair}, ca.pool()
		_, port, _ := net.SplitHostPort(localService(t, func(c *net.TCPConn) {
			s := tls.Server(c, conf)
			io.Copy(s, s)
			s.CloseWrite()
		}))
		return port
	}
	plain := newAnswering(t, "220 mail ready\r\n")
	any, strict := service(&tls.Config{}), service(&tls.Config{ClientAuth: tls.RequireAndVerifyClientCert})
	old := service(&tls.Config{ClientAuth: tls.RequireAndVerifyClientCert, MaxVersion: tls.VersionTLS12})
	for _, tt := range []struct {
		what string
		e    agent.Endpoint
		want string // of the failure; "": none
	}{
		{"not looked at", agent.Endpoint{Upstream: "tls://localhost:" + any}, ""},
		{"of a known authority", agent.Endpoint{Upstream: "tls://localhost:" + any, UpstreamCAs: cas}, ""},
		{"of nobody known", agent.Endpoint{Upstream: "tls://localhost:" + any, VerifyUpstream: true}, "LOCAL_TLS: Name that authority's certificate with --upstream-tls-verify-cas."},
		{"of another name", agent.Endpoint{Upstream: "tls://127.0.0.1:" + any, UpstreamCAs: cas}, "LOCAL_TLS: Give the upstream by a name that is in the certificate."},
		{"both", agent.Endpoint{Upstream: "tls://localhost:" + strict, UpstreamCAs: cas, UpstreamCert: crt, UpstreamKey: key}, ""},
		{"none is shown", agent.Endpoint{Upstream: "tls://localhost:" + strict}, "LOCAL_TLS: Give one with --upstream-client-crt and --upstream-client-key."},
		{"none is shown in 1.2", agent.Endpoint{Upstream: "tls://localhost:" + old}, "LOCAL_TLS: If it wants a client certificate, give one with --upstream-client-crt and --upstream-client-key."},
		{"no TLS", agent.Endpoint{Upstream: "tls://" + plain}, "LOCAL_TLS: If it is the right port, give the upstream as tcp://" + plain + "."},
	} {
		t.Run(tt.what, func(t *testing.T) {
			tt.e.Protocol = "tcp"
			p := pass(t, relaytest.Start(t, withPorts), tt.e)
			var got []byte
			v, err := net.Dial("tcp", p.addr)
			if err == nil { // it may be cut before it knows that it has come through
				v.SetDeadline(time.Now().Add(limit))
				io.WriteString(v, "hello")
				v.(*net.TCPConn).CloseWrite()
				got, err = io.ReadAll(v)
				v.Close()
			}
			x := p.recorded()
			switch {
			case tt.want == "" && (err != nil || string(got) != "hello" || x.State != inspect.Done):
				t.Errorf("%q %v, recorded %v %+v", got, err, x.State, x.Failure)
			case tt.want == "":
			case !reset(err):
				t.Errorf("the visitor met %v", err)
			case x.Failure == nil || x.Failure.Name+": "+x.Failure.Remedy != tt.want:
				t.Errorf("recorded %+v, want %s", x.Failure, tt.want)
			}
		})
	}
}

// TestConnOptionsWrong: what is asked of TLS is refused where none is spoken.
func TestConnOptionsWrong(t *testing.T) {
	a, err := agent.New(agent.Options{Relay: "localhost:1"})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	for _, e := range []agent.Endpoint{{VerifyUpstream: true}, {UpstreamCAs: "ca.pem"}, {UpstreamCert: "a.crt", UpstreamKey: "a.key"}} {
		e.Name, e.Protocol, e.Upstream = "x", "tcp", "tcp://localhost:1"
		if err := a.Forward(e); err == nil || !strings.Contains(err.Error(), "only to an https:// or tls:// upstream") {
			t.Errorf("%+v: %v", e, err)
		}
	}
}
