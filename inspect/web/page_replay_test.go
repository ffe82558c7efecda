package web

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/adit-tunnel/adit/inspect"
)

func editAndReplay(t *testing.T, b context.Context) {
	a := servePage(t)
	a.keepJSON("one", "POST", "/one", 200)
	w := show(t, b, a.base+"/exchanges/one", "light", wide)
	w.want(rows("== 1"))
	w.press("e")
	w.want("document.activeElement.name === 'target'")
	js[any](w, `document.querySelector("[data-form=edit]").elements.body.value = '{"n":2,"s":"two"}'`)
	w.press("2\r")
	w.want(has("dialog", "This will be sent") + " && " + has("dialog .code", "POST /one2 HTTP/1.1") + " && " + has("dialog", "http://localhost:3000"))
	if items, _ := inspect.Collect(a.store.List(t.Context(), inspect.Query{})); len(items) != 1 {
		t.Fatal("it was sent before anybody said so")
	}
	w.press("\r")
	w.want(has("#detail h2", "POST /one2") + " && " + has(".facts", "edited replay of") + " && " + has("#toasts", "replayed → 200 in 12 ms, 1 value differs"))
	it, err := a.store.Get(t.Context(), "replay-1")
	if err != nil || it.Request.Target != "/one2" || string(it.Request.Body) != `{"n":2,"s":"two"}` || !it.Edited {
		t.Fatalf("sent: %+v, %v", it.Exchange, err)
	}

	w.press("D")
	w.want(has("#panel .removed", "/one") + " && " + has("#panel .added", "/one2") + " && " + has("#panel", "$.n"))
	w.press("I")
	w.want("document.activeElement.dataset.ignore === '$.n'")
	w.press("I")
	w.want("!document.querySelector('#panel [data-ignore]') && " + has("#panel .volatile", "$.n") + " && " + has("#panel .rules", "$.n"))
	if rules, err := a.store.Memos(t.Context(), inspect.DiffIgnores); err != nil || len(rules) != 1 || rules[0] != "$.n" {
		t.Errorf("kept: %q, %v", rules, err)
	}
	w.press("3") // the replay that follows is like its original
	w.want(has(".tabs [aria-current]", "Response"))
	w.click(".facts [data-open]")
	w.want(has("#detail h2", "POST /one") + " && !" + has("#detail h2", "/one2"))
	w.press("r")
	w.want(has("#toasts", "replayed → 200 in 12 ms, same body"))
	w.press("D")
	w.want(has("#panel", "Both are the same"))
	w.click("#panel .rules button")
	w.want("!document.querySelector('#panel .rules')")
	w.press("7")
	w.want(has(".tabs [aria-current]", "Replays") + " && " + has("#panel", "original"))
}

// masksGoAsRecorded: what the form does not show is sent all the same, and what was left alone is no edit.
func masksGoAsRecorded(t *testing.T, b context.Context) {
	a := servePage(t)
	a.store.Record(exchange(inspect.Exchange{ID: "one"}, "POST", "/one?key=1&api_key=hunter2&api_key=hunter4&next=%2F%3Ftoken%3Dhunter5", 200, "Cookie: a=hunter2\r\nX-Kind: a\r\nCookie: b=hunter3\r\nReferer: https://shop.test/?token=hunter6\r\n", `{"n":1}`))
	w := show(t, b, a.base+"/exchanges/one", "dark", wide)
	w.want(rows("== 1") + " && " + has("#rows", "next=%2F%3Ftoken%3D••••••••"))
	w.press("R")
	w.want("document.activeElement.name === 'to' && " + has("[data-form=edit] textarea", "Cookie: b=••••••••"))
	w.press("staging.test:8080")
	js[any](w, `(() => { const f = document.querySelector("[data-form=edit]").elements; f.drop_cookies.checked = true; f.headers.value = f.headers.value.replace("X-Kind: a", "X-Kind: b"); f.target.value += "&more=1"; })()`)
	w.click("[data-form=edit] .main")
	w.want(has("dialog", "staging.test:8080") + " && " + has("dialog .code", "api_key=••••••••&api_key=••••••••&next=%2F%3Ftoken%3D••••••••&more=1") + " && " + has("dialog .code", "shop.test/?token=••••••••"))
	w.press("\r")
	w.want("location.pathname === '/exchanges/replay-1'")
	sent := a.echo().sent[0]
	if sent.To != "staging.test:8080" || !sent.DropCookies || sent.Edit == nil || sent.Edit.Target != "/one?key=1&api_key=hunter2&api_key=hunter4&next=%2F%3Ftoken%3Dhunter5&more=1" ||
		len(sent.Edit.Fields) != 6 || sent.Edit.Fields[1].Value != "a=hunter2" || sent.Edit.Fields[2].Value != "b" || sent.Edit.Fields[3].Value != "b=hunter3" || sent.Edit.Fields[4].Value != "https://shop.test/?token=hunter6" {
		t.Errorf("sent: %+v %+v", sent, sent.Edit)
	}

	w.press("e")
	w.want("document.activeElement.name === 'target'")
	w.press("\x1b.")
	w.want(has("#toasts", "by the link above it"))
	w.click("[data-form=edit] .main")
	w.click("dialog .main")
	w.want("location.pathname === '/exchanges/replay-2'")
	if sent := a.echo().sent[1]; sent.Edit != nil {
		t.Errorf("what was left alone is sent as an edit: %+v", sent.Edit)
	}

	w.press("2")
	w.want(has("#panel", "b=••••••••"))
	w.press(".")
	w.want(has("#panel", "b=hunter3") + " && " + has("#toasts", "10 s"))
	w.press(".")
	w.want(has("#panel", "b=••••••••"))
}

