// Package written holds the docs to the program, for tests: parts of some pages are written from tables of the program, between two marks.
//
//	<!-- NAME: written by COMMAND -->
//	…
//	<!-- end of NAME -->
package written

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Part checks that the part called name of the file at path is want, and tells the command by which it is written when it is not; with update it writes it,
// to be read before it is kept.
func Part(t testing.TB, path, name, want string, update bool) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	mark, end := "<!-- "+name+": written by ", "<!-- end of "+name+" -->"
	before, rest, begun := strings.Cut(string(data), mark)
	command, rest, closed := strings.Cut(rest, " -->\n")
	have, after, ended := strings.Cut(rest, end)
	switch {
	case !begun || !closed || !ended:
		t.Fatalf("%s: the marks around %s are missing", path, name)
	case update:
		if err := os.WriteFile(path, []byte(before+mark+command+" -->\n"+want+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
	case have != want:
		t.Errorf("%s: %s are not up to date: %s; file -, program +:\n%s", path, name, command, cmp.Diff(have, want))
	}
}
