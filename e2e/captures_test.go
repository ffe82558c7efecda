package e2e

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// shell is a person with an agent, and a shell beside it.
type shell struct {
	t     *testing.T
	env   []string
	agent *process
	url   string
}

// newShell starts an agent for a service. Its own flags come behind.
func newShell(t *testing.T, h http.Handler, flags ...string) *shell {
	t.Helper()
	s := &shell{t: t, env: cleanEnv(t)}
	s.agent = start(t, s.env, append([]string{"http", service(t, h), "--no-tui", "--web-addr", "127.0.0.1:0"}, flags...)...)
	s.url = s.agent.ready()
	return s
}

// api is the address of the agent's local API.
func (s *shell) api() string { return strings.TrimPrefix(s.agent.api(), "http://") }

// run runs a command to its end, which must have the exit code.
func (s *shell) run(code int, args ...string) (stdout, stderr string) {
	s.t.Helper()
	p := start(s.t, s.env, args...)
	if c := p.code(); c != code {
		s.t.Fatalf("%s: exit code %d, want %d\n%s%s", args, c, code, p.stdout.text(), p.stderr.text())
	}
	return p.stdout.text(), p.stderr.text()
}

// exchange is what "adit requests --json" and the local API say of one.
type exchange struct {
	ID, State, Method, Target, Label string
	Committed, Edited, Upgraded      bool
	Status                           *int
	ReplayOf                         *string `json:"replay_of"`
	ResponseSize                     int64   `json:"response_size"`
}

// list is what a filter finds, newest first.
func (s *shell) list(filter string, more ...string) (all []exchange) {
	s.t.Helper()
	out, _ := s.run(0, append([]string{"requests", "--json", "--limit", "0", filter}, more...)...)
	for line := range strings.Lines(out) {
		var x exchange
		decode(s.t, line, &x)
		all = append(all, x)
	}
	return all
}

// find waits until a filter finds n exchanges.
func (s *shell) find(n int, filter string, more ...string) (all []exchange) {
	s.t.Helper()
	eventually(s.t, fmt.Sprintf("%d that match %s", n, filter), func() bool {
		all = s.list(filter, more...)
		return len(all) == n
	})
	return all
}

// hook sends a webhook, and returns the answer's status.
func (s *shell) hook(path, body string) int {
	s.t.Helper()
	status, _ := post(s.t, http.MethodPost, s.url+path, body)
	return status
}

// post sends JSON to the agent's local API.
func (s *shell) post(path, body string) {
	s.t.Helper()
	if status, answer := post(s.t, http.MethodPost, s.agent.api()+path, body); status/100 != 2 {
		s.t.Fatalf("%s: %d %s", path, status, answer)
	}
}

// receiver answers as the path says, and with what it got.
func receiver(w http.ResponseWriter, q *http.Request) {
	b, _ := io.ReadAll(q.Body)
	if strings.HasPrefix(q.URL.Path, "/bad") {
		w.WriteHeader(http.StatusInternalServerError)
	}
	fmt.Fprintf(w, "%s %s %s", q.Method, q.Header.Get("X-Debug"), b)
}

