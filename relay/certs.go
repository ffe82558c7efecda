package relay

import (
	"errors"
	"io/fs"
	"time"

	"github.com/adit-tunnel/adit/relay/cert"
	"github.com/adit-tunnel/adit/relay/control"
	"github.com/adit-tunnel/adit/relay/registry"
)

// openCertificates opens where the certificates that visitors see come from. It orders none.
func (r *Relay) openCertificates() (err error) {
	r.reserved.domains = r.store.Domains
	r.certs, err = cert.New(cert.Options{
		Pairs: r.o.Certs, ACME: r.o.ACME, Store: items{r.store}, Domain: r.o.Domain, TLSOnly: r.o.HTTP == "",
		Canonical: registry.HostName, Subject: r.subject, Log: r.o.Log, Go: r.o.Go,
	})
	return err
}

// subject is what a certificate for a name is to be for, if the relay serves it: its domain, what is bound, or was until its agent was lost a moment ago (visitors
// wait for it, as after a restart), and what its owner has reserved. A name that is served by an endpoint for all names below another one has its certificate in
// common with them, or visitors could have any number made.
func (r *Relay) subject(name string) (subject, account string, wanted bool) {
	if name == r.o.Domain {
		return name, "", true
	}
	if subject, account, expected := r.registry.Expected([]byte(name)); expected {
		return subject, account, true
	}
	account = r.reserved.owner(name)
	return name, account, account != ""
}

// ReloadCertificates reads the certificate files again now; the relay would see by itself, soon, that they have changed. Where one is wrong its certificate stays as
// it was, and the error says why.
func (r *Relay) ReloadCertificates() error {
	if r.certs == nil {
		return nil
	}
	return r.certs.Reload()
}

// items is the part of the control store that keeps certificates, in the words of package cert.
type items struct{ control.Store }

var _ cert.Store = items{}

// Item implements cert.Store.
func (s items) Item(key string) ([]byte, time.Time, error) {
	it, err := s.Store.Item(key)
	if errors.Is(err, control.ErrNotFound) {
		err = fs.ErrNotExist
	}
	return it.Value, it.Modified, err
}

// AddItem implements cert.Store.
func (s items) AddItem(key string, value []byte, stale time.Duration) error {
	err := s.Store.AddItem(key, value, stale)
	if errors.Is(err, control.ErrExists) {
		err = fs.ErrExist
	}
	return err
}

// InternalCA is the certificate, in PEM, of the CA by which a relay with this control store makes visitors' certificates when it has no others; fs.ErrNotExist
// when it has made none yet.
func InternalCA(s control.Store) ([]byte, error) { return cert.InternalCA(items{s}) }