// presents: with all masked, neither the list nor a form shows what was captured, no key does, and a replay goes as it was recorded.
func presents(t *testing.T, b context.Context) {
	a := servePage(t, func(o *Options) { o.Mask.All = true })
	a.store.Record(exchange(inspect.Exchange{ID: "one"}, "POST", "/one?plain=hunter2&flag", 200, "X-Kind: hunter2\r\n", `{"n":"hunter2"}`))
	w := show(t, b, a.base, "dark", wide)
	w.want(rows("== 1") + " && " + has("#rows", "/one?plain=••••••••&flag=••••••••") + " && " + has(".allmasked", "all masked"))
	w.press("j")
	w.want(has("#detail h2", "plain=••••••••"))
	w.press("2")
	w.want(has("#panel", "X-Kind"))
	w.press(".")
	w.want(has("#toasts", "everything stays masked"))
	w.press("e")
	w.want("document.activeElement.name === 'target' && " + has("[data-form=edit] textarea", "X-Kind: ••••••••") + " && !" + has("[data-form=edit]", "Show them"))
	js[any](w, `document.querySelector("[data-form=edit]").elements.method.value = "PUT"`)
	w.click("[data-form=edit] .main")
	w.want(has("dialog .code", "X-Kind: ••••••••"))
	if js[bool](w, "document.documentElement.outerHTML.includes('hunter2')") {
		t.Error("it is in the document")
	}
	w.press("\r")
	w.want("location.pathname === '/exchanges/replay-1'")
	if sent := a.echo().sent[0]; sent.Edit == nil || sent.Edit.Method != "PUT" || sent.Edit.Target != "" || sent.Edit.Fields != nil || sent.Edit.Body != nil {
		t.Errorf("sent: %+v", sent.Edit)
	}
}

