package web

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/inspect"
)

// fetchAxe begins to fetch the source of axe-core. What it returns waits for it, and says why there is none.
func fetchAxe(t *testing.T) func() (source string, why error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	dir, done := t.TempDir(), make(chan struct{})
	var source string
	var why error
	go func() {
		defer close(done)
		source, why = installAxe(ctx, dir)
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
	return func() (string, error) {
		<-done
		return source, why
	}
}

// installAxe has npm install axe-core in dir.
func installAxe(ctx context.Context, dir string) (source string, err error) {
	cmd := exec.CommandContext(ctx, "npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-save", "--prefer-offline", "--prefix", dir, "axe-core@4.14.1")
	cmd.WaitDelay = time.Second
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	text, err := os.ReadFile(filepath.Join(dir, "node_modules", "axe-core", "axe.min.js"))
	return string(text), err
}

// violation is what axe-core finds wrong.
type violation struct {
	ID, Help string
	Nodes    []struct{ HTML, FailureSummary string }
}

// axeFindsNothing looks at everything in both themes, and at what a narrow screen shows.
func axeFindsNothing(t *testing.T, b context.Context, axe func() (string, error)) {
	source, err := axe()
	if err != nil {
		t.Skipf("npm cannot install axe-core: %v", err)
	}
	a := servePage(t)
	a.keepJSON("one", "POST", "/one?query=1", 200)
	a.keepJSON("two", "PUT", "/two", 404)
	a.store.Record(exchange(inspect.Exchange{ID: "three", ReplayOf: "one"}, "GET", "/three", 302, "X-GitHub-Event: push\r\nAuthorization: Bearer "+token+"\r\nContent-Type: text/html\r\n", "<p class=a>Hi</p>"))
	a.store.Record(&inspect.Exchange{ID: "four", Endpoint: "web", Start: time.Now(), State: inspect.Failed, Request: inspect.Request{Method: "GET", Target: "/four"},
		Failure: &inspect.Failure{Code: 2001, Name: "LOCAL_REFUSED", Text: "Nothing listens.", Remedy: "Start it."}})
	for scheme, rules := range map[string]string{"light": "", "dark": `, runOnly: ["color-contrast"]`} { // all else is the same in both
		w := show(t, b, a.base, scheme, wide)
		w.want(rows(">= 4"))
		js[any](w, source+";0")
		w.audit(scheme+", list", "document", rules)
		for _, tab := range tabs {
			w.open("three", tab.name)
			w.audit(scheme+", "+tab.name, "'#detail'", rules)
		}
		w.open("three", "request")
		w.click("[data-do=find]")
		w.press("a")
		w.want(has(".seek [role=status]", "1 of"))
		w.audit(scheme+", find", "'#detail'", rules)
		w.press("\x1b")
		w.want("!document.querySelector('.seek')")
		w.press("?")
		w.want("document.querySelector('dialog')")
		w.audit(scheme+", help", "'dialog'", rules)
		w.press("\x1b")
		w.open("three", editTab)
		w.click("[data-form=edit] .main")
		w.want(has("dialog", "This will be sent"))
		w.audit(scheme+", preview", "'dialog'", rules)
		w.press("\x1b")
		w.click("#run-ask")
		w.want(has("dialog", "Replay all"))
		w.audit(scheme+", run's options", "'dialog'", rules)
		w.press("\r")
		w.want(has("#run-what", "done"))
		w.audit(scheme+", run", "'#run'", rules)
		w = show(t, b, a.base+"/status", scheme, wide)
		w.want(has(".state", "online") + " && " + has("[data-plot=open] b", "0"))
		js[any](w, source+";0")
		w.audit(scheme+", status", "document", rules)
		w = show(t, b, a.base+"/exchanges/four", scheme, narrow)
		w.want(has("#detail", "LOCAL_REFUSED"))
		js[any](w, source+";0")
		w.audit(scheme+", narrow", "document", rules)
		w.press("d")
		w.want(has("#toasts", "deleted 1 request"))
		w.audit(scheme+", deleted", "document", rules)
		w.press("u")
		w.want(has("#toasts", "brought back"))
	}
}

// audit asks axe-core what of a part of the page breaks WCAG 2 A and AA or its best practices.
func (w *window) audit(what, part, rules string) {
	w.t.Helper()
	text := js[string](w, `(async () => JSON.stringify((await axe.run(`+part+`, {resultTypes: ["violations"]`+rules+`})).violations))()`)
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
