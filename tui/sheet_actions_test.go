package tui

import (
	"slices"
	"strings"
	"testing"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/ansi"
	"github.com/google/go-cmp/cmp"
)

// TestHelp: the help lists the keys that work where it was opened, and no others; typing finds, enter does.
func TestHelp(t *testing.T) {
	for _, c := range []struct {
		name  string
		open  []string
		below where
	}{
		{"list", nil, onList},
		{"request", []string{"enter"}, onDetail},
		{"filter", []string{"/"}, onFilter},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, 100, 100)
			b.put(exchange(1, "POST", "/a", 200, "OK"))
			b.press(c.open...)
			b.send(tea.KeyMsg{Type: tea.KeyF1})
			var got, want []string
			for _, line := range strings.Split(ansi.Strip(b.frame()), "\n") {
				if text, ok := strings.CutPrefix(strings.Replace(line, "›", " ", 1), "  "); ok && strings.TrimSpace(text) != "" {
					got = append(got, strings.Join(strings.Fields(text), " "))
				}
			}
			for _, a := range b.m.actions {
				if press := b.m.shown(&a, c.below); press != "" && a.with == "" {
					want = append(want, strings.Join(strings.Fields(press+" "+a.line()), " "))
				}
			}
			slices.Sort(got)
			slices.Sort(want)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("the help (-want +got):\n%s", diff)
			}
			if key := "? show the keys that work here"; slices.Contains(got, key) == (c.below&onTyping != 0) {
				t.Errorf("? is a letter where something is typed, and a key elsewhere: %q", got)
			}
		})
	}
}

func TestHelpFindsAndDoes(t *testing.T) {
	b := newBench(t, 80, 24)
	b.put(exchange(1, "POST", "/a", 200, "OK"), exchange(2, "GET", "/b", 200, "OK"))
	b.press("?")
	b.write("OLDEST")
	wantIn(t, ansi.Strip(b.frame()), "the oldest request", "?OLDEST")
	wantNotIn(t, b.frame(), "replay")
	b.press("enter")
	if b.selected() != "018f-0001" || b.m.top() != nil {
		t.Errorf("selected %q", b.selected())
	}
	b.press("?")
	b.write("zzz")
	wantIn(t, b.frame(), "No action matches.")
	b.press("enter", "esc", "?", "?")
	if b.m.top() != nil {
		t.Error("? does not close the help that it has opened")
	}
}

// On a wide and low terminal there are two columns, on others the help scrolls with the choice.
func TestHelpColumnsAndScrolling(t *testing.T) {
	b := newBench(t, 160, 40)
	b.press("?")
	wantIn(t, b.frame(), "List", "Everywhere", "select a request", "quit, from everywhere")
	b.send(tea.WindowSizeMsg{Width: 80, Height: 16})
	wantNotIn(t, b.frame(), "quit, from everywhere")
	for range 5 {
		b.press("pgdown")
	}
	wantIn(t, b.frame(), "› ? ", "the keys that work here")
	b.press("pgup", "pgup", "pgup", "pgup", "pgup")
	wantIn(t, b.frame(), "List")
}

func TestPalette(t *testing.T) {
	b := newBench(t, 100, 24)
	b.put(exchange(1, "POST", "/a", 200, "OK"), exchange(2, "GET", "/b", 200, "OK"))
	b.press(":")
	wantIn(t, ansi.Strip(b.frame()), "Actions", ":type to find", "list.up")
	b.write("olds")
	b.press("enter")
	if b.selected() != "018f-0001" {
		t.Errorf("selected %q", b.selected())
	}
	b.press(":")
	b.write("detail.close")
	wantIn(t, b.frame(), "in: request")
	b.press("enter")
	wantIn(t, b.frame(), "detail.close works elsewhere: request")
	b.press("esc", ":")
	b.write("scr")
	b.press("down", "enter")
	if b.m.top() != nil {
		t.Error("the second one was not done")
	}
	for _, from := range []string{"esc", "enter"} { // the list, the open request
		b.press(from, ":")
		b.write("q")
		if !quits(b.send(keyOf("enter"))) {
			t.Errorf(":q does not quit after %s", from)
		}
	}
}

// What is typed behind an action goes to it; what it refuses stays.
func TestPaletteTakesTheRestOfTheLine(t *testing.T) {
	b := newBench(t, 100, 24)
	b.put(exchange(1, "POST", "/a", 200, "OK"), exchange(2, "GET", "/b", 500, "Internal Server Error"))
	b.press("enter", ":") // from the open request, too
	b.write("filter status:5")
	wantIn(t, b.frame(), "filter.open FILTER")
	b.press("enter")
	wantIn(t, ansi.Strip(b.frame()), "a status is a number", ":filter status:5")
	b.write("xx")
	wantNotIn(t, b.frame(), "a status is a number")
	b.press("enter")
	wantIn(t, b.frame(), "match status:5xx", "/b")
	wantNotIn(t, b.frame(), "/a ")
	b.press("esc", "/")
	wantIn(t, ansi.Strip(b.frame()), "/status:5xx")
}
