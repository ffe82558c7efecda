package agent_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/agent"
)

// TestListenDrains: when ctx ends, what is under way ends whole, and only then does Serve return. What does not end is cut after the grace.
func TestListenDrains(t *testing.T) {
	arrived, release, cut := make(chan string), make(chan struct{}), make(chan error, 1)
	p := newProgram(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		arrived <- r.URL.Path
		if r.URL.Path == "/endless" {
			<-r.Context().Done()
			cut <- r.Context().Err()
			return
		}
		<-release
		io.WriteString(w, "whole")
	}), func(o *agent.Options) { o.Grace = 500 * time.Millisecond })
	answer := make(chan string, 1)
	for _, path := range []string{"/", "/endless"} {
		q, c := p.request("GET", path, nil), p.visitor()
		go func() {
			res, err := c.Do(q)
			if err != nil {
				answer <- err.Error()
				return
			}
			defer res.Body.Close()
			b, err := io.ReadAll(res.Body)
			answer <- fmt.Sprint(res.StatusCode, " ", string(b), " ", err)
		}()
		soon(t, "request", arrived)
	}
	p.stop()
	close(release)
	if got := soon(t, "answer", answer); got != "200 whole <nil>" {
		t.Errorf("the exchange under way: %s", got)
	}
	soon(t, "end of the endless one", cut)
	if err := soon(t, "end of Run", p.ended); err != nil {
		t.Errorf("Run: %v", err)
	}
	if err := soon(t, "end of Serve", p.served); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Serve: %v", err)
	}
	if got := soon(t, "answer", answer); strings.HasPrefix(got, "200") {
		t.Errorf("the endless one: %s", got)
	}
	if _, err := p.a.URL(t.Context(), "web"); err == nil {
		t.Error("a URL of an agent that has stopped")
	}
	if _, err := p.a.Listen(agent.Endpoint{Name: "late"}); err == nil {
		t.Error("a listener of an agent that has stopped")
	}
}

// TestListenShutdown: a server that is shut down before its agent loses no answer either.
func TestListenShutdown(t *testing.T) {
	arrived, release := make(chan struct{}, 1), make(chan struct{})
	p := newProgram(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		arrived <- struct{}{}
		<-release
		w.Write(content(1 << 20))
	}))
	answer := make(chan string, 1)
	q, c := p.request("GET", "/", nil), p.visitor()
	go func() {
		res, err := c.Do(q)
		if err != nil {
			answer <- err.Error()
			return
		}
		defer res.Body.Close()
		b, err := io.ReadAll(res.Body)
		answer <- fmt.Sprint(res.StatusCode, " ", bytes.Equal(b, content(1<<20)), " ", err)
	}()
	soon(t, "request", arrived)
	shut := make(chan error, 1)
	ctx := p.context()
	go func() { shut <- p.srv.Shutdown(ctx) }()
	if err := soon(t, "end of Serve", p.served); !errors.Is(err, http.ErrServerClosed) {
		t.Errorf("Serve: %v", err)
	}
	close(release)
	if err := soon(t, "end of Shutdown", shut); err != nil {
		t.Errorf("Shutdown: %v", err)
	}
	p.stop()
	if err := soon(t, "end of Run", p.ended); err != nil {
		t.Errorf("Run: %v", err)
	}
	if got := soon(t, "answer", answer); got != "200 true <nil>" {
		t.Errorf("the exchange under way: %s", got)
	}
}
