package view

import "bytes"

// maxIndent is how deep lines are indented; what is nested deeper stays at that depth. It keeps a line of brackets from growing by its
// square.
const maxIndent = 32

// layOut gives JSON its line ends and an indentation of two spaces a level. Keys keep their order, numbers and strings their spelling. It
// does not check: what is cut off somewhere is laid out as far as it goes. ok is false when the result would outgrow its bound.
func layOut(data []byte) (laid string, ok bool) {
	l := layouter{in: data}
	l.out.Grow(len(data) + len(data)/2)
	for l.pos < len(l.in) {
		if l.out.Len() > maxLaid {
			return "", false
		}
		l.token()
	}
	return l.out.String(), true
}

type layouter struct {
	in    []byte
	pos   int
	out   bytes.Buffer
	depth int
}

// token takes one token from the input and writes it.
func (l *layouter) token() {
	switch c := l.in[l.pos]; c {
	case ' ', '\t', '\r', '\n':
		l.pos++
	case '"':
		l.text()
	case '{', '[':
		l.pos++
		l.out.WriteByte(c)
		if end := l.peek(); end == '}' || end == ']' {
			l.skip()
			l.out.WriteByte(end)
			l.pos++
			l.between()
			return
		}
		l.depth++
		l.line()
	case '}', ']':
		l.pos++
		l.depth = max(l.depth-1, 0)
		l.line()
		l.out.WriteByte(c)
		l.between()
	case ',':
		l.pos++
		l.out.WriteByte(c)
		l.line()
	case ':':
		l.pos++
		l.out.WriteString(": ")
	default:
		l.pos++
		l.out.WriteByte(c)
	}
}

// text takes a string, quotes and escapes included.
func (l *layouter) text() {
	begin := l.pos
	for l.pos++; l.pos < len(l.in); l.pos++ {
		switch l.in[l.pos] {
		case '\\':
			l.pos++
		case '"':
			l.pos++
			l.out.Write(l.in[begin:l.pos])
			return
		}
	}
	l.pos = len(l.in)
	l.out.Write(l.in[begin:])
}

// between begins a line when one value has ended and another follows, as in a sequence of JSON texts.
func (l *layouter) between() {
	if l.depth == 0 && l.peek() != 0 {
		l.line()
	}
}

// peek is the next byte that is no space; 0 at the end.
func (l *layouter) peek() byte {
	for _, c := range l.in[l.pos:] {
		if c != ' ' && c != '\t' && c != '\r' && c != '\n' {
			return c
		}
	}
	return 0
}

// skip goes to the next byte that is no space.
func (l *layouter) skip() {
	l.pos += len(l.in[l.pos:]) - len(bytes.TrimLeft(l.in[l.pos:], " \t\r\n"))
}

var indent = bytes.Repeat([]byte("  "), maxIndent)

func (l *layouter) line() {
	l.out.WriteByte('\n')
	l.out.Write(indent[:2*min(l.depth, maxIndent)])
}
