package config

import (
	"errors"
	"strings"
	"testing"
)

// TestFilesOfPeople: in files as people have them, a new token changes its own line and none else, and an upgrade changes no meaning.
func TestFilesOfPeople(t *testing.T) {
	edited, upgraded := 0, 0
	for name, text := range filesToCheck(t) {
		if len(mistakesIn("f", []byte(text))) > 0 {
			continue
		}
		if setsOnlyToken(t, name, text) {
			edited++
		}
		after, _, err := Upgrade("f", []byte(text))
		switch {
		case err == nil:
			upgraded++
			sameMeaning(t, text, string(after))
		case !errors.Is(err, ErrCurrent) && strings.Contains(text, ":") && !strings.Contains(text, "&"):
			t.Errorf("%s: %v", name, err)
		}
	}
	if edited < 40 || upgraded < 20 {
		t.Errorf("%d files were edited and %d upgraded: too few to tell", edited, upgraded)
	}
}

func setsOnlyToken(t *testing.T, name, text string) bool {
	t.Helper()
	d, err := ParseDocument("f", []byte(text))
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return false
	}
	settings, _ := meaning(t, text)
	if err := d.SetAgent("authtoken", "hunter2"); err != nil {
		t.Logf("%s: %v", name, err) // said, and nothing done
		return false
	}
	after, _ := meaning(t, string(d.Bytes()))
	settings["authtoken"] = []string{"hunter2"}
	if len(after) != len(settings) || after["authtoken"][0] != "hunter2" {
		t.Errorf("%s: settings became %v", name, after)
	}
	gone, come := changedLines(text, string(d.Bytes()))
	// A line that had no end gets one when another comes behind it.
	if len(gone) > 1 || len(come) > 3 || strings.Count(strings.Join(come, ""), "hunter2") != 1 {
		t.Errorf("%s: %q became %q", name, gone, come)
	}
	return true
}

// changedLines are the lines between what two texts have in common at their beginnings and their ends.
func changedLines(before, after string) (gone, come []string) {
	a, b := strings.SplitAfter(before, "\n"), strings.SplitAfter(after, "\n")
	for len(a) > 0 && len(b) > 0 && a[0] == b[0] {
		a, b = a[1:], b[1:]
	}
	for len(a) > 0 && len(b) > 0 && a[len(a)-1] == b[len(b)-1] {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	return a, b
}
