package inspect

import (
	"unicode"
	"unicode/utf8"
)

// Words returns the words of a text as the search sees them: runs of letters and digits of any script, in lower case (folded: ς is σ). Everything else
// is between words. That is how SQLite's full-text search reads text (unicode61 with remove_diacritics 0).
func Words(text string) []string {
	var words []string
	for at := 0; ; {
		start, end := nextWord(text, at)
		if start == end {
			return words
		}
		word := make([]byte, 0, end-start)
		for _, r := range text[start:end] {
			word = utf8.AppendRune(word, fold(r))
		}
		words = append(words, string(word))
		at = end
	}
}

// nextWord finds the next word from at; start == end: there is none.
func nextWord[T string | []byte](text T, at int) (start, end int) {
	start = -1
	for at < len(text) {
		r, size := rune(text[at]), 1
		if r >= utf8.RuneSelf {
			r, size = decodeRune(text, at)
		}
		switch {
		case isLetter(r), start >= 0 && isMark(r):
			if start < 0 {
				start = at
			}
		case start >= 0:
			return start, at
		}
		at += size
	}
	if start < 0 {
		return at, at
	}
	return start, at
}

func decodeRune[T string | []byte](text T, at int) (rune, int) {
	return utf8.DecodeRuneInString(string(text[at:min(at+utf8.UTFMax, len(text))]))
}

func isLetter(r rune) bool {
	if r < utf8.RuneSelf {
		return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
	}
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.Is(unicode.Co, r))
}

// isMark says that r is an accent that stands alone, and goes on with a word but begins none: those that SQLite knows.
func isMark(r rune) bool {
	const known = uint64(0x000361F8)<<32 | 0x08029FDF
	return r >= 768 && r <= 817 && known>>(r-768)&1 == 1
}

// fold makes one of the letters that differ only by case. The Turkish letters i keep apart, since folding them is another letter.
func fold(r rune) rune {
	switch {
	case r < utf8.RuneSelf:
		if 'A' <= r && r <= 'Z' {
			r += 'a' - 'A'
		}
		return r
	case r == 'İ' || r == 'ı':
		return r
	}
	return unicode.ToLower(unicode.ToUpper(r))
}

// hasPhrase says that the words stand in the text one after the other; prefix: the last one may go on.
func hasPhrase(text []byte, words []string, prefix bool) bool {
	for start, end := nextWord(text, 0); start < end; start, end = nextWord(text, end) {
		for i, s, e := 0, start, end; s < e; s, e = nextWord(text, e) {
			last := i == len(words)-1
			if !isWord(text[s:e], words[i], prefix && last) {
				break
			}
			if i++; last {
				return true
			}
		}
	}
	return false
}

// isWord says that text, a word, is that folded word; or begins with it.
func isWord(text []byte, word string, begins bool) bool {
	for len(word) > 0 {
		if len(text) == 0 {
			return false
		}
		r, size := rune(text[0]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRune(text)
		}
		want, n := utf8.DecodeRuneInString(word)
		if fold(r) != want {
			return false
		}
		text, word = text[size:], word[n:]
	}
	return begins || len(text) == 0
}
