package pane

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
)

// Width is how many cells s takes at most; escape sequences take none. Terminals disagree about some characters (emoji with a skin tone, the
// vowel signs of Indic scripts): some count what a reader sees as one, others each code point. What fits by both fits everywhere.
func Width(s string) int {
	if plain(s) {
		return len(s)
	}
	return max(ansi.StringWidth(s), ansi.StringWidthWc(s))
}

// plain says that s is printable ASCII: most of what is drawn is.
func plain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// Clip shortens s to w cells, the last one an ellipsis when something was cut.
func Clip(s string, w int) string { return cut(s, w, "…") }

// Cut shortens s to w cells and says nothing about it.
func Cut(s string, w int) string { return cut(s, w, "") }

// cut ends s with tail, which is one cell or none, where something is cut.
func cut(s string, w int, tail string) string {
	switch {
	case w <= 0:
		return ""
	case Width(s) <= w:
		return s
	}
	for n := w; n > 0; n-- { // what is cut by one count may still be too wide by the other
		if cut := ansi.TruncateWc(ansi.Truncate(s, n, tail), n, tail); Width(cut) <= w {
			return cut
		}
	}
	return tail // bytes that are no characters are counted differently when they are cut
}

// undisputed writes the characters of s that terminals disagree about as escapes, so that it takes the same cells everywhere and what stands
// beside it stays in its column.
func undisputed(s string) string {
	if plain(s) {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		cluster, width := ansi.FirstGraphemeCluster(s, ansi.GraphemeWidth)
		s = s[len(cluster):]
		if width == ansi.StringWidthWc(cluster) {
			b.WriteString(cluster)
			continue
		}
		if _, n := utf8.DecodeRuneInString(cluster); ansi.StringWidth(cluster[:n]) == ansi.StringWidthWc(cluster[:n]) {
			b.WriteString(cluster[:n])
			cluster = cluster[n:]
		}
		quoted := strconv.QuoteToASCII(cluster)
		b.WriteString(quoted[1 : len(quoted)-1])
	}
	return b.String()
}

// Pad makes s exactly w cells wide, text at the left.
func Pad(s string, w int) string {
	s = Clip(s, w)
	return s + blank(w-Width(s))
}

// PadLeft makes s exactly w cells wide, text at the right.
func PadLeft(s string, w int) string {
	s = Clip(s, w)
	return blank(w-Width(s)) + s
}

// Ends puts left and right at the ends of a line of w cells. Left gives way first.
func Ends(left, right string, w int) string {
	right = Clip(right, w)
	room := w - Width(right)
	if right != "" && room > 0 {
		room--
	}
	left = Clip(left, room)
	if right == "" {
		return left
	}
	return left + blank(w-Width(left)-Width(right)) + right
}

// Words breaks s into lines of at most w cells, at spaces where it can: an option like --relay-pin stays whole.
func Words(s string, w int) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsFuncSeq(s, func(r rune) bool { return r == ' ' }) {
		if line != "" && Width(line)+1+Width(word) <= w {
			line += " " + word
			continue
		}
		if line != "" {
			lines = append(lines, line)
		}
		parts := Break(word, w)
		lines = append(lines, parts[:len(parts)-1]...)
		line = parts[len(parts)-1]
	}
	return append(lines, line)
}

// Break breaks s, which has no escape sequences, into lines of at most w cells (two, where one character needs them) without losing any.
func Break(s string, w int) []string {
	if Width(s) <= w {
		return []string{s}
	}
	var lines []string
	begin, used := 0, 0
	for at := 0; at < len(s); {
		part := cell(s[at:], w)
		n := Width(part)
		if used > 0 && used+n > w {
			lines = append(lines, s[begin:at])
			begin, used = at, 0
		}
		at += len(part)
		used += n
	}
	return append(lines, s[begin:])
}

// clusterLimit bounds, in bytes, what is kept together as one character: some scripts join any number of letters into one.
const clusterLimit = 64

// cell is what s begins with and a line of w cells should not be broken within: what a reader sees as one character, unless it is wider than
// the line.
func cell(s string, w int) string {
	if len(s) == 1 || s[0] < utf8.RuneSelf && s[1] < utf8.RuneSelf {
		return s[:1]
	}
	end := min(len(s), clusterLimit)
	for end < len(s) && !utf8.RuneStart(s[end]) {
		end--
	}
	cluster, _ := ansi.FirstGraphemeCluster(s[:end], ansi.GraphemeWidth)
	if Width(cluster) <= w {
		return cluster
	}
	_, n := utf8.DecodeRuneInString(cluster)
	return s[:n]
}

func blank(n int) string {
	if n <= 0 {
		return ""
	}
	return strings.Repeat(" ", n)
}

// words draws prose in one style.
func (l Look) words(text string, render func(...string) string) []string {
	var lines []string
	for _, part := range Words(text, l.Width) {
		lines = append(lines, render(part))
	}
	return lines
}
