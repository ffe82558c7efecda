package relay

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/adit-tunnel/adit/relay/admin"
)

// farewell is what sessions get to part in good order when requests have used up all of the grace.
const farewell = 2 * time.Second

// errRan says that a relay runs once.
var errRan = errors.New("relay: Run was called before; a relay runs once")

// Run serves until ctx ends, then stops in order within Grace and returns nil. A part that ends by itself stops the whole: then the error says
// which. Everything is closed when it returns. It may be called once.
func (r *Relay) Run(ctx context.Context) error {
	if r.ran.Swap(true) {
		return errRan
	}
	// The parts outlive ctx: stop ends them one after the other.
	alive, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	var parts sync.WaitGroup
	start := func(name string, serve func() error) {
		parts.Add(1)
		r.o.Go(func() {
			defer parts.Done()
			r.ended(name, serve())
		})
	}
	owner, endAdmin := context.WithCancel(alive)
	defer endAdmin()
	if r.o.Admin != "" {
		start("admin listener", func() error { return r.serveAdmin(owner) })
	}
	if r.certs != nil {
		start("certificates", func() error { return r.certs.Run(alive) })
	}
	if r.agents != nil {
		start("agents' listener", func() error { return r.sessions.Serve(alive, r.agents) })
	}
	if r.https != nil {
		start("public listener with TLS", func() error { return r.edge.ServeTLS(alive, r.behindBalancers(r.https)) })
	}
	if r.http != nil {
		start("public listener", func() error { return r.edge.Serve(alive, r.behindBalancers(r.http), 0) })
	}
	parts.Add(1)
	r.o.Go(func() { defer parts.Done(); r.forget(alive) })
	r.serving.Store(true)
	close(r.ready)
	r.o.Log.Info("relay ready", "agents", r.AgentsAddr(), "http", r.HTTPAddr(), "https", r.HTTPSAddr(), "admin", r.AdminAddr(), "pin", r.Pin(), "memory", r.o.Memory, "files", r.o.Files)

	var err error
	select {
	case <-ctx.Done():
	case <-r.handed:
	case err = <-r.failed:
		r.o.Log.Error("relay stops", "err", err)
	}
	r.handing.Do(func() {}) // from now on it is too late for that
	visitors := r.edge.Shutdown
	select {
	case <-r.handed:
		r.doors.pass()
		endAdmin() // the next process is to be asked now
		visitors = r.partFromVisitors
	default:
	}
	r.stop(visitors)
	end()
	parts.Wait()
	return errors.Join(err, r.Close())
}

// serveAdmin serves the admin listener, when it can be had: the last process keeps it until the end of its grace.
func (r *Relay) serveAdmin(ctx context.Context) error {
	ln := r.admin
	if ln == nil {
		var err error
		if ln, err = r.doors.listen(ctx, r.o.Grace+farewell, "admin", r.o.Admin); err != nil {
			return fmt.Errorf("--admin: %w", err)
		}
	}
	return admin.Serve(ctx, ln, admin.Source{
		Store: r.store, Token: r.adminToken, Name: hostOf(r.o.Admin), Log: r.o.Log, Ready: r.serving.Load, Families: families, Gather: r.gather,
	})
}

// forget gives up listeners of the process before that nobody has wanted for a while.
func (r *Relay) forget(ctx context.Context) {
	t := time.NewTimer(unclaimed)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
	r.doors.forget()
}

// ended tells Run that a part is over. Only the first one counts: later ones end because Run ends them.
func (r *Relay) ended(part string, err error) {
	if err == nil {
		err = errors.New("it ended by itself")
	}
	select {
	case r.failed <- fmt.Errorf("relay: %s: %w", part, err):
	default:
	}
}

// partFromVisitors is what the edge does at the stop when another process has taken over: for half of the grace it waits for a last request of visitors who keep their
// connection and are silent. Each answer tells them to come anew.
func (r *Relay) partFromVisitors(grace context.Context) error {
	return r.edge.HandOver(grace, time.Duration(r.grace.Load())/2)
}

// stop: first balancers hear that no more should come here; then the agents, who look for another relay (or for this one's next process: the
// agents' port is free from here on) and keep their session here until it is ended; then no visitor comes in, and those inside get their answers, which
// takes the sessions; then these end; the admin listener tells of it all to the last (Run ends it).
func (r *Relay) stop(visitors func(context.Context) error) {
	r.serving.Store(false)
	r.sessions.Drain()
	limit := time.Duration(r.grace.Load())
	grace, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	if err := visitors(grace); err != nil {
		r.o.Log.Warn("requests were cut at the end of the grace", "grace", limit)
	}
	if left, _ := grace.Deadline(); time.Until(left) < farewell {
		var c context.CancelFunc
		grace, c = context.WithTimeout(context.Background(), farewell)
		defer c()
	}
	if err := r.sessions.Shutdown(grace); err != nil {
		r.o.Log.Warn("sessions were cut", "err", err)
	}
	if r.local != nil {
		r.local.close()
	}
	if r.ports != nil {
		r.ports.close()
	}
}
