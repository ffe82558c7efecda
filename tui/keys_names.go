package tui

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	tea "github.com/charmbracelet/bubbletea"
)

// pressed is the name of a key in the table: Bubble Tea's, but for the space.
func pressed(k tea.KeyMsg) string {
	if name, ok := strings.CutSuffix(k.String(), " "); ok {
		return name + "space"
	}
	return k.String()
}

// isText says that a key is a character, which is text where something is typed.
func isText(key string) bool { return key == "space" || utf8.RuneCountInString(key) == 1 }

// keyNames are how keys are shown that have no name of one character.
var keyNames = map[string]string{"up": "↑", "down": "↓", "left": "←", "right": "→", "pgdown": "pgdn"}

func keyName(key string) string {
	if shown, ok := keyNames[key]; ok {
		return shown
	}
	return key
}

// How actions are called where their keys are shown.

// first is the key to show of those that do the action in a place; "" when there is none.
func (a *action) first(at where) string {
	for key := range strings.FieldsSeq(a.keys) {
		if a.at(key)&at != 0 {
			return key
		}
	}
	return ""
}

// shown is how the action's key in a place is called, together with that of its opposite; "" when there is none.
func (m *model) shown(a *action, at where) string {
	var names []string
	for i := range m.actions {
		if b := &m.actions[i]; (b.id == a.id || b.with == a.id) && b.first(at) != "" {
			names = append(names, keyName(b.first(at)))
		}
	}
	if n := len(names); n > 3 {
		return names[0] + " … " + names[n-1]
	}
	return strings.Join(names, " ")
}

// keyOf is how texts call an action: by its key, or as it is typed in the palette when it has none.
func (m *model) keyOf(id string) string {
	a := m.action(id)
	if a == nil || a.first(a.on) == "" {
		return ":" + id
	}
	return keyName(a.first(a.on))
}

// backKey is the key that goes back, or stops what is under way, in the pane that has the keyboard.
func (m *model) backKey() string {
	if m.focus == onDetail {
		return m.keyOf("detail.close")
	}
	return m.keyOf("list.back")
}

// How keys are read that a person writes.

// named are the keys of more than one character that a terminal can send, without alt.
var named = func() map[string]bool {
	names := map[string]bool{"space": true}
	for t := tea.KeyF20; t <= tea.KeyBackspace; t++ { // Bubble Tea numbers control characters as they are, and counts the others down from -1
		if name := t.String(); len(name) > 1 && t != tea.KeyRunes {
			names[name] = true
		}
	}
	return names
}()

// otherNames are what else people call keys.
var otherNames = map[string]string{
	"control": "ctrl", "option": "alt", "meta": "alt", "escape": "esc", "return": "enter", "pageup": "pgup", "pagedown": "pgdown", "pgdn": "pgdown",
	"del": "delete", "ins": "insert", "spacebar": "space",
}

// sameByte are keys that no program can tell from others.
var sameByte = map[string]string{"ctrl+i": "tab", "ctrl+m": "enter", "ctrl+[": "esc", "ctrl+?": "backspace", "ctrl+space": "ctrl+@"}

// parseKey is the table's name of a key that a person writes as r, R, ctrl+x, Ctrl-X, alt+x, F5, PageDown or space. The error says what is wrong with it.
func parseKey(text string) (string, error) {
	mods, base := modifiers(text)
	key := base
	if mods["shift"] && !mods["ctrl"] && isText(base) && unicode.IsLetter([]rune(base)[0]) {
		key, mods["shift"] = strings.ToUpper(base), false
	}
	for _, mod := range []string{"shift", "ctrl"} { // the order of ctrl+shift+up
		if mods[mod] {
			key = mod + "+" + strings.ToLower(key)
		}
	}
	if same := sameByte[key]; same != "" {
		return "", fmt.Errorf("a terminal sends %s as %s: write that", key, same)
	}
	if r, n := utf8.DecodeRuneInString(key); !named[key] && (n != len(key) || r == utf8.RuneError || !unicode.IsPrint(r) || unicode.IsMark(r)) {
		return "", fmt.Errorf("%q is no key that a terminal sends; keys are written r, R, ctrl+x, alt+x, f5, pgdown, space", text)
	}
	if mods["alt"] {
		key = "alt+" + key
	}
	return key, nil
}

// modifiers parts ctrl, alt and shift, in whichever spelling, from the key they are held with.
func modifiers(text string) (mods map[string]bool, base string) {
	mods, base = map[string]bool{}, text
	for {
		at := strings.IndexAny(base, "+-")
		if at < 1 || at == len(base)-1 {
			break
		}
		mod := usualName(base[:at])
		if mod != "ctrl" && mod != "alt" && mod != "shift" {
			break
		}
		mods[mod], base = true, base[at+1:]
	}
	if base == " " {
		return mods, "space"
	}
	if utf8.RuneCountInString(base) == 1 {
		return mods, base
	}
	return mods, usualName(base)
}

func usualName(word string) string {
	word = strings.ToLower(word)
	if usual, ok := otherNames[word]; ok {
		return usual
	}
	return word
}
