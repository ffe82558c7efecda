// Package theme holds the dashboard's styles: the sixteen colours of the person's own terminal and a few attributes, no background, no
// guess about light or dark. New looks at the environment (NO_COLOR, TERM, COLORTERM) and never talks to the terminal.
//
// The package also settles a question that Bubble Tea v1 asks when it is imported (its tea_init.go): is the background dark? Lip Gloss
// finds out by writing to the terminal and waiting up to five seconds for an answer, in every command of the program, screen or not. Here
// the answer is given before the question: Go initialises packages in the order of their import paths as soon as what they import is
// ready, so this package, which imports nothing that Bubble Tea does not import too, comes first. Keep its imports so.
package theme

import (
	"io"

	"github.com/charmbracelet/lipgloss"
	"github.com/muesli/termenv"
)

// background is Lip Gloss's answer, given in a package variable so that it is there before Bubble Tea asks. Nothing drawn depends on it.
var background = settleBackground(true)

func settleBackground(dark bool) bool {
	lipgloss.SetHasDarkBackground(dark)
	return dark
}

// Theme is the set of styles. A style is named by what it says, not by its colour.
type Theme struct {
	Plain    lipgloss.Style
	Title    lipgloss.Style // the program's name, headings
	Quiet    lipgloss.Style // what is there when one looks for it
	Key      lipgloss.Style // a key to press
	Good     lipgloss.Style // online, 2xx
	Note     lipgloss.Style // 3xx, marks, hints
	Warn     lipgloss.Style // 4xx, connecting
	Bad      lipgloss.Style // 5xx, failures; seen without colours too
	Selected lipgloss.Style // the row the keys act on

	ASCII bool // the terminal shows no other characters: frames go through the function of that name
}

// New returns the styles for a terminal. Without colours (NO_COLOR, or a terminal that has none) attributes are left: they are no colours,
// and a selected row must be seen.
func New(out io.Writer) Theme {
	r := lipgloss.NewRenderer(out)
	r.SetHasDarkBackground(background)
	colour := r.ColorProfile() != termenv.Ascii
	return build(r, colour)
}

// Colourful returns the styles with colours whatever the environment says, for pictures and tests.
func Colourful() Theme {
	r := lipgloss.NewRenderer(io.Discard)
	r.SetHasDarkBackground(background)
	return build(r, true)
}

// Colourless returns the styles with attributes only.
func Colourless() Theme {
	r := lipgloss.NewRenderer(io.Discard)
	r.SetHasDarkBackground(background)
	return build(r, false)
}

// build makes the styles. The profile is always the sixteen colours: they are the ones a person has chosen for the terminal, and Lip Gloss
// drops attributes together with colours in its colourless profile.
func build(r *lipgloss.Renderer, colour bool) Theme {
	r.SetColorProfile(termenv.ANSI)
	base := r.NewStyle().Inline(true)
	hue := func(c string) lipgloss.Style {
		if !colour {
			return base
		}
		return base.Foreground(lipgloss.Color(c))
	}
	return Theme{
		Plain:    base,
		Title:    base.Bold(true),
		Quiet:    base.Faint(true),
		Key:      base.Bold(true),
		Good:     hue("2"),
		Note:     hue("6"),
		Warn:     hue("3"),
		Bad:      hue("1").Bold(true),
		Selected: base.Reverse(true),
	}
}

// Status returns the style of an HTTP status code; 0 is no code.
func (t Theme) Status(code int) lipgloss.Style {
	switch {
	case code >= 500:
		return t.Bad
	case code >= 400:
		return t.Warn
	case code >= 300, code >= 100 && code < 200:
		return t.Note
	case code >= 200:
		return t.Good
	}
	return t.Quiet
}
