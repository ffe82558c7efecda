package web

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/adit-tunnel/adit/inspect"
)

// attack would be noticed: it sets a variable, asks a question and fetches /ran.
const attack = `window.ran=1;alert(1);fetch('/ran')`

// hostile are bodies that strangers may send, by media type; %s stands for the attack.
var hostile = []struct{ name, fields, body string }{
	{"script in HTML", "Content-Type: text/html\r\n", `<html><script>%s</script><img src=/ran onerror="%s"><svg onload="%s"><iframe srcdoc="<script>%s</script>"></iframe><meta http-equiv=refresh content="0;url=/ran"><link rel=stylesheet href=/ran>`},
	{"script that ends what is around it", "Content-Type: text/plain\r\n", "</textarea></li></ol></div></template></title></style></script><script>%s</script>"},
	{"script in header names and values", "<script>%s</script>: 1\r\nX-\"><img src=/ran onerror=%s>: \"'><svg onload=\"%s\">\r\nContent-Type: text/<script>%s</script>\r\n", "x"},
	{"script in JSON", "Content-Type: application/json\r\n", `{"</script><script>%s</script>":"\u003cimg src=/ran onerror=%s\u003e","u":"javascript:%s"}`},
	{"SVG as an image", "Content-Type: image/svg+xml\r\n", `<svg xmlns="http://www.w3.org/2000/svg" onload="%s"><script>%s</script><image href="/ran"/></svg>`},
	{"SVG that is called PNG", "Content-Type: image/png\r\n", `<svg xmlns="http://www.w3.org/2000/svg" onload="%s"><script>%s</script></svg>`},
	{"script in parts", "Content-Type: multipart/form-data; boundary=b\r\n", "--b\r\nContent-Disposition: form-data; name=\"<script>%s</script>\"; filename=\"<img src=/ran onerror=%s>\"\r\nContent-Type: text/html\r\n\r\n<script>%s</script>\r\n--b--\r\n"},
	{"events", "Content-Type: text/event-stream\r\n", "event: <script>%s</script>\nid: <img src=/ran onerror=%s>\ndata: <svg onload=%s>\n\n"},
	{"what a terminal acts on", "Content-Type: text/plain\r\n", "\x1b]0;title\x07\x1b[2J\x9b31m\x00\xff\xfe\u202e%s\u2066\ufeff\u0300\u0300\u0300\u0300\u0300\u0300\u0300\u0300"},
	{"deep JSON", "Content-Type: application/json\r\n", strings.Repeat(`[`, 200_000) + strings.Repeat(`]`, 200_000)},
	{"one long line", "Content-Type: text/plain\r\n", strings.Repeat("<b>long ", 130_000)},
	{"many lines", "Content-Type: text/plain\r\n", strings.Repeat("\n", 900_000)},
	{"a bomb", "Content-Type: text/html\r\nContent-Encoding: gzip\r\n", bomb()},
	{"an image of a billion pixels", "Content-Type: image/png\r\n", hugePNG()},
}

// bomb is 200 MiB of nothing in gzip: 200 members, since making one of that size takes longer than all tests together.
func bomb() string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write(make([]byte, 1<<20))
	_ = z.Close()
	return strings.Repeat(b.String(), 200)
}

// hugePNG is the beginning of a PNG that says it is very large.
func hugePNG() string {
	b := append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR"), make([]byte, 17)...)
	binary.BigEndian.PutUint32(b[16:], 1<<30)
	binary.BigEndian.PutUint32(b[20:], 1<<30)
	b[24], b[25] = 8, 6
	return string(b)
}

// large is a Reader of which every kept content has 200 MiB: more than memory may hold.
type large struct{ inspect.Reader }

const largeSize = 200 << 20

func (l large) Get(ctx context.Context, id inspect.ID) (inspect.Item, error) {
	it, err := l.Reader.Get(ctx, id)
	if err != nil || !strings.HasPrefix(string(id), "large") {
		return it, err
	}
	x := *it.Exchange
	x.Request.Kept, x.Request.Size = largeSize, largeSize
	it.Exchange = &x
	return it, nil
}

