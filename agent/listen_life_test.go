package agent_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/agent"
	"github.com/adit-tunnel/adit/relay/relaytest"
	"github.com/adit-tunnel/adit/wire"
)

func soon[T any](t *testing.T, what string, ch <-chan T) (v T) {
	t.Helper()
	select {
	case v = <-ch:
	case <-time.After(limit):
		t.Fatalf("no %s within %v", what, limit)
	}
	return v
}

// TestListenVisitorLeaves: wherever the visitor is when it leaves, the handler learns of it.
func TestListenVisitorLeaves(t *testing.T) {
	arrived, gone := make(chan struct{}), make(chan error)
	mux := http.NewServeMux()
	mux.HandleFunc("/waiting", func(_ http.ResponseWriter, r *http.Request) {
		arrived <- struct{}{}
		<-r.Context().Done()
		gone <- r.Context().Err()
	})
	mux.HandleFunc("/download", func(w http.ResponseWriter, r *http.Request) {
		arrived <- struct{}{}
		for chunk := content(32 << 10); r.Context().Err() == nil; {
			w.Write(chunk)
		}
		gone <- r.Context().Err()
	})
	mux.HandleFunc("/upload", func(_ http.ResponseWriter, r *http.Request) {
		arrived <- struct{}{}
		_, err := io.Copy(io.Discard, r.Body)
		gone <- err
	})
	p := newProgram(t, mux)
	for _, head := range []string{
		"GET /waiting HTTP/1.1\nHost: HOST\n\n", "GET /download HTTP/1.1\nHost: HOST\n\n",
		"POST /upload HTTP/1.1\nHost: HOST\nContent-Length: 1000000\n\nbegin", "POST /upload HTTP/1.1\nHost: HOST\nTransfer-Encoding: chunked\n\n5\nbegin\n",
	} {
		c, _ := p.raw(head)
		soon(t, "request", arrived)
		if err := c.(*net.TCPConn).SetLinger(0); err != nil {
			t.Fatal(err)
		}
		c.Close()
		if err := soon(t, "end of "+head, gone); err == nil {
			t.Errorf("%s: cut, and it looks whole", head)
		}
	}
}

// TestListenClose: a closed listener gives its URL back, whatever else the agent serves, and the name may be used again.
func TestListenClose(t *testing.T) {
	g := newGuest(t, relaytest.Start(t), http.HandlerFunc(says))
	g.until("URL", online)
	arrived, release := make(chan struct{}), make(chan struct{})
	for range 2 {
		ln, err := g.a.Listen(agent.Endpoint{Name: "second"})
		if err != nil {
			t.Fatal(err)
		}
		if again, err := g.a.Listen(agent.Endpoint{Name: "second"}); err == nil {
			again.Close()
			t.Error("one name, two listeners")
		}
		served := make(chan error, 1)
		go func() {
			served <- http.Serve(ln, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				close(arrived)
				<-release
				says(w, r)
			}))
		}()
		url, err := g.a.URL(t.Context(), "second")
		if err != nil || url != ln.URL() || !strings.HasSuffix(url, ln.Addr().String()) {
			t.Fatalf("%q, listener %q at %v: %v", url, ln.URL(), ln.Addr(), err)
		}
		get := func() string {
			status, got, err := g.visitURL(url)
			return fmt.Sprint(status, " ", got, " ", err)
		}
		answer := make(chan string, 1)
		go func() { answer <- get() }()
		soon(t, "request", arrived)
		if err := errors.Join(ln.Close(), ln.Close()); err != nil {
			t.Error(err)
		}
		if err := soon(t, "end of Serve", served); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Serve: %v", err)
		}
		for refused, late := "", time.Now().Add(limit); !strings.HasPrefix(refused, "502 ADIT-3002"); { // the relay learns of it in a moment
			if refused = get(); time.Now().After(late) {
				t.Fatalf("closed, and the URL answers %s", refused)
			}
		}
		close(release)
		if got := soon(t, "answer", answer); got != "200 GET /  <nil>" {
			t.Errorf("the exchange under way: %s", got)
		}
		if n := len(g.a.Status().Endpoints); n != 1 {
			t.Errorf("%d endpoints", n)
		}
		arrived, release = make(chan struct{}), make(chan struct{})
	}
	if status, _, err := g.visit("GET", "/", ""); status != 200 || err != nil {
		t.Errorf("the other endpoint: %d %v", status, err)
	}
}

