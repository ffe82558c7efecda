package inspect

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Bounds of a filter.
const (
	maxFilterLength = 4 << 10
	maxFilterDepth  = 64 // parentheses and nots within each other
)

// ParseFilter reads a filter. One without a condition is nil: it matches everything. The error is a *FilterError.
func ParseFilter(text string) (*Filter, error) {
	p := &filterParser{text: text}
	root, err := p.whole()
	if err != nil {
		return nil, err
	}
	if root == nil {
		return nil, nil
	}
	return &Filter{Root: root}, nil
}

// filterParser goes through a filter from left to right: or binds least, then and, which may be left out, then not.
type filterParser struct {
	text  string
	at    int // the next byte
	depth int
}

func (p *filterParser) fail(at int, format string, args ...any) error {
	return &FilterError{At: at, Text: fmt.Sprintf(format, args...), In: p.text}
}

func (p *filterParser) whole() (Node, error) {
	if len(p.text) > maxFilterLength {
		return nil, p.fail(maxFilterLength, "a filter has at most %d bytes", maxFilterLength)
	}
	for i, r := range p.text {
		if _, size := utf8.DecodeRuneInString(p.text[i:]); r == utf8.RuneError && size == 1 {
			return nil, p.fail(i, "this is not text (UTF-8)")
		}
	}
	if p.space(); p.at == len(p.text) {
		return nil, nil
	}
	root, err := p.or()
	if err == nil && p.at < len(p.text) {
		err = p.fail(p.at, `no ( belongs to this ); a ")" in quotes is text`)
	}
	return root, err
}

func (p *filterParser) or() (Node, error) {
	var all Or
	for {
		n, err := p.and()
		if err != nil {
			return nil, err
		}
		if inner, ok := n.(Or); ok {
			all = append(all, inner...)
		} else {
			all = append(all, n)
		}
		if !p.keyword("or") {
			break
		}
	}
	if len(all) == 1 {
		return all[0], nil
	}
	return all, nil
}

func (p *filterParser) and() (Node, error) {
	var all And
	for {
		n, err := p.not()
		if err != nil {
			return nil, err
		}
		if inner, ok := n.(And); ok {
			all = append(all, inner...)
		} else {
			all = append(all, n)
		}
		if !p.keyword("and") && p.endOfAnd() {
			break
		}
	}
	if len(all) == 1 {
		return all[0], nil
	}
	return all, nil
}

func (p *filterParser) not() (Node, error) {
	at := p.at
	if !p.take('!') && !p.keyword("not") {
		return p.primary()
	}
	n, err := p.deeper(at, p.not)
	if err != nil {
		return nil, err
	}
	return Not{n}, nil
}

// primary is a condition, or a filter in parentheses.
func (p *filterParser) primary() (Node, error) {
	p.space()
	at := p.at
	switch {
	case p.at == len(p.text):
		return nil, p.fail(at, "a condition is missing at the end")
	case p.text[at] == ')' || p.peek("or") || p.peek("and"):
		return nil, p.fail(at, "a condition is missing before this; to search for the text, put it in quotes")
	case !p.take('('):
		return p.term()
	}
	n, err := p.deeper(at, p.or)
	if err == nil && !p.take(')') {
		err = p.fail(at, "this ( is never closed")
	}
	return n, err
}

// deeper parses what is one level further in.
func (p *filterParser) deeper(at int, parse func() (Node, error)) (Node, error) {
	if p.depth++; p.depth > maxFilterDepth {
		return nil, p.fail(at, "parentheses and nots go at most %d levels deep", maxFilterDepth)
	}
	defer func() { p.depth-- }()
	return parse()
}

func (p *filterParser) space() {
	p.at = len(p.text) - len(strings.TrimLeftFunc(p.text[p.at:], unicode.IsSpace))
}

// take goes past one sign, and past spaces before it, if it is there.
func (p *filterParser) take(sign byte) bool {
	p.space()
	if p.at < len(p.text) && p.text[p.at] == sign {
		p.at++
		return true
	}
	return false
}

// endOfAnd says that what follows is no further condition.
func (p *filterParser) endOfAnd() bool {
	p.space()
	return p.at == len(p.text) || p.text[p.at] == ')' || p.peek("or")
}

// keyword goes past a word of the language, if it is there.
func (p *filterParser) keyword(word string) bool {
	p.space()
	if !p.peek(word) {
		return false
	}
	p.at += len(word)
	return true
}

// peek says that a word of the language comes next. A bracket ends it as a space does.
func (p *filterParser) peek(word string) bool {
	rest := p.text[p.at:]
	if len(rest) < len(word) || !strings.EqualFold(rest[:len(word)], word) {
		return false
	}
	next, size := utf8.DecodeRuneInString(rest[len(word):])
	return size == 0 || next == '(' || next == ')' || unicode.IsSpace(next)
}
