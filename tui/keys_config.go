package tui

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Keys is which keys do what, as far as that is not what the table of actions says. The zero value changes nothing.
type Keys struct {
	// Profile is a set of keys to begin with: "default" (or ""), "vim" or "emacs".
	Profile string
	// Remap gives actions, by their ids, other keys instead of those that they have; without any the palette alone reaches the action. Keys are named
	// r, R, ctrl+x, alt+x, f5, pgdown, space; docs/keys.md has the ids.
	Remap map[string][]string
}

// KeyMistake is something in Keys that cannot be.
type KeyMistake struct {
	ID   string // the action, or what stands in its place; "" for the profile
	Text string // what is wrong, and what to do
}

// Error implements error.
func (e *KeyMistake) Error() string {
	if e.ID == "" {
		return "keys: " + e.Text
	}
	return "keys: " + e.ID + ": " + e.Text
}

// Check returns all that is wrong with k.
func (k Keys) Check() []*KeyMistake {
	_, wrong := k.table()
	return wrong
}

// ActionIDs are the names that Keys.Remap may have.
func ActionIDs() (ids []string) {
	for _, a := range actionTable() {
		ids = append(ids, a.id)
	}
	return ids
}

// table is the table of actions with the keys that k gives them.
func (k Keys) table() ([]action, []*KeyMistake) {
	var wrong []*KeyMistake
	say := func(id, format string, a ...any) { wrong = append(wrong, &KeyMistake{id, fmt.Sprintf(format, a...)}) }
	table := actionTable()
	profile, ok := profiles[cmp.Or(k.Profile, "default")]
	if !ok {
		say("", "there is no profile %q: it is default, vim or emacs", k.Profile)
	}
	for i := range table {
		table[i].keys = profile.keysOf(&table[i])
	}
	for _, id := range slices.Sorted(maps.Keys(k.Remap)) {
		i := slices.IndexFunc(table, func(a action) bool { return a.id == id })
		if i < 0 {
			say(id, "there is no such action; docs/keys.md has their names")
			continue
		}
		for _, text := range table[i].remap(k.Remap[id]) {
			say(id, "%s", text)
		}
	}
	for _, c := range conflicts(table) {
		c.tell(k.Remap, say)
	}
	return table, wrong
}

// remap gives the action other keys, and says what is wrong with them.
func (a *action) remap(to []string) (wrong []string) {
	var keys []string
	for _, text := range to {
		key, err := parseKey(text)
		switch {
		case text == "": // as good as none
		case err != nil:
			wrong = append(wrong, err.Error())
		case isText(key) && a.on&^(onTyping|onMenu) == 0:
			wrong = append(wrong, fmt.Sprintf("%s is what one types there; give it a key such as ctrl+x or f5", key))
		case !slices.Contains(keys, key):
			keys = append(keys, key)
		}
	}
	if a.id == "quit.now" && len(keys) == 0 && len(wrong) == 0 {
		wrong = append(wrong, "needs a key: without one there is no way out of what hangs")
	}
	a.keys = strings.Join(keys, " ")
	return wrong
}

// conflict is a key that two actions have in one place.
type conflict struct {
	key  string
	a, b *action
}

// conflicts finds them, each pair of actions once a key.
func conflicts(table []action) (out []conflict) {
	having := map[string][]*action{}
	for i := range table {
		a := &table[i]
		for key := range strings.FieldsSeq(a.keys) {
			for _, b := range having[key] {
				if b.at(key)&a.at(key) != 0 {
					out = append(out, conflict{key, b, a})
				}
			}
			having[key] = append(having[key], a)
		}
	}
	return out
}

// tell says what is wrong at the action that the person has given the key: the other one has kept its own.
func (c conflict) tell(remapped map[string][]string, say func(id, format string, a ...any)) {
	a, b := c.a, c.b
	if _, ok := remapped[b.id]; !ok {
		a, b = b, a
	}
	where := (a.at(c.key) & b.at(c.key)).String()
	if _, ok := remapped[a.id]; ok {
		say(b.id, "%s is a key of %s, too (%s)", c.key, a.id, where)
		return
	}
	say(b.id, "%s is a key of %s (%s); give that one another key as well", c.key, a.id, where)
}
