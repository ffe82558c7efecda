package agent_test

import (
	"crypto/tls"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/adit-tunnel/adit/agent"
	"github.com/adit-tunnel/adit/relay"
	"github.com/adit-tunnel/adit/relay/relaytest"
)

// TestMutualTLS: visitors of an http endpoint with ClientCAs must show a certificate that these vouch for; who can show none, over plain HTTP, is refused.
func TestMutualTLS(t *testing.T) {
	ours, others := newAuthority(t), newAuthority(t)
	cas := filepath.Join(t.TempDir(), "ca.pem")
	ours.write(cas, "CERTIFICATE", ours.cert.Raw)
	r := relaytest.Start(t, func(o *relay.Options) { o.HTTPS = "127.0.0.1:0" })
	g := newGuest(t, r, http.HandlerFunc(says), func(_ *agent.Options, e *agent.Endpoint) { e.Host, e.ClientCAs = "mutual", []string{cas} })
	g.until("endpoint", online)
	shows := func(by *authority) *http.Client {
		conf := &tls.Config{InsecureSkipVerify: true, ServerName: "mutual.tunnel.test"} // the relay's own is looked at elsewhere
		if by != nil {
			pair, err := tls.LoadX509KeyPair(by.leaf(t.TempDir(), "somebody"))
			if err != nil {
				t.Fatal(err)
			}
			conf.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil }
		}
		return &http.Client{Timeout: limit, Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: conf}}
	}
	visit := func(c *http.Client) (int, error) {
		q, _ := http.NewRequest("GET", "https://"+r.HTTPS, nil)
		q.Host = "mutual.tunnel.test"
		res, err := c.Do(q)
		if err != nil {
			return 0, err
		}
		return res.StatusCode, res.Body.Close()
	}
	if status, err := visit(shows(ours)); status != 200 || err != nil {
		t.Errorf("with a certificate: %d %v", status, err)
	}
	for who, c := range map[string]*http.Client{"a stranger": shows(nil), "another authority's": shows(others)} {
		if status, err := visit(c); err == nil || !strings.Contains(err.Error(), "tls: ") && !reset(err) {
			t.Errorf("%s: %d %v", who, status, err)
		}
	}
	if status, page, err := g.visit("GET", "/", ""); status != http.StatusForbidden || !strings.Contains(page, "CLIENT_CERTIFICATE") {
		t.Errorf("over plain HTTP: %d %s %v", status, page, err)
	}
}
