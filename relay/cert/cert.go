// Package cert gives the public side of a relay its certificates: from files, else by ACME (RFC 8555), else from an internal CA that the relay's owner may ask
// people to trust.
//
// A Source answers TLS handshakes (Certificate) and a CA's HTTP challenges (Challenge). Files are served for the names that they hold. The other two make
// certificates when a visitor comes for a name, and only for names that Options.Subject knows: a stranger's choice of SNI makes nothing, and places no order at
// a CA. certmagic keeps what comes from ACME in the Store, under locks that all processes with this store share; when, how often and for whom is decided here.
package cert

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/mholt/acmez/v3"
)

// alpnChallenge is the protocol by which a CA asks for the certificate that answers its challenge (RFC 8737).
const alpnChallenge = "acme-tls/1"

// lookEvery is how often files are compared with what is served, and certificates with the clock.
const lookEvery = 2 * time.Second

// Store keeps values by key, whose parts are parted by "/".
type Store interface {
	// Item gives fs.ErrNotExist when there is none.
	Item(key string) (value []byte, modified time.Time, err error)
	PutItem(key string, value []byte) error
	// AddItem puts a value where there is none, or one that was put there stale ago, else it gives fs.ErrExist.
	AddItem(key string, value []byte, stale time.Duration) error
	// DeleteItem takes what is below the key with it; nothing is no error.
	DeleteItem(key string) error
	// Items lists the keys below a prefix; "" all.
	Items(prefix string) ([]string, error)
}

// Options says where certificates come from. All but Pairs and ACME are required.
type Options struct {
	Pairs  []Pair // certificate files
	ACME   *ACME  // nil: the internal CA
	Store  Store  // of the internal CA, and of what comes from ACME
	Domain string // the relay's; the internal CA is good for names below it only
	// TLSOnly says that nobody asks Challenge: a CA that wanted HTTP-01 would find nothing, and count that against the name.
	TLSOnly bool
	// Canonical is the one spelling of a name; false: it is none.
	Canonical func(name string) (string, bool)
	// Subject is what a certificate for a canonical name is to be for: the name itself, or "*.…" that covers it; and the account that serves it ("": the relay
	// itself), of whose share it is ordered. false: nobody serves the name. It may be asked in every handshake.
	Subject func(name string) (subject, account string, wanted bool)
	Log     *slog.Logger
	Go      func(func()) // starts goroutines
}

// ACME says which CA gives certificates.
type ACME struct {
	Directory string // its URL, or "letsencrypt" or "letsencrypt-staging"
	Email     string // where the CA may write to; "" nowhere
	CA        string // PEM file of the roots by which the directory's own certificate is verified; "": the system's
	Hook      string // program that sets TXT records, for DNS-01 and so for certificates of "*.…": HOOK present|cleanup FQDN VALUE; "" none
}

// Source gives certificates. New makes one; it is safe for concurrent use.
type Source struct {
	o     Options
	files *files
	ca    *internal // nil with ACME
	acme  *managed  // nil without
}

// Check looks for the mistakes in files and ACME that New would find, and makes nothing.
func Check(pairs []Pair, a *ACME) error {
	_, files := loadFiles(pairs, slog.New(slog.DiscardHandler))
	if a == nil {
		return files
	}
	_, issuer := newIssuer(Options{ACME: a})
	return errors.Join(files, issuer)
}

