package web

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/view"
)

// TestPage drives the page with a real browser.
func TestPage(t *testing.T) {
	b := chromium(t)
	axe := fetchAxe(t) // while the others run
	for _, c := range []struct {
		name string
		test func(*testing.T, context.Context)
	}{
		{"the list is live", listIsLive},
		{"a long list is drawn in part and read to its end", longList},
		{"the list goes on after the agent was away", listGoesOn},
		{"a filter shows what matches, also from now on", filterShows},
		{"keys do what they do in the dashboard", keysWork},
		{"a range is marked while moving, or by shift and a click", marksRange},
		{"text is found in the open tab", findsText},
		{"what is deleted is gone at once, and comes back", deleteAndUndo},
		{"a request is edited, previewed and replayed, compared with the original, and what differs is ignored", editAndReplay},
		{"what the form masks is sent as it was recorded", masksGoAsRecorded},
		{"who presents shows nothing that was captured", presents},
		{"marked requests are sent again and compared, until it is stopped", regressionRun},
		{"the table of a run says once why something was not sent, and has room for what it was", runWithFailures},
		{"a request that came through the tunnel is edited and sent to the local service", throughAgent},
		{"long content is read part by part", longContent},
		{"without script it can still be read", plainPage},
		{"connections are listed, and say what cannot be done with them", connectionsAreListed},
		{"captures are downloaded as HAR", downloadHAR},
		{"nothing that was captured runs", nothingRuns},
		{"other pages get nothing", othersGetNothing},
		{"axe-core finds nothing", func(t *testing.T, b context.Context) { axeFindsNothing(t, b, axe) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel() // each has a window and a server of its own
			c.test(t, b)
		})
	}
}

// servePage is a server whose captures can be changed, and a replayer that records what it was asked to send.
func servePage(t *testing.T, change ...func(*Options)) *api {
	t.Helper()
	a := serve(t, append([]func(*Options){func(o *Options) {
		e := &echo{reader: o.Reader, keep: o.Reader.(inspect.Recorder).Record}
		o.Keeper, o.Replayer, o.Log = o.Reader.(inspect.Keeper), e, slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug}))
	}}, change...)...)
	a.agent.set(inspect.Status{State: inspect.Online, Version: "1", Endpoints: []inspect.Endpoint{{Name: "web", URL: "https://web.example.dev", Upstream: "http://localhost:3000", Inspect: true}}})
	return a
}

// echo is a Replayer whose local service answers with the request's content.
type echo struct {
	reader inspect.Reader
	keep   func(*inspect.Exchange)
	mu     sync.Mutex
	sent   []inspect.Resend
}

// echo is the server's replayer.
func (a *api) echo() *echo { return a.server.replayer.(*echo) }

func (e *echo) Replay(ctx context.Context, id inspect.ID, o inspect.Resend) (inspect.ID, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	it, err := e.reader.Get(ctx, id)
	if err != nil {
		return "", err
	}
	x := echoOf(it.Exchange, o)
	e.sent = append(e.sent, o)
	x.ID, x.ReplayOf, x.Edited = inspect.ID(fmt.Sprintf("replay-%d", len(e.sent))), id, o.Edit != nil
	if x.Request.Target == "/never" {
		x.State, x.Response = inspect.Pending, nil
	}
	e.keep(x)
	return x.ID, nil
}

// echoOf is the exchange that a replay of x is.
func echoOf(x *inspect.Exchange, o inspect.Resend) *inspect.Exchange {
	target, body := x.Request.Target, string(x.Request.Body)
	if o.Edit != nil && o.Edit.Target != "" {
		target = o.Edit.Target
	}
	if o.Edit != nil && o.Edit.Body != nil {
		body = string(o.Edit.Body)
	}
	_, fields, _ := strings.Cut(string(x.Request.Head), "\r\n")
	fields, _, _ = strings.Cut(strings.TrimPrefix(fields, "Host: web.example.dev\r\n"), "Content-Length")
	return exchange(inspect.Exchange{}, x.Request.Method, target, 200, fields, body)
}

// Prepare says what an edit's target and content make of the request.
func (e *echo) Prepare(ctx context.Context, id inspect.ID, o inspect.Resend) (inspect.Prepared, error) {
	it, err := e.reader.Get(ctx, id)
	if err != nil {
		return inspect.Prepared{}, err
	}
	x := echoOf(it.Exchange, o)
	return inspect.Prepared{To: cmp.Or(o.To, "http://localhost:3000"), Head: x.Request.Head, Size: x.Request.Size}, nil
}