// visitURL is a GET of the root of a public URL.
func (g *guest) visitURL(url string) (status int, content string, err error) {
	q, err := http.NewRequest("GET", "http://"+g.http, nil)
	if err != nil {
		return 0, "", err
	}
	_, q.Host, _ = strings.Cut(url, "://")
	res, err := strangers.Do(q)
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close()
	var b bytes.Buffer
	_, err = b.ReadFrom(res.Body)
	return res.StatusCode, b.String(), err
}

// TestListenShort: the package's Listen is all that a small program needs.
func TestListenShort(t *testing.T) {
	silence(t)
	r := relaytest.Start(t)
	o := agent.Options{Relay: r.Agents, Pin: r.Pin, Token: r.Token}
	for name, end := range map[string]func(context.CancelFunc, *agent.Listener){
		"context": func(cancel context.CancelFunc, _ *agent.Listener) { cancel() },
		"Close":   func(_ context.CancelFunc, ln *agent.Listener) { ln.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			ln, err := agent.Listen(ctx, o, agent.Endpoint{Name: "web"})
			if err != nil {
				t.Fatal(err)
			}
			served := make(chan error, 1)
			go func() { served <- http.Serve(ln, http.HandlerFunc(says)) }()
			g := &guest{t: t, http: r.HTTP}
			if status, got, err := g.visitURL(ln.URL()); status != 200 || got != "GET / " {
				t.Errorf("%d %q %v", status, got, err)
			}
			end(cancel, ln)
			if err := soon(t, "end of Serve", served); !errors.Is(err, net.ErrClosed) {
				t.Errorf("Serve: %v", err)
			}
		})
	}
}

// TestListenFails: what cannot be served is said at once, with its code; a listener's Accept says what ended its agent.
func TestListenFails(t *testing.T) {
	r := relaytest.Start(t)
	good := agent.Options{Relay: r.Agents, Pin: r.Pin, Token: r.Token}
	bad := good
	bad.Token = "adit_unknown"
	var fatal *agent.FatalError
	if _, err := agent.Listen(t.Context(), bad, agent.Endpoint{Name: "web"}); !errors.As(err, &fatal) || fatal.Code != int(wire.CodeBadToken) {
		t.Errorf("token: %v", err)
	}
	var refused *agent.RefusedError
	_, err := agent.Listen(t.Context(), good, agent.Endpoint{Name: "web", Host: "shop.other.test"})
	if !errors.As(err, &refused) || refused.Failure.Code != int(wire.CodeDomainUnproven) || !strings.Contains(err.Error(), "ADIT-3017") {
		t.Errorf("name: %v", err)
	}
	for _, e := range []agent.Endpoint{{}, {Name: "a", Upstream: "http://localhost:1"}, {Name: "a", HostHeader: "rewrite"}, {Name: "a", HostHeader: "a b"}} {
		if ln, err := agent.Listen(t.Context(), good, e); err == nil {
			ln.Close()
			t.Errorf("accepted %+v", e)
		}
	}
	nowhere := good
	nowhere.Relay = "127.0.0.1:1"
	short, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	_, err = agent.Listen(short, nowhere, agent.Endpoint{Name: "web"})
	if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "refused") {
		t.Errorf("no relay: %v", err)
	}
	a, err := agent.New(bad)
	if err != nil {
		t.Fatal(err)
	}
	ln, err := a.Listen(agent.Endpoint{Name: "web"})
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Run(t.Context()); !errors.As(err, &fatal) {
		t.Errorf("Run: %v", err)
	}
	if _, err := ln.Accept(); !errors.Is(err, net.ErrClosed) || !errors.As(err, &fatal) {
		t.Errorf("Accept: %v", err)
	}
}
