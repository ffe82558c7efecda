package tui

import (
	"os"

	"golang.org/x/term"

	"github.com/adit-tunnel/adit/tui/theme"
)

// Interactive reports whether the dashboard can be shown: in and out are terminals that can do more than print (TERM is not "dumb"), and
// this process is in their foreground. It looks and touches nothing.
func Interactive(in, out *os.File) bool {
	if in == nil || out == nil || os.Getenv("TERM") == "dumb" {
		return false
	}
	if !term.IsTerminal(int(in.Fd())) || !term.IsTerminal(int(out.Fd())) {
		return false
	}
	return Foreground(in) && Foreground(out)
}

// WantsASCII says that the locale which env tells of has another character set than UTF-8. No word about it is no reason.
func WantsASCII(env func(string) string) bool { return theme.WantsASCII(env) }
