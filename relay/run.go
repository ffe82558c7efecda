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
	if r.o.Admin != "" {
		start("admin listener", func() error { return r.serveAdmin(alive) })
	}
	if r.agents != nil {
		start("agents' listener", func() error { return r.sessions.Serve(alive, r.agents) })
	}
	if r.http != nil {
		start("public listener", func() error { return r.edge.Serve(alive, r.http, 0) })
	}
	r.serving.Store(true)
	close(r.ready)
	r.o.Log.Info("relay ready", "agents", r.AgentsAddr(), "http", r.HTTPAddr(), "admin", r.AdminAddr(), "pin", r.Pin(), "memory", r.o.Memory, "files", r.o.Files)

	var err error
	select {
	case <-ctx.Done():
	case err = <-r.failed:
		r.o.Log.Error("relay stops", "err", err)
	}
	r.stop()
	end()
	parts.Wait()
	return errors.Join(err, r.Close())
}

// serveAdmin serves the admin listener, when it can be had: the last process keeps it until the end of its grace.
func (r *Relay) serveAdmin(ctx context.Context) error {
	ln := r.admin
	if ln == nil {
		var err error
		if ln, err = listenWithin(ctx, r.o.Grace+farewell, r.o.Admin, r.o.Log); err != nil {
			return fmt.Errorf("--admin: %w", err)
		}
	}
	return admin.Serve(ctx, ln, admin.Source{
		Store: r.store, Token: r.adminToken, Name: hostOf(r.o.Admin), Log: r.o.Log, Ready: r.serving.Load, Gather: r.gather,
	})
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

// stop: first balancers hear that no more should come here; then the agents, who look for another relay (or for this one's next process: the
// agents' port is free from here on) and keep their session here until it is ended; then no visitor comes in, and those inside get their answers, which
// takes the sessions; then these end; the admin listener tells of it all to the last (Run ends it).
func (r *Relay) stop() {
	r.serving.Store(false)
	r.sessions.Drain()
	grace, cancel := context.WithTimeout(context.Background(), r.o.Grace)
	defer cancel()
	if err := r.edge.Shutdown(grace); err != nil {
		r.o.Log.Warn("requests were cut at the end of the grace", "grace", r.o.Grace)
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
}

// gather is what the metrics page shows of the relay itself.
func (r *Relay) gather(set func(name string, value float64)) {
	e := r.edge.Stats()
	set("adit_sessions", float64(r.sessions.Sessions()))
	set("adit_streams", float64(r.sessions.Streams()))
	set("adit_probe_failures_total", float64(r.sessions.ProbeFailures()))
	set("adit_endpoints", float64(r.registry.Len()))
	set("adit_edge_connections_total", float64(e.Connections))
	set("adit_edge_connections_open", float64(e.Open))
	set("adit_edge_requests_total", float64(e.Requests))
	set("adit_edge_access_log_dropped_total", float64(e.LogDropped))
	set("adit_edge_turned_away_total", float64(e.TurnedAway))
	r.shares.gather(set)
	set(`adit_budget_held{of="credit"}`, float64(r.sessions.Grown()))
	set(`adit_budget_size{of="credit"}`, float64(r.shares.grown))
	for code, n := range e.Errors {
		set(fmt.Sprintf("adit_edge_errors_total{code=%q}", code), float64(n))
	}
}
