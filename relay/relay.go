// Package relay is the public server: it accepts agents and visitors and joins them. New makes or reads its CA and keys and opens its listeners,
// Run starts its rooms in order and stops them in the reverse one:
//
//	r, err := relay.New(relay.Options{Domain: "tunnel.example.com", HTTP: ":8080", Agents: ":4443", StateDir: dir})
//	fmt.Println("join with --relay-pin", r.Pin())
//	err = r.Run(ctx) // until ctx ends
//
// It prints nothing: what happens is logged, what people need to know is asked of it.
package relay

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/gofrs/flock"

	"github.com/adit-tunnel/adit/relay/control"
	"github.com/adit-tunnel/adit/relay/edge"
	"github.com/adit-tunnel/adit/relay/registry"
	"github.com/adit-tunnel/adit/relay/session"
)

const (
	stateLockWait  = 10 * time.Second
	stateLockRetry = 20 * time.Millisecond

	lateNearby = 100 * time.Millisecond
)

// Relay is a public server. New makes one.
type Relay struct {
	o    Options
	cert *certificate

	lookup control.Lookup // who may use it
	store  control.Store  // what the owner decides, behind lookup; nil when Embedded

	adminToken string // what the admin API wants to be shown

	agents net.Listener // nil without Options.Agents
	http   net.Listener // nil when Embedded
	admin  net.Listener // nil without Options.Admin

	registry *registry.Registry
	edge     *edge.Server
	sessions *session.Server
	shares   shares
	local    *localPlaces // nil unless Embedded
	leases   *leaseFile   // nil when Embedded: its names are ports of this process

	failed  chan error // a part of Run that ended by itself
	ready   chan struct{}
	serving atomic.Bool // what /readyz says
	ran     atomic.Bool
}

// New checks the options, reads CA and keys from StateDir or makes them on first start, opens the control store and all listeners (so that
// addresses are known); it serves nothing yet. Mistakes in the options are returned all at once, in the words of the command line. A relay that
// never runs is to be closed.
func New(o Options) (*Relay, error) {
	o = o.withDefaults()
	if err := o.check(); err != nil {
		return nil, err
	}
	r := &Relay{o: o, registry: registry.New(nil), failed: make(chan error, 1), ready: make(chan struct{})}
	key, err := r.loadState()
	if err != nil {
		return nil, err
	}
	if err := r.openStore(); err != nil {
		return nil, err
	}
	if err := r.listen(); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	if err := r.openLeases(); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	r.wire(key)
	return r, nil
}

// loadState reads or makes what outlives the process. Relays that start at the same moment with one state directory wait for each other, so that
// they end up with the same CA.
func (r *Relay) loadState() (key []byte, err error) {
	dir := r.o.StateDir
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("--state-dir: %w", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), stateLockWait)
	defer cancel()
	lock := flock.New(filepath.Join(dir, lockFile), flock.SetPermissions(0o600))
	if _, err := lock.TryLockContext(ctx, stateLockRetry); err != nil {
		return nil, fmt.Errorf("--state-dir %s: locking it: %w", dir, errors.Join(err, lock.Close()))
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	r.cert, err = loadCertificate(dir, agentHosts(r.o.Domain, r.o.Agents), time.Now, r.o.Log)
	if err != nil {
		return nil, err
	}
	if r.o.Admin != "" {
		if r.adminToken, err = loadAdminToken(dir); err != nil {
			return nil, err
		}
	}
	return loadKey(dir)
}

// openLeases gives the registry the leases of the last run.
func (r *Relay) openLeases() error {
	if r.o.Embedded {
		return nil
	}
	file, old, err := openLeases(r.o.StateDir, r.o.Log)
	if err != nil {
		return fmt.Errorf("--state-dir: %w", err)
	}
	r.leases = file
	r.registry.Divide(r.o.Domain)
	r.registry.Keep(old, file)
	return nil
}

// listen opens what the options name. What it opened before an error is closed by Close. The last process keeps the admin's address for as
// long as it answers visitors: Run waits for it.
func (r *Relay) listen() error {
	for _, l := range []struct {
		flag, addr string
		to         *net.Listener
	}{{"--agents", r.o.Agents, &r.agents}, {"--http", r.o.HTTP, &r.http}, {"--admin", r.o.Admin, &r.admin}} {
		if l.addr == "" {
			continue
		}
		limit := portsWithin
		if l.to == &r.admin {
			limit = 0
		}
		ln, err := listenWithin(context.Background(), limit, l.addr, r.o.Log)
		if limit == 0 && errors.Is(err, syscall.EADDRINUSE) && stopping(l.addr) {
			continue
		}
		if err != nil {
			return fmt.Errorf("%s: %w", l.flag, err)
		}
		*l.to = ln
	}
	return nil
}