// Verdict knows a secret of Stripe's.
func (e *echo) Verdict(ctx context.Context, id inspect.ID) (inspect.Verdict, error) {
	it, err := e.reader.Get(ctx, id)
	if err != nil || view.Get(view.Headers(it.Request.Head), "Stripe-Signature") == "" {
		return inspect.Verdict{}, err
	}
	return inspect.Verdict{Provider: "stripe", State: inspect.Stale, Text: "it was signed 2 h ago, and Stripe's receivers take 5 min", CanSign: true}, nil
}

// exchange is one that has ended, with the same fields and content on both sides.
func exchange(x inspect.Exchange, method, target string, status int, fields, body string) *inspect.Exchange {
	message := func(start string) inspect.Message {
		head := fmt.Sprintf("%s\r\nHost: web.example.dev\r\n%sContent-Length: %d\r\n\r\n", start, fields, len(body))
		return inspect.Message{Head: []byte(head), Body: []byte(body), Kept: int64(len(body)), Size: int64(len(body)), Whole: true}
	}
	x.Endpoint, x.State, x.Duration = "web", inspect.Done, 12*time.Millisecond
	if x.Start.IsZero() {
		x.Start = time.Now()
	}
	x.Request = inspect.Request{Method: method, Target: target, Host: "web.example.dev", Message: message(method + " " + target + " HTTP/1.1")}
	x.Response = &inspect.Response{Status: status, Reason: http.StatusText(status), Message: message(fmt.Sprintf("HTTP/1.1 %d %s", status, http.StatusText(status)))}
	return &x
}

// keepJSON records an exchange with JSON.
func (a *api) keepJSON(id, method, target string, status int) {
	a.store.Record(exchange(inspect.Exchange{ID: inspect.ID(id)}, method, target, status, "Content-Type: application/json\r\n", `{"n":1,"s":"two"}`))
}

func listIsLive(t *testing.T, b context.Context) {
	a := servePage(t)
	a.keepJSON("one", "GET", "/one", 200)
	w := show(t, b, a.base, "light", wide)
	w.want(rows("== 1"))
	x := inspect.Exchange{ID: "two", Endpoint: "web", Start: time.Now(), Request: inspect.Request{Method: "POST", Target: "/two"}}
	a.store.Record(&x)
	w.want(has("#x-two", "pending"))
	a.store.Record(exchange(inspect.Exchange{ID: "two"}, "POST", "/two", 404, "X-GitHub-Event: push\r\n", "gone"))
	w.want(has("#x-two", "404 Not Found"))
	w.want(has("#x-two .label", "github · push"))
	if got := js[string](w, "document.querySelector('#x-two').getAttribute('aria-rowindex')"); got != "2" {
		t.Errorf("the newest has row %s, want 2: the first below the head", got)
	}
	w.click("#x-two")
	w.want(has("#detail h2", "POST /two"))
	a.store.Record(exchange(inspect.Exchange{ID: "three"}, "GET", "/three", 200, "", ""))
	w.want(has("#x-three", "/three") + " && document.querySelector('#x-two').ariaSelected === 'true'")
	if got := js[string](w, "location.pathname"); got != "/exchanges/two" {
		t.Errorf("the address is %s", got)
	}
	w.want(has("#arrivals", "/three")) // is said after some seconds
}

