package inspect

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// term reads one condition: key:value or a bare word.
func (p *filterParser) term() (Node, error) {
	t := &Term{At: p.at}
	if err := p.key(t); err != nil {
		return nil, err
	}
	at := p.at
	if err := p.value(t); err != nil {
		return nil, err
	}
	if wrong := t.understand(); wrong != "" {
		return nil, p.fail(at, "%s", wrong)
	}
	return t, nil
}

// key goes past the key with its colon. What has none is a bare word; so is an URL, or a number with a colon.
func (p *filterParser) key(t *Term) error {
	rest := p.text[p.at:]
	n := strings.IndexFunc(rest, func(r rune) bool { return !isKeyLetter(r) })
	if n <= 0 || '0' <= rest[0] && rest[0] <= '9' {
		return nil
	}
	word := strings.ToLower(rest[:n])
	switch {
	case rest[n] == '.':
		return p.dottedKey(t, word)
	case rest[n] != ':' || strings.HasPrefix(rest[n:], "://"):
		return nil
	case !isKey(Key(word)):
		return p.unknown(word)
	case Key(word) == KeyHeader:
		return p.fail(p.at, "which header? header.content-type:json")
	}
	t.Field = Key(word)
	p.at += n + 1
	return nil
}

func isKeyLetter(r rune) bool {
	return r == '-' || r == '_' || r < 0x80 && (unicode.IsLetter(r) || unicode.IsDigit(r))
}

// dottedKey reads header.NAME: and body.$.PATH:; other words with a dot and a colon are bare: "example.com:8080".
func (p *filterParser) dottedKey(t *Term, word string) error {
	rest := p.text[p.at+len(word)+1:]
	n, closed := nameEnd(rest)
	switch {
	case !closed && Key(word) == KeyBody && strings.HasPrefix(rest, "$"):
		return p.fail(p.at+len(word)+1+n, "a colon is missing here: body.$.data.id:123")
	case !closed:
		return nil
	case Key(word) == KeyHeader:
		if t.Name = strings.ToLower(rest[:n]); n == 0 || strings.ContainsFunc(t.Name, isNoToken) {
			return p.fail(p.at+len(word)+1, "here comes the name of a header: header.content-type:json")
		}
	case Key(word) == KeyBody:
		var wrong string
		if t.steps, wrong = parseSteps(rest[:n]); wrong != "" {
			return p.fail(p.at+len(word)+1, "%s", wrong)
		}
		t.Name = rest[:n]
	default:
		if near := nearest(word); strings.HasPrefix(near, "header") || strings.HasPrefix(near, "body") {
			return p.unknown(word)
		}
		return nil
	}
	t.Field = Key(word)
	p.at += len(word) + 1 + n + 1
	return nil
}

// isNoToken says that a header's name can not have r.
func isNoToken(r rune) bool { return !isKeyLetter(r) && !strings.ContainsRune("!#$%&'*+.^`|~", r) }

// nameEnd finds the colon behind the name of a header or the path within JSON: the first that is not in ["quotes"].
func nameEnd(s string) (n int, closed bool) {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case quoted && c == '\\':
			i++
		case c == '"' && (quoted || i > 0 && s[i-1] == '['):
			quoted = !quoted
		case quoted:
		case c == ':':
			return i, true
		case c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '"':
			return i, false
		}
	}
	return len(s), false
}

func (p *filterParser) unknown(word string) error {
	if near := nearest(word); near != "" {
		return p.fail(p.at, "there is no %s: here; did you mean %s? To search for the text, put it in quotes", word, near)
	}
	return p.fail(p.at, "there is no %s: here; to search for the text, put it in quotes", word)
}

// value reads what is behind the colon, or a bare word: the comparison, then text up to a space or the ) that belongs to an earlier (, or in quotes.
func (p *filterParser) value(t *Term) error {
	if t.Field != KeyAny && !(t.Field == KeyBody && t.Name == "") {
		t.Op = p.op()
	}
	if rest := p.text[p.at:]; strings.HasPrefix(rest, `"`) {
		return p.quoted(t)
	}
	open := 0
	n := strings.IndexFunc(p.text[p.at:], func(r rune) bool {
		switch r {
		case '(':
			open++
		case ')':
			open--
		}
		return open < 0 || unicode.IsSpace(r)
	})
	if open > 0 {
		return p.fail(p.at, "this has a ( that is never closed; to search for the text, put it in quotes")
	}
	if n < 0 {
		n = len(p.text) - p.at
	}
	t.Value = p.text[p.at : p.at+n]
	p.at += n
	return nil
}

func (p *filterParser) op() Op {
	for _, op := range []Op{OpAtMost, OpAtLeast, OpLess, OpMore, OpEqual} {
		if strings.HasPrefix(p.text[p.at:], string(op)) {
			p.at += len(op)
			return op
		}
	}
	return OpIs
}

// quoted reads text in quotes, in which \" is a quote and \\ a backslash.
func (p *filterParser) quoted(t *Term) error {
	start := p.at
	var b strings.Builder
	for i := start + 1; i < len(p.text); i++ {
		switch c := p.text[i]; {
		case c == '"':
			p.at = i + 1
			t.Value, t.Exact = b.String(), true
			if next, size := utf8.DecodeRuneInString(p.text[p.at:]); size > 0 && next != ')' && !unicode.IsSpace(next) {
				return p.fail(p.at, "a space is missing behind the quote")
			}
			return nil
		case c == '\\' && i+1 < len(p.text) && (p.text[i+1] == '"' || p.text[i+1] == '\\'):
			i++
			b.WriteByte(p.text[i])
		default:
			b.WriteByte(c)
		}
	}
	return p.fail(start, "this quote is never closed")
}