// wire makes the rooms and introduces them to each other; nothing runs yet.
func (r *Relay) wire(key []byte) {
	o := r.o
	late := time.Duration(0)
	if o.Embedded { // its visitors are on this machine, and somebody waits at the keyboard
		late = lateNearby
	}
	r.shares = divide(o.Memory, o.Files)
	var door http.HandlerFunc
	if !o.Embedded {
		door = r.takeSocket
	}
	r.edge = edge.New(edge.Options{
		Door:     door,
		Registry: r.registry, Trust: o.Trust, Log: o.Log, AccessLog: o.AccessLog, Go: o.Go,
		Head: o.Limits.Head, Idle: o.Limits.Idle, Body: o.Limits.Body, Reader: o.Limits.Reader, Late: late, Share: o.PerAddress,
		Memory: r.shares.connections, Files: r.shares.visitors,
	})
	var namer session.Namer
	if o.Embedded {
		r.local = newLocalPlaces(r.edge.Serve, o.Go, r.failed)
		namer = r.local
	} else {
		namer = &publicPlaces{domain: o.Domain, key: key, url: r.publicURL(), owner: r.lookup.Owner, resolver: newResolver(o.Resolver)}
	}
	r.sessions = session.New(session.Options{
		Registry: r.registry, Control: r.lookup, Namer: namer, TLS: r.cert.tlsConfig(), Key: key,
		Relay: r.id(), Version: o.Version, Region: o.Region, Log: o.Log, Go: o.Go, Auth: o.Limits.Auth,
		Memory: r.shares.streams, SessionMemory: r.shares.sessions, Files: r.shares.agents, Guests: r.shares.lobby, Grown: r.shares.grown,
	})
}

// publicURL is what endpoints' URLs look like: Options.PublicURL, or the domain with the port that the http listener really has.
func (r *Relay) publicURL() publicURL {
	if u, err := parsePublicURL(r.o.PublicURL, r.o.Domain); err == nil {
		return u
	}
	u := publicURL{before: "http://"}
	if port := portOf(r.http); port != 80 {
		u.after = ":" + strconv.Itoa(port)
	}
	return u
}

// SocketURL is where agents come in as WebSockets, as it is seen from outside.
func (r *Relay) SocketURL() string {
	u := r.publicURL().of(r.o.Domain)
	return "ws" + strings.TrimPrefix(u, "http")
}

// id tells relays apart in Welcome; it is the same after a restart and no secret.
func (r *Relay) id() string { return r.Pin()[len("sha256:"):][:12] }

// Pin is what agents pass as --relay-pin: "sha256:" and the hex of the SHA-256 of the SubjectPublicKeyInfo of the relay's CA. It is the same
// after every restart with the same StateDir.
func (r *Relay) Pin() string { return r.cert.pin() }

// AgentsAddr is the HOST:PORT that agents connect to, with the real port; "" without a port of theirs.
func (r *Relay) AgentsAddr() string { return addrOf(r.agents) }

// HTTPAddr is the public listener's HOST:PORT; "" when Embedded.
func (r *Relay) HTTPAddr() string { return addrOf(r.http) }

// AdminAddr is the admin listener's HOST:PORT; "" without one.
func (r *Relay) AdminAddr() string { return addrOf(r.admin) }

func addrOf(ln net.Listener) string {
	if ln == nil {
		return ""
	}
	return ln.Addr().String()
}

// Ready is closed when Run serves.
func (r *Relay) Ready() <-chan struct{} { return r.ready }

// Close closes the listeners and the control store of a relay that never ran; Run does so itself at its end.
func (r *Relay) Close() error {
	var errs []error
	for _, ln := range []net.Listener{r.http, r.agents, r.admin} {
		if ln == nil {
			continue
		}
		if err := ln.Close(); !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	if r.leases != nil {
		errs = append(errs, r.leases.Close())
	}
	return errors.Join(append(errs, r.lookup.Close())...)
}
