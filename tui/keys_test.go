package tui

import (
	"regexp"
	"strings"
	"testing"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/ansi"

	"github.com/adit-tunnel/adit/tui/pane"
)

var idForm = regexp.MustCompile(`^[a-z]+(-[a-z]+)*(\.[a-z0-9]+(-[a-z0-9]+)*)?$`)

// TestKeys: the table of actions can be relied on. An action has a stable id; keys are such as terminals
// send, and do one thing in a place; a footer is short. This holds for every profile.
func TestKeys(t *testing.T) {
	known := map[string]bool{}
	for _, a := range actionTable() {
		if !idForm.MatchString(a.id) {
			t.Errorf("%q is no id such as list.page-up", a.id)
		}
		if known[a.id] {
			t.Errorf("%s is there twice", a.id)
		}
		known[a.id] = true
		if a.on.String() == "" || a.run == nil {
			t.Errorf("%s works nowhere that has a name, or does nothing", a.id)
		}
		if (a.arg == "") != (a.take == nil) {
			t.Errorf("%s needs a name for what it takes", a.id)
		}
	}
	for name, profile := range profiles {
		table, wrong := Keys{Profile: name}.table()
		for _, w := range wrong {
			t.Errorf("%s: %v", name, w)
		}
		for id := range profile.instead {
			if !known[id] {
				t.Errorf("%s: there is no %s", name, id)
			}
		}
		for _, a := range table {
			for _, key := range strings.Fields(a.keys) {
				if named, err := parseKey(key); named != key || err != nil {
					t.Errorf("%s: %s has the key %s, which is %q, %v", name, a.id, key, named, err)
				}
			}
		}
	}
}

// An action has words of its own, so that no two entries of the palette are alike, and those that share a line of the help have words for both.
func TestKeysHaveWords(t *testing.T) {
	b := newBench(t, 80, 24)
	said := map[string]string{}
	for _, a := range b.m.actions {
		if with := b.m.action(a.with); a.does == "" || a.with != "" && (with == nil || with.both == "" || a.both != "") {
			t.Errorf("%s needs words of its own, and the action that it is with words for both", a.id)
		}
		if words := a.does + ", in: " + a.on.String(); said[words] == "" {
			said[words] = a.id
		} else {
			t.Errorf("%s and %s say the same: %s", said[words], a.id, words)
		}
		if pane.Width(a.line()) > 54 {
			t.Errorf("%s: %q is long: two columns of the help would not fit in 144", a.id, a.line())
		}
	}
	b.putDay()
	b.shortFooters()
	b.press(" ", "g", " ")
	b.shortFooters()
	b.send(tea.WindowSizeMsg{Width: 100, Height: 24})
	wantIn(t, ansi.Strip(b.frame()), "r replay 2   x export 2   d delete 2   q quit   ? help")
}

func (b *bench) shortFooters() {
	b.t.Helper()
	for _, p := range placeNames {
		if keys := b.m.footerKeys(p.at); len(keys) > 6 {
			b.t.Errorf("%d keys in the footer of the %s: %v", len(keys), p.name, keys)
		}
	}
}

func TestKeyNames(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"r", "r"}, {"R", "R"}, {"shift+r", "R"}, {"+", "+"}, {"-", "-"}, {"ctrl+x", "ctrl+x"}, {"Ctrl-X", "ctrl+x"}, {"CONTROL+X", "ctrl+x"}, {"alt+x", "alt+x"},
		{"alt-X", "alt+X"}, {"Meta+-", "alt+-"}, {"alt++", "alt++"}, {"F5", "f5"}, {"PageDown", "pgdown"}, {"escape", "esc"}, {" ", "space"}, {"Space", "space"},
		{"alt+space", "alt+space"}, {"shift+tab", "shift+tab"}, {"ctrl-shift-up", "ctrl+shift+up"}, {"alt+pgup", "alt+pgup"}, {"é", "é"},
	} {
		if got, err := parseKey(c.text); got != c.want || err != nil {
			t.Errorf("%q is %q, %v; want %q", c.text, got, err, c.want)
		}
	}
	for _, text := range []string{"", "xx", "ctrl+i", "ctrl+ü", "hyper+x", "f99", "ctrl+", "shift+1", "runes", "\x1b", "\u0301", "ctrl+shift+x", "\xff"} {
		if got, err := parseKey(text); err == nil {
			t.Errorf("%q is taken as %q", text, got)
		}
	}
}

// What parseKey takes is what a key that is pressed is called.
func FuzzParseKey(f *testing.F) {
	for _, text := range []string{"r", "Ctrl-X", "alt++", "shift+é", "ctrl+shift+up", " "} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		key, err := parseKey(text)
		if err != nil {
			return
		}
		if again, err := parseKey(key); again != key || err != nil {
			t.Errorf("%q is %q, which is %q, %v", text, key, again, err)
		}
	})
}

// Keys reach their actions however they come: with alt, as function keys, several at once.
func TestKeysAsTheyArrive(t *testing.T) {
	b := newBench(t, 80, 24)
	b.remap(Keys{Remap: map[string][]string{"list.oldest": {"alt+<"}, "list.up": {"f7", "k"}, "filter.drop": {"alt+q", "ctrl+g"}}})
	for n := range 4 {
		b.put(exchange(n, "GET", "/a", 200, "OK"))
	}
	b.send(tea.KeyMsg{Type: tea.KeyF7})
	b.send(keyOf("kk"))
	if b.selected() != "018f-0001" {
		t.Errorf("selected %q after f7 and kk", b.selected())
	}
	b.send(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune("<"), Alt: true})
	if b.selected() != "018f-0000" {
		t.Errorf("selected %q after alt+<", b.selected())
	}
	b.send(keyOf("/q "))
	wantIn(t, ansi.Strip(b.frame()), "/q  ")
	b.send(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune("q"), Alt: true})
	if b.m.top() != nil {
		t.Error("alt+q does not leave the line that is typed")
	}
}
