package relay

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// metricsPage runs a relay, lets a visitor ask for what is not there, and returns the metrics page.
func metricsPage(t *testing.T) string {
	t.Helper()
	r, err := New(Options{Domain: "tunnel.test", HTTP: "127.0.0.1:0", HTTPS: "127.0.0.1:0", Agents: "127.0.0.1:0", Admin: "127.0.0.1:0", StateDir: t.TempDir(), Version: "1.2.3", Log: discard})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	<-r.Ready()
	get := func(url string) string {
		c := &http.Client{Timeout: time.Minute, Transport: &http.Transport{DisableKeepAlives: true}}
		a, err := c.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		defer a.Body.Close()
		b, err := io.ReadAll(a.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	get("http://" + r.HTTPAddr() + "/")
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) { // it is counted when the visitor has its answer
		if page := get("http://" + r.AdminAddr() + "/metrics"); strings.Contains(page, "adit_edge_request_duration_seconds_count 1") || time.Now().After(deadline) {
			return page
		}
	}
}

var (
	metaLine   = regexp.MustCompile(`^# (HELP|TYPE) ([a-z_:][a-z0-9_:]*)(?: (.*))?$`)
	sampleLine = regexp.MustCompile(`^([a-z_:][a-z0-9_:]*)(\{(?:[A-Za-z_]+="(?:[^"\\\n]|\\.)*",? ?)+\})? (\S+)$`)
)

// TestMetricsPage: the page is what Prometheus reads: each family once, in one piece, with its type; counters end in _total, a histogram adds up.
func TestMetricsPage(t *testing.T) {
	page := metricsPage(t)
	types, samples, last := map[string]string{}, map[string]float64{}, ""
	for line := range strings.Lines(page) {
		line = strings.TrimSuffix(line, "\n")
		if m := metaLine.FindStringSubmatch(line); m != nil {
			if m[1] == "TYPE" {
				if types[m[2]] != "" {
					t.Errorf("%s has two types", m[2])
				}
				types[m[2]], last = m[3], m[2]
			}
			continue
		}
		m := sampleLine.FindStringSubmatch(line)
		if m == nil {
			t.Errorf("no sample: %q", line)
			continue
		}
		family := m[1]
		if types[last] == "histogram" || types[last] == "summary" {
			family = regexp.MustCompile(`_(bucket|sum|count)$`).ReplaceAllString(m[1], "")
		}
		if family != last {
			t.Errorf("%q stands with %s", line, last)
		}
		if ours := strings.HasPrefix(family, "adit_"); ours && (types[family] == "counter") != strings.HasSuffix(family, "_total") {
			t.Errorf("%s is a %s", family, types[family])
		}
		v, err := strconv.ParseFloat(m[3], 64)
		if _, twice := samples[m[1]+m[2]]; err != nil || twice {
			t.Errorf("%q: %v, twice: %v", line, err, twice)
		}
		samples[m[1]+m[2]] = v
	}
	for name, want := range map[string]float64{
		`adit_build_info{version="1.2.3"}`: 1, "adit_ready": 1, "adit_edge_requests_total": 1, `adit_edge_errors_total{code="NO_ENDPOINT"}`: 1,
		`adit_edge_request_duration_seconds_bucket{le="+Inf"}`: 1, "adit_edge_request_duration_seconds_count": 1,
		`adit_certificates{source="internal"}`: 0, `adit_certificate_failures_total{source="internal"}`: 0,
		`adit_edge_bytes_total{direction="in",protocol="http"}`: 0, `adit_edge_bytes_total{direction="out",protocol="tls"}`: 0,
	} {
		if got, ok := samples[name]; !ok || got != want {
			t.Errorf("%s is %v, %v; want %v", name, got, ok, want)
		}
	}
	if ends := samples[`adit_certificate_expiration_timestamp_seconds{source="internal"}`]; ends < float64(time.Now().AddDate(9, 0, 0).Unix()) {
		t.Errorf("the internal CA ends at %v", ends)
	}
	for _, name := range []string{"go_goroutines", "process_open_fds", "process_resident_memory_bytes"} {
		if samples[name] == 0 {
			t.Errorf("no %s", name)
		}
	}
}

// TestMetricsDocs: docs/relay.md has every family with what it means.
func TestMetricsDocs(t *testing.T) {
	doc, err := os.ReadFile("../docs/relay.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if row := fmt.Sprintf("| `%s` | %s | %s |\n", f.Name, f.Type(), f.Help); !strings.Contains(string(doc), row) {
			t.Errorf("docs/relay.md lacks %s", row)
		}
	}
}
