package cert

import (
	"crypto/x509"
	"testing"
)

// The world of the tests, for those that have a whole relay in it.

func NewWorld(t *testing.T, kind string) *World {
	w := newWorld(t, func(w *world) {
		switch kind {
		case "http-01":
			w.tlsPort = closed(t)
		case "tls-alpn-01":
			w.httpPort = closed(t)
		}
	}, func(w *world) { w.elsewhere = true })
	return &World{w, w.http.Addr().String(), w.tls.Addr().String()}
}

// World is a CA and a DNS. A relay of the test is to listen at HTTP and HTTPS.
type World struct {
	w           *world
	HTTP, HTTPS string
}

func (w *World) ACME() *ACME { return &ACME{Directory: w.w.server.URL + "/dir", CA: w.w.roots} }

// Shows wants a certificate of the CA for the name.
func (w *World) Shows(name string) { w.w.t.Helper(); w.w.shows(name) }

// Orders is how many were placed.
func (w *World) Orders() int64 { return w.w.orders.Load() }

// Visit makes a handshake.
func (w *World) Visit(name string) (*x509.Certificate, error) { return w.w.visit(name) }
