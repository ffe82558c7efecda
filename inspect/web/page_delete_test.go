package web

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/adit-tunnel/adit/inspect"
)

// deleteAndUndo: what is deleted leaves the list at once and comes back by a key or a button; it leaves the store when the next one is deleted, or the page is left.
func deleteAndUndo(t *testing.T, b context.Context) {
	a := servePage(t)
	for _, id := range []string{"a", "b", "c", "d", "e"} {
		a.keepJSON(id, "GET", "/"+id, 200)
	}
	a.store.Record(&inspect.Exchange{ID: "live", Endpoint: "web", Start: time.Now(), Request: inspect.Request{Method: "GET", Target: "/live"}})
	if _, err := a.store.Mark(t.Context(), "b", inspect.Marks{Pinned: new(true)}); err != nil {
		t.Fatal(err)
	}
	w := show(t, b, a.base, "light", wide)
	w.want(rows("== 6"))
	w.press("j")
	w.want(has("#detail h2", "/live"))
	w.press("d")
	w.want(has("#toasts", "under way cannot be deleted") + " && " + rows("== 6"))

	w.press("j")
	w.want(has("#detail h2", "/e"))
	w.press("d")
	w.want(rows("== 5") + " && document.getElementById('detail').hidden && document.querySelector('#x-d').ariaSelected === 'true' && " + has("#toasts", "deleted 1 request"))
	a.keepJSON("e", "GET", "/e", 200) // a later state of it changes nothing
	a.keepJSON("f", "GET", "/f", 200)
	w.want(rows("== 6") + " && !document.querySelector('#x-e')")
	w.press("u")
	w.want(rows("== 7") + " && " + has("#x-e", "/e") + " && " + has("#toasts", "1 request brought back"))
	w.press("u")
	w.want(has("#toasts", "nothing to bring back"))

	w.click("#x-c .marks")
	w.click("#x-b .marks")
	w.want(has("#clear", "Delete 2 marked"))
	w.click("#clear")
	w.want(has("dialog", "Of 2 requests 1 pinned"))
	w.press("2")
	w.want(rows("== 6") + " && !document.querySelector('#x-c') && " + has("#clear", "Delete 1 marked"))
	w.click("#toasts button")
	w.want(rows("== 7") + " && document.querySelector('#x-c') && document.activeElement.id === 'list'")
	w.click("#x-c .marks")
	w.press("d")
	w.want(has("dialog", "Of 2 requests"))
	w.press("1")
	w.want(rows("== 5"))
	a.wantKept(t, "b", "c")

	w.click("#x-a")
	w.want(has("#detail h2", "/a"))
	w.click("[data-do=deleteOpen]")
	w.want(rows("== 4"))
	a.wantGone(t, "b", "c")
	a.wantKept(t, "a")
	w.do(chromedp.Navigate(a.base + "/status"))
	a.wantGone(t, "a")
}

func (a *api) wantKept(t *testing.T, ids ...inspect.ID) {
	t.Helper()
	for _, id := range ids {
		if _, err := a.store.Get(t.Context(), id); err != nil {
			t.Errorf("%s: %v", id, err)
		}
	}
}

// wantGone waits until exchanges are no longer kept.
func (a *api) wantGone(t *testing.T, ids ...inspect.ID) {
	t.Helper()
	for _, id := range ids {
		for end := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
			if _, err := a.store.Get(t.Context(), id); errors.Is(err, inspect.ErrNotFound) {
				break
			}
			if time.Now().After(end) {
				t.Fatalf("%s is still kept", id)
			}
		}
	}
}
