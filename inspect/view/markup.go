package view

import "strings"

// markup shows XML or HTML. XML that came without line ends is laid out: one element a line, those with text only on one line with it.
func (o *opener) markup(c *Content, text string, html bool) {
	l := markupLayout{p: &o.painter}
	c.Kind = HTML
	if !html {
		c.Kind = XML
		l.layout = strings.Count(strings.TrimSpace(text), "\n") < 2
	}
	for text != "" && !o.full() {
		n, kind := markupToken(text)
		l.token(text[:n], kind)
		text = text[n:]
		if html && kind == markupOpen && text != "" {
			if n := rawText(l.name, text); n > 0 {
				l.token(text[:n], markupText)
				text = text[n:]
			}
		}
	}
}

type markupKind uint8

const (
	markupText markupKind = iota
	markupOpen
	markupClose
	markupEmpty   // <a/>
	markupComment // also processing instructions and declarations
)

// markupToken is the length and the kind of the token that s begins with.
func markupToken(s string) (n int, kind markupKind) {
	until := func(end string, kind markupKind) (int, markupKind) {
		if i := strings.Index(s, end); i >= 0 {
			return i + len(end), kind
		}
		return len(s), kind
	}
	switch {
	case s[0] != '<':
		if i := strings.IndexByte(s, '<'); i > 0 {
			return i, markupText
		}
		return len(s), markupText
	case strings.HasPrefix(s, "<!--"):
		return until("-->", markupComment)
	case strings.HasPrefix(s, "<![CDATA["):
		return until("]]>", markupText)
	case strings.HasPrefix(s, "<?"):
		return until("?>", markupComment)
	case strings.HasPrefix(s, "<!"):
		if i := strings.IndexAny(s, "[>"); i >= 0 && s[i] == '[' { // declarations within it
			return until("]>", markupComment)
		}
		return until(">", markupComment)
	case strings.HasPrefix(s, "</"):
		return until(">", markupClose)
	case len(s) == 1 || !isWord(s[1]) && s[1] < 0x80:
		return 1, markupText
	}
	return tagEnd(s)
}

// tagEnd is the length of the tag that s begins with: to the ">" outside of quotes.
func tagEnd(s string) (n int, kind markupKind) {
	quote := byte(0)
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '>' && s[i-1] == '/':
			return i + 1, markupEmpty
		case c == '>':
			return i + 1, markupOpen
		}
	}
	return len(s), markupOpen
}

// rawText is the length of what follows a tag whose content is no markup: up to its end tag.
func rawText(name, s string) int {
	if !strings.EqualFold(name, "script") && !strings.EqualFold(name, "style") {
		return 0
	}
	for at := 0; ; {
		i := strings.Index(s[at:], "</")
		if i < 0 {
			return len(s)
		}
		if at += i; len(s)-at >= 2+len(name) && strings.EqualFold(s[at+2:at+2+len(name)], name) {
			return at
		}
		at += 2
	}
}

type markupLayout struct {
	p      *painter
	layout bool
	depth  int
	last   markupKind
	begun  bool
	name   string // of the last tag that was opened
}

func (l *markupLayout) token(s string, kind markupKind) {
	if l.layout {
		if kind == markupText && strings.TrimSpace(s) == "" {
			return
		}
		l.place(kind)
	}
	l.last, l.begun = kind, true
	switch kind {
	case markupText:
		l.p.add(ClassPlain, s)
	case markupComment:
		l.p.add(ClassComment, s)
	case markupClose:
		l.p.add(ClassTag, s)
	default:
		l.tag(s)
	}
}

// place begins a line where one belongs, and counts the depth.
func (l *markupLayout) place(kind markupKind) {
	if kind == markupClose {
		l.depth = max(l.depth-1, 0)
	}
	inline := kind == markupText && l.last == markupOpen || kind == markupClose && (l.last == markupOpen || l.last == markupText)
	if l.begun && !inline {
		l.p.end()
		l.p.span(ClassPlain, indents[:2*min(l.depth, maxIndent)])
	}
	if kind == markupOpen {
		l.depth++
	}
}

// tag writes a tag with its attributes.
func (l *markupLayout) tag(s string) {
	n := 1 + prefix(s[1:], func(c byte) bool { return !isSpace(c) && c != '>' && c != '/' })
	l.name = s[1:n]
	l.p.add(ClassTag, s[:n])
	for s = s[n:]; s != ""; {
		n := 1
		class := ClassPlain
		switch c := s[0]; {
		case c == '"' || c == '\'':
			class = ClassString
			if i := strings.IndexByte(s[1:], c); i >= 0 {
				n = i + 2
			} else {
				n = len(s)
			}
		case c == '>' || c == '/':
			class = ClassTag
		case isSpace(c):
			n = prefix(s, isSpace)
		case c == '=':
			class = ClassPunct
		default:
			class = ClassAttribute
			n = prefix(s, func(c byte) bool { return !isSpace(c) && strings.IndexByte("=>/\"'", c) < 0 })
		}
		l.p.add(class, s[:max(n, 1)])
		s = s[max(n, 1):]
	}
}
