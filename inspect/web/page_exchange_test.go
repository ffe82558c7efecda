package web

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/adit-tunnel/adit/inspect"
)

func longContent(t *testing.T, b context.Context) {
	a := servePage(t)
	var body strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&body, "line %d of five thousand\n", i)
	}
	a.store.Record(exchange(inspect.Exchange{ID: "long"}, "POST", "/long", 200, "Content-Type: text/plain\r\n", body.String()))
	w := show(t, b, a.base+"/exchanges/long?tab=request", "light", narrow)
	w.want("document.getElementById('feed').dataset.state === 'live' && " + has("#panel", "line 1999 of") + " && !" + has("#panel", "line 2000 of"))
	js[any](w, "document.querySelector('#panel .more').click()")
	w.want(has("#panel", "line 3999 of"))
	js[any](w, "document.querySelector('#panel .more').click()")
	w.want(has("#panel", "line 4999 of") + " && " + has("#panel", "line 0 of") + " && !document.querySelector('#panel .more')")

	a.store.Record(exchange(inspect.Exchange{ID: "longer"}, "POST", "/longer", 200, "Content-Type: text/plain\r\n", strings.Repeat(strings.Repeat("x", 999)+"\n", 1<<11)))
	w.do(chromedp.Navigate(a.base + "/exchanges/longer?tab=request"))
	w.want(rows("== 2") + " && document.querySelector('#panel .more')")
	w.want("document.querySelector('#panel .more')?.click(), " + has("#panel .rest", "Raw")) // it has an end, though not all is laid out
	if js[bool](w, "!!document.querySelector('#panel .more')") {
		t.Error("there is more behind the end")
	}
	js[any](w, "document.querySelector('#panel .rest a').click()")
	w.want(has(".tabs [aria-current]", "Raw"))
}

// findsText: what is shown is looked through, across the colours of a line but not across lines, and counted; the search goes on in what comes and in other tabs.
func findsText(t *testing.T, b context.Context) {
	a := servePage(t)
	var members strings.Builder
	for i := range 3000 {
		fmt.Fprintf(&members, `"n%d":"Needle",`, i)
	}
	a.store.Record(exchange(inspect.Exchange{ID: "one"}, "POST", "/one?n=1", 200, "Content-Type: application/json\r\nX-Kind: a (needle\r\n", `{`+members.String()+`"end":1}`))
	w := show(t, b, a.base+"/exchanges/one?tab=request", "dark", wide)
	w.want(rows("== 1"))
	w.press("/")
	w.want("document.activeElement.id === 'filter'") // the list has the keyboard
	w.press("\x1b\r")
	w.want("document.activeElement.id === 'panel'")
	w.press("/")
	w.want("document.activeElement.name === 'find'")
	w.press("NEEDLE")
	w.want(has(".seek [role=status]", "1 of 2000 in what is shown"))
	w.press("\r")
	w.want("document.activeElement.id === 'panel'")
	w.press("nnn")
	w.want(has(".seek [role=status]", "4 of 2000") + " && [...CSS.highlights.get('found-now')][0].startContainer.parentElement.closest('li').textContent.includes('n2')")
	w.press("NNNN")
	w.want(has(".seek [role=status]", "2000 of 2000") + " && document.getElementById('panel').scrollTop > 10000")
	js[any](w, "document.querySelector('#panel .more').click()")
	w.want(has(".seek [role=status]", "2000 of 3001") + " && !" + has(".seek [role=status]", "in what is shown"))
	w.press("/")
	w.want("document.activeElement.name === 'find'")
	js[any](w, "document.activeElement.value = ''")
	w.press(`"n7": "needle"`)
	w.want(has(".seek [role=status]", "1 of 1"))
	js[any](w, "document.activeElement.value = ''")
	w.press("a (needle")
	w.want(has(".seek [role=status]", "1 of 1") + " && !" + has(".seek [role=status]", "11"))
	w.press("\r4")
	w.want(has(".tabs [aria-current]", "Raw") + " && " + has(".seek [role=status]", "1 of 2 in what is shown"))
	w.press("\x1b")
	w.want("!document.querySelector('.seek') && !document.getElementById('detail').hidden && CSS.highlights.get('found').size === 0")
	w.click("[data-do=find]")
	w.want("document.activeElement.name === 'find'")
	w.press("x\x1b")
	w.want("!document.querySelector('.seek') && document.activeElement.id === 'panel'")
}

