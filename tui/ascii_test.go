package tui

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
)

// With ASCII alone, every scene is drawn cell by cell as it is with all signs, and none of ours ends as a question mark.
func TestASCIIScenes(t *testing.T) {
	for _, s := range scenes {
		t.Run(s.name, func(t *testing.T) {
			b := newBench(t, 120, 40)
			s.play(b)
			whole := strings.Split(b.frame(), "\n")
			b.m.look.ASCII = true
			for i, line := range strings.Split(b.frame(), "\n") {
				if j := strings.IndexFunc(line, func(r rune) bool { return r >= utf8.RuneSelf }); j >= 0 {
					t.Errorf("line %d has more than ASCII: %q", i, line)
				}
				if want := ansi.StringWidth(whole[i]); ansi.StringWidth(line) != want && s.name != "qr" { // its modules are larger
					t.Errorf("line %d is %d cells wide, want %d: %q", i, ansi.StringWidth(line), want, line)
				}
				hostile := strings.HasPrefix(s.name, "hostile") || s.name == "log" || s.name == "pasted"
				if asked := strings.Count(line, "?") - strings.Count(whole[i], "?"); asked > 0 && !hostile {
					t.Errorf("a sign of ours is not in theme's table: %q", whole[i])
				}
			}
		})
	}
}
