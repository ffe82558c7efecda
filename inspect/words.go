package inspect

import (
	"bytes"
	"strconv"
	"unicode"
	"unicode/utf8"
)

// Words returns the words of a text as the search sees them: runs of letters and digits of any script, with the marks on them, in lower case (folded: ς is
// σ). Everything else is between words. Accents count: "Zoe" is not "Zoë".
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

// ascii has the letters and digits of ASCII, in lower case, and 0 for what is between words: nearly all that passes is ASCII.
var ascii = func() (t [utf8.RuneSelf]byte) {
	for c := range byte(utf8.RuneSelf) {
		switch {
		case '0' <= c && c <= '9', 'a' <= c && c <= 'z':
			t[c] = c
		case 'A' <= c && c <= 'Z':
			t[c] = c + 'a' - 'A'
		}
	}
	return t
}()

// nextWord finds the next word from at; start == end: there is none.
func nextWord[T string | []byte](text T, at int) (start, end int) {
	for at < len(text) {
		n, is := wordRune(text, at, false)
		if is {
			break
		}
		at += n
	}
	for end = at; end < len(text); {
		n, is := wordRune(text, end, true)
		if !is {
			break
		}
		end += n
	}
	return at, end
}

// wordRune says whether the character at that place belongs to a word, and how many bytes it has. A mark goes on with a word but begins none.
func wordRune[T string | []byte](text T, at int, within bool) (size int, is bool) {
	if c := text[at]; c < utf8.RuneSelf {
		return 1, ascii[c] != 0
	}
	r, size := decodeRune(text, at)
	return size, isLetter(r) || within && unicode.IsMark(r)
}

func decodeRune[T string | []byte](text T, at int) (rune, int) {
	return utf8.DecodeRuneInString(string(text[at:min(at+utf8.UTFMax, len(text))]))
}

func isLetter(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsNumber(r)
}

// fold makes one of the letters that differ only by case. The Turkish letters i keep apart, since folding them is another letter.
func fold(r rune) rune {
	switch {
	case r < utf8.RuneSelf && ascii[r] != 0:
		return rune(ascii[r])
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
		if c := text[0]; c < utf8.RuneSelf {
			if ascii[c] != word[0] {
				return false
			}
			text, word = text[1:], word[1:]
			continue
		}
		r, size := utf8.DecodeRune(text)
		want, n := utf8.DecodeRuneInString(word)
		if fold(r) != want {
			return false
		}
		text, word = text[size:], word[n:]
	}
	return begins || len(text) == 0
}

// HeadText is what a bare word sees beside content, tags and note: method, target, host, status, fields of both sides, label and the failure's name; of a
// connection its kind, the client's address, the host and the failure's name. Raw.
func (it Item) HeadText() []byte {
	x := it.Exchange
	if x.IsConnection() {
		return it.connectionText()
	}
	b := make([]byte, 0, 64+len(x.Request.Target)+len(x.Request.Head)+len(x.Request.Trailers))
	for _, s := range []string{x.Request.Method, x.Request.Target, x.Request.Host, it.Label} {
		b = append(append(b, s...), '\n')
	}
	b = appendFields(b, &x.Request.Message)
	if r := x.Response; r != nil {
		b = append(strconv.AppendInt(b, int64(r.Status), 10), ' ')
		b = append(append(b, r.Reason...), '\n')
		b = appendFields(b, &r.Message)
	}
	if x.Failure != nil {
		b = append(b, x.Failure.Name...)
	}
	return b
}

func (it Item) connectionText() []byte {
	x := it.Exchange
	b := append(append([]byte(x.Kind.String()), '\n'), x.Request.Host...)
	if x.Client.IsValid() {
		b = x.Client.AppendTo(append(b, '\n'))
	}
	if x.Failure != nil {
		b = append(append(b, '\n'), x.Failure.Name...)
	}
	return b
}

func appendFields(b []byte, m *Message) []byte {
	_, fields, _ := bytes.Cut(m.Head, []byte("\n"))
	b = append(append(b, fields...), '\n')
	return append(append(b, m.Trailers...), '\n')
}
