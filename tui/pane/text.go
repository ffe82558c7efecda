package pane

import (
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// Width is how many cells s takes; escape sequences take none.
func Width(s string) int { return ansi.StringWidth(s) }

// Clip shortens s to w cells, the last one an ellipsis when something was cut.
func Clip(s string, w int) string {
	if w <= 0 {
		return ""
	}
	return ansi.Truncate(s, w, "…")
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

// Words breaks s into lines of at most w cells, between words where it can.
func Words(s string, w int) []string {
	var lines []string
	for line := range strings.SplitSeq(ansi.Wrap(s, max(w, 1), ""), "\n") {
		lines = append(lines, Break(strings.TrimRight(line, " "), w)...) // Wrap leaves spaces beyond the width
	}
	return lines
}

// Break breaks s into lines of at most w cells without losing a character.
func Break(s string, w int) []string {
	if Width(s) <= w {
		return []string{s}
	}
	return strings.Split(ansi.Hardwrap(s, max(w, 1), true), "\n")
}

func blank(n int) string {
	if n <= 0 {
		return ""
	}
	return strings.Repeat(" ", n)
}