func longList(t *testing.T, b context.Context) {
	a := servePage(t)
	for i := range 1500 {
		a.keepJSON(fmt.Sprintf("n%d", i), "GET", fmt.Sprintf("/n/%d", i), 200)
	}
	w := show(t, b, a.base, "light", wide)
	w.want(rows("> 20"))
	for range 20 {
		w.press("G")
		if js[bool](w, has("#rows", "/n/0")) {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	w.want(has("#x-n0", "/n/0"))
	if n := js[int](w, "document.querySelectorAll('#rows [role=row]').length"); n > 100 {
		t.Errorf("%d rows are in the document", n)
	}
	at := js[float64](w, "document.querySelector('#x-n0').getBoundingClientRect().top")
	a.keepJSON("new", "GET", "/new", 200)
	w.want(has("#newer", "1 new"))
	if now := js[float64](w, "document.querySelector('#x-n0').getBoundingClientRect().top"); now != at {
		t.Errorf("what is read has moved from %v to %v", at, now)
	}
	w.click("#newer")
	w.want(has("#x-new", "/new"))
}

// listGoesOn: the server ends, captures go on, and another server has the same address and the same store.
func listGoesOn(t *testing.T, b context.Context) {
	a := servePage(t)
	a.keepJSON("one", "GET", "/one", 200)
	w := show(t, b, a.base, "light", narrow)
	w.want(rows("== 1"))
	a.stop()
	w.want(has("#feed", "reconnecting") + " && document.documentElement.scrollWidth <= innerWidth && " + has("#state", "no agent"))
	a.keepJSON("two", "GET", "/two", 200)
	ln, err := Listen(strings.TrimPrefix(a.base, "http://"), false)
	if err != nil {
		t.Fatal(err)
	}
	ctx, end := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		done <- New(Options{Reader: a.store, Replayer: a.agent, Observer: a.agent, Controller: a.agent, Keeper: a.store}).Run(ctx, ln)
	}()
	t.Cleanup(func() {
		end()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	w.want(rows("== 2"))
}

func filterShows(t *testing.T, b context.Context) {
	a := servePage(t)
	a.keepJSON("good", "GET", "/good", 200)
	a.keepJSON("bad", "POST", "/bad", 500)
	w := show(t, b, a.base, "light", wide)
	w.want(rows("== 2"))
	w.filter("status:>=500")
	w.want(rows("== 1") + " && new URLSearchParams(location.search).get('filter') === 'status:>=500'")
	a.keepJSON("good2", "GET", "/good2", 200)
	a.keepJSON("bad2", "GET", "/bad2", 503)
	w.want(rows("== 2") + " && " + has("#rows", "/bad2"))

	w.want("document.activeElement.id === 'list'") // enter leads back
	w.filter("stat:")
	w.want("!document.getElementById('wrong').hidden")
	if got := js[string](w, "document.getElementById('wrong').textContent"); !strings.HasPrefix(got, "↑\n") {
		t.Errorf("the mistake is shown as %q", got)
	}
	w.press("\x1b")
	w.want(rows("== 2") + " && document.getElementById('filter').value === 'status:>=500' && document.activeElement.id === 'list'")
	w.filter("method:post")
	w.want(rows("== 1") + " && document.getElementById('wrong').hidden")
	w.do(chromedp.Navigate(a.base))
	w.want(rows("== 1") + " && document.getElementById('filter').value === 'method:post'")
	w.press("/")
	w.want("document.activeElement.id === 'filter'")
	js[any](w, "document.activeElement.value = 'method:post'")
	w.press("\u0304")
	w.want(rows("== 2") + " && document.getElementById('filter').value === 'status:>=500'") // the one before
	w.press("\u0301\r")
	w.want(rows("== 1") + " && document.getElementById('filter').value === 'method:post'")
	if typed, err := a.store.Memos(t.Context(), inspect.TypedFilters); err != nil || len(typed) != 2 || typed[0] != "method:post" {
		t.Errorf("typed: %q, %v", typed, err)
	}

	w.want("document.querySelector('#views [value=save]:not(:disabled)')")
	js[any](w, "(() => { const s = document.getElementById('views'); s.value = 'save'; s.dispatchEvent(new Event('change')); })()")
	w.press("posts\r")
	w.want("[...document.getElementById('views').options].some(o => o.text === 'posts')")
	if views, err := a.store.Views(t.Context()); err != nil || len(views) != 1 || views[0].Filter != "method:post" {
		t.Errorf("saved: %v, %v", views, err)
	}
}

// filter types a filter.
func (w *window) filter(text string) {
	w.t.Helper()
	w.press("/")
	w.want("document.activeElement.id === 'filter'")
	js[any](w, "document.activeElement.value = ''")
	w.press(text + "\r")
}

func keysWork(t *testing.T, b context.Context) {
	a := servePage(t)
	for _, id := range []string{"a", "b", "c"} {
		a.keepJSON(id, "GET", "/"+id, 200)
	}
	w := show(t, b, a.base, "dark", wide)
	w.want(rows("== 3"))
	w.press("j")
	w.want(has("#detail h2", "/c"))
	w.press("jj")
	w.want(has("#detail h2", "/a"))
	w.press("k")
	w.want(has("#detail h2", "/b"))
	w.press("3")
	w.want(has(".tabs [aria-current]", "Response"))
	w.press("]")
	w.want(has(".tabs [aria-current]", "Raw"))
	w.press("p")
	w.want("document.querySelector('[data-do=pin]').ariaPressed === 'true'")
	if it, err := a.store.Get(t.Context(), "b"); err != nil || !it.Pinned {
		t.Errorf("pinned: %v, %v", it.Pinned, err)
	}
	w.press("r")
	w.want(rows("== 4") + " && " + has("#detail h2", "/b") + " && !" + has(".facts", "replay of")) // what is read stays
	w.press("c")
	w.want(has("dialog", "Copy request as"))
	w.press("\x1b")
	w.want("!document.querySelector('dialog')")
	w.press("?")
	w.want(has("dialog", "edit and replay"))
	w.press("\x1b")
	w.want("!document.querySelector('dialog')")
	w.press("\x1b")
	w.want("document.getElementById('detail').hidden && document.activeElement.id === 'list'")
	w.click("[data-do=clear]")
	w.want(has("dialog", "cannot be undone"))
	w.click("dialog .danger")
	w.want(rows("== 1") + " && " + has("#x-b .marks", "★"))
}