// What was captured is found, shown, compared, sent again, exported and deleted from a shell: straight from the store, and through a running agent.
func TestShell(t *testing.T) {
	t.Parallel()
	s := newShell(t, http.HandlerFunc(receiver))
	if status := s.hook("/hook/a", `{"type":"invoice.paid","id":1}`); status != 200 {
		t.Fatalf("status %d", status)
	}
	s.hook("/bad/b", "{}")
	for name, more := range map[string][]string{"store": nil, "agent": {"--api", s.api()}} {
		t.Run(name, func(t *testing.T) {
			s := &shell{t: t, env: s.env, agent: s.agent, url: s.url}
			var all []exchange
			eventually(t, "both are committed", func() bool {
				all = s.find(2, "method:post status:100..599", more...)
				return all[0].Committed && all[1].Committed
			})
			if all[0].Target != "/bad/b" || all[1].Target != "/hook/a" || all[1].State != "done" || *all[1].Status != 200 {
				t.Errorf("the list: %+v", all)
			}
			if found := s.find(1, "body.$.type:invoice.paid", more...); found[0].ID != all[1].ID {
				t.Errorf("by its content: %+v", found)
			}
			id := all[1].ID
			if out, _ := s.run(0, append([]string{"request", id[len(id)-8:], "--body"}, more...)...); out != `{"type":"invoice.paid","id":1}` {
				t.Errorf("the content: %q", out)
			}
			out, _ := s.run(0, append([]string{"request", id}, more...)...)
			for _, want := range []string{"POST /hook/a HTTP/1.1", "Content-Type: application/json", `"type": "invoice.paid"`, "HTTP/1.1 200 OK"} {
				if !strings.Contains(out, want) {
					t.Errorf("no %q in\n%s", want, out)
				}
			}
			if out, _ := s.run(0, append([]string{"request", "last", "--diff", id}, more...)...); !strings.Contains(out, "/hook/a") || !strings.Contains(out, "500") {
				t.Errorf("the difference:\n%s", out)
			}
			if out, _ := s.run(0, append([]string{"export", "path:/hook/*"}, more...)...); !strings.Contains(out, `"1.2"`) || strings.Contains(out, "/bad/b") {
				t.Errorf("as HAR:\n%s", out)
			}
			s.run(1, append([]string{"request", "00000000"}, more...)...)
		})
	}
	s.replayed()
	s.purged()
}

// replayed sends a request again, as it was and changed.
func (s *shell) replayed() {
	t := s.t
	t.Helper()
	id := s.find(1, "path:/hook/a status:200")[0].ID
	out, _ := s.run(0, "replay", id, "--api", s.api(), "--json", "--method", "PUT", "--header", "X-Debug: on", "--body", "changed")
	var again exchange
	decode(t, out, &again)
	if again.ReplayOf == nil || *again.ReplayOf != id || !again.Edited || again.Method != "PUT" || *again.Status != 200 {
		t.Errorf("the replay: %s", out)
	}
	s.find(1, "replay:"+id)
	if out, _ := s.run(0, "request", again.ID, "--body=response"); out != "PUT on changed" {
		t.Errorf("the service got %q", out)
	}
	s.rerun(id)
	if _, said := s.run(2, "replay", id, "--api", s.api(), "--body", "@/dev/zero"); !strings.Contains(said, "more than 1 MiB") {
		t.Errorf("a content without an end: %s", said)
	}
	if _, said := s.run(2, "replay", id, "--api", s.api(), "--header", "no colon"); !strings.Contains(said, "has no colon") {
		t.Errorf("a header without a colon: %s", said)
	}
}

