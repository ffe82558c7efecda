// Package theme holds the dashboard's styles: colours that can be read on a light or on a dark background, or else the sixteen colours of
// the person's own terminal, and a few attributes; no background of its own. New looks at the environment (NO_COLOR, CLICOLOR_FORCE, TERM,
// COLORTERM) and never talks to the terminal: who does takes its answer to GroundOf.
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

	Paper        lipgloss.Style // what a camera is to read: black on white, where there are colours
	PaperIsLight bool           // the paper is lighter than what is drawn on it

	ASCII bool // the terminal shows no other characters: frames go through the function of that name
}

// New returns the styles for a terminal with that background. Without colours (NO_COLOR, or a terminal that has none) attributes are left:
// they are no colours, and a selected row must be seen.
func New(out io.Writer, g Ground) Theme {
	r := lipgloss.NewRenderer(out)
	r.SetHasDarkBackground(background)
	switch r.ColorProfile() {
	case termenv.Ascii:
		return build(r, none, g)
	case termenv.ANSI: // the terminal has none but those sixteen
		return build(r, sixteen, g)
	case termenv.ANSI256:
		return build(r, palettes[g], g)
	}
	return build(r, truePalettes[g], g)
}

// Colourful returns the styles of a terminal with 256 colours whatever the environment says, for tests.
func Colourful(g Ground) Theme { return build(lipgloss.NewRenderer(io.Discard), palettes[g], g) }

// Colourless returns the styles with attributes only.
func Colourless() Theme { return build(lipgloss.NewRenderer(io.Discard), none, Unknown) }

// palette is what hues are called in a terminal: "0" to "15" are the person's own colours, the higher ones are the same everywhere, and those with a # any of
// 16 million.
type palette struct{ good, note, warn, bad, quiet string }

var (
	none    = palette{}
	sixteen = palette{good: "2", note: "6", warn: "3", bad: "1"}

	// Their contrast with the backgrounds that people have is at least 4.5 to 1 (WCAG AA).
	palettes = map[Ground]palette{
		Unknown: sixteen,
		Dark:    {good: "114", note: "80", warn: "221", bad: "210", quiet: "248"},
		Light:   {good: "22", note: "24", warn: "94", bad: "124", quiet: "240"},
	}
	// truePalettes have the same hues, between the few steps of those, for terminals that have all colours.
	truePalettes = map[Ground]palette{
		Unknown: sixteen,
		Dark:    {good: "#8bd49c", note: "#78d0dc", warn: "#f2cc6d", bad: "#ff8f8f", quiet: "#a6adba"},
		Light:   {good: "#1a6b1f", note: "#0b6288", warn: "#805500", bad: "#b3121f", quiet: "#555b66"},
	}
)

// build makes the styles. The palette says which colours there are, so the renderer's profile is the one that changes none; in its colourless one Lip Gloss
// drops attributes, too.
func build(r *lipgloss.Renderer, p palette, g Ground) Theme {
	r.SetHasDarkBackground(background)
	r.SetColorProfile(termenv.TrueColor)
	base := r.NewStyle().Inline(true)
	hue := func(c string) lipgloss.Style {
		if c == "" {
			return base
		}
		return base.Foreground(lipgloss.Color(c))
	}
	quiet, paper := hue(p.quiet), base
	if p.quiet == "" {
		quiet = base.Faint(true)
	}
	if p != none {
		paper = base.Foreground(lipgloss.Color("0")).Background(lipgloss.Color("15"))
	}
	return Theme{
		Plain:    base,
		Title:    base.Bold(true),
		Quiet:    quiet,
		Key:      base.Bold(true),
		Good:     hue(p.good),
		Note:     hue(p.note),
		Warn:     hue(p.warn),
		Bad:      hue(p.bad).Bold(true),
		Selected: base.Reverse(true),
		Paper:    paper, PaperIsLight: p != none || g == Light,
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
