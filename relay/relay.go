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
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/gofrs/flock"

	"github.com/adit-tunnel/adit/relay/cert"
	"github.com/adit-tunnel/adit/relay/control"
	"github.com/adit-tunnel/adit/relay/edge"
	"github.com/adit-tunnel/adit/relay/registry"
	"github.com/adit-tunnel/adit/relay/session"
)

const (
	stateLockWait  = 10 * time.Second
	stateLockRetry = 20 * time.Millisecond

	// portsPurpose is what the listeners of tcp endpoints are for, in the names of doors.
	portsPurpose = "tcp-ports"

	lateNearby = 100 * time.Millisecond
)

// Relay is a public server. New makes one.
type Relay struct {
	o    Options
	cert *certificate

	lookup control.Lookup // who may use it
	store  control.Store  // what the owner decides, behind lookup; nil when Embedded
	certs  *cert.Source   // what visitors are shown; nil without Options.HTTPS

	reserved reserved // for certs: names in the store

	adminToken string // what the admin API wants to be shown

	doors  *doors
	agents net.Listener // nil when agents have none of their own
	http   net.Listener // nil when Embedded
	https  net.Listener // nil without Options.HTTPS
	admin  net.Listener // nil without Options.Admin

	registry *registry.Registry
	edge     *edge.Server
	sessions *session.Server
	shares   shares
	local    *localPlaces // nil unless Embedded
	ports    *publicPorts // nil without Options.TCPPorts
	leases   *leaseFile   // nil when Embedded: its names are ports of this process

	failed   chan error // a part of Run that ended by itself
	ready    chan struct{}
	handed   chan struct{} // closed when another process serves in this one's place
	handing  sync.Once     // whether Run hands over or stops
	grace    atomic.Int64
	proxy    atomic.Pointer[[]netip.Prefix] // who is to name its visitors with the PROXY protocol
	badHeads atomic.Uint64                  // connections of balancers that did not begin with a header
	serving  atomic.Bool                    // what /readyz says
	ran      atomic.Bool
}

