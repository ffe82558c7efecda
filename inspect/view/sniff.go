package view

import (
	"bytes"
	"unicode/utf8"
)

// maxProbe is how many bytes are looked at to tell text from binary.
const maxProbe = 64 << 10

// isText says that data reads as text: UTF-8 but for a character that is cut off at the end or rare bytes of an older character set, without
// NUL, and with hardly a control character that text does not use.
func isText(data []byte) bool {
	data = data[:min(len(data), maxProbe)]
	odd := 0
	for i := 0; i < len(data); {
		r, size := utf8.DecodeRune(data[i:])
		switch {
		case r == 0:
			return false
		case r == utf8.RuneError && size == 1:
			if i+utf8.UTFMax > len(data) && !utf8.FullRune(data[i:]) {
				return i > 0 // the rest of it was cut off
			}
			odd++
		case r < 0x20 && r != '\n' && r != '\r' && r != '\t' && r != '\f' && r != 0x1b, r == 0x7f:
			odd++
		}
		i += size
	}
	return odd <= len(data)/20
}

func looksLikeJSON(data []byte) bool {
	data = bytes.TrimLeft(data, " \t\r\n")
	return len(data) > 0 && (data[0] == '{' || data[0] == '[')
}
