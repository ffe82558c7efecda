package view

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// marksInARow is how many combining marks may follow each other. Scripts need three or four; a hundred of them paint over the lines around.
const marksInARow = 4

// Sanitize makes s safe to show on one line: whatever a terminal would act on, and whatever is invisible or turns the reading direction, is
// written as a visible escape: \n, \x1b, \u202e. That is all control characters (C0, DEL, C1), bytes that are not UTF-8, format characters
// (bidirectional controls, zero-width and joining characters, tags), line and paragraph separators, private and unassigned characters, blank
// fillers, and combining marks that pile up. A backslash stays one backslash, so the result is for reading and cannot be turned back.
func Sanitize(s string) string {
	n := cleanPrefix(s)
	if n == len(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s) + 16)
	b.WriteString(s[:n])
	return appendSafe(&b, s[n:], 0, 0)
}

// SanitizeTyped is Sanitize for text that is being typed, as an editor draws it: what shows nothing or turns the reading direction becomes U+FFFD, one for one,
// so that the cursor is where it was. Controls stay, since the editor's own are among them: it must not have taken any.
func SanitizeTyped(s string) string {
	marks := 0
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsControl(r), visible(r):
			marks = 0
			return r
		case unicode.Is(unicode.M, r) && marks < marksInARow:
			marks++
			return r
		}
		return utf8.RuneError
	}, s)
}

// cleanPrefix is the length of the printable ASCII that s begins with: mostly all of it.
func cleanPrefix(s string) int {
	for i := range len(s) {
		if s[i] < 0x20 || s[i] >= 0x7f {
			return i
		}
	}
	return len(s)
}

// appendSafe writes s to b and returns all of b. tab, when above 0, is the distance of tab stops: tabs become spaces; column is where s begins.
func appendSafe(b *strings.Builder, s string, tab, column int) string {
	// What was written before may have ended in a letter: a first mark belongs to it. At the very beginning there is nothing to mark.
	marks := 0
	if b.Len() == 0 {
		marks = marksInARow
	}
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == '\t' && tab > 0:
			n := tab - column%tab
			b.WriteString(strings.Repeat(" ", n))
			column += n - 1
			marks = 0
		case unicode.Is(unicode.M, r) && marks < marksInARow:
			marks++
			b.WriteString(s[i : i+size])
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(b, `\x%02x`, s[i])
			marks = marksInARow
		case visible(r):
			b.WriteString(s[i : i+size])
			marks = 0
		default:
			writeEscape(b, r)
			marks = marksInARow
		}
		i += size
		column++
	}
	return b.String()
}

// visible says that r shows something, in one or two cells, and does nothing else.
func visible(r rune) bool {
	switch {
	case r < 0x7f:
		return r >= 0x20
	case blankLetter(r):
		return false
	}
	// Letters, numbers, punctuation, symbols and spaces: neither controls (Cc), format characters (Cf), separators of lines (Zl, Zp) nor
	// what is private or unassigned, whose width nobody knows.
	return unicode.IsGraphic(r) && !unicode.Is(unicode.M, r)
}

// blankLetter says that r is a letter or symbol that shows nothing.
func blankLetter(r rune) bool {
	switch r {
	case 0x115f, 0x1160, 0x3164, 0xffa0: // Hangul fillers
		return true
	case 0x2800: // Braille pattern blank
		return true
	}
	return false
}

// writeEscape writes r as Go would in a string literal.
func writeEscape(b *strings.Builder, r rune) {
	switch {
	case r == '\n':
		b.WriteString(`\n`)
	case r == '\r':
		b.WriteString(`\r`)
	case r == '\t':
		b.WriteString(`\t`)
	case r < 0x80:
		fmt.Fprintf(b, `\x%02x`, r)
	case r <= 0xffff:
		fmt.Fprintf(b, `\u%04x`, r)
	default:
		fmt.Fprintf(b, `\U%08x`, r)
	}
}
