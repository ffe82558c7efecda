package config

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// KeyError is a mistake in what somebody wrote, or asked the local API for. It never holds a secret.
type KeyError struct {
	Where string // "PATH:LINE", "env NAME", "flag --NAME", "api"
	Key   string // the key that is wrong, as it is written; "" when Where says it or all of it is wrong
	Text  string // what is wrong with it
}

// Error implements error: where, key and what is wrong.
func (e *KeyError) Error() string {
	if e.Key == "" {
		return visible(e.Where) + ": " + e.Text
	}
	return visible(e.Where) + ": " + e.Key + ": " + e.Text
}

// NotYet is a key that was used and whose behaviour this version does not have. What uses it is refused when it is started.
type NotYet struct {
	Key   string // as it is written
	Where string // "file PATH:LINE", "flag --NAME", "api"
}

// mistakes gathers all that is wrong.
type mistakes []error

func (m *mistakes) add(where, key, format string, a ...any) {
	*m = append(*m, &KeyError{where, key, fmt.Sprintf(format, a...)})
}

// join makes one error of all mistakes, nil when there is none. Those of one file stand in the order of its lines.
func join(m mistakes) error {
	first := map[string]int{} // mistake of each file
	for i, err := range m {
		if file, _ := fileLine(err); first[file] == 0 {
			first[file] = i + 1
		}
	}
	slices.SortStableFunc(m, func(a, b error) int {
		fileA, lineA := fileLine(a)
		fileB, lineB := fileLine(b)
		return cmp.Or(first[fileA]-first[fileB], lineA-lineB)
	})
	return errors.Join(m...)
}

// fileLine is where a mistake stands; 0 when it is in no line.
func fileLine(mistake error) (file string, line int) {
	var wrong *KeyError
	if !errors.As(mistake, &wrong) {
		return "", 0
	}
	colon := strings.LastIndexByte(wrong.Where, ':')
	line, err := strconv.Atoi(wrong.Where[colon+1:])
	if err != nil || colon < 0 {
		return wrong.Where, 0
	}
	return wrong.Where[:colon], line
}

// visible is text as it stands, or quoted when it holds what a terminal would obey.
func visible(text string) string {
	if strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) || r == utf8.RuneError }) {
		return strconv.Quote(text)
	}
	return text
}
