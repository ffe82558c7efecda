package web

import (
	"context"
	"fmt"
	"testing"
)

// marksRange: a range follows what is chosen until it ends, and leaves alone what was marked before.
func marksRange(t *testing.T, b context.Context) {
	a := servePage(t)
	for i := range 8 {
		a.keepJSON(fmt.Sprintf("n%d", i), "GET", fmt.Sprintf("/n%d", i), 200)
	}
	w := show(t, b, a.base, "light", wide)
	marked := func(ids string) string {
		return "[...document.querySelectorAll('#rows .marked')].map(r => r.dataset.id).join(' ') === '" + ids + "'"
	}
	w.want(rows("== 8"))
	w.click("#x-n0 .marks")
	w.click("#x-n6")
	w.want(has("#detail h2", "/n6"))
	w.press("v")
	w.want(marked("n6 n0") + " && " + has("#toasts", "marking a range"))
	w.press("jj")
	w.want(marked("n6 n5 n4 n0"))
	a.keepJSON("n8", "GET", "/n8", 200)
	w.want(rows("== 9"))
	w.press("k")
	w.want(marked("n6 n5 n0"))
	w.press("kk")
	w.want(marked("n7 n6 n0"))
	w.press("v")
	w.press("k")
	w.want(has("#detail h2", "/n8") + " && " + marked("n7 n6 n0"))

	js[any](w, `document.getElementById("x-n5").dispatchEvent(new MouseEvent("click", {bubbles: true, cancelable: true, shiftKey: true}))`)
	w.want(marked("n8 n7 n6 n5 n0"))
	w.press("v")
	w.press("*")
	w.press("*")
	w.want(marked(""))
	w.press("v")
	w.press("j")
	w.want(marked("n8 n7"))
	w.press("d") // a range ends with what acts on it
	w.want(rows("== 7") + " && " + marked(""))
	w.press("j")
	w.want(marked(""))
}
