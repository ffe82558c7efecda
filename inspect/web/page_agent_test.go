package web

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	tunnel "github.com/adit-tunnel/adit/agent"
	"github.com/adit-tunnel/adit/inspect/store"
	"github.com/adit-tunnel/adit/relay/relaytest"
)

// received is what the local service got.
type received struct{ line, kind, body string }

// throughAgent: a request that came through a relay and an agent is seen on the page, changed there and sent to the local service, sent again as it was, and
// deleted from the disk.
func throughAgent(t *testing.T, b context.Context) {
	got := make(chan received, 10)
	local := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, _ := io.ReadAll(q.Body)
		got <- received{q.Method + " " + q.RequestURI, q.Header.Get("X-Kind"), string(body)}
		_, _ = w.Write(body)
	}))
	t.Cleanup(local.Close)
	base, visit := serveAgent(t, local.URL)
	w := show(t, b, base, "light", wide)
	w.want(has("#feed", "live"))
	visit("POST", "/hook?n=1", "X-Kind: invoice", "{\"amount\":1}\r\n")
	original := received{"POST /hook?n=1", "invoice", "{\"amount\":1}\r\n"}
	if r := <-got; r != original {
		t.Fatalf("the visitor's request arrives as %q", r)
	}
	w.want(has("#rows .outcome", "200 OK") + " && !document.querySelector('#rows .dim')") // it is on the disk
	w.press("j")
	w.want(has("#detail h2", "POST /hook?n=1"))

	w.press("e")
	w.want("document.activeElement.name === 'target'")
	js[any](w, `(() => {
		const f = document.querySelector("[data-form=edit]").elements;
		f.method.value = "PUT"; f.target.value = "/hook?n=2"; f.body.value = '{"amount":"2 €"}\n';
		f.headers.value = f.headers.value.replace("invoice", "refund");
	})()`)
	w.click("[data-form=edit] .main")
	w.click("dialog .main")
	if r := <-got; r != (received{"PUT /hook?n=2", "refund", "{\"amount\":\"2 €\"}\r\n"}) {
		t.Errorf("the edited request arrives as %q", r)
	}
	w.want(has("#detail h2", "PUT /hook?n=2") + " && " + has(".facts", "edited replay of") + " && " + has("#detail .facts", "200 OK"))
	w.press("8")
	w.want(has("#panel .removed", "/hook?n=1") + " && " + has("#panel", "$.amount") + " && " + has("#panel", "refund"))

	w.click(".facts [data-open]")
	w.want(has("#detail h2", "POST /hook?n=1"))
	w.press("r")
	if r := <-got; r != original {
		t.Errorf("the replay arrives as %q", r)
	}
	w.want("document.querySelectorAll('#rows [aria-label$=replay]').length === 2 && " + has("#toasts", "same body"))

	w.press("d")
	w.want(rows("== 2"))
	w.do(chromedp.Navigate(base)) // who leaves the page leaves nothing to be undone
	w.want(rows("== 2"))

	w.do(chromedp.Navigate(base + "/status"))
	w.want(has("[data-live=endpoints] td", "web"))
	before := js[string](w, "document.querySelector('[data-live=endpoints] td.num').textContent")
	visit("POST", "/hook?n=3", "X-Kind: invoice", "{}")
	w.want("document.querySelector('[data-live=endpoints] td.num').textContent === `" + before + "` * 1 + 1 + ''") // the table is live
}

// serveAgent is the page of a real agent that keeps captures on the disk, and what sends it a request from outside.
func serveAgent(t *testing.T, upstream string) (base string, visit func(method, target, field, body string)) {
	t.Helper()
	relay := relaytest.Start(t)
	changed := func(uint64) {}
	kept, err := store.Open(store.Options{Dir: t.TempDir(), OnChange: func(v uint64) { changed(v) }})
	if err != nil {
		t.Fatal(err)
	}
	a, err := tunnel.New(tunnel.Options{Relay: relay.Agents, Pin: relay.Pin, Token: relay.Token, Version: "1", Recorder: kept})
	if err != nil {
		t.Fatal(err)
	}
	changed = func(uint64) { a.Changed() }
	a.SetReader(kept)
	if err := a.Forward(tunnel.Endpoint{Name: "web", Upstream: upstream, Inspect: true}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = kept.Close() })
	inBackground(t, kept.Keep)
	inBackground(t, a.Run)
	public, err := a.URL(t.Context(), "web")
	if err != nil {
		t.Fatal(err)
	}
	page := serve(t, func(o *Options) { o.Reader, o.Keeper, o.Replayer, o.Observer = kept, kept, a, a })
	return page.base, func(method, target, field, body string) {
		q, err := http.NewRequestWithContext(t.Context(), method, "http://"+relay.HTTP+target, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		u, _ := url.Parse(public)
		q.Host = u.Host
		name, value, _ := strings.Cut(field, ": ")
		q.Header.Set(name, value)
		q.Header.Set("Content-Type", "application/json")
		res, err := http.DefaultClient.Do(q)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
	}
}

// inBackground runs what runs until its context ends, which is when the test does.
func inBackground(t *testing.T, run func(context.Context) error) {
	ctx, end := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- run(ctx) }()
	t.Cleanup(func() {
		end()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}
