// Package admin serves health, Prometheus metrics and the owner's API on a listener of its own, never on tenants' hosts.
package admin

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"github.com/adit-tunnel/adit/relay/control"
)

const (
	headTime  = 5 * time.Second
	writeTime = 10 * time.Second
	idleTime  = 75 * time.Second
	graceTime = 2 * time.Second
	maxHead   = 16 << 10
)

// Source is where the answers come from. It is asked on many goroutines at once.
type Source struct {
	Store control.Store // what the API changes; nil: there is none
	Token string        // what the API wants to be shown
	Name  string        // the listener's host name, if it has one; "": only addresses and localhost
	Log   *slog.Logger  // of changes

	Ready func() bool
	// Gather calls set for each figure; name has its labels as Prometheus writes them: adit_edge_errors_total{code="NO_ENDPOINT"}. A name that
	// ends in _total (before the labels) is a counter, everything else a gauge.
	Gather func(set func(name string, value float64))
}

// Serve answers GET /healthz (200 as long as it runs), /readyz (503 until ready), /metrics and the API below /api/ on ln, which it closes, until ctx ends;
// then it returns nil.
func Serve(ctx context.Context, ln net.Listener, s Source) error {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { text(w, http.StatusOK, "ok\n") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if !s.Ready() {
			text(w, http.StatusServiceUnavailable, "not ready\n")
			return
		}
		text(w, http.StatusOK, "ready\n")
	})
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, _ *http.Request) {
		var page bytes.Buffer
		s.write(&page)
		metrics.WriteProcessMetrics(&page)
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		w.Write(page.Bytes())
	})
	if s.Store != nil {
		mux.Handle("/api/", &guard{token: sha256.Sum256([]byte(s.Token)), name: strings.ToLower(s.Name), log: s.Log, next: api{s.Store}.routes()})
	}
	srv := &http.Server{Handler: mux, ReadHeaderTimeout: headTime, ReadTimeout: headTime, WriteTimeout: writeTime, IdleTimeout: idleTime, MaxHeaderBytes: maxHead}
	stopped := make(chan struct{})
	cancel := context.AfterFunc(ctx, func() {
		defer close(stopped)
		grace, done := context.WithTimeout(context.Background(), graceTime)
		defer done()
		if srv.Shutdown(grace) != nil {
			srv.Close()
		}
	})
	err := srv.Serve(ln)
	if !cancel() {
		<-stopped
	}
	if ctx.Err() != nil && errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	srv.Close()
	return fmt.Errorf("admin: %w", err)
}

// write writes the gathered figures in order of their names, each family behind its type.
func (s Source) write(w io.Writer) {
	type figure struct {
		family, name string
		value        float64
	}
	var all []figure
	s.Gather(func(name string, value float64) {
		family, _, _ := strings.Cut(name, "{")
		all = append(all, figure{family, name, value})
	})
	slices.SortFunc(all, func(a, b figure) int {
		return strings.Compare(a.family+"{"+a.name, b.family+"{"+b.name)
	})
	last := ""
	for _, f := range all {
		if f.family != last {
			kind := "gauge"
			if strings.HasSuffix(f.family, "_total") {
				kind = "counter"
			}
			fmt.Fprintf(w, "# TYPE %s %s\n", f.family, kind)
			last = f.family
		}
		fmt.Fprintf(w, "%s %s\n", f.name, strconv.FormatFloat(f.value, 'g', -1, 64))
	}
}

func text(w http.ResponseWriter, status int, s string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	io.WriteString(w, s)
}