func (l large) Body(ctx context.Context, id inspect.ID, side inspect.Side) (inspect.Body, error) {
	if side == inspect.RequestSide && strings.HasPrefix(string(id), "large") {
		return endless{}, nil
	}
	return l.Reader.Body(ctx, id, side)
}

// endless is content of one letter.
type endless struct{}

func (endless) ReadAt(p []byte, off int64) (int, error) {
	n := int(min(int64(len(p)), largeSize-off))
	for i := range n {
		p[i] = 'x'
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}
func (endless) Close() error { return nil }
func (endless) Size() int64  { return largeSize }

// nothingRuns opens every tab of every hostile capture: no script runs, nothing is fetched, and the page answers and stays small.
func nothingRuns(t *testing.T, b context.Context) {
	var ran atomic.Int32
	a := servePage(t, func(o *Options) {
		o.Reader = large{o.Reader}
		o.Access = func(path string) func(int) {
			if path == "/ran" {
				ran.Add(1)
			}
			return func(int) {}
		}
	})
	for i, h := range hostile {
		target := "/" + strings.ReplaceAll(h.name, " ", "-") + "?<script>" + attack + "</script>\u202e\x1b[31m"
		method := "<img/src=/ran>"
		x := exchange(inspect.Exchange{ID: inspect.ID(fmt.Sprintf("h%d", i))}, method, target, 200, strings.ReplaceAll(h.fields, "%s", attack), strings.ReplaceAll(h.body, "%s", attack))
		x.Endpoint = "<script>" + attack + "</script>"
		x.Response.Reason = "<script>" + attack + "</script>"
		a.store.Record(x)
	}
	a.store.Record(exchange(inspect.Exchange{ID: "large"}, "POST", "/large", 200, "Content-Type: text/plain\r\n", "x"))
	if _, err := a.store.Mark(t.Context(), "h0", inspect.Marks{Note: new("</textarea><script>" + attack + "</script>")}); err != nil {
		t.Fatal(err)
	}
	w := show(t, b, a.base, "light", wide)
	w.want(rows(fmt.Sprintf("== %d", len(hostile)+1)))
	for i := range len(hostile) + 1 {
		id := fmt.Sprintf("h%d", i)
		if i == len(hostile) {
			id = "large"
		}
		for _, tab := range tabs {
			if i > 0 && tab.name != "request" && tab.name != "raw" && tab.name != "messages" && tab.name != editTab {
				continue // they do not show content
			}
			w.open(id, tab.name)
			n := js[[2]int](w, `["*", "script, #detail iframe, #detail img:not([src^='/api/v1/']), #detail [onload], #detail [onerror]"].map(s => document.querySelectorAll("#detail " + s).length)`)
			if n[0] > 20_000 || n[1] > 0 {
				t.Errorf("%s, %s: %d elements, %d of a stranger", id, tab.name, n[0], n[1])
			}
		}
	}
	w.do(chromedp.Navigate(a.base + "/exchanges/h0/response")) // as a page of its own
	for _, path := range []string{"/api/v1/exchanges/h0/response/body", "/api/v1/exchanges/h4/response/body?preview=image", "/api/v1/exchanges/h5/response/body?preview=image"} {
		_ = chromedp.Do(w.ctx, chromedp.Navigate(a.base+path)) // is saved, so that there is no page
	}
	if js[bool](w, "'ran' in window") || ran.Load() > 0 {
		t.Error("it ran")
	}
}

// open shows an exchange as the browser's back and forward do, and waits until it is there.
func (w *window) open(id, tab string) {
	w.t.Helper()
	js[any](w, fmt.Sprintf(`(async (id, tab) => {
		for (const path of ["/", "/exchanges/" + id + "?tab=" + tab]) {
			history.replaceState(null, "", path);
			dispatchEvent(new PopStateEvent("popstate"));
		}
		const there = a => a?.dataset.id === id && a.dataset.tab === tab;
		while (!there(document.querySelector("#detail article"))) await new Promise(r => setTimeout(r, 5));
	})(%q, %q)`, id, tab))
}

// elsewhere is a page of another origin that tries all a page can.
const elsewhere = `<!doctype html><script>
const got = [], API = "%s";
const tries = {
	read: async () => (await fetch(API + "/api/v1/exchanges")).text(),
	readAsRecorded: async () => (await fetch(API + "/api/requests/http")).text(),
	readOpaque: async () => (await fetch(API + "/api/v1/exchanges", {mode: "no-cors"})).text(),
	page: async () => (await fetch(API + "/", {headers: {Accept: "text/html"}})).text(),
	replayAsText: async () => (await fetch(API + "/api/v1/exchanges/one/replay", {method: "POST", mode: "no-cors", body: "{}"})).text(),
	replayAsJSON: async () => (await fetch(API + "/api/v1/exchanges/one/replay", {method: "POST", headers: {"Content-Type": "application/json"}, body: "{}"})).text(),
	clear: async () => (await fetch(API + "/api/v1/exchanges?all=1", {method: "DELETE"})).text(),
	clearAsRecorded: async () => (await fetch(API + "/api/requests/http", {method: "DELETE"})).text(),
	mark: async () => (await fetch(API + "/api/v1/exchanges/one", {method: "PATCH", headers: {"Content-Type": "application/json"}, body: '{"pinned":true}'})).text(),
	beacon: async () => { navigator.sendBeacon(API + "/api/v1/exchanges/one/replay", new Blob(["{}"], {type: "text/plain"})); return ""; },
	events: () => new Promise(r => { const s = new EventSource(API + "/api/v1/events"); s.onopen = () => r("open"); s.onerror = () => { s.close(); r(""); }; }),
	script: () => new Promise(r => { const s = document.createElement("script"); s.src = API + "/api/v1/exchanges"; s.onload = () => r("loaded"); s.onerror = () => r(""); document.head.append(s); }),
	ourScript: () => new Promise(r => { const s = document.createElement("script"); s.src = API + "/page/theme.js"; s.onload = () => r("loaded"); s.onerror = () => r(""); document.head.append(s); }),
	frame: () => new Promise(r => { const f = document.createElement("iframe"); f.src = API + "/"; f.onload = () => { let t = ""; try { t = f.contentDocument?.body.innerText ?? ""; } catch {} r(t); }; document.documentElement.append(f); }),
	form: () => new Promise(r => { const f = document.createElement("form"); f.method = "POST"; f.action = API + "/api/v1/exchanges/one/replay"; f.enctype = "text/plain"; f.target = "nowhere"; const i = document.createElement("iframe"); i.name = "nowhere"; i.onload = () => r(""); document.documentElement.append(i, f); f.submit(); }),
};
window.tried = (async () => {
	for (const [name, attempt] of Object.entries(tries)) {
		const text = await attempt().catch(() => "");
		if (text) got.push(name + ": " + text);
	}
	return got.join("; ");
})();
</script>`

// othersGetNothing: what a page of another origin tries, and one of a name that leads here (DNS rebinding), is refused.
func othersGetNothing(t *testing.T, b context.Context) {
	a := servePage(t)
	a.keepJSON("one", "POST", "/one", 200)
	port := a.base[strings.LastIndex(a.base, ":"):]
	evil := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(w, elsewhere, r.URL.Query().Get("api"))
	}))
	defer evil.Close()
	evilPort := evil.URL[strings.LastIndex(evil.URL, ":"):]
	tries := map[string]*window{} // all at once: they wait for what does not come
	for _, from := range []string{evil.URL, "http://evil.test" + evilPort} {
		for _, api := range []string{a.base, "http://rebound.test" + port} {
			tries[from+" trying "+api] = show(t, b, from+"/?api="+api, "light", wide)
		}
	}
	for what, w := range tries {
		if got := js[string](w, "window.tried"); got != "" {
			t.Errorf("%s got %s", what, got)
		}
	}
	w := show(t, b, "http://rebound.test"+port+"/", "light", wide)
	if got := js[string](w, "document.body.innerText"); !strings.Contains(got, "not allowed") {
		t.Errorf("a rebound name shows %s", got)
	}
	if it, err := a.store.Get(t.Context(), "one"); err != nil || it.Pinned || a.store.Count() != 1 {
		t.Errorf("something was done: %v, %d exchanges", err, a.store.Count())
	}
}
