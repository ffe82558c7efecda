package edge

import (
	"strconv"
	"time"
)

// maxLoggedValue bounds one value of a log line.
const maxLoggedValue = 512

// appendWord writes a value without quotes if it can stand so, and "-" for an empty one.
func appendWord(dst, v []byte) []byte {
	if len(v) == 0 {
		return append(dst, '-')
	}
	for _, c := range v {
		if c <= ' ' || c >= 0x7f || c == '"' || c == '=' || c == '\\' {
			return appendQuoted(dst, v)
		}
	}
	return append(dst, v[:min(len(v), maxLoggedValue)]...)
}

// appendQuoted writes a value in quotes, escaping everything that could forge a line or move a terminal's cursor.
func appendQuoted(dst, v []byte) []byte {
	const digits = "0123456789abcdef"
	dst = append(dst, '"')
	for _, c := range v[:min(len(v), maxLoggedValue)] {
		switch {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c < ' ' || c >= 0x7f:
			dst = append(dst, '\\', 'x', digits[c>>4], digits[c&15])
		default:
			dst = append(dst, c)
		}
	}
	return append(dst, '"')
}

func appendInt(dst []byte, n int64) []byte { return strconv.AppendInt(dst, n, 10) }

// appendMillis writes a duration in milliseconds: 12.345ms.
func appendMillis(dst []byte, d time.Duration) []byte {
	us := max(0, d.Microseconds())
	dst = strconv.AppendInt(dst, us/1000, 10)
	dst = append(dst, '.', byte('0'+us/100%10), byte('0'+us/10%10), byte('0'+us%10))
	return append(dst, "ms"...)
}
