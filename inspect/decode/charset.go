package decode

import (
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// ToUTF8 makes UTF-8 of text in the character set of that name: those of the web that need no tables, which are UTF-8, UTF-16, ISO-8859-1 and its
// superset windows-1252. A mark at the beginning (BOM) says more than the name, and is taken off. Text in others is returned as it is.
func ToUTF8(text []byte, charset string) []byte {
	switch {
	case strings.HasPrefix(string(text[:min(3, len(text))]), "\xef\xbb\xbf"):
		return text[3:]
	case strings.HasPrefix(string(text[:min(2, len(text))]), "\xff\xfe"):
		return fromUTF16(text[2:], false)
	case strings.HasPrefix(string(text[:min(2, len(text))]), "\xfe\xff"):
		return fromUTF16(text[2:], true)
	}
	switch strings.ToLower(charset) {
	case "utf-16le", "utf-16":
		return fromUTF16(text, false)
	case "utf-16be":
		return fromUTF16(text, true)
	case "iso-8859-1", "latin1", "windows-1252", "cp1252":
		return fromLatin(text)
	}
	return text
}

func fromUTF16(text []byte, bigEndian bool) []byte {
	units := make([]uint16, 0, len(text)/2)
	for ; len(text) >= 2; text = text[2:] {
		u := uint16(text[0]) | uint16(text[1])<<8
		if bigEndian {
			u = u<<8 | u>>8
		}
		units = append(units, u)
	}
	return []byte(string(utf16.Decode(units)))
}

// windows1252 are the characters 0x80 to 0x9f; the web reads ISO-8859-1 so, too.
var windows1252 = []rune("€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ")

func fromLatin(text []byte) []byte {
	out := make([]byte, 0, len(text)+len(text)/8)
	for _, c := range text {
		r := rune(c)
		if c >= 0x80 && c < 0xa0 {
			r = windows1252[c-0x80]
		}
		out = utf8.AppendRune(out, r)
	}
	return out
}

// escapedRune reads \uXXXX, or two of them that are one character. n == 0: it is none that may stand in JSON without its escape.
func escapedRune(s []byte) (r rune, n int) {
	unit := func(s []byte) rune {
		if len(s) < 6 || s[0] != '\\' || s[1] != 'u' {
			return -1
		}
		u, err := strconv.ParseUint(string(s[2:6]), 16, 16)
		if err != nil {
			return -1
		}
		return rune(u)
	}
	r, n = unit(s), 6
	if utf16.IsSurrogate(r) {
		r, n = utf16.DecodeRune(r, unit(s[6:])), 12
	}
	if r < ' ' || r == '"' || r == '\\' || r == utf8.RuneError {
		return 0, 0
	}
	return r, n
}
