package cert

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// late is the part of a certificate's life, one of so many, before whose begin whoever renews it has mostly done so: with a third left.
const late = 6

// Pair is a PEM file with a certificate and those that vouch for it, and one with its key.
type Pair struct{ Cert, Key string }

// files are the certificates of Pairs. Their files are read again when they change: a pair that cannot be used then, as when only one half is written yet, is
// logged once, and what was served before stays.
type files struct {
	log *slog.Logger

	mu    sync.Mutex
	pairs []*pair

	index    atomic.Pointer[index]
	failures atomic.Uint64
}

type pair struct {
	Pair
	cert, key []byte // what was read last
	said      string // what was wrong with it, when that was told
	use       *tls.Certificate
}

// index finds certificates by canonical name, wildcards as "*.…"; several of one name are in the order of Pairs.
type index struct {
	all    []*tls.Certificate
	byName map[string][]*tls.Certificate
}

func loadFiles(pairs []Pair, log *slog.Logger) (*files, error) {
	f := &files{log: log}
	var errs []error
	for _, p := range pairs {
		own := &pair{Pair: p}
		if _, err := own.read(); err != nil {
			errs = append(errs, err)
			continue
		}
		f.pairs = append(f.pairs, own)
		f.warn(own)
	}
	f.sort()
	return f, errors.Join(errs...)
}

// read takes the files over if they have changed since the last time. The certificate in use changes only when they are good.
func (p *pair) read() (changed bool, err error) {
	cert, err := os.ReadFile(p.Cert)
	if err != nil {
		return false, fmt.Errorf("--cert: %w", err)
	}
	key, err := os.ReadFile(p.Key)
	if err != nil {
		return false, fmt.Errorf("--key: %w", err)
	}
	if bytes.Equal(cert, p.cert) && bytes.Equal(key, p.key) {
		return false, nil
	}
	p.cert, p.key = cert, key
	c, err := tls.X509KeyPair(cert, key)
	switch {
	case err != nil:
		return true, fmt.Errorf("--cert %s --key %s: %s", p.Cert, p.Key, strings.TrimPrefix(err.Error(), "tls: "))
	case len(c.Leaf.DNSNames) == 0:
		return true, fmt.Errorf("--cert %s: its first certificate holds no DNS name (subjectAltName), so that no browser accepts it", p.Cert)
	}
	p.use = &c
	return true, nil
}

// warn says what is wrong with a certificate that is served all the same.
func (f *files) warn(p *pair) {
	now, leaf := time.Now(), p.use.Leaf
	if now.After(leaf.NotAfter) {
		f.log.Warn("a certificate has expired; visitors are refused by their browsers until its file is replaced", "file", p.Cert, "ended", leaf.NotAfter)
	} else if now.Before(leaf.NotBefore) {
		f.log.Warn("a certificate is not valid yet", "file", p.Cert, "begins", leaf.NotBefore)
	} else if leaf.NotAfter.Sub(now) < leaf.NotAfter.Sub(leaf.NotBefore)/late {
		f.log.Warn("a certificate ends soon, and its file has not been replaced", "file", p.Cert, "ends", leaf.NotAfter)
	}
}

// remind warns again of what is wrong with what is served.
func (f *files) remind() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, p := range f.pairs {
		f.warn(p)
	}
}

func (f *files) sort() {
	x := &index{byName: map[string][]*tls.Certificate{}}
	for _, p := range f.pairs {
		x.all = append(x.all, p.use)
		for _, name := range p.use.Leaf.DNSNames {
			name = strings.ToLower(name)
			x.byName[name] = append(x.byName[name], p.use)
		}
	}
	f.index.Store(x)
}

// look takes changed files over.
func (f *files) look() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, err := range f.take() {
		f.log.Error("a certificate's files have changed and cannot be used; what was served before is served on", "err", err)
	}
}

// reload is look for who asked for it; it fails also for what was logged before.
func (f *files) reload() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, p := range f.pairs {
		p.cert, p.key, p.said = nil, nil, ""
	}
	return errors.Join(f.take()...)
}

// take reads all pairs. What is wrong with one is an error once, until it is another mistake. f.mu is held.
func (f *files) take() (errs []error) {
	news := false
	for _, p := range f.pairs {
		changed, err := p.read()
		switch {
		case err != nil && err.Error() != p.said:
			p.said = err.Error()
			f.failures.Add(1)
			errs = append(errs, err)
		case err == nil && changed:
			p.said, news = "", true
			f.warn(p)
			f.log.Info("a certificate was read from its files", "file", p.Cert, "names", p.use.Leaf.DNSNames, "ends", p.use.Leaf.NotAfter)
		}
	}
	if news {
		f.sort()
	}
	return errs
}

// find is a certificate for the name itself or, if there is none, for "*." and what it is one label below; nil none. Of several it is the first that the
// visitor can use.
func (f *files) find(name string, hello *tls.ClientHelloInfo) *tls.Certificate {
	x := f.index.Load()
	for _, n := range []string{name, "*." + parent(name)} {
		all := x.byName[n]
		for _, c := range all {
			if len(all) == 1 || hello.SupportsCertificate(c) == nil {
				return c
			}
		}
	}
	return nil
}

// cover says that there is a certificate for a host, or for "*.…".
func (f *files) cover(host string) bool {
	x := f.index.Load()
	return len(x.byName[host]) > 0 || len(x.byName["*."+parent(host)]) > 0
}

func (f *files) first() *tls.Certificate {
	if all := f.index.Load().all; len(all) > 0 {
		return all[0]
	}
	return nil
}