// regressionRun: what is marked is sent again. One has another answer now, and one has none until the run is stopped.
func regressionRun(t *testing.T, b context.Context) {
	a := servePage(t)
	a.keepJSON("never", "GET", "/never", 200)
	a.keepJSON("same", "POST", "/same", 200)
	x := exchange(inspect.Exchange{ID: "other"}, "POST", "/other", 200, "Content-Type: application/json\r\n", `{"n":1}`)
	x.Response.Body = []byte(`{"n":0}`)
	a.store.Record(x)
	w := show(t, b, a.base, "light", wide)
	w.want(rows("== 3"))
	w.press("  ")
	w.want("document.querySelectorAll('#rows .marked').length === 2 && " + has("#run-ask", "Run 2 marked"))
	w.press("R")
	w.want(has("dialog", "Replay the 2 marked requests") + " && document.activeElement.name === 'to' && document.activeElement.value === ''")
	w.press("\r")
	w.want(has("#run-what", "done") + " && " + has("#run-count", "2 of 2 · 1 passed · 1 differs · 0 failed"))
	w.want("[...document.querySelectorAll('#run-rows tr')].map(r => r.cells[1].innerText).join() === '●passed,▲differs $.n'")
	w.press("jj\r")
	w.want(has("#detail h2", "/other") + " && " + has("#panel .added", "$.n") + " && document.getElementById('run').hidden")
	w.press("k")
	w.want(has("#detail h2", "/same") + " && " + has("#panel", "Both are the same"))
	w.press("\x1b")
	w.want("!document.getElementById('run').hidden && document.activeElement.textContent.includes('/same')")
	w.press("\x1b")
	w.want("document.getElementById('run').hidden && document.activeElement.id === 'list'")
	w.press("T")
	w.want("!document.getElementById('run').hidden && document.activeElement.textContent.includes('/same')")
	w.press("\x1b")
	w.want("document.getElementById('run').hidden")
	w.press("D")
	w.want(has("#detail h2", "/other") + " && " + has("#panel .removed", "/same"))
	w.press("\x1b\x1b")
	w.want("document.getElementById('detail').hidden && !document.querySelector('#rows .marked')")

	w.filter("!replay:")
	w.want(rows("== 3"))
	w.click("#run-ask")
	w.want(has("dialog", "Replay all that match !replay:"))
	w.click("dialog .main")
	w.want(has("#run-what", "Regression run") + " && !document.getElementById('run-stop').hidden")
	w.press("\x1b")
	w.want(has("#run-what", "stopped"))
	w.press("\x1b")
	w.want("document.getElementById('run').hidden")
}

// runWithFailures: what was not sent says why once, not as its status too, and the column of requests is wide enough to read.
func runWithFailures(t *testing.T, b context.Context) {
	a := serveRuns(t)
	w := show(t, b, a.base, "light", wide)
	w.filter("path:/gone")
	w.want(rows("== 1"))
	w.press("*r")
	w.want(has("#run-what", "done") + " && " + has("#run-count", "1 failed"))
	w.want("document.getElementById('run-rows').innerText.split('Its endpoint is gone.').length === 2")
	w.want("(td => td.offsetWidth > 0.35 * td.parentNode.offsetWidth)(document.querySelector('#run-rows td'))")
}

// TestVerdictIsShown: what a signature is worth stands in the overview, with what to do.
func TestVerdictIsShown(t *testing.T) {
	a := serve(t)
	a.record("one")
	for _, c := range []struct {
		verdict inspect.Verdict
		want    string
	}{
		{inspect.Verdict{}, ""},
		{inspect.Verdict{Provider: "stripe", State: inspect.Valid}, "Signature valid"},
		{inspect.Verdict{Provider: "stripe", State: inspect.Stale, Text: "signed 2 h ago"}, "Signature right, but stale"},
		{inspect.Verdict{Provider: "stripe", State: inspect.Wrong, Text: "<another> secret"}, "Signature wrong"},
		{inspect.Verdict{Provider: "stripe", State: inspect.NoSecret, Text: "set webhook_secrets.stripe"}, "Signed; no secret to check it with"},
		{inspect.Verdict{Provider: "stripe", State: inspect.Unchecked, Text: "not kept whole"}, "Signature not checked"},
	} {
		a.agent.verdict = &c.verdict
		_, body := a.do("GET", "/exchanges/one/overview", "")
		said := strings.Contains(body, c.want) && strings.Contains(body, strings.ReplaceAll(strings.ReplaceAll(c.verdict.Text, "<", "&lt;"), ">", "&gt;"))
		if c.want == "" {
			said = !strings.Contains(body, `class="verdict"`)
		}
		if !said {
			t.Errorf("%+v: %s", c.verdict, body)
		}
	}
}

// TestShortAddress: the dashboard shows the same.
func TestShortAddress(t *testing.T) {
	a := serve(t)
	a.record("one")
	res, body := a.do("GET", "/r/one", "", "Accept", "text/html")
	if res.StatusCode != http.StatusOK || res.Request.URL.Path != "/exchanges/one" || !strings.Contains(body, "POST /hook") {
		t.Errorf("%s %s: %s", res.Status, res.Request.URL, body)
	}
	if res, _ := a.do("GET", "/r/two", ""); res.StatusCode != http.StatusNotFound {
		t.Error(res.Status)
	}
}
