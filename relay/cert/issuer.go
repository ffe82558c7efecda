package cert

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/caddyserver/certmagic"
	"github.com/mholt/acmez/v3"
	"github.com/mholt/acmez/v3/acme"
)

// issuer orders certificates at a CA by ACME. certmagic's own would open listeners on the challenges' ports whenever the relay's are shut, as in a restart, and
// start goroutines that nothing ends.
type issuer struct {
	ACME
	domain     string // the relay's
	tlsOnly    bool
	store      Store
	challenges challenges
	http       *http.Client

	mu      sync.Mutex
	account acme.Account // as it was registered; without a Location before
}

var _ certmagic.Issuer = (*issuer)(nil)

// newIssuer orders at of.ACME.
func newIssuer(of Options) (*issuer, error) {
	o := *of.ACME
	switch o.Directory {
	case "letsencrypt":
		o.Directory = certmagic.LetsEncryptProductionCA
	case "letsencrypt-staging":
		o.Directory = certmagic.LetsEncryptStagingCA
	}
	u, err := url.Parse(o.Directory)
	if err != nil || u.Scheme != "https" || u.Host == "" {
		return nil, fmt.Errorf("--acme %q is not the https URL of an ACME directory; for Let's Encrypt it is just letsencrypt", o.Directory)
	}
	if o.Email != "" && !strings.Contains(o.Email, "@") {
		return nil, fmt.Errorf("--acme-email %q is no e-mail address", o.Email)
	}
	roots, err := readRoots(o.CA)
	if err != nil {
		return nil, err
	}
	transport := &http.Transport{
		Proxy: http.ProxyFromEnvironment, TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: true,
		TLSHandshakeTimeout: 10 * time.Second, ResponseHeaderTimeout: 30 * time.Second, IdleConnTimeout: time.Minute,
	}
	return &issuer{
		ACME: o, domain: of.Domain, tlsOnly: of.TLSOnly, store: of.Store, challenges: challenges{of.Store},
		http: &http.Client{Transport: transport, Timeout: time.Minute},
	}, nil
}

func readRoots(path string) (*x509.CertPool, error) {
	if path == "" {
		return nil, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("--acme-ca: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("--acme-ca %s: it holds no certificate in PEM", path)
	}
	return roots, nil
}

// IssuerKey implements certmagic.Issuer: certificates of one CA are kept apart from another's.
func (i *issuer) IssuerKey() string {
	u, err := url.Parse(i.Directory)
	if err != nil {
		return i.Directory
	}
	return u.Host + strings.ReplaceAll(u.Path, "/", "-")
}

// Issue implements certmagic.Issuer. An account that the CA does not know any more, as after it has lost its data, is registered anew.
func (i *issuer) Issue(ctx context.Context, csr *x509.CertificateRequest) (*certmagic.IssuedCertificate, error) {
	chains, err := i.order(ctx, csr, false)
	var problem acme.Problem
	if errors.As(err, &problem) && problem.Type == acme.ProblemTypeAccountDoesNotExist {
		chains, err = i.order(ctx, csr, true)
	}
	if err != nil {
		return nil, err
	}
	if len(chains) == 0 {
		return nil, errors.New("the CA gave no certificate")
	}
	return &certmagic.IssuedCertificate{Certificate: chains[0].ChainPEM}, nil
}

// order orders a certificate. anew: the account is registered first, whether it was before or not.
func (i *issuer) order(ctx context.Context, csr *x509.CertificateRequest, anew bool) ([]acme.Certificate, error) {
	client := &acmez.Client{
		Client:           &acme.Client{Directory: i.Directory, HTTPClient: i.http, UserAgent: "adit", PollTimeout: attemptLimit},
		ChallengeSolvers: i.solvers(csr),
	}
	account, err := i.register(ctx, client, anew)
	if err != nil {
		return nil, err
	}
	params, err := acmez.OrderParametersFromCSR(account, csr)
	if err != nil {
		return nil, err
	}
	return client.ObtainCertificate(ctx, params)
}

// solvers are those for what is ordered: a CA gives certificates for "*.…" by DNS-01 only; and of other names a hook need know no more than the relay's domain.
func (i *issuer) solvers(csr *x509.CertificateRequest) map[string]acmez.Solver {
	if name := csr.DNSNames[0]; i.Hook != "" && (isWildcard(name) || name == i.domain) {
		return map[string]acmez.Solver{acme.ChallengeTypeDNS01: hook(i.Hook)}
	}
	all := map[string]acmez.Solver{acme.ChallengeTypeTLSALPN01: i.challenges}
	if !i.tlsOnly {
		all[acme.ChallengeTypeHTTP01] = i.challenges
	}
	return all
}

func isWildcard(name string) bool { return strings.HasPrefix(name, "*.") }