// New reads the files and makes the internal CA, if it is needed and there is none yet. Mistakes in the options are returned all at once, in the words of the
// command line. A source is to be closed.
func New(o Options) (*Source, error) {
	s := &Source{o: o}
	var errs [2]error
	s.files, errs[0] = loadFiles(o.Pairs, o.Log)
	if o.ACME == nil {
		s.ca, errs[1] = openInternal(o.Store, o.Domain, time.Now)
	} else {
		s.acme, errs[1] = openManaged(o)
	}
	if err := errors.Join(errs[:]...); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// Certificate is for tls.Config's GetCertificate. It gives nil and no error for a name that is not served, which crypto/tls turns into the alert
// unrecognized_name; an error says that the name is served but its certificate cannot be had now. Who sends no name gets the relay's own certificate.
func (s *Source) Certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	if hello.ServerName == "" {
		return s.own()
	}
	name, ok := s.o.Canonical(hello.ServerName)
	if !ok {
		return nil, nil
	}
	if slices.Equal(hello.SupportedProtos, []string{alpnChallenge}) {
		return s.answer(name)
	}
	if c := s.files.find(name, hello); c != nil {
		return c, nil
	}
	if s.acme != nil {
		return s.acme.get(hello.Context(), name)
	}
	if name != s.o.Domain && parent(name) != s.o.Domain {
		if _, _, wanted := s.o.Subject(name); !wanted {
			return nil, nil
		}
	}
	return s.ca.get(name)
}

// Possible says why there can be no certificate for a canonical host or, as "*.…", for the names one label below it, whatever comes: nil: a file has one, or one can be
// made. The error is in the words of the command line.
func (s *Source) Possible(host string) error {
	switch {
	case s.files.cover(host):
		return nil
	case s.acme != nil:
		return s.acme.possible(host, host)
	}
	return s.ca.possible(host)
}

// own is the first file or, if there is none, the certificate of the relay's domain. It places no order: scanners send no names.
func (s *Source) own() (*tls.Certificate, error) {
	if c := s.files.first(); c != nil {
		return c, nil
	}
	if s.acme != nil {
		return s.acme.inHand(time.Now(), s.o.Domain, "*."+s.o.Domain), nil
	}
	return s.ca.get(s.o.Domain)
}

// Challenge answers an HTTP-01 challenge: what a GET of path (/.well-known/acme-challenge/…) at host is answered with. false: there is none, and the request is
// not for the relay.
func (s *Source) Challenge(host, path string) (answer string, ok bool) {
	name, ok := s.o.Canonical(host)
	if s.acme == nil || !ok {
		return "", false
	}
	c, err := s.acme.challenge(name)
	if err != nil || c.HTTP01ResourcePath() != path {
		return "", false
	}
	return c.KeyAuthorization, true
}

// Challenged says that a CA was asked to look for a challenge's answer at a name just now: else a handshake by the protocol acme-tls/1 is not for the relay.
func (s *Source) Challenged(name string) bool {
	name, ok := s.o.Canonical(name)
	if s.acme == nil || !ok {
		return false
	}
	_, err := s.acme.challenge(name)
	return err == nil
}

func (s *Source) answer(name string) (*tls.Certificate, error) {
	if s.acme == nil {
		return nil, nil
	}
	c, err := s.acme.challenge(name)
	if err != nil {
		return nil, fmt.Errorf("no CA was asked to look at %s: %w", name, err)
	}
	return acmez.TLSALPN01ChallengeCert(c) // RFC 8737, section 3
}

// Reload reads the files again now, rather than when they are seen to have changed. What is wrong with one is returned; its old certificate stays.
func (s *Source) Reload() error { return s.files.reload() }

// Run renews certificates and follows changes of the files until ctx ends.
func (s *Source) Run(ctx context.Context) error {
	tick, day := time.NewTicker(lookEvery), time.NewTicker(cleanEvery)
	defer tick.Stop()
	defer day.Stop()
	if s.acme != nil {
		s.acme.prepare()
		s.acme.clean()
	}
	for {
		select {
		case <-tick.C:
			s.files.look()
			if s.acme != nil {
				s.acme.renew()
			}
		case <-day.C:
			s.files.remind()
			if s.acme != nil {
				s.acme.clean()
			}
		case <-ctx.Done():
			return nil
		}
	}
}

// Close ends what is under way and waits for it. It may be called more than once.
func (s *Source) Close() {
	if s.acme != nil {
		s.acme.close()
	}
}

// parent is what a name is one label below; "" of a name that is only one.
func parent(name string) string {
	_, rest, _ := strings.Cut(name, ".")
	return rest
}

// unavailable is the error of a name that is served, and whose certificate cannot be had.
func unavailable(name string, err error) error {
	return fmt.Errorf("no certificate for %s: %w", name, err)
}
