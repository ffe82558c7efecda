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

	"github.com/adit-tunnel/adit/relay/admin/hush"
	"github.com/adit-tunnel/adit/relay/control"
)

var _ = hush.Over() // metrics is initialised

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
	// Families are the figures that there are. Gather calls set for each of them; name has its labels as Prometheus writes them:
	// adit_edge_errors_total{code="NO_ENDPOINT"}. One whose family is not listed is not shown.
	Families []Family
	Gather   func(set func(name string, value float64))
}

// Family is a name on the metrics page and what it means.
type Family struct {
	Name, Help string
	Histogram  bool // Gather sets NAME_bucket{le="…"} in rising order, NAME_sum and NAME_count; else it is a counter if the name ends in _total, or a gauge
}

// Type is Prometheus' word for it.
func (f Family) Type() string {
	switch {
	case f.Histogram:
		return "histogram"
	case strings.HasSuffix(f.Name, "_total"):
		return "counter"
	}
	return "gauge"
}

// has says that a figure belongs to the family.
func (f Family) has(name string) bool {
	name, _, _ = strings.Cut(name, "{")
	if f.Histogram {
		base, part, ok := cutLast(name, "_")
		return ok && base == f.Name && (part == "bucket" || part == "sum" || part == "count")
	}
	return name == f.Name
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

// Serve answers GET /healthz (200 as long as it runs), /readyz (503 until ready), /metrics and the API below /api/ on ln, which it closes, until ctx ends;
// then it returns nil.
func Serve(ctx context.Context, ln net.Listener, s Source) error {
	metrics.ExposeMetadata(true) // what the process's figures mean, too
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
		metrics.WriteFDMetrics(&page)
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

// write writes the gathered figures family by family.
func (s Source) write(w io.Writer) {
	type figure struct {
		name  string
		value float64
	}
	var all []figure
	s.Gather(func(name string, value float64) { all = append(all, figure{name, value}) })
	for _, f := range s.Families {
		var own []figure
		for _, x := range all {
			if f.has(x.name) {
				own = append(own, x)
			}
		}
		if len(own) == 0 {
			continue
		}
		if !f.Histogram { // whose order means something
			slices.SortFunc(own, func(a, b figure) int { return strings.Compare(a.name, b.name) })
		}
		fmt.Fprintf(w, "# HELP %s %s\n# TYPE %s %s\n", f.Name, f.Help, f.Name, f.Type())
		for _, x := range own {
			fmt.Fprintf(w, "%s %s\n", x.name, strconv.FormatFloat(x.value, 'g', -1, 64))
		}
	}
}

func text(w http.ResponseWriter, status int, s string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	io.WriteString(w, s)
}
