package e2e

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"hash"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// These tests take minutes: "make test-long" runs them.
func long(t *testing.T) {
	t.Helper()
	if os.Getenv("ADIT_TEST_LONG") == "" {
		t.Skip("takes minutes: make test-long")
	}
	t.Parallel()
}

const (
	gigabyte = 1 << 30
	freeze   = 60 * time.Second
	// longWait ends a test that would hang; it is far above what any of them needs.
	longWait = 10 * time.Minute
	// maxPeak is far below a gigabyte and far above what agent and relay need, the race detector's share included.
	maxPeak = 400 << 20
)

// noise is n bytes that nobody can compress, always the same ones.
func noise(n int64) io.Reader { return io.LimitReader(rand.NewChaCha8([32]byte{7}), n) }

func digest(t *testing.T, r io.Reader) string {
	t.Helper()
	h := sha256.New()
	if _, err := io.Copy(h, r); err != nil {
		t.Error(err)
	}
	return hexSum(h)
}

func hexSum(h hash.Hash) string { return fmt.Sprintf("%x", h.Sum(nil)) }

// peak is the most memory that a process has held, resident what it holds; 0 where that cannot be seen.
func peak(p *process) int64     { return memory(p, "VmHWM:") }
func resident(p *process) int64 { return memory(p, "VmRSS:") }

func memory(p *process, field string) int64 {
	status, _ := os.ReadFile(filepath.Join("/proc", strconv.Itoa(p.cmd.Process.Pid), "status"))
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, field); ok {
			kb, _ := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return kb << 10
		}
	}
	return 0
}

// tunnel is a relay, an agent and a client for a service.
func tunnel(t *testing.T, h http.Handler) (r *publicRelay, p *process, url string) {
	t.Helper()
	r = relay(t)
	p = start(t, nil, append([]string{"http", service(t, h)}, r.agentArgs()...)...)
	return r, p, p.ready()
}

func longFetch(t *testing.T, q *http.Request) *http.Response {
	t.Helper()
	a, err := (&http.Client{Timeout: longWait}).Do(q)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Body.Close() })
	return a
}

// A gigabyte passes in both directions, in constant memory.
func TestLongGigabyte(t *testing.T) {
	long(t)
	r, p, url := tunnel(t, http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if q.Method == http.MethodGet {
			_, _ = io.Copy(w, noise(gigabyte))
			return
		}
		fmt.Fprint(w, digest(t, q.Body))
	}))
	want := digest(t, noise(gigabyte))
	if got := digest(t, longFetch(t, r.request(t, url, "/")).Body); got != want {
		t.Error("the download differs")
	}
	for name, size := range map[string]int64{"length": gigabyte, "chunked": -1} {
		q := r.request(t, url, "/")
		q.Method, q.Body, q.ContentLength = http.MethodPost, io.NopCloser(noise(gigabyte)), size
		got, err := io.ReadAll(longFetch(t, q).Body)
		if err != nil || string(got) != want {
			t.Errorf("the upload (%s) differs: %q, %v", name, got, err)
		}
	}
	for name, b := range map[string]int64{"relay": peak(r.process), "agent": peak(p)} {
		if b > maxPeak {
			t.Errorf("the %s held %d MiB", name, b>>20)
		}
	}
}

// A service that thinks for a minute before and in the middle of its answer is waited for.
func TestLongSilentService(t *testing.T) {
	long(t)
	r, _, url := tunnel(t, http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		time.Sleep(freeze) // the silence is what is tested
		fmt.Fprint(w, "first ")
		_ = http.NewResponseController(w).Flush()
		time.Sleep(freeze)
		fmt.Fprint(w, "second")
	}))
	b, err := io.ReadAll(longFetch(t, r.request(t, url, "/")).Body)
	if err != nil || string(b) != "first second" {
		t.Errorf("%q, %v", b, err)
	}
}

// A service that reads nothing of an upload for a minute gets all of it afterwards.
func TestLongServiceThatDoesNotRead(t *testing.T) {
	long(t)
	const size = 64 << 20
	r, _, url := tunnel(t, http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		time.Sleep(freeze)
		fmt.Fprint(w, digest(t, q.Body))
	}))
	q := r.request(t, url, "/")
	q.Method, q.Body, q.ContentLength = http.MethodPost, io.NopCloser(noise(size)), size
	got, err := io.ReadAll(longFetch(t, q).Body)
	if want := digest(t, noise(size)); err != nil || string(got) != want {
		t.Errorf("%q, %v", got, err)
	}
}

// A visitor that stops reading within the limit loses nothing, and one that goes on not reading is dropped, while others are served.
func TestLongVisitorThatDoesNotRead(t *testing.T) {
	long(t)
	const size = 64 << 20
	gone := make(chan bool, 1)
	r, _, url := tunnel(t, http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if q.URL.Path == "/small" {
			fmt.Fprint(w, "ok")
			return
		}
		if _, err := io.Copy(w, noise(size)); err != nil {
			gone <- true
		}
	}))
	patient, dropped := longFetch(t, r.request(t, url, "/")), longFetch(t, r.request(t, url, "/"))
	for end := time.Now().Add(freeze * 3 / 4); time.Now().Before(end); time.Sleep(time.Second) {
		if status, body := fetch(t, r.request(t, url, "/small")); status != 200 || body != "ok" {
			t.Fatalf("others are not served: %d %q", status, body)
		}
	}
	if got := digest(t, patient.Body); got != digest(t, noise(size)) {
		t.Error("the patient visitor's download differs")
	}
	select {
	case <-gone:
	case <-time.After(2 * freeze):
		t.Error("the visitor that does not read was not dropped")
	}
	if _, err := io.Copy(io.Discard, dropped.Body); err == nil {
		t.Error("its cut answer looks whole")
	}
}

// After a minute's sleep of the agent (a closed laptop) or of the relay, the same URL works again by itself.
func TestLongSleep(t *testing.T) {
	long(t)
	for name, who := range map[string]func(r *publicRelay, p *process) *process{
		"agent": func(_ *publicRelay, p *process) *process { return p },
		"relay": func(r *publicRelay, _ *process) *process { return r.process },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, p, url := tunnel(t, http.HandlerFunc(hello))
			sleeper := who(r, p)
			sleeper.signal(syscall.SIGSTOP)
			time.Sleep(freeze)
			sleeper.signal(syscall.SIGCONT)
			var last bytes.Buffer
			eventually(t, "the URL works again", func() bool {
				status, body := fetch(t, r.request(t, url, "/after"))
				last.Reset()
				fmt.Fprint(&last, status, " ", body)
				return status == 200 && strings.HasPrefix(body, "GET /after")
			})
		})
	}
}