// New checks the options, reads CA and keys from StateDir or makes them on first start, opens the control store and all listeners (so that
// addresses are known); it serves nothing yet. Mistakes in the options are returned all at once, in the words of the command line. A relay that
// never runs is to be closed.
func New(o Options) (*Relay, error) {
	o = o.withDefaults()
	if err := o.check(); err != nil {
		closeAll(o.Inherited)
		return nil, err
	}
	r := &Relay{o: o, registry: registry.New(nil), failed: make(chan error, 1), ready: make(chan struct{}), handed: make(chan struct{}),
		doors: newDoors(o.Inherited, o.Log)}
	r.grace.Store(int64(o.Grace))
	r.proxy.Store(&o.Proxy)
	key, err := r.loadState()
	if err == nil {
		err = r.openStore()
	}
	if err != nil {
		r.doors.forget()
		return nil, err
	}
	if o.HTTPS != "" {
		if err := r.openCertificates(); err != nil {
			return nil, errors.Join(err, r.Close())
		}
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
	}{{"--agents", r.o.Agents, &r.agents}, {"--http", r.o.HTTP, &r.http}, {"--https", r.o.HTTPS, &r.https}, {"--admin", r.o.Admin, &r.admin}} {
		if l.addr == "" || l.to == &r.agents && r.o.agentsByALPN() {
			continue
		}
		limit := portsWithin
		if l.to == &r.admin {
			limit = 0
		}
		ln, err := r.doors.listen(context.Background(), limit, l.flag[len("--"):], l.addr)
		if limit == 0 && errors.Is(err, syscall.EADDRINUSE) && stopping(l.addr) {
			continue
		}
		if errors.Is(err, fs.ErrPermission) {
			err = fmt.Errorf("%w\n  a port below 1024 needs root, or CAP_NET_BIND_SERVICE, which the unit gives that \"adit relay unit\" prints", err)
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
	r.shares = divide(o.Memory, o.Files, o.listeners(), o.Embedded)
	var door http.HandlerFunc
	if !o.Embedded {
		door = r.takeSocket
	}
	public := edge.Options{
		Door:     door,
		Registry: r.registry, Trust: o.Trust, Log: o.Log, AccessLog: o.AccessLog, Go: o.Go,
		Head: o.Limits.Head, Idle: o.Limits.Idle, Body: o.Limits.Body, Reader: o.Limits.Reader, Late: late, Share: o.PerAddress, PortsCarry: !o.Embedded,
		Memory: r.shares.connections, Files: r.shares.visitors,
	}
	if r.https != nil {
		public.Agents = func(nc net.Conn) { r.sessions.Take(nc) } // made below
		public.Certificate = r.certs.Certificate
		public.Challenge, public.Challenged = r.certs.Challenge, r.certs.Challenged
		public.Redirect, public.RedirectAll, public.HSTS = portOf(r.https), o.Redirect, o.HSTS
	}
	r.edge = edge.New(public)
	var namer session.Namer
	if o.Embedded {
		r.local = newLocalPlaces(r.edge.Serve, o.Go, r.failed, newPortFiles(r.shares.ports, 0, o.Log))
		namer = r.local
	} else {
		if o.TCPPorts != [2]int{} {
			r.ports = r.newPorts(key)
		}
		places := &publicPlaces{
			domain: o.Domain, key: key, urls: r.urls(), tls: urlAt("tls", r.https, 443), owner: r.lookup.Owner, resolver: newResolver(o.Resolver), ports: r.ports,
		}
		if r.certs != nil {
			places.certificate = r.certs.Possible
		}
		namer = places
	}
	r.sessions = session.New(session.Options{
		Registry: r.registry, Control: r.lookup, Namer: namer, TLS: r.cert.tlsConfig(), Key: key,
		Relay: r.id(), Version: o.Version, Region: o.Region, Log: o.Log, Go: o.Go, Auth: o.Limits.Auth,
		Memory: r.shares.streams, SessionMemory: r.shares.sessions, Files: r.shares.agents, Shared: r.shared, Guests: r.shares.lobby, GuestMemory: r.shares.guests, Grown: r.shares.grown,
	})
}

// shared says whether the relay has several accounts. It is asked when one of them has most of what there is.
func (r *Relay) shared() bool {
	if r.store == nil {
		return false
	}
	all, err := r.store.Accounts()
	return err != nil || len(all) > 1
}

// newPorts are those of tcp endpoints, where visitors of the others come in.
func (r *Relay) newPorts(key []byte) *publicPorts {
	host, _, _ := net.SplitHostPort(cmp.Or(r.o.HTTP, r.o.HTTPS)) // it is listened on
	return &publicPorts{
		first: r.o.TCPPorts[0], last: r.o.TCPPorts[1], host: host, domain: r.o.Domain, key: key,
		registry: r.registry, run: r.o.Go, failed: r.failed, open: map[int]*publicPort{},
		files: newPortFiles(r.shares.ports, r.o.listeners(), r.o.Log),
		door: func(ctx context.Context, limit time.Duration, addr string) (net.Listener, error) {
			return r.doors.listen(ctx, limit, portsPurpose, addr)
		},
		bespoken: func(addr string) (int, bool) { return r.doors.unwanted(portsPurpose, addr) },
		serve: func(ctx context.Context, ln net.Listener, port int) error {
			return r.edge.Serve(ctx, r.behindBalancers(ln), port)
		},
	}
}

// SocketURL is where agents come in as WebSockets, as it is seen from outside.
func (r *Relay) SocketURL() string {
	u, _, _ := r.urls().of(r.o.Domain, nil)
	return "ws" + strings.TrimPrefix(u, "http")
}

// id tells relays apart in Welcome; it is the same after a restart and no secret.
func (r *Relay) id() string { return r.Pin()[len("sha256:"):][:12] }

// Pin is what agents pass as --relay-pin: "sha256:" and the hex of the SHA-256 of the SubjectPublicKeyInfo of the relay's CA. It is the same
// after every restart with the same StateDir.
func (r *Relay) Pin() string { return r.cert.pin() }

// AgentsAddr is the HOST:PORT that agents connect to, with the real port; "" where they come as WebSockets alone.
func (r *Relay) AgentsAddr() string {
	if r.agents == nil {
		return r.HTTPSAddr()
	}
	return addrOf(r.agents)
}

// HTTPAddr is the public listener's HOST:PORT; "" without one.
func (r *Relay) HTTPAddr() string { return addrOf(r.http) }

// HTTPSAddr is that of the one with TLS; "" without one.
func (r *Relay) HTTPSAddr() string { return addrOf(r.https) }

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

// Listeners are copies of the listeners, by their names, for the process that is to take this one's place (Options.Inherited). The caller closes them. Until HandOver or
// GoOn says what became of that process no port is opened for an endpoint: it would not have it.
func (r *Relay) Listeners() (map[string]*os.File, error) { return r.doors.copies() }

// HandOver makes Run end as its ctx's end does, but for the listeners: another process has them now, and accepts. False: Run ends already, and what it does to
// the listeners is done to the other process's, too, which must be ended.
func (r *Relay) HandOver() (done bool) {
	r.handing.Do(func() { close(r.handed); done = true })
	return done
}

// GoOn ends what Listeners began when no other process serves.
func (r *Relay) GoOn() { r.doors.stay() }

// Close closes the listeners and the control store of a relay that never ran; Run does so itself at its end.
func (r *Relay) Close() error {
	var errs []error
	r.doors.forget()
	for _, ln := range []net.Listener{r.http, r.https, r.agents, r.admin} {
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
	if r.certs != nil {
		r.certs.Close()
	}
	return errors.Join(append(errs, r.lookup.Close())...)
}
