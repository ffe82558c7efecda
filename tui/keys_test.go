package tui

import (
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

// places are all that can have the keyboard, by name.
var places = map[string]where{
	"list": onList, "detail": onDetail, "help": onHelp, "filter": onFilter, "line": onLine, "menu": onMenu,
}

var idForm = regexp.MustCompile(`^[a-z]+(-[a-z]+)*(\.[a-z]+(-[a-z]+)*)?$`)

// TestKeys: the table of actions can be relied on. An action has a stable id, and words of its own or those of another one's; a key does one thing in a
// place, where what is typed is no key.
func TestKeys(t *testing.T) {
	table := actionTable()
	known := map[string]bool{}
	for _, a := range table {
		if !idForm.MatchString(a.id) {
			t.Errorf("%q is no id such as list.page-up", a.id)
		}
		if known[a.id] {
			t.Errorf("%s is there twice", a.id)
		}
		known[a.id] = true
		if a.on == 0 || a.run == nil {
			t.Errorf("%s works nowhere, or does nothing", a.id)
		}
	}
	for _, a := range table {
		if (a.does == "") == (a.with == "") {
			t.Errorf("%s needs either words for the help or the action that has them", a.id)
		}
		if a.with != "" && !known[a.with] {
			t.Errorf("%s goes with %s, which is no action", a.id, a.with)
		}
		if len(a.does) > 64 {
			t.Errorf("%s: %q does not fit beside the key in 80 columns", a.id, a.does)
		}
	}
	for name, at := range places {
		does := map[string]string{}
		for _, a := range table {
			for _, key := range strings.Fields(a.keys) {
				if a.on&at == 0 || at&(onFilter|onLine) != 0 && utf8.RuneCountInString(key) == 1 {
					continue
				}
				if does[key] != "" {
					t.Errorf("in the %s, %s is the key of %s and of %s", name, key, does[key], a.id)
				}
				does[key] = a.id
			}
		}
	}
}
