package config

import "strings"

// Nearest returns the one of names that word was probably meant to be, or "".
func Nearest(word string, names []string) string {
	best, distance := "", len(word)/3+2
	for _, n := range names {
		if d := edits(strings.ToLower(word), strings.ToLower(n)); d < distance {
			best, distance = n, d
		}
	}
	return best
}

func hint(word string, names []string) string {
	if n := Nearest(word, names); n != "" {
		return ` (did you mean "` + n + `"?)`
	}
	return ""
}

// edits is the Levenshtein distance of a and b.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		last := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := last
			if a[i-1] != b[j-1] {
				cost = 1 + min(last, row[j], row[j-1])
			}
			last, row[j] = row[j], cost
		}
	}
	return row[len(b)]
}
