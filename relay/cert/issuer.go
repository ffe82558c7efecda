package cert

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
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
	store      Store
	challenges challenges
	http       *http.Client

	mu      sync.Mutex
	account acme.Account // as it was registered; without a key before
}

var _ certmagic.Issuer = (*issuer)(nil)

func newIssuer(o ACME, domain string, s Store) (*issuer, error) {
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
	return &issuer{ACME: o, domain: domain, store: s, challenges: challenges{s}, http: &http.Client{Transport: transport, Timeout: time.Minute}}, nil
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
	chains, err := i.order(ctx, csr)
	var problem acme.Problem
	if errors.As(err, &problem) && problem.Type == acme.ProblemTypeAccountDoesNotExist {
		if err = i.forget(); err == nil {
			chains, err = i.order(ctx, csr)
		}
	}
	if err != nil {
		return nil, err
	}
	if len(chains) == 0 {
		return nil, errors.New("the CA gave no certificate")
	}
	return &certmagic.IssuedCertificate{Certificate: chains[0].ChainPEM}, nil
}

func (i *issuer) order(ctx context.Context, csr *x509.CertificateRequest) ([]acme.Certificate, error) {
	client := &acmez.Client{
		Client:           &acme.Client{Directory: i.Directory, HTTPClient: i.http, UserAgent: "adit", PollTimeout: attemptLimit},
		ChallengeSolvers: i.solvers(csr),
	}
	account, err := i.register(ctx, client)
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
	return map[string]acmez.Solver{acme.ChallengeTypeHTTP01: i.challenges, acme.ChallengeTypeTLSALPN01: i.challenges}
}

// kept is an account in the store.
type kept struct {
	Key     []byte // PEM
	Account acme.Account
}

// accountKey is where the account is kept.
func (i *issuer) accountKey() string {
	return "accounts/" + i.IssuerKey() + "/" + certmagic.StorageKeys.Safe("account-"+i.Email)
}

// register is the account at the CA: that of an earlier time, or a new one.
func (i *issuer) register(ctx context.Context, client *acmez.Client) (acme.Account, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.account.PrivateKey != nil {
		return i.account, nil
	}
	a, err := i.load()
	if errors.Is(err, fs.ErrNotExist) {
		a, err = i.create(ctx, client)
	}
	if err != nil {
		return a, fmt.Errorf("ACME account: %w", err)
	}
	i.account = a
	return a, nil
}

func (i *issuer) load() (acme.Account, error) {
	text, _, err := i.store.Item(i.accountKey())
	if err != nil {
		return acme.Account{}, err
	}
	var k kept
	if err := json.Unmarshal(text, &k); err != nil {
		return acme.Account{}, err
	}
	k.Account.PrivateKey, err = certmagic.PEMDecodePrivateKey(k.Key)
	return k.Account, err
}

func (i *issuer) create(ctx context.Context, client *acmez.Client) (a acme.Account, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return a, err
	}
	a = acme.Account{PrivateKey: key, TermsOfServiceAgreed: true}
	if i.Email != "" {
		a.Contact = []string{"mailto:" + i.Email}
	}
	if a, err = client.NewAccount(ctx, a); err != nil {
		return a, err
	}
	return a, i.save(a, key)
}

func (i *issuer) save(a acme.Account, key crypto.PrivateKey) error {
	text, err := certmagic.PEMEncodePrivateKey(key)
	if err != nil {
		return err
	}
	if text, err = json.Marshal(kept{Key: text, Account: a}); err != nil {
		return err
	}
	return i.store.PutItem(i.accountKey(), text)
}

// forget gives the account up.
func (i *issuer) forget() error {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.account = acme.Account{}
	return i.store.DeleteItem(i.accountKey())
}

func isWildcard(name string) bool { return strings.HasPrefix(name, "*.") }
