package view

import (
	"fmt"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/adit-tunnel/adit/inspect"
)

// Pair is one key with its value in a line of logfmt.
type Pair struct{ Key, Value string }

// Logfmt writes pairs as one line without a line end: key=value, one space between them.
func Logfmt(pairs ...Pair) string {
	var b []byte
	for i, p := range pairs {
		if i > 0 {
			b = append(b, ' ')
		}
		b = append(b, p.Key...)
		b = append(b, '=')
		b = appendValue(b, p.Value)
	}
	return string(b)
}

// ExchangeLine is an exchange as one line of logfmt, without a line end and without its content. Keys that have nothing to say are left out; no
// key comes twice.
func ExchangeLine(x *inspect.Exchange) string {
	pairs := []Pair{
		{"t", x.Start.Format("2006-01-02T15:04:05.000Z07:00")},
		{"id", string(x.ID)},
		{"endpoint", x.Endpoint},
		{"method", x.Request.Method},
		{"path", x.Request.Target},
	}
	if r := x.Response; r != nil {
		pairs = append(pairs, Pair{"status", strconv.Itoa(r.Status)})
	} else {
		pairs = append(pairs, Pair{"state", x.State.String()})
	}
	pairs = append(pairs, Pair{"ms", millis(x.Duration)}, Pair{"in", strconv.FormatInt(x.Request.Size, 10)})
	if r := x.Response; r != nil {
		pairs = append(pairs, Pair{"out", strconv.FormatInt(r.Size, 10)})
	}
	if x.Client.IsValid() {
		pairs = append(pairs, Pair{"client", x.Client.String()})
	}
	if w := WebhookOf(x.Request.Head); w.Provider != "" {
		pairs = append(pairs, Pair{"provider", w.Provider})
	}
	if x.ReplayOf != "" {
		pairs = append(pairs, Pair{"replay_of", string(x.ReplayOf)})
	}
	if f := x.Failure; f != nil {
		pairs = append(pairs, Pair{"err", f.Name}, Pair{"reason", f.Text})
	}
	return Logfmt(pairs...)
}

// millis writes d in milliseconds with at most two decimals.
func millis(d time.Duration) string {
	return strconv.FormatFloat(float64(d.Round(10*time.Microsecond))/1e6, 'f', -1, 64)
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

// plain says that v may stand without quotes.
func plain(v string) bool {
	for _, r := range v {
		switch {
		case r == ' ', r == '"', r == '\'', r == '=', r == '\\', r == '`', r == utf8.RuneError:
			return false
		case !visible(r), r >= 0x80 && spaceLike(r):
			return false
		}
	}
	return v != ""
}

// spaceLike says that r is a space that is not ASCII; some parsers split at it.
func spaceLike(r rune) bool {
	return r == 0xa0 || r == 0x1680 || r >= 0x2000 && r <= 0x200a || r == 0x202f || r == 0x205f || r == 0x3000
}
