package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"
)

// Sender plays the providers: it sends webhooks and a few other requests to a public URL.
type Sender struct {
	URL     string        // without a slash at the end
	Count   int           // end after so many requests; 0: never
	For     time.Duration // end after so long; 0: never
	Rate    float64       // requests a second, at least one an hour; 0: as fast as answers come, quick requests only
	Workers int           // how many at once with Rate 0; 0: 16
}

// Result is what became of the requests.
type Result struct {
	Sent     int64 // begun
	Answered int64 // a whole answer came, whatever its status
	Failed   error // why the first of the others failed
}

// Run sends until Count is reached, For is over or ctx ends, then waits for the answers that are still due. Requests that ctx cut off count as sent.
func (s *Sender) Run(ctx context.Context) Result {
	r := &run{Sender: s, client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true}}}
	defer r.client.CloseIdleConnections()
	enough := ctx // it ends the sending, ctx also what is under way
	if s.For > 0 {
		var cancel context.CancelFunc
		enough, cancel = context.WithTimeout(ctx, s.For)
		defer cancel()
	}
	if s.Rate > 0 {
		r.paced(ctx, enough)
	} else {
		r.flood(ctx, enough)
	}
	return Result{Sent: r.sent.Load(), Answered: r.answered.Load(), Failed: r.failed}
}

type run struct {
	*Sender
	client         *http.Client
	sent, answered atomic.Int64
	once           sync.Once
	failed         error
}

// take claims the next request's number; false when there are no more.
func (r *run) take() (n int, ok bool) {
	for {
		v := r.sent.Load()
		if r.Count > 0 && v >= int64(r.Count) {
			return 0, false
		}
		if r.sent.CompareAndSwap(v, v+1) {
			return int(v), true
		}
	}
}

func (r *run) paced(ctx, enough context.Context) {
	var under sync.WaitGroup
	defer under.Wait()
	tick := time.NewTicker(interval(r.Rate))
	defer tick.Stop()
	for {
		n, ok := r.take()
		if !ok {
			return
		}
		under.Go(func() { r.count(r.one(ctx, n)) })
		select {
		case <-tick.C:
		case <-enough.Done():
			return
		}
	}
}

// interval is the time between two requests at a rate above 0, within what a ticker takes.
func interval(rate float64) time.Duration {
	return time.Duration(max(min(float64(time.Second)/rate, float64(time.Hour)), 1))
}

func (r *run) one(ctx context.Context, n int) error {
	if n%len(tour) == liveTurn && n/len(tour)%2 == 0 {
		return r.live(ctx)
	}
	return r.send(ctx, tour[n%len(tour)], n)
}

func (r *run) flood(ctx, enough context.Context) {
	workers := r.Workers
	if workers == 0 {
		workers = 16
	}
	var under sync.WaitGroup
	for range workers {
		under.Go(func() {
			for enough.Err() == nil {
				n, ok := r.take()
				if !ok {
					return
				}
				r.count(r.send(ctx, quick[n%len(quick)], n))
			}
		})
	}
	under.Wait()
}

func (r *run) count(err error) {
	if err == nil {
		r.answered.Add(1)
		return
	}
	r.once.Do(func() { r.failed = err })
}

func (r *run) send(ctx context.Context, m maker, n int) error {
	q, err := m(ctx, r.URL, n)
	if err != nil {
		return err
	}
	a, err := r.client.Do(q)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, a.Body)
	return errors.Join(err, a.Body.Close())
}

// live talks a little over a WebSocket.
func (r *run) live(ctx context.Context) error {
	c, _, err := websocket.Dial(ctx, r.URL+"/live", &websocket.DialOptions{HTTPClient: r.client})
	if err != nil {
		return fmt.Errorf("websocket: %w", err)
	}
	defer c.CloseNow()
	for _, text := range []string{"hello", "is anybody there?"} {
		if err := c.Write(ctx, websocket.MessageText, []byte(text)); err != nil {
			return fmt.Errorf("websocket: %w", err)
		}
		if _, _, err := c.Read(ctx); err != nil {
			return fmt.Errorf("websocket: %w", err)
		}
	}
	return c.Close(websocket.StatusNormalClosure, "")
}