// rerun sends requests to another service, by hand-written text and many at once, and compares the answers.
func (s *shell) rerun(id string) {
	t := s.t
	t.Helper()
	newer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		w.Header().Set("X-Newer", "yes")
		receiver(w, q)
	}))
	defer newer.Close()
	replay := func(code int, args ...string) (stdout, stderr string) {
		t.Helper()
		return s.run(code, append([]string{"replay", "--api", s.api()}, args...)...)
	}
	env := s.env
	s.env = append(env, `EDITOR=sed -i.old s/hook.a/edited/`)
	if _, said := replay(0, id, "--edit"); !strings.Contains(said, "POST /edited HTTP/1.1") {
		t.Errorf("what is sent is not shown: %s", said)
	}
	s.find(1, "path:/edited")
	s.env = append(env, `EDITOR=sed -i.old -e '/Mistake/,$ s# x # /mended #' -e 's# /hook/a # x #'`)
	if _, said := replay(0, id, "--edit", "--times", "2"); !strings.Contains(said, "POST /mended HTTP/1.1") {
		t.Errorf("what cannot be sent is not there to be mended: %s", said)
	}
	s.find(2, "path:/mended")
	s.env = append(env, `EDITOR=true`)
	if _, said := replay(1, id, "--edit"); !strings.Contains(said, "nothing was changed") {
		t.Errorf("nothing is edited: %s", said)
	}
	s.env = env
	if out, _ := replay(1, id, "--to", newer.URL, "--diff"); !strings.Contains(out, "+X-Newer: yes") || !strings.Contains(out, "sent to "+newer.URL) {
		t.Errorf("the answers compared:\n%s", out)
	}
	replay(0, id, "--to", newer.URL, "--diff", "--ignore", "header.x-newer")
	out, said := replay(1, "path:/hook/*", "--to", newer.URL)
	if !strings.HasPrefix(said, "sending 1 request again") || !strings.HasPrefix(out, "differs   ") || !strings.HasSuffix(out, "0 passed, 1 differs, 0 failed") {
		t.Errorf("a run:\n%s%s", said, out)
	}
	if out, _ := replay(0, "path:/hook/*", "--to", newer.URL, "--ignore", "header.x-newer"); !strings.HasSuffix(out, "1 passed, 0 differ, 0 failed") {
		t.Errorf("with a rule:\n%s", out)
	}
	out, _ = replay(0, id, "--times", "3", "--rate", "100", "--json", "--ignore", "header.x-newer", "--to", newer.URL)
	if want := `{"table":{"planned":3,"done":3,"passed":3,"differ":0,"failed":0},"error":null}`; !strings.HasSuffix(strings.TrimSpace(out), want) {
		t.Errorf("three times:\n%s", out)
	}
	s.post("/api/v1/memos/diff-ignores", `{"text":"header.X-Newer"}`)
	replay(0, "path:/hook/*", "--to", newer.URL)
	replay(2, "path:/hook/*", "--to", "ftp://x")
	replay(2, "")
	if _, said := replay(1, "path:/nowhere"); !strings.Contains(said, "nothing is sent") {
		t.Errorf("nothing matches: %s", said)
	}
}

// purged deletes some, then everything.
func (s *shell) purged() {
	t := s.t
	t.Helper()
	if _, said := s.run(2, "purge", "path:/bad/b"); !strings.Contains(said, "Delete 1 capture for good?") || !strings.Contains(said, "--yes") {
		t.Errorf("nobody was asked: %s", said)
	}
	if out, _ := s.run(0, "purge", "path:/bad/b", "--yes"); out != "1 capture deleted" {
		t.Errorf("purge: %s", out)
	}
	s.find(0, "path:/bad/b")
	s.find(0, "path:/bad/b", "--api", s.api()) // the agent's memory is not asked to forget, but does
	s.run(0, "purge", "--all", "--yes")
	if all := s.list("method:*"); len(all) != 0 {
		t.Errorf("still there: %+v", all)
	}
}

// TestSecretsAreLeftOut: an export has secrets unless it is to have none, and the page of who presents has nothing that passed.
func TestSecretsAreLeftOut(t *testing.T) {
	t.Parallel()
	s := newShell(t, http.HandlerFunc(receiver), "--mask-all")
	s.hook("/hook?token=hunter2&plain=seen", `{"password":"hunter2","plain":"seen"}`)
	for name, more := range map[string][]string{"store": nil, "agent": {"--api", s.api()}} {
		var all []exchange
		eventually(t, "it is committed", func() bool {
			all = s.find(1, "path:/hook", more...)
			return all[0].Committed
		})
		for _, format := range []string{"har", "jsonl"} {
			args := append([]string{"export", "--format", format, "path:/hook"}, more...)
			if whole, _ := s.run(0, args...); !strings.Contains(whole, "token=hunter2") {
				t.Errorf("%s by the %s: %s", format, name, whole)
			}
			out, _ := s.run(0, append(args, "--redact")...)
			secret := base64.StdEncoding.EncodeToString([]byte(`{"password":"hunter2`))
			if strings.Contains(out, "hunter2") || strings.Contains(out, secret[:len(secret)-2]) || !strings.Contains(out, "plain=seen") {
				t.Errorf("%s by the %s, redacted: %s", format, name, out)
			}
		}
		if status, page := get(t, s.agent.api()+"/exchanges/"+all[0].ID+"/request?reveal=1"); status != 200 || strings.Contains(page, "seen") || strings.Contains(page, "hunter2") || !strings.Contains(page, "plain") {
			t.Errorf("the page: %d %s", status, page)
		}
	}
}

