package tui

import (
	"strings"
	"testing"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/ansi"
)

func TestRemap(t *testing.T) {
	for _, c := range []struct {
		name  string
		keys  Keys
		wrong []string // the id, and something of what is said
	}{
		{name: "nothing", keys: Keys{}},
		{name: "several keys", keys: Keys{Remap: map[string][]string{"replay": {"f5", "Ctrl-X"}}}},
		{name: "no key", keys: Keys{Remap: map[string][]string{"replay": {}, "help": nil}}},
		{name: "in another place", keys: Keys{Remap: map[string][]string{"detail.close": {"*"}}}},
		{name: "a trade", keys: Keys{Remap: map[string][]string{"replay": {"z"}, "list.clear": {"r"}}}},
		{name: "on a profile", keys: Keys{Profile: "emacs", Remap: map[string][]string{"palette": {"f2"}}}},
		{name: "unknown", keys: Keys{Profile: "nano", Remap: map[string][]string{"replya": {"r"}, "replay": {"ctrl+i"}}},
			wrong: []string{": there is no profile \"nano\"", "replay: sends ctrl+i as tab", "replya: no such action"}},
		{name: "taken", keys: Keys{Remap: map[string][]string{"replay": {"z"}}}, wrong: []string{"replay: z is a key of list.clear (list); give that one another"}},
		{name: "given twice", keys: Keys{Remap: map[string][]string{"replay": {"f6"}, "list.mark": {"f6"}, "filter.open": {"f6"}}},
			wrong: []string{"list.mark: f6 is a key of filter.open, too", "replay: f6 is a key of filter.open, too", "replay: f6 is a key of list.mark, too"}},
		{name: "a letter in a line", keys: Keys{Remap: map[string][]string{"line.drop": {"q"}, "menu.drop": {"q"}, "list.down": {"n", "down"}}},
			wrong: []string{"line.drop: q is what one types", "menu.drop: q is what one types"}},
		{name: "no way out", keys: Keys{Remap: map[string][]string{"quit.now": {}}}, wrong: []string{"quit.now: needs a key"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			wrong := c.keys.Check()
			for i := range max(len(wrong), len(c.wrong)) {
				if i >= len(wrong) || i >= len(c.wrong) {
					t.Fatalf("%d mistakes, want %d: %v", len(wrong), len(c.wrong), wrong)
				}
				if id, text, _ := strings.Cut(c.wrong[i], ": "); id != wrong[i].ID || !strings.Contains(wrong[i].Text, text) {
					t.Errorf("%s: %s; want %s", wrong[i].ID, wrong[i].Text, c.wrong[i])
				}
			}
		})
	}
}

func TestKeyMistakeInWords(t *testing.T) {
	for _, c := range []struct {
		keys Keys
		want string
	}{
		{Keys{Profile: "nano"}, `keys: there is no profile "nano": it is default, vim or emacs`},
		{Keys{Remap: map[string][]string{"replay": {"ctrl+i"}}}, "keys: replay: a terminal sends ctrl+i as tab: write that"},
	} {
		if wrong := c.keys.Check(); len(wrong) != 1 || wrong[0].Error() != c.want {
			t.Errorf("%v, want %s", wrong, c.want)
		}
	}
}

// remap gives the model other keys.
func (b *bench) remap(k Keys) {
	b.t.Helper()
	table, wrong := k.table()
	for _, w := range wrong {
		b.t.Fatal(w)
	}
	b.m.useKeys(table)
}

// What is drawn names the keys as they are mapped.
func TestRemappedKeysAreShown(t *testing.T) {
	b := newBench(t, 80, 24)
	b.remap(Keys{Remap: map[string][]string{"replay": {"f5"}, "help": {"f4"}, "list.back": {}, "quit": {}, "filter.open": {"B"}, "quit.now": {"f10"}}})
	b.put(exchange(1, "POST", "/a", 200, "OK"))
	frame := ansi.Strip(b.frame())
	wantIn(t, frame, "f5 replay", "f4 help", "B filter", "(f10 to quit)")
	wantNotIn(t, frame, "r replay", "q quit")
	b.press("B")
	b.write("nothing-at-all")
	wantIn(t, b.frame(), ":list.back shows everything again")
	b.press("esc", "r")
	if len(b.f.replays) > 0 {
		t.Error("r still replays")
	}
	b.send(tea.KeyMsg{Type: tea.KeyF4})
	b.write("again")
	wantIn(t, ansi.Strip(b.frame()), "f5            replay")
	b.press("esc", ":")
	b.write("replay")
	wantIn(t, b.frame(), "f5")
}
