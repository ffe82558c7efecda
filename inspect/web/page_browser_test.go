package web

import (
	"context"
	"errors"
	"os/exec"
	"testing"
	"time"

	"github.com/chromedp/cdproto"
	"github.com/chromedp/cdproto/emulation"
	pages "github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// patience is how long a browser may take on a busy machine.
const patience = 30 * time.Second

// chromium starts a browser; the test is skipped when there is none. Names below .test lead to this machine.
func chromium(t *testing.T) context.Context {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil && path == "" {
			path = found
		}
	}
	if path == "" {
		t.Skip("chromium is not installed")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("host-resolver-rules", "MAP *.test 127.0.0.1"))
	ctx, end := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(end)
	ctx, closeIt := chromedp.NewContext(ctx)
	t.Cleanup(closeIt)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("start %s: %v", path, err)
	}
	return ctx
}

// window is a page in a browser. Whatever runs in it that should not, and whatever its scripts fail at, fails the test.
type window struct {
	t   *testing.T
	ctx context.Context
}

// wide, as a desktop's screen, and narrow, as a telephone's.
var (
	wide   = [2]int64{1280, 800}
	narrow = [2]int64{360, 740}
)

// show opens a page in a window of its own; scheme is light or dark.
func show(t *testing.T, browser context.Context, url, scheme string, size [2]int64) *window {
	t.Helper()
	ctx, end := chromedp.NewContext(browser)
	t.Cleanup(end)
	ctx, late := context.WithTimeout(ctx, 2*patience)
	t.Cleanup(late)
	w := &window{t, ctx}
	w.do(chromedp.EmulateViewport(size[0], size[1]), chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
		})
		return err
	}))
	if err := chromedp.Listen(ctx, w.hear); err != nil {
		t.Fatal(err)
	}
	w.do(chromedp.Navigate(url))
	return w
}

func (w *window) hear(event any) {
	switch e := event.(type) {
	case *pages.EventJavascriptDialogOpening:
		w.t.Errorf("a dialog: %s", e.Message)
	case *runtime.EventExceptionThrown:
		w.t.Errorf("a script fails: %s %+v", e.ExceptionDetails.Text, e.ExceptionDetails.Exception)
	}
}

func (w *window) do(steps ...chromedp.Action[chromedp.Void]) {
	w.t.Helper()
	if err := chromedp.Do(w.ctx, steps...); err != nil {
		w.t.Fatal(err)
	}
}

// press sends keys as a person does.
func (w *window) press(keys string) {
	w.t.Helper()
	w.do(chromedp.KeyEvent(keys))
}

// click clicks on what a CSS selector finds first, when it is there. Between finding and clicking the page may draw it anew; then it is found again.
func (w *window) click(selector string) {
	w.t.Helper()
	err := chromedp.Do(w.ctx, chromedp.Click(chromedp.CSS(selector)))
	for drawnAnew(err) {
		err = chromedp.Do(w.ctx, chromedp.Click(chromedp.CSS(selector)))
	}
	if err != nil {
		w.t.Fatalf("click on %s: %v", selector, err)
	}
}

// drawnAnew tells whether an action failed because its element is no longer in the document.
func drawnAnew(err error) bool {
	var e *cdproto.Error
	return errors.As(err, &e) && (e.Message == "Could not find node with given id" || e.Message == "Node is detached from document")
}

// js evaluates an expression.
func js[T any](w *window, expression string) T {
	w.t.Helper()
	v, err := chromedp.Run(w.ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		w.t.Fatalf("%s: %v", expression, err)
	}
	return v
}

// want waits until an expression holds.
func (w *window) want(expression string) {
	w.t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if js[bool](w, "!!("+expression+")") {
			return
		}
	}
	w.t.Fatalf("never: %s\nat %s the page shows: %.1500s", expression, js[string](w, "location.href"),
		js[string](w, "(document.querySelector('dialog, #detail:not([hidden])') ?? document.body).innerText + '\\n' + document.getElementById('toasts').innerText"))
}

// has is an expression: what the selector finds first holds the text.
func has(selector, text string) string {
	return "document.querySelector(`" + selector + "`)?.textContent.includes(`" + text + "`)"
}

// rows is an expression: so many rows are in the list, and it is following.
func rows(n string) string {
	return "document.querySelectorAll('#rows [role=row]').length " + n + " && document.getElementById('feed').dataset.state === 'live'"
}