func plainPage(t *testing.T, b context.Context) {
	a := servePage(t)
	a.store.Record(exchange(inspect.Exchange{ID: "long"}, "POST", "/long", 200, "Content-Type: text/plain\r\n", strings.Repeat("line\n", 2000)+"the end\n"))
	w := show(t, b, "about:blank", "light", wide)
	w.do(chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
		return err
	}), chromedp.Navigate(a.base))
	w.click("noscript a")
	w.want(has("#detail h2", "POST /long"))
	w.click(".tabs a:nth-child(2)")
	w.want(has("#panel", "line"))
	w.click("#panel .more")
	w.want(has("#panel", "the end"))
}

// downloadHAR: what is listed, or what is marked, without secrets unless somebody has said that they are to be in it.
func downloadHAR(t *testing.T, b context.Context) {
	a := servePage(t)
	a.store.Record(exchange(inspect.Exchange{ID: "one"}, "GET", "/one", 200, "X-Api-Key: hunter2\r\n", "1"))
	a.store.Record(exchange(inspect.Exchange{ID: "two"}, "POST", "/two", 500, "X-Api-Key: hunter2\r\n", "2"))
	w := show(t, b, a.base+"/?filter=status:500", "light", wide)
	w.want(rows("== 1"))
	check := func(har, target, value string) {
		t.Helper()
		var got struct {
			Log struct {
				Version string
				Entries []struct{ Request struct{ URL string } }
			}
		}
		if err := json.Unmarshal([]byte(har), &got); err != nil || got.Log.Version != "1.2" || len(got.Log.Entries) != 1 || !strings.HasSuffix(got.Log.Entries[0].Request.URL, target) ||
			!strings.Contains(har, `"value":"`+value+`"`) {
			t.Errorf("%s and %s: %v %s", target, value, err, har)
		}
	}
	check(w.download("har", func() { w.click("#har") }), "/two", "[redacted]")
	w.filter("")
	w.want(rows("== 2"))
	w.click("#x-one .marks")
	w.want(has("#har", "HAR of 1 marked"))
	check(w.download("har", func() { w.press("x") }), "/one", "[redacted]")
	check(w.download("har", func() {
		w.press("X")
		w.want(has("dialog", "who gets the file has them"))
		w.click("dialog .danger")
	}), "/one", "hunter2")
	w.click("#x-one")
	w.want(has("#detail h2", "/one"))
	check(w.download("har", func() { w.click("#detail [download]") }), "/one", "[redacted]")
}

// download is the file that the browser saves when something is done.
func (w *window) download(ends string, do func()) string {
	w.t.Helper()
	dir := w.t.TempDir()
	w.do(chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.CallBrowser(ctx, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{Behavior: "allow", DownloadPath: dir})
		return err
	}))
	do()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if found, _ := filepath.Glob(filepath.Join(dir, "*."+ends)); len(found) > 0 {
			text, err := os.ReadFile(found[0])
			if err != nil {
				w.t.Fatal(err)
			}
			return string(text)
		}
	}
	w.t.Fatal("nothing is downloaded")
	return ""
}

// token says {"sub":"ada"}.
const token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJlc2lnbmF0dXJl"

// TestTokensAreDecoded: a token in a header field or in the body is shown as what it says, beside the message that carries it.
func TestTokensAreDecoded(t *testing.T) {
	a := serve(t)
	a.store.Record(exchange(inspect.Exchange{ID: "one"}, "POST", "/login", 200, "Content-Type: application/json\r\nAuthorization: Bearer "+token+"\r\n", `{"token":"`+token+`"}`))
	for _, side := range []string{"request", "response"} {
		_, page := a.do("GET", "/exchanges/one/"+side, "")
		for _, want := range []string{"HS256 in Authorization", "HS256 in content", "&#34;ada&#34;"} {
			if !strings.Contains(page, want) {
				t.Errorf("%s: no %s in %s", side, want, page)
			}
		}
	}
}
