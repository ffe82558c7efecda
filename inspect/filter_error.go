package inspect

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// FilterError says what is wrong with a filter, and where.
type FilterError struct {
	At   int    // the byte where the mistake begins; len(In): something is missing at the end
	Text string // what is wrong and what to do
	In   string // the filter
}

// Error returns the text with the place, counted in characters from 1.
func (e *FilterError) Error() string {
	return fmt.Sprintf("filter, character %d: %s", utf8.RuneCountInString(e.In[:e.At])+1, e.Text)
}

// Bounds of what Caret shows around the mistake, in characters.
const (
	caretBefore = 50
	caretAfter  = 25
)

// Caret draws the filter with a caret below the mistake: two lines for a terminal, safe to write there, without a line end behind the second. width says how
// many cells a text takes there.
func (e *FilterError) Caret(width func(string) int) string {
	before, after := []rune(e.In[:e.At]), []rune(e.In[e.At:])
	if len(before) > caretBefore {
		before = append([]rune("…"), before[len(before)-caretBefore:]...)
	}
	if len(after) > caretAfter {
		after = append(after[:caretAfter:caretAfter], '…')
	}
	visible := func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}
	left := strings.Map(visible, string(before))
	return left + strings.Map(visible, string(after)) + "\n" + strings.Repeat(" ", width(left)) + "^"
}