// The exit codes of wait-for, with real traffic. What comes between the cursor and the command counts.
func TestWaitFor(t *testing.T) {
	t.Parallel()
	s := newShell(t, http.HandlerFunc(receiver))
	for name, more := range map[string][]string{"store": nil, "agent": {"--api", s.api()}} {
		t.Run(name, func(t *testing.T) {
			s := &shell{t: t, env: s.env, agent: s.agent, url: s.url}
			at, _ := s.run(0, append([]string{"requests", "--cursor"}, more...)...)
			s.hook("/hook/early", "{}")
			out, _ := s.run(0, append([]string{"wait-for", "path:/hook/early", "--since", at, "--expect", "status:2xx", "--json"}, more...)...)
			var x exchange
			if decode(t, out, &x); x.Target != "/hook/early" {
				t.Errorf("it printed %s", out)
			}
			s.run(124, append([]string{"wait-for", "path:/hook/early", "--timeout", "300ms"}, more...)...)
			s.run(0, append([]string{"wait-for", "path:/hook/early", "--since", "start"}, more...)...)
			s.hook("/bad/one", "{}")
			if _, said := s.run(1, append([]string{"wait-for", "path:/bad/*", "--since", at, "--expect", "status:2xx"}, more...)...); !strings.Contains(said, "500") {
				t.Errorf("a failed expectation: %s", said)
			}
			if _, said := s.run(2, append([]string{"wait-for", "path:/hook stats:500"}, more...)...); !strings.Contains(said, "^") {
				t.Errorf("a wrong filter: %s", said)
			}
			s.later(more)
		})
	}
}

// later is a request that comes while the command waits for two.
func (s *shell) later(more []string) {
	s.t.Helper()
	w := start(s.t, s.env, append([]string{"wait-for", "path:/hook/late", "--count", "2"}, more...)...)
	for w.stdout.text() == "" { // it may not be waiting yet
		s.hook("/hook/late", "{}")
	}
	s.hook("/hook/late", "{}")
	if c := w.code(); c != 0 {
		s.t.Errorf("exit code %d, %s", c, w.stderr.text())
	}
}

// Where no agent has ever run, there is nothing, and waiting for it ends in time.
func TestShellAlone(t *testing.T) {
	t.Parallel()
	s := &shell{t: t, env: cleanEnv(t)}
	if out, said := s.run(0, "requests"); out != "" || !strings.Contains(said, "nothing has been captured yet") {
		t.Errorf("requests: %s%s", out, said)
	}
	s.run(124, "wait-for", "method:*", "--timeout", "100ms")
	s.run(1, "request", "last")
	s.run(0, "purge", "--all", "--yes")
}

// On a terminal what a stranger has sent is shown and does nothing there, and nothing is deleted before the person has said yes.
func TestShellOnATerminal(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := newShell(t, http.HandlerFunc(receiver), "--state-dir", dir)
	s.hook("/hook/\u202egnp", "\x1b]2;owned\x07\x1b[2Jgone")
	s.find(1, "status:200", "--state-dir", dir)
	x := newTerminal(t, 120, 32)
	x.say("clear; adit requests --json --state-dir " + dir + "; adit request last --body --state-dir " + dir)
	x.see(`\\x1b\]2;owned\\x07\\x1b\[2Jgone`)
	if title := x.tmux("display-message", "-p", "#{pane_title}"); strings.Contains(title, "owned") {
		t.Errorf("the terminal's title is %q", title)
	}
	x.say("clear; adit purge --all --state-dir " + dir)
	x.see(`Delete 1 capture for good\? \[y/N\]`)
	x.say("n")
	x.see(`adit: nothing was deleted`)
	x.say("clear; echo again; adit purge --all --state-dir " + dir)
	x.see(`(?m)^again\s*\nDelete 1 capture for good\? \[y/N\]`) // the first question may still be on the screen
	x.say("y")
	x.see(`1 capture deleted`)
}

