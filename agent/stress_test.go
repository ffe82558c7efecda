package agent

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/wire"
)

// TestManyVisitors: all kinds of exchanges at once over one leg, some of them broken off. Every answer is its own request's, and in the end
// nothing is left.
func TestManyVisitors(t *testing.T) {
	w := newWorld(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/echo":
			b, _ := io.ReadAll(r.Body)
			w.Header().Set("X-Id", r.Header.Get("X-Id"))
			w.Write(b)
		case "/stream":
			for i := range 20 {
				fmt.Fprintf(w, "%s %d\n", r.Header.Get("X-Id"), i)
				w.(http.Flusher).Flush()
			}
		case "/endless":
			for r.Context().Err() == nil {
				if _, err := w.Write(make([]byte, 10_000)); err != nil {
					return
				}
			}
		case "/early":
			w.WriteHeader(http.StatusRequestEntityTooLarge)
		case "/close":
			w.Header().Set("Connection", "close")
			io.WriteString(w, r.Header.Get("X-Id"))
		}
	}))
	w.ready()
	_, host, _ := strings.Cut(w.a.Status().Endpoints[0].URL, "://")
	pool := &http.Transport{MaxIdleConnsPerHost: 20}
	defer pool.CloseIdleConnections()
	visit := func(method, path string, body io.Reader, id string) (*http.Response, context.CancelFunc, error) {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		q, err := http.NewRequestWithContext(ctx, method, "http://"+w.relay.HTTP+path, body)
		if err != nil {
			cancel()
			return nil, nil, err
		}
		q.Host = host
		q.Header.Set("X-Id", id)
		q.Close = path == "/early" // the relay may close behind such an answer, too late for its head to say so
		res, err := pool.RoundTrip(q)
		if err != nil {
			cancel()
			return nil, nil, fmt.Errorf("%s %s: %w", method, path, err)
		}
		return res, cancel, nil
	}
	kinds := []func(id string, rnd *rand.Rand) error{
		func(id string, rnd *rand.Rand) error { // echo, with a length or chunked
			content := bytes.Repeat([]byte(id+" "), rnd.IntN(8000))
			var body io.Reader = bytes.NewReader(content)
			if rnd.IntN(2) == 0 {
				body = struct{ io.Reader }{body}
			}
			res, cancel, err := visit("POST", "/echo", body, id)
			if err != nil {
				return err
			}
			defer cancel()
			defer res.Body.Close()
			got, err := io.ReadAll(res.Body)
			if err != nil || !bytes.Equal(got, content) || res.Header.Get("X-Id") != id {
				return fmt.Errorf("echo of %d: %d bytes, %s, %v", len(content), len(got), res.Status, err)
			}
			return nil
		},
		func(id string, _ *rand.Rand) error {
			res, cancel, err := visit("GET", "/stream", nil, id)
			if err != nil {
				return err
			}
			defer cancel()
			defer res.Body.Close()
			got, err := io.ReadAll(res.Body)
			if err != nil || strings.Count(string(got), id+" ") != 20 {
				return fmt.Errorf("stream: %q, %v", got, err)
			}
			return nil
		},
		func(id string, rnd *rand.Rand) error { // leaves in the middle
			res, cancel, err := visit("GET", "/endless", nil, id)
			if err != nil {
				return err
			}
			io.CopyN(io.Discard, res.Body, int64(rnd.IntN(300_000)))
			cancel()
			res.Body.Close()
			return nil
		},
		func(id string, rnd *rand.Rand) error { // an answer before the request's end
			res, cancel, err := visit("POST", "/early", bytes.NewReader(make([]byte, rnd.IntN(1_000_000))), id)
			if err != nil {
				t.Logf("early %s: %v", id, err)
				return nil // net/http may see the close while it writes
			}
			defer cancel()
			res.Body.Close()
			return nil
		},
		func(id string, _ *rand.Rand) error {
			res, cancel, err := visit("GET", "/close", nil, id)
			if err != nil {
				return err
			}
			defer cancel()
			defer res.Body.Close()
			if got, err := io.ReadAll(res.Body); err != nil || string(got) != id {
				return fmt.Errorf("close: %q, %v", got, err)
			}
			return nil
		},
	}
	var wg sync.WaitGroup
	for v := range 12 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			rnd := rand.New(rand.NewPCG(uint64(v), 1))
			for i := range 40 {
				if err := kinds[rnd.IntN(len(kinds))](fmt.Sprintf("%d.%d", v, i), rnd); err != nil {
					t.Errorf("visitor %d, request %d: %v", v, i, err)
				}
			}
		}()
	}
	wg.Wait()
	w.until("rest", func(s inspect.Status) bool { return s.Requests.Open == 0 && w.a.eng.busy.Load() == 0 })
	if s := w.a.Status(); s.Requests.Count < 12*40 {
		t.Errorf("%d requests", s.Requests.Count)
	}
	for _, x := range listed(t, w.store) {
		if x.State != inspect.Done && x.State != inspect.Failed {
			t.Errorf("%s %s is in state %d", x.ID, x.Request.Target, x.State)
		}
	}
}

