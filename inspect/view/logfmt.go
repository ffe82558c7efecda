package view

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/adit-tunnel/adit/inspect"
)

// Pair is one key with its value in a line of logfmt.
type Pair struct{ Key, Value string }

// Logfmt writes pairs as one line without a line end: key=value, one space between them.
func Logfmt(pairs ...Pair) string {
	var b []byte
	for _, p := range pairs {
		b = appendPair(b, p.Key, p.Value)
	}
	return string(b[:max(len(b)-1, 0)])
}

// appendPair writes key=value and a space.
func appendPair(b []byte, key, value string) []byte {
	return append(appendValue(append(append(b, key...), '='), value), ' ')
}

func appendNumber(b []byte, key string, n int64) []byte {
	return append(strconv.AppendInt(append(append(b, key...), '='), n, 10), ' ')
}

// AppendExchange appends an exchange as one line of logfmt, without a line end, its content, and the query of its target: what may hold secrets is for
// the faces that show a request, not for lines that somebody keeps. Keys that have nothing to say are left out; no
// key comes twice. A connection has its kind, and the server name of a tls connection, where a request has method and path.
func AppendExchange(b []byte, x *inspect.Exchange) []byte {
	b = appendTime(append(b, "t="...), x.Start)
	b = appendPair(append(b, ' '), "id", string(x.ID))
	b = appendPair(b, "endpoint", x.Endpoint)
	b = appendSubject(b, x)
	if r := x.Response; r != nil && !x.IsConnection() {
		b = appendNumber(b, "status", int64(r.Status))
	} else {
		b = appendPair(b, "state", x.State.String())
	}
	b = append(appendMillis(append(b, "ms="...), x.Duration), ' ')
	b = appendNumber(b, "in", x.Request.Size)
	if r := x.Response; r != nil {
		b = appendNumber(b, "out", r.Size)
	}
	if x.Client.IsValid() {
		b = append(x.Client.AppendTo(append(b, "client="...)), ' ')
	}
	if w := WebhookOf(x.Request.Head); w.Provider != "" {
		b = appendPair(b, "provider", w.Provider)
	}
	if x.ReplayOf != "" {
		b = appendPair(b, "replay_of", string(x.ReplayOf))
	}
	if x.To != "" {
		b = appendPair(b, "to", x.To)
	}
	if f := x.Failure; f != nil {
		b = appendPair(appendPair(b, "err", f.Name), "reason", f.Text)
		if f.Remedy != "" {
			b = appendPair(b, "remedy", f.Remedy)
		}
	}
	return b[:len(b)-1]
}

// appendSubject says what passed.
func appendSubject(b []byte, x *inspect.Exchange) []byte {
	if x.IsConnection() {
		b = appendPair(b, "kind", x.Kind.String())
		if x.Request.Host != "" {
			b = appendPair(b, "host", x.Request.Host)
		}
		return b
	}
	b = appendPair(b, "method", x.Request.Method)
	path, _, _ := strings.Cut(x.Request.Target, "?")
	return appendPair(b, "path", path)
}

// appendTime writes t as RFC 3339 has it, with milliseconds: put in behind the seconds, since a layout of one's own takes three times as long.
func appendTime(b []byte, t time.Time) []byte {
	at, ms := len(b)+len("2006-01-02T15:04:05"), t.Nanosecond()/1e6
	b = append(t.AppendFormat(b, time.RFC3339), ".000"...)
	copy(b[at+4:], b[at:])
	b[at], b[at+1], b[at+2], b[at+3] = '.', byte('0'+ms/100), byte('0'+ms/10%10), byte('0'+ms%10)
	return b
}

// appendMillis writes d in milliseconds with at most two decimals.
func appendMillis(b []byte, d time.Duration) []byte {
	n := int64(d.Round(10*time.Microsecond) / (10 * time.Microsecond))
	if n < 0 {
		b, n = append(b, '-'), -n
	}
	b = strconv.AppendInt(b, n/100, 10)
	switch tenth, hundredth := byte('0'+n%100/10), byte('0'+n%10); {
	case hundredth != '0':
		return append(b, '.', tenth, hundredth)
	case tenth != '0':
		return append(b, '.', tenth)
	}
	return b
}

// appendValue writes a value, quoted when it is empty or holds anything but plain visible characters. Within quotes a quote and a backslash
// get a backslash, control and format characters are escaped as in JSON, and a byte that is not UTF-8 becomes the text \xff: so that
// logfmt parsers, JSON string parsers and shells' word splitting all read the same.
func appendValue(b []byte, v string) []byte {
	if plain(v) {
		return append(b, v...)
	}
	b = append(b, '"')
	for i := 0; i < len(v); {
		r, size := utf8.DecodeRuneInString(v[i:])
		switch {
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case r == '\n':
			b = append(b, `\n`...)
		case r == '\r':
			b = append(b, `\r`...)
		case r == '\t':
			b = append(b, `\t`...)
		case r == utf8.RuneError && size == 1:
			b = fmt.Appendf(b, `\\x%02x`, v[i])
		case visible(r):
			b = append(b, v[i:i+size]...)
		case r > 0xffff: // JSON writes it as a surrogate pair
			r -= 0x10000
			b = fmt.Appendf(b, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
		default:
			b = fmt.Appendf(b, `\u%04x`, r)
		}
		i += size
	}
	return append(b, '"')
}

// bare are the ASCII characters that may stand without quotes.
var bare = func() (t [utf8.RuneSelf]bool) {
	for c := range t {
		t[c] = c > ' ' && c < 0x7f && !strings.ContainsRune("\"'=\\`", rune(c))
	}
	return t
}()

// plain says that v may stand without quotes.
func plain(v string) bool {
	i := 0
	for i < len(v) && v[i] < utf8.RuneSelf && bare[v[i]] {
		i++
	}
	if i == len(v) {
		return v != ""
	}
	return plainRunes(v[i:])
}

func plainRunes(v string) bool {
	for _, r := range v {
		switch {
		case r == ' ', r == '"', r == '\'', r == '=', r == '\\', r == '`', r == utf8.RuneError:
			return false
		case !visible(r), r >= 0x80 && spaceLike(r):
			return false
		}
	}
	return true
}

// spaceLike says that r is a space that is not ASCII; some parsers split at it.
func spaceLike(r rune) bool {
	return r == 0xa0 || r == 0x1680 || r >= 0x2000 && r <= 0x200a || r == 0x202f || r == 0x205f || r == 0x3000
}
