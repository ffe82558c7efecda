package agent

import (
	"context"
	"io"
	"net"
	"net/http"
	"slices"
	"testing"
	"time"
)

// resident is an agent in the lab, with a program of its own behind it. It answers with the path; /slow when slow is closed.
type resident struct {
	*Agent
	t     *testing.T
	stop  context.CancelFunc
	ended chan error // of Run; closed behind it
	slow  chan struct{}
}

func (w *lab) agent(change ...func(*Options)) *resident {
	o := Options{Relay: "relay.test:4443", Pin: w.pin, Token: "good"}
	for _, f := range change {
		f(&o)
	}
	a, err := New(o)
	if err != nil {
		w.t.Fatal(err)
	}
	a.dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := w.dial(ctx, network, addr)
		if err == nil {
			w.change(func() { w.last[a.instance] = c.(*linkEnd).link })
		}
		return c, err
	}
	a.ids = w.ids
	a.wake.now = func() (t time.Time) {
		w.change(func() { t = time.Now().Add(w.asleep) })
		return t
	}
	a.wake.addrs = func() (all []net.Addr, _ error) {
		w.change(func() { all = slices.Clone(w.addrs) })
		return all, nil
	}
	r := &resident{Agent: a, t: w.t, ended: make(chan error, 1), slow: make(chan struct{})}
	ln, err := a.Listen(Endpoint{Name: "web", Host: host})
	if err != nil {
		w.t.Fatal(err)
	}
	srv := &http.Server{Handler: http.HandlerFunc(func(out http.ResponseWriter, q *http.Request) {
		if q.URL.Path == "/slow" {
			select {
			case <-r.slow:
			case <-q.Context().Done():
			}
		}
		io.WriteString(out, q.URL.Path)
	})}
	ctx, cancel := context.WithCancel(context.Background())
	r.stop = cancel
	go func() {
		r.ended <- a.Run(ctx)
		close(r.ended)
	}()
	served := make(chan error, 1)
	go func() { served <- srv.Serve(ln) }()
	w.t.Cleanup(func() {
		cancel()
		for range r.ended {
		}
		<-served
		srv.Close()
	})
	return r
}

// session is the id of the present one; "": there is none.
func (r *resident) session() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.Agent.session == nil {
		return ""
	}
	return r.Agent.session.welcome.Session
}

// over is what Run returned; it fails the test if Run goes on.
func (r *resident) over() error {
	r.t.Helper()
	select {
	case err := <-r.ended:
		return err
	default:
		r.t.Fatal("Run goes on")
		return nil
	}
}