// Both directions of streams are captured while they are open.
func TestCapturedStreams(t *testing.T) {
	t.Parallel()
	s := newShell(t, http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if q.URL.Path == "/events" {
			w.Header().Set("Content-Type", "text/event-stream")
			fmt.Fprint(w, "event: news\ndata: first\n\n")
			_ = http.NewResponseController(w).Flush()
			<-q.Context().Done()
			return
		}
		c, err := websocket.Accept(w, q, nil)
		if err != nil {
			return
		}
		defer c.CloseNow()
		kind, text, err := c.Read(q.Context())
		if err == nil {
			err = c.Write(q.Context(), kind, append([]byte("you said "), text...))
		}
		if err == nil {
			_, _, _ = c.Read(q.Context()) // until it is closed
		}
	}))
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	c, _, err := websocket.Dial(ctx, "ws"+strings.TrimPrefix(s.url, "http")+"/socket", nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Write(ctx, websocket.MessageText, []byte("ahoy")); err != nil {
		t.Fatal(err)
	}
	if _, text, err := c.Read(ctx); err != nil || string(text) != "you said ahoy" {
		t.Fatalf("%q, %v", text, err)
	}
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+"/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	a, err := http.DefaultTransport.RoundTrip(q)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	for path, want := range map[string][]string{"/socket": {"ahoy", "you said ahoy"}, "/events": {"news", "first"}} {
		s.run(0, "wait-for", "path:"+path+" status:open", "--since", "start")
		id := s.find(1, "path:"+path)[0].ID
		eventually(t, path+" is shown with its messages", func() bool {
			out, _ := s.run(0, "request", id, "--api", s.api())
			return !slices.ContainsFunc(want, func(text string) bool { return !strings.Contains(out, text) })
		})
	}
	_ = c.Close(websocket.StatusNormalClosure, "enough")
	s.run(0, "wait-for", "path:/socket not status:open", "--since", "start")
	if out, _ := s.run(0, "request", s.find(1, "path:/socket")[0].ID); !strings.Contains(out, " 1000: enough\n") {
		t.Errorf("the end is shown as\n%s", out)
	}
}

// An agent is killed while a thousand requests a second pass: nothing that its API had said to be on the disk is missing afterwards, and what had not ended is marked.
func TestKilledWhileCapturing(t *testing.T) {
	t.Parallel()
	held := make(chan struct{})
	defer close(held)
	s := newShell(t, http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if q.URL.Path == "/held" {
			<-held
		}
	}))
	client := &http.Client{Timeout: patience, Transport: &http.Transport{MaxIdleConnsPerHost: 20}}
	go func() {
		if a, err := client.Get(s.url + "/held"); err == nil {
			a.Body.Close()
		}
	}()
	over := flood(t, client, s.url)
	shown := map[string]bool{}
	api := s.agent.api()
	for end := time.Now().Add(time.Second); len(shown) < 300 || !shown["held"] || time.Now().Before(end); {
		_, text := get(t, api+"/api/v1/exchanges?limit=1000")
		var page struct{ Exchanges []exchange }
		decode(t, text, &page)
		for _, x := range page.Exchanges {
			if x.Committed {
				shown[x.ID] = true
				shown["held"] = shown["held"] || x.Target == "/held"
			}
		}
	}
	s.agent.signal(syscall.SIGKILL)
	s.agent.code()
	over()
	delete(shown, "held")
	var unfinished int
	for _, x := range s.list("method:*") {
		delete(shown, x.ID)
		if x.State == "interrupted" {
			unfinished++
		} else if x.State != "done" && x.State != "failed" {
			t.Errorf("after the end: %+v", x)
		}
	}
	if len(shown) > 0 {
		t.Errorf("%d exchanges that were on the disk are missing", len(shown))
	}
	if unfinished == 0 {
		t.Error("nothing is marked as interrupted")
	}
}

