package view

import (
	"bytes"
	"encoding/base64"
	"strconv"
	"strings"
	"time"

	"github.com/adit-tunnel/adit/inspect"
)

// Bounds of what is looked for.
const (
	maxTokens = 8
	maxToken  = 16 << 10
)

// JWT is a JSON web token that was found. It is what the token says, not a proof: nobody has verified its signature.
type JWT struct {
	Where     string // the header field's name, "target" or "content"
	Algorithm string
	Expires   time.Time // zero: it does not say
	Lines     []Line    // header and claims, laid out, with times in words
}

// String is what a token is in a few words. It is safe to show.
func (t *JWT) String() string {
	text := t.Algorithm + " in " + t.Where
	if !t.Expires.IsZero() {
		text += ", expires " + t.Expires.Format(claimTime)
	}
	return text + "; the signature has not been verified"
}

const claimTime = "2006-01-02 15:04:05 UTC"

// JWTs looks for tokens in the header fields and the target of a head, and in content. At most eight are returned. content is raw, without its coding.
func JWTs(m *inspect.Message, content []byte) []JWT {
	var all []JWT
	look := func(where string, text []byte) {
		for len(all) < maxTokens {
			token, rest, ok := findToken(text)
			if !ok {
				return
			}
			text = rest
			if t, ok := openToken(token); ok {
				t.Where = Sanitize(where)
				all = append(all, t)
			}
		}
	}
	look("target", []byte(StartLine(m.Head)))
	for _, f := range Headers(m.Head) {
		look(f.Name, []byte(f.Value))
	}
	look("content", content)
	return all
}

// findToken finds what looks like a token: three parts in base64url, of which the first two begin as objects do.
func findToken(text []byte) (token string, rest []byte, ok bool) {
	for {
		at := bytes.Index(text, []byte("eyJ"))
		if at < 0 {
			return "", nil, false
		}
		inWord := at > 0 && isBase64(text[at-1])
		text = text[at:]
		n := 0
		for n < len(text) && (isBase64(text[n]) || text[n] == '.') {
			n++
		}
		word := text[:n]
		text = text[n:]
		if !inWord && n <= maxToken && bytes.Count(word, []byte(".")) == 2 && bytes.Contains(word, []byte(".eyJ")) {
			return string(word), text, true
		}
	}
}

func isBase64(c byte) bool { return isWord(c) || c == '-' }

// openToken reads a token; false: it is none.
func openToken(token string) (JWT, bool) {
	parts := strings.Split(token, ".")
	header, err := base64.RawURLEncoding.DecodeString(parts[0])
	if err != nil || checkJSON(header, false) != nil {
		return JWT{}, false
	}
	claims, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil || checkJSON(claims, false) != nil {
		return JWT{}, false
	}
	o := opener{painter: painter{room: 1000}}
	o.span(ClassComment, "header")
	o.end()
	o.layJSON(string(header))
	o.span(ClassComment, "claims; the signature has not been verified")
	o.end()
	o.layJSON(string(claims))
	for i := range o.lines {
		o.lines[i] = withTime(o.lines[i])
	}
	expires, _ := claimedTime(string(jsonMember(claims, "exp")))
	return JWT{Algorithm: Sanitize(jsonText(jsonMember(header, "alg"))), Expires: expires, Lines: o.lines}, true
}

// withTime puts the time in words behind a claim that is one (RFC 7519, 4.1).
func withTime(l Line) Line {
	if len(l) < 5 || l[1].Class != ClassKey || l[4].Class != ClassNumber {
		return l
	}
	switch l[1].Text {
	case `"exp"`, `"nbf"`, `"iat"`, `"auth_time"`, `"updated_at"`:
		if t, ok := claimedTime(l[4].Text); ok {
			return append(l, Span{ClassComment, "  " + t.Format(claimTime)})
		}
	}
	return l
}

// claimedTime is a number of seconds since 1970 as a time.
func claimedTime(number string) (time.Time, bool) {
	seconds, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if err != nil || seconds < 0 || seconds > 1<<37 {
		return time.Time{}, false
	}
	return time.Unix(int64(seconds), 0).UTC(), true
}
