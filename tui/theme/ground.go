package theme

import (
	"strconv"
	"strings"
)

// Ground is what the terminal's background is like.
type Ground uint8

// The backgrounds.
const (
	Unknown Ground = iota // the sixteen colours of the person's own terminal can be read on it, as far as anyone knows
	Dark
	Light
)

// Wanted is the background that a person names, light, dark or 16. ask says that the terminal should be asked for it: nobody has named one.
// Until it answers, what COLORFGBG says in the environment holds, which some terminals set.
func Wanted(name string, env func(string) string) (g Ground, ask bool) {
	switch name {
	case "light":
		return Light, false
	case "dark":
		return Dark, false
	case "16":
		return Unknown, false
	}
	colours := strings.Split(env("COLORFGBG"), ";") // foreground, perhaps something else, background: numbers of the sixteen
	n, err := strconv.ParseUint(colours[len(colours)-1], 10, 4)
	switch {
	case len(colours) < 2 || err != nil:
		return Unknown, true
	case n == 7 || n > 8:
		return Light, true
	}
	return Dark, true
}

// GroundOf reads a terminal's answer to the question for its background's colour: rgb:RRRR/GGGG/BBBB, each of one to four hexadecimal
// digits. Anything else is Unknown.
func GroundOf(answer string) Ground {
	parts := strings.Split(strings.TrimPrefix(answer, "rgb:"), "/")
	if !strings.HasPrefix(answer, "rgb:") || len(parts) != 3 {
		return Unknown
	}
	// What an eye takes for bright, roughly (Rec. 601).
	bright := 0.0
	for i, weight := range [3]float64{0.299, 0.587, 0.114} {
		digits := len(parts[i])
		n, err := strconv.ParseUint(parts[i], 16, 16)
		if err != nil || digits > 4 {
			return Unknown
		}
		bright += weight * float64(n) / float64(uint(1)<<(4*digits)-1)
	}
	if bright > 0.5 {
		return Light
	}
	return Dark
}