// flood sends requests from ten visitors, about a thousand a second where the machine can, until over is called.
func flood(t *testing.T, client *http.Client, url string) (over func()) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{}, 10)
	for range cap(done) {
		go func() {
			defer func() { done <- struct{}{} }()
			tick := time.NewTicker(10 * time.Millisecond)
			defer tick.Stop()
			for ctx.Err() == nil {
				q, _ := http.NewRequestWithContext(ctx, http.MethodPost, url+"/flood", strings.NewReader(`{"some":"content"}`))
				if a, err := client.Do(q); err == nil {
					_, _ = io.Copy(io.Discard, a.Body)
					a.Body.Close()
				}
				<-tick.C
			}
		}()
	}
	return func() {
		cancel()
		for range cap(done) {
			<-done
		}
	}
}

// A database of which the end is gone is moved aside, and said; captures go on in a fresh one.
func TestTruncatedCaptures(t *testing.T) {
	t.Parallel()
	s := newShell(t, http.HandlerFunc(receiver))
	s.hook("/hook/before", "{}")
	s.find(1, "path:/hook/before status:200")
	s.agent.signal(syscall.SIGTERM)
	s.agent.code()
	dir := filepath.Join(homeOf(s.env), ".local", "state", "adit", "captures")
	db := filepath.Join(dir, "captures.db")
	info, err := os.Stat(db)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(db, info.Size()/2); err != nil {
		t.Fatal(err)
	}
	s.agent = start(t, s.env, "http", service(t, http.HandlerFunc(receiver)), "--no-tui", "--web-addr", "127.0.0.1:0")
	s.url = s.agent.ready()
	s.agent.waitFor(s.agent.stderr, `the database of captures is damaged: it was moved aside`)
	if status := s.hook("/hook/after", "{}"); status != 200 {
		t.Errorf("status %d", status)
	}
	s.find(1, "path:/hook/after status:200")
	if aside, _ := filepath.Glob(db + ".damaged-*"); len(aside) == 0 {
		t.Error("the damaged database was not kept")
	}
	if out, _ := s.run(0, "status", "--api", s.api()); !strings.Contains(out, "the database was damaged") || strings.Contains(out, "not written") {
		t.Errorf("status: %s", out)
	}
}

func homeOf(env []string) string {
	for _, e := range env {
		if home, ok := strings.CutPrefix(e, "HOME="); ok {
			return home
		}
	}
	return ""
}

// keepingOf is what an agent says of its store.
func keepingOf(t *testing.T, api string) (k struct{ Place, Problem string }) {
	t.Helper()
	_, text := get(t, api+"/api/v1/status")
	var status struct{ Keeping json.RawMessage }
	decode(t, text, &status)
	decode(t, string(status.Keeping), &k)
	return k
}

// A store that was damaged while no agent ran is moved aside by the command that comes first, which says so.
func TestDamagedStore(t *testing.T) {
	t.Parallel()
	s := &shell{t: t, env: cleanEnv(t)}
	dir := filepath.Join(t.TempDir(), "captures")
	if err := errors.Join(os.Mkdir(dir, 0o700), os.WriteFile(filepath.Join(dir, "captures.db"), []byte("no database"), 0o600)); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"damaged", ""} {
		if _, stderr := s.run(0, "requests", "--state-dir", filepath.Dir(dir)); !strings.Contains(stderr, want) || want == "" && strings.Contains(stderr, "damaged") {
			t.Errorf("%q is said, want %q", stderr, want)
		}
	}
	if aside, err := filepath.Glob(filepath.Join(dir, "captures.db.damaged-*")); err != nil || len(aside) != 1 {
		t.Errorf("moved aside: %v, %v", aside, err)
	}
}
