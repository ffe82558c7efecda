package e2e

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Stories that a person tells at the dashboard, key by key.

// hooks is a service that answers webhooks with 500 until it is mended.
type hooks struct {
	mu     sync.Mutex
	mended atomic.Bool
	bodies []string
}

func (h *hooks) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	body, _ := io.ReadAll(q.Body)
	h.mu.Lock()
	h.bodies = append(h.bodies, fmt.Sprintf("%s %d %s", q.Method, q.ContentLength, body))
	h.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	if h.mended.Load() {
		_, _ = io.WriteString(w, `{"queued":true}`)
		return
	}
	w.WriteHeader(http.StatusInternalServerError)
	_, _ = io.WriteString(w, `{"error":"no handler for push"}`)
}

// came are the requests so far: method, Content-Length and content of each.
func (h *hooks) came() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]string(nil), h.bodies...)
}

// hook sends what GitHub sends.
func hook(t *testing.T, url, path, body string) int {
	t.Helper()
	q, err := http.NewRequest("POST", url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	q.Header.Set("Content-Type", "application/json")
	q.Header.Set("User-Agent", "GitHub-Hookshot/4f5a1e2")
	q.Header.Set("X-GitHub-Event", "push")
	status, _ := fetch(t, q)
	return status
}

// TestStoryWebhook: a webhook fails, is read, the service is mended, one key sends it again, another shows what is different now. What is exported has the
// form in which the shell has it.
func TestStoryWebhook(t *testing.T) {
	t.Parallel()
	h := new(hooks)
	x := newTerminal(t, 140, 40)
	x.say("cd; adit http " + service(t, h))
	url := x.see(forwarding)[1]
	if got := hook(t, url, "/hooks/github", `{"ref":"refs/heads/main"}`); got != 500 {
		t.Fatalf("status %d", got)
	}
	x.see(`POST\s+/hooks/github\s+500 Internal.*github · push`)
	x.press("Enter")
	x.see(`from\s+github · push`)
	x.press("2")
	x.see(`"ref": "refs/heads/main"`)
	x.press("3")
	x.see(`"error": "no handler for push"`)
	h.mended.Store(true)
	x.press("r")
	x.see(`replayed → 200 OK in .*`)
	x.see(`POST\s+/hooks/github\s+500 Internal.*\n.*POST\s+↻ /hooks/github\s+200 OK`) // below its original
	x.press("D")
	x.see(`- .*500`)
	x.see(`\+ ↻ .*200 OK`)
	x.press("G")
	x.see(`\+ \$\.queued true`)
	x.see(`- \$\.error "no handler for push"`)
	if got := h.came(); len(got) != 2 || got[0] != got[1] {
		t.Errorf("the replay differs from its original: %q", got)
	}
	x.press("x", "j")
	x.see(`1 request exported to .*\.jsonl`)
	x.press("q", "q")
	x.see(`2 requests, 1 failed`)
	x.say(`keys() { grep -o '"[a-z_]*":' | sort; }; keys < adit-*.jsonl > one; adit export --format jsonl status:500 | keys > other; clear; cmp one other && wc -l one`)
	x.see(`(?m)^\d\d one$`)
}

// TestStoryRun: a filter becomes a view, ten of what it shows are marked and sent again; the view is there the next day.
func TestStoryRun(t *testing.T) {
	t.Parallel()
	h := new(hooks)
	h.mended.Store(true)
	x := newTerminal(t, 110, 40)
	start := "adit http " + service(t, h)
	x.say(start)
	url := x.see(forwarding)[1]
	for i := range 15 {
		hook(t, url, [...]string{"/orders/", "/orders/", "/orders/", "/orders/", "/other/"}[i%5]+fmt.Sprint(i), "{}")
	}
	x.see(`/other/14`)
	x.press("/")
	x.tmux("send-keys", "-l", "path:/orders/*")
	x.see(`12 of 15`)
	x.press("C-s")
	x.see(`save path:/orders/\* as a name`)
	x.say("orders")
	x.see(`orders 12`)
	x.press("g")
	for range 10 {
		x.press("Space")
	}
	x.see(`10 marked`)
	x.press("r")
	x.see(`10 passed`)
	if got := len(h.came()); got != 25 {
		t.Errorf("%d requests came", got)
	}
	x.press("C-c")
	x.see(`(?s)adit ran for.*prompt>\s*$`)
	x.say("clear; " + start)
	x.see(`Session Status\s+online`)
	x.press("V")
	x.see(`orders\s`)
}

// TestStoryEditor: a webhook is changed in an editor; what will be sent is seen before it is, with the length it has now.
func TestStoryEditor(t *testing.T) {
	t.Parallel()
	h := new(hooks)
	x := newTerminal(t, 100, 36)
	editor := filepath.Join(t.TempDir(), "editor")
	if err := os.WriteFile(editor, []byte("#!/bin/sh\nsed -i -e 's/\"order\":42/\"order\":424242/' -e 's/^POST/PUT/' \"$1\"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	x.say("EDITOR=" + editor + " adit http " + service(t, h))
	url := x.see(forwarding)[1]
	hook(t, url, "/orders", `{"order":42}`)
	x.see(`POST\s+/orders`)
	x.press("e")
	x.see(`all of it in \$EDITOR`)
	x.press("a")
	x.see(`This is sent to `)
	x.see(`(?m)^PUT /orders`)
	x.see(`Content-Length: 16\b`)
	x.see(`\{"order":424242\}`)
	if got := len(h.came()); got != 1 {
		t.Fatalf("%d requests came before anything was sent", got)
	}
	x.press("Enter")
	x.see(`replayed → 500`)
	if got := h.came()[1]; got != `PUT 16 {"order":424242}` {
		t.Errorf("the service got %s", got)
	}
	x.see(`(?s)POST\s+/orders\s+500.*PUT\s+↻ /orders\s+500`)
}

// TestStoryRelay: the relay is killed. The dashboard says what is wrong, which try comes next and when; with the relay, the same URL is back.
func TestStoryRelay(t *testing.T) {
	t.Parallel()
	r := relay(t)
	x := newTerminal(t, 110, 32)
	x.say(fmt.Sprintf("adit http %s --relay %s --relay-pin %s --authtoken %s --url shop", service(t, http.HandlerFunc(hello)), r.agents, r.pin, r.token))
	x.see(`Session Status\s+online`)
	url := x.see(`Forwarding\s+(http://shop\.tunnel\.test\S*)`)[1]
	_ = r.cmd.Process.Kill()
	<-r.ended
	x.see(`Session Status\s+reconnecting.*attempt [2-9]\d*, .*next try in \d`)
	x.see(`connection\s+refused`)
	x.see(`ctrl\+r try now`)
	again := append([]string(nil), r.args...)
	again[slices.Index(again, "--http")+1], again[slices.Index(again, "--agents")+1] = r.http, r.agents
	start(t, r.env, again...)
	eventually(t, "the session is back", func() bool {
		x.press("C-r")
		return regexp.MustCompile(`Session Status\s+online`).MatchString(x.screen())
	})
	if status, _ := fetch(t, r.request(t, url, "/back")); status != 200 {
		t.Errorf("status %d", status)
	}
	x.see(`GET\s+/back\s+200 OK`)
}

// TestStoryResize: the window changes its size all the time while a thousand requests a second arrive. Whatever it shows at the end, it shows it whole, and no
// visitor has noticed.
func TestStoryResize(t *testing.T) {
	t.Parallel()
	x := newTerminal(t, 100, 30)
	x.say("adit http " + service(t, http.HandlerFunc(hello)))
	storm := newStorm(x.see(forwarding)[1])
	x.see(`GET\s+/storm\S*\s+200 OK`)
	x.press("Enter")
	for _, size := range [][2]int{{30, 8}, {200, 60}, {31, 9}, {99, 24}, {100, 25}, {1, 1}, {149, 31}, {150, 60}, {2, 50}, {77, 3}, {400, 20}, {40, 12}, {30, 8}, {80, 24}} {
		x.tmux("resize-window", "-x", fmt.Sprint(size[0]), "-y", fmt.Sprint(size[1]))
		eventually(t, fmt.Sprintf("a frame of %dx%d", size[0], size[1]), func() bool { return x.filled(size[1]) })
	}
	sent, failed := storm.over()
	if failed != 0 || sent == 0 {
		t.Errorf("%d of %d requests failed", failed, sent)
	}
	x.tmux("resize-window", "-x", "120", "-y", "40")
	x.see(`Requests.*\s` + fmt.Sprint(sent) + `\s+0\s`)
	shown := x.still()
	x.tmux("send-keys", "-R") // the terminal forgets what it shows
	x.press("C-l")
	eventually(t, "what is drawn anew is what stood there: "+shown, func() bool { return timeless(x.screen()) == shown })
}

// still is the screen without what changes by itself, once it has been the same for ten looks.
func (x *terminal) still() (screen string) {
	x.t.Helper()
	same := 0
	eventually(x.t, "a screen that holds still", func() bool {
		now := timeless(x.screen())
		if same++; now != screen {
			screen, same = now, 0
		}
		return same >= 10
	})
	return screen
}

// filled says whether the last of so many lines is drawn, where the footer is.
func (x *terminal) filled(rows int) bool {
	lines := strings.Split(strings.TrimSuffix(x.screen(), "\n"), "\n")
	return len(lines) == rows && strings.TrimSpace(lines[rows-1]) != ""
}

var figures = regexp.MustCompile(`[\d.]+|[▁▂▃▄▅▆▇█]+|\s+$`)

// notListed is told while the store is behind, which on a busy machine it is for longer than a screen has to hold still.
var notListed = regexp.MustCompile(`[\d,]+ not listed yet,\s*`)

// timeless is a screen without what changes by itself.
func timeless(screen string) string {
	return strings.Join(strings.Fields(figures.ReplaceAllString(notListed.ReplaceAllString(screen, ""), "#")), " ")
}

// storm sends a thousand requests a second, as far as the machine has the time for them.
type storm struct {
	stop         chan struct{}
	wait         sync.WaitGroup
	sent, failed atomic.Int64
}

func newStorm(url string) *storm {
	const senders = 20
	s := &storm{stop: make(chan struct{})}
	client := &http.Client{Timeout: patience, Transport: &http.Transport{MaxIdleConnsPerHost: senders}}
	for range senders {
		s.wait.Go(func() {
			tick := time.NewTicker(senders * time.Millisecond)
			defer tick.Stop()
			for {
				select {
				case <-s.stop:
					return
				case <-tick.C:
				}
				if n := s.sent.Add(1); !s.ask(client, fmt.Sprintf("%s/storm%d", url, n)) {
					s.failed.Add(1)
				}
			}
		})
	}
	return s
}

func (s *storm) ask(client *http.Client, url string) bool {
	a, err := client.Get(url)
	if err != nil {
		return false
	}
	defer a.Body.Close()
	_, err = io.Copy(io.Discard, a.Body)
	return err == nil && a.StatusCode == 200
}

// over ends it, and says how many were sent and how many of them failed.
func (s *storm) over() (sent, failed int64) {
	close(s.stop)
	s.wait.Wait()
	return s.sent.Load(), s.failed.Load()
}
