package view

import "strings"

// maxIndent is how deep lines are indented; what is nested deeper stays at that depth. It keeps a line of brackets from growing by its
// square.
const maxIndent = 32

var indents = strings.Repeat("  ", maxIndent)

// json lays out a JSON text, or several. Keys keep their order, numbers and strings their spelling. What is not valid is shown as it came, unless only
// its end is missing.
func (o *opener) json(c *Content, data []byte, many bool) {
	c.Kind = JSON
	if many {
		c.Kind = NDJSON
	}
	if bad := checkJSON(data, many); bad != nil && !(bad.end && o.cut) {
		c.say("not valid JSON, shown as it came: " + bad.Error())
		c.Kind = Text
		o.add(ClassPlain, string(data))
		return
	}
	o.layJSON(string(data))
}

// layJSON gives JSON its line ends and an indentation of two spaces a level. It does not check: what is cut off is laid out as far as it goes.
func (o *opener) layJSON(text string) {
	l := jsonLayout{in: text, p: &o.painter}
	for l.pos < len(l.in) && !o.full() {
		l.token()
	}
	o.finish()
}

type jsonLayout struct {
	in    string
	pos   int
	depth int
	p     *painter
}

// token takes one token from the input and writes it.
func (l *jsonLayout) token() {
	c := l.in[l.pos]
	switch c {
	case ' ', '\t', '\r', '\n':
		l.pos++
		return
	case '"':
		l.text()
		return
	case '{', '[':
		l.open()
		return
	case '}', ']':
		l.depth = max(l.depth-1, 0)
		l.line()
		l.punct(1)
		l.between()
		return
	case ',':
		l.punct(1)
		l.line()
		return
	case ':':
		l.punct(1)
		l.p.span(ClassPlain, " ")
		return
	}
	n := strings.IndexAny(l.in[l.pos:], " \t\r\n{}[],:\"")
	if n < 0 {
		n = len(l.in) - l.pos
	}
	class := ClassNumber
	if c != '-' && (c < '0' || c > '9') {
		class = ClassLiteral
	}
	l.write(class, n)
	l.between()
}

// open begins an object or array; an empty one stays on its line.
func (l *jsonLayout) open() {
	l.punct(1)
	if end := l.peek(); end == '}' || end == ']' {
		l.skip()
		l.punct(1)
		l.between()
		return
	}
	l.depth++
	l.line()
}

// text takes a string, quotes and escapes included.
func (l *jsonLayout) text() {
	end := l.pos + 1
	for ; end < len(l.in) && l.in[end] != '"'; end++ {
		if l.in[end] == '\\' {
			end++
		}
	}
	end = min(end+1, len(l.in))
	class := ClassString
	if rest := strings.TrimLeft(l.in[end:min(end+64, len(l.in))], " \t\r\n"); rest != "" && rest[0] == ':' {
		class = ClassKey
	}
	l.write(class, end-l.pos)
	l.between()
}

func (l *jsonLayout) punct(n int) { l.write(ClassPunct, n) }

// write takes n bytes of the input. Text within a string that is not valid may hold line ends: they are shown, not made.
func (l *jsonLayout) write(c Class, n int) {
	l.p.span(c, l.in[l.pos:l.pos+n])
	l.pos += n
}

// between begins a line when one value has ended and another follows, as in a sequence of JSON texts.
func (l *jsonLayout) between() {
	if l.depth == 0 && l.peek() != 0 && l.peek() != ':' && l.peek() != ',' {
		l.line()
	}
}

// peek is the next byte that is no space; 0 at the end.
func (l *jsonLayout) peek() byte {
	for i := l.pos; i < len(l.in); i++ {
		if c := l.in[i]; c != ' ' && c != '\t' && c != '\r' && c != '\n' {
			return c
		}
	}
	return 0
}

// skip goes to the next byte that is no space.
func (l *jsonLayout) skip() {
	l.pos = len(l.in) - len(strings.TrimLeft(l.in[l.pos:], " \t\r\n"))
}

func (l *jsonLayout) line() {
	l.p.end()
	if l.depth > 0 {
		l.p.span(ClassPlain, indents[:2*min(l.depth, maxIndent)])
	}
}
