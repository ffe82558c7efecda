// Package terminal is the person's terminal, and the programs around it, for the dashboard: what is drawn on (Screen), what is typed (Keyboard), the clipboard,
// the browser, and the ways in which the terminal is lent to other programs, given up for a while (Suspension) and given back. It knows nothing of what the
// dashboard shows.
//
//	screen := terminal.New(os.Stdin, os.Stdout)
//	defer screen.Leave()
//	tea.NewProgram(model, tea.WithInput(screen.Keyboard()), tea.WithOutput(screen))
package terminal

import (
	"os"
	"strings"

	"golang.org/x/term"
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
func WantsASCII(env func(string) string) bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		locale := env(name)
		if locale == "" {
			continue
		}
		_, charset, named := strings.Cut(locale, ".")
		charset, _, _ = strings.Cut(charset, "@")
		switch charset = strings.ReplaceAll(strings.ToLower(charset), "-", ""); {
		case named:
			return charset != "utf8"
		default:
			return locale == "C" || locale == "POSIX"
		}
	}
	return false
}
