package tui

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/ansi"

	"github.com/adit-tunnel/adit/inspect"
)

// point does something with the mouse where a text begins on the screen.
func (b *bench) point(button tea.MouseButton, text string) {
	b.t.Helper()
	for y, line := range strings.Split(b.text(), "\n") {
		if before, _, ok := strings.Cut(line, text); ok {
			b.run(b.send(tea.MouseMsg{X: ansi.StringWidth(before), Y: y, Button: button, Action: tea.MouseActionPress}))
			b.fill()
			return
		}
	}
	b.t.Fatalf("%q is not on the screen:\n%s", text, b.text())
}

func TestMouse(t *testing.T) {
	b := newBench(t, 110, 40)
	var xs []*inspect.Exchange
	for n := range 40 {
		xs = append(xs, exchange(n, "GET", fmt.Sprintf("/nr/%02d", n), 200, "OK"))
	}
	xs[38].Request.Body = []byte(strings.Repeat("a line\n", 100))
	xs[38].Request.Size, xs[38].Request.Kept = 700, 700
	b.put(xs...)

	b.point(tea.MouseButtonLeft, "/nr/38")
	if b.selected() != xs[38].ID {
		t.Errorf("a click selected %q", b.selected())
	}
	b.point(tea.MouseButtonWheelUp, "/nr/38")
	if b.selected() != xs[38-wheelLines].ID {
		t.Errorf("the wheel went to %q", b.selected())
	}
	b.put(exchange(50, "GET", "/later", 200, "OK"))
	for range 10 {
		b.point(tea.MouseButtonWheelUp, "GET")
	}
	b.put(exchange(51, "GET", "/last", 200, "OK"))
	wantNotIn(t, b.text(), "/last")
	b.point(tea.MouseButtonLeft, "↓ 2 new")
	wantIn(t, b.text(), "/last")

	b.point(tea.MouseButtonLeft, "http://9a1b")
	wantIn(t, b.text(), "copied the URL")
	if want := online().Endpoints[0].URL; b.f.pasted != want {
		t.Errorf("copied %q, want %q", b.f.pasted, want)
	}

	b.point(tea.MouseButtonLeft, "/nr/38")
	b.press("enter", "tab")
	b.point(tea.MouseButtonWheelDown, "203.0.113.9")
	if b.m.detail.top != wheelLines || b.selected() != xs[38].ID {
		t.Errorf("the wheel scrolled the detail to %d, and selected %q", b.m.detail.top, b.selected())
	}
	b.point(tea.MouseButtonLeft, "2 request")
	wantIn(t, b.text(), "Content-Type")
	if b.m.focus != onDetail {
		t.Error("a click did not give the detail the keyboard")
	}
	b.press("?")
	b.send(tea.MouseMsg{X: 1, Y: 1, Button: tea.MouseButtonLeft, Action: tea.MouseActionPress})
	chosen := func() int { return strings.Count(strings.Split(b.text(), "›")[0], "\n") }
	before := chosen()
	b.send(tea.MouseMsg{X: 1, Y: 1, Button: tea.MouseButtonWheelDown, Action: tea.MouseActionPress})
	if after := chosen(); b.m.top() == nil || after != before+wheelLines {
		t.Errorf("in the help, the wheel went from line %d to %d", before, after)
	}
}

// The mouse goes to the terminal and back, and the footer says so while it is there.
func TestMouseIsReleased(t *testing.T) {
	b := newBench(t, 80, 24)
	b.m.mouse.taken = true
	same := func(cmd tea.Cmd, want func() tea.Msg) {
		t.Helper()
		if got := cmd(); reflect.TypeOf(got) != reflect.TypeOf(want()) {
			t.Errorf("%T, want %T", got, want())
		}
	}
	same(b.send(tea.KeyMsg{Type: tea.KeyCtrlT}), tea.DisableMouse)
	wantIn(t, b.text(), "mouse off (ctrl+t)")
	same(b.send(tea.KeyMsg{Type: tea.KeyCtrlT}), tea.EnableMouseCellMotion)
	wantNotIn(t, b.text(), "mouse off")
}

// Inline the dashboard leaves some of the terminal's lines as they are.
func TestInlineHeight(t *testing.T) {
	b := newBench(t, 80, 24)
	b.m.inline = true
	for terminal, want := range map[int]int{60: 40, 24: 16, 14: 12, 12: 11, 5: 4, 1: 0} {
		b.send(tea.WindowSizeMsg{Width: 80, Height: terminal})
		if b.m.height != want {
			t.Errorf("%d lines of %d, want %d", b.m.height, terminal, want)
		}
	}
}