// TestReplayThatNeverBegins: the agent ends before a replay's goroutine has run. There is no exchange, and Replay does not name one.
func TestReplayThatNeverBegins(t *testing.T) {
	var holding atomic.Bool
	hold := make(chan struct{})
	release := sync.OnceFunc(func() { close(hold) })
	t.Cleanup(release) // before the agent is waited for
	w := newWorld(t, echo, func(o *Options, _ *Endpoint) {
		o.Go = func(f func()) {
			held := holding.Load() // not those that were started before, and run late
			go func() {
				if held {
					<-hold
				}
				f()
			}()
		}
	})
	w.ready()
	x := &inspect.Exchange{ID: "x", Endpoint: "web", State: inspect.Done}
	x.Request.Head, x.Request.Whole = []byte("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), true
	w.store.Record(x)
	until := func(what string, ok func() bool) {
		for late := time.Now().Add(patience); ; <-time.After(time.Millisecond) {
			w.a.mu.Lock()
			done := ok()
			w.a.mu.Unlock()
			if done {
				return
			}
			if time.Now().After(late) {
				t.Fatalf("no %s", what)
			}
		}
	}
	holding.Store(true)
	got := make(chan error, 1)
	go func() {
		_, err := w.a.Replay(t.Context(), "x", inspect.Resend{})
		got <- err
	}()
	until("replay", func() bool { return len(w.a.replays) == 1 })
	w.stop()
	until("end", func() bool { return w.a.closed })
	release()
	var refused *ReplayError
	if err := <-got; !errors.As(err, &refused) || refused.Failure.Code != int(wire.CodeAgentStopping) {
		t.Errorf("Replay: %v", err)
	}
	if err := w.end(); err != nil {
		t.Errorf("Run: %v", err)
	}
}

// TestReplayEndsWithRun: a replay under way is waited for, and ended after the grace.
func TestReplayEndsWithRun(t *testing.T) {
	arrived := make(chan struct{}, 1)
	w := newWorld(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		arrived <- struct{}{}
		<-r.Context().Done()
	}), func(o *Options, _ *Endpoint) { o.Grace = 50 * time.Millisecond })
	w.ready()
	x := &inspect.Exchange{ID: "x", Endpoint: "web", State: inspect.Done}
	x.Request.Head, x.Request.Whole = []byte("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), true
	w.store.Record(x)
	id, err := w.a.Replay(t.Context(), "x", inspect.Resend{})
	if err != nil {
		t.Fatal(err)
	}
	<-arrived
	w.stop()
	if err := w.end(); err != nil {
		t.Fatal(err)
	}
	if got, _ := w.store.Get(t.Context(), id); got.State != inspect.Failed || got.ReplayOf != "x" {
		t.Errorf("replay %+v", got.Exchange)
	}
	if _, err := w.a.Replay(t.Context(), "x", inspect.Resend{}); err == nil {
		t.Error("replayed after the end")
	}
}
