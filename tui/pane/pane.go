// Package pane draws the parts of the dashboard: each function takes plain values and a width in cells and returns lines, none wider. It
// holds no state, reads no clock and does no I/O, so that a frame is a value that tests can compare. What comes from captured data or from
// the relay goes through inspect/view's Sanitize before it is drawn.
package pane

import (
	"slices"
	"strings"
	"time"

	"github.com/adit-tunnel/adit/tui/theme"
)

// Look is what all panes need to draw: the styles, the time zone of the clock column, and the width in cells.
type Look struct {
	theme.Theme
	Zone  *time.Location
	Width int
	Quit  string // the key that ends adit, for the name; "" is Ctrl+C
}

// Line is a line of the dashboard's head with the rank that says how long it stays when the terminal is low.
type Line struct {
	Text string
	Rank Rank
}

// Rank orders what gives way first when there are not enough lines: the lowest goes first.
type Rank int

// The ranks, first to go first. Blank lines go one by one from the bottom, addresses are cut at the bottom, all others go as a whole.
const (
	RankAlias Rank = iota
	RankBlank
	RankVersion
	RankRegion
	RankAccount
	RankLatency
	RankRequests
	RankWeb
	RankTurned
	RankSlept
	RankAdvice
	RankConnections
	RankRule // of the list: the names of its columns
	RankViews
	RankTitle
	RankName
	RankState
	RankForwarding
)

// Fit takes lines away, lowest rank first, until at most room are left.
func Fit(lines []Line, room int) []Line {
	lines = slices.Clone(lines)
	for len(lines) > max(room, 0) {
		low := slices.MinFunc(lines, func(a, b Line) int { return int(a.Rank - b.Rank) }).Rank
		switch low {
		case RankBlank:
			i := len(lines) - 1
			for lines[i].Rank != RankBlank {
				i--
			}
			lines = slices.Delete(lines, i, i+1)
		case RankForwarding:
			lines = lines[:max(room, 0)]
		default:
			lines = slices.DeleteFunc(lines, func(l Line) bool { return l.Rank == low })
		}
	}
	return lines
}

// Rule draws what stands between two panes.
func (l Look) Rule(s string) string { return l.Quiet.Render(s) }

// Heading draws the first line of a sheet that leaves the panes above it in sight.
func (l Look) Heading(title string) string {
	title = Clip(title, max(l.Width-4, 0))
	return Clip(l.Quiet.Render("── ")+l.Title.Render(title)+l.Quiet.Render(" "+strings.Repeat("─", max(l.Width-Width(title)-4, 0))), l.Width)
}

// Beside puts the lines of a pane of w cells at the left of those of another, with a rule between. There are as many lines as left has.
func Beside(left []string, w int, rule string, right []string) []string {
	lines := make([]string, len(left))
	for i := range left {
		lines[i] = Pad(left[i], w) + rule
		if i < len(right) {
			lines[i] += right[i]
		}
	}
	return lines
}
