package web

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/inspect"
)

// axe is the source of axe-core, which npm installs; the test is skipped when it cannot.
func axe(t *testing.T) string {
	t.Helper()
	if _, err := exec.LookPath("npm"); err != nil {
		t.Skip("npm is not installed")
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	dir := t.TempDir()
	cmd := exec.CommandContext(ctx, "npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-save", "--prefer-offline", "--prefix", dir, "axe-core@4.14.1")
	cmd.WaitDelay = time.Second
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Logf("%s", out)
		t.Skipf("npm cannot install axe-core: %v", err)
	}
	source, err := os.ReadFile(filepath.Join(dir, "node_modules", "axe-core", "axe.min.js"))
	if err != nil {
		t.Fatal(err)
	}
	return string(source)
}

// violation is what axe-core finds wrong.
type violation struct {
	ID, Help string
	Nodes    []struct{ HTML, FailureSummary string }
}

// axeFindsNothing looks at everything in both themes, and at what a narrow screen shows.
func axeFindsNothing(t *testing.T, b context.Context) {
	source := axe(t)
	a := servePage(t)
	a.keepJSON("one", "POST", "/one?query=1", 200)
	a.keepJSON("two", "PUT", "/two", 404)
	a.store.Record(exchange(inspect.Exchange{ID: "three", ReplayOf: "one"}, "GET", "/three", 302, "X-GitHub-Event: push\r\nContent-Type: text/html\r\n", "<p class=a>Hi</p>"))
	a.store.Record(&inspect.Exchange{ID: "four", Endpoint: "web", Start: time.Now(), State: inspect.Failed, Request: inspect.Request{Method: "GET", Target: "/four"},
		Failure: &inspect.Failure{Code: 2001, Name: "LOCAL_REFUSED", Text: "Nothing listens.", Remedy: "Start it."}})
	for _, scheme := range []string{"light", "dark"} {
		w := show(t, b, a.base, scheme, wide)
		w.want(rows("== 4"))
		js[any](w, source+";0")
		w.audit(scheme+", list", "document")
		for _, tab := range tabs {
			js[any](w, "history.replaceState(null, '', '/exchanges/three?tab="+tab.name+"'); dispatchEvent(new PopStateEvent('popstate'))")
			w.want("document.querySelector('#detail article')?.dataset.tab === '" + tab.name + "'")
			w.audit(scheme+", "+tab.name, "'#detail'")
			js[any](w, "history.replaceState(null, '', '/'); dispatchEvent(new PopStateEvent('popstate'))")
			w.want("document.getElementById('detail').hidden")
		}
		w.press("?")
		w.want("document.querySelector('dialog')")
		w.audit(scheme+", help", "'dialog'")
		w = show(t, b, a.base+"/status", scheme, wide)
		w.want(has(".state", "online") + " && " + has("[data-plot=open] b", "0"))
		js[any](w, source+";0")
		w.audit(scheme+", status", "document")
		w = show(t, b, a.base+"/exchanges/four", scheme, narrow)
		w.want(has("#detail", "LOCAL_REFUSED"))
		js[any](w, source+";0")
		w.audit(scheme+", narrow", "document")
	}
}

// audit asks axe-core what of a part of the page breaks WCAG 2 A and AA or its best practices.
func (w *window) audit(what, part string) {
	w.t.Helper()
	text := js[string](w, `(async () => JSON.stringify((await axe.run(`+part+`, {resultTypes: ["violations"]})).violations))()`)
	var found []violation
	if err := json.Unmarshal([]byte(text), &found); err != nil {
		w.t.Fatal(err)
	}
	for _, v := range found {
		for _, n := range v.Nodes {
			w.t.Errorf("%s: %s (%s): %.300s: %s", what, v.ID, v.Help, n.HTML, n.FailureSummary)
		}
	}
}
