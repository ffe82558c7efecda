package tui

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/tui/theme"
)

// State is never told by colour alone: with all styles taken off the screen but reverse video, which every terminal has, each pair of states still
// looks otherwise. What differs is nothing but the state.
func TestStateIsTextToo(t *testing.T) {
	alike := func(b *bench, change func(x *inspect.Exchange)) {
		x := exchange(2, "POST", "/hook", 502, "Bad Gateway")
		change(x)
		b.put(exchange(1, "POST", "/hook", 200, "OK"), x, exchange(3, "POST", "/hook", 200, "OK"))
	}
	same := func(*inspect.Exchange) {}
	signed := func(state inspect.SignatureState) func(*bench) {
		return func(b *bench) {
			b.f.verdict = inspect.Verdict{Provider: "github", State: state, Text: "a word about it"}
			b.put(hook(1))
			b.press("enter")
		}
	}
	status := func(change func(*inspect.Status)) func(*bench) {
		return func(b *bench) {
			st := online()
			change(&st)
			b.f.set(st)
			b.sync()
		}
	}
	keys := func(keys ...string) func(*bench) {
		return func(b *bench) {
			alike(b, same)
			b.press(keys...)
		}
	}
	for _, c := range []struct {
		name string
		a, b func(*bench)
	}{
		{"selected", keys("up", "up"), keys("up", "up", "up")},
		{"marked", keys("up", "up"), func(b *bench) { keys("up", "up")(b); b.m.markSelected(); b.m.rows.move(-1) }},
		{"marked and not selected", keys("g", " ", "G", " ", "up"), keys("g", " ", "down", " ")},
		{"failed", func(b *bench) { alike(b, same) }, func(b *bench) { alike(b, func(x *inspect.Exchange) { *x = *failed(2, "POST", "/hook") }) }},
		{"live", func(b *bench) { alike(b, same) }, func(b *bench) { alike(b, func(x *inspect.Exchange) { x.State = inspect.Open }) }},
		{"on the disk", func(b *bench) { alike(b, same); b.now = b.now.Add(time.Minute); b.sync() }, func(b *bench) {
			b.onFullDisk()
			alike(b, same)
			b.now = b.now.Add(time.Minute)
			b.sync()
		}},
		{"a replay", func(b *bench) { alike(b, same) }, func(b *bench) { alike(b, func(x *inspect.Exchange) { x.ReplayOf = "018f-0001" }) }},
		{"valid or wrong", signed(inspect.Valid), signed(inspect.Wrong)},
		{"valid or stale", signed(inspect.Valid), signed(inspect.Stale)},
		{"stale or wrong", signed(inspect.Stale), signed(inspect.Wrong)},
		{"no secret or not checked", signed(inspect.NoSecret), signed(inspect.Unchecked)},
		{"focus", keys("enter"), keys("enter", "tab")},
		{"the open tab", keys("enter", "6"), func(b *bench) { keys("enter", "6")(b); b.m.detail.tab++ }},
		{"the line under the cursor", keys("enter", "2"), keys("enter", "2", "j")},
		{"what was found", keys("enter", "2", "G"), keys("enter", "2", "/", "event", "enter", "G")},
		{"the chosen line of a menu", keys("o"), keys("o", "down")},
		{"the chosen line of the help", keys("?"), keys("?", "down")},
		{"the chosen outcome", keys("*", "r"), keys("*", "r", "down")},
		{"the field that is typed in", keys("R", "tab", "tab", "tab"), keys("R", "tab", "tab", "tab", "tab", "tab")},
		{"a switch", keys("R", "tab", "tab", "tab"), keys("R", "tab", "tab", "tab", " ")},
		{"online", status(func(*inspect.Status) {}), status(func(st *inspect.Status) { st.State = inspect.Stopped })},
		{"the local service", status(func(*inspect.Status) {}), status(func(st *inspect.Status) {
			st.Endpoints[0].Health = inspect.Health{State: inspect.HealthDown, Since: start.Add(-time.Minute)}
		})},
		{"the view that is shown", onView(""), onView("path:/hook")},
	} {
		t.Run(c.name, func(t *testing.T) {
			var text [2]string
			for i, play := range []func(*bench){c.a, c.b} {
				b := newBench(t, 120, 40)
				b.m.look.Theme = theme.Colourful(theme.Dark)
				play(b)
				text[i] = withoutColours(b.frame())
			}
			if text[0] == text[1] {
				t.Errorf("without colours both are alike:\n%s", text[0])
			}
		})
	}
}

// onView shows everything, or the view of that filter.
func onView(filter string) func(*bench) {
	return func(b *bench) {
		b.keeping(inspect.View{Name: "hooks", Filter: "path:/hook"})
		b.m.prompt.filter, _ = inspect.ParseFilter(filter)
	}
}

// withoutColours is a frame in which only reverse video is left of its styles, in brackets.
func withoutColours(frame string) string {
	reversed := false
	return styles.ReplaceAllStringFunc(frame, func(style string) string {
		was := reversed
		params := strings.Split(style[2:len(style)-1], ";")
		switch reversed = slices.Contains(params, "7") || was && params[0] != "0" && params[0] != ""; {
		case reversed && !was:
			return "⟦"
		case was && !reversed:
			return "⟧"
		}
		return ""
	})
}
