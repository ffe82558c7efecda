package view

import (
	"embed"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/alecthomas/chroma/v2"
)

// Bounds of what is coloured; what is beyond is shown plainly. The lexers are regular expressions, some of which take their time with bytes that were
// made for it.
const (
	maxColoured = 32 << 10
	maxColour   = 30 * time.Millisecond
)

// lexers are chroma's (MIT, lexers/COPYING), those of languages that JSON's and markup's own layout here does not do. Importing all of chroma's would cost
// every start of the program 5 ms: these are read when they are first needed.
//
//go:embed lexers/*.xml
var lexers embed.FS

var (
	lexCSS    = sync.OnceValue(func() chroma.Lexer { return chroma.MustNewXMLLexer(lexers, "lexers/css.xml") })
	lexScript = sync.OnceValue(func() chroma.Lexer { return chroma.MustNewXMLLexer(lexers, "lexers/javascript.xml") })
)

// code shows text in the colours of its language.
func (o *opener) code(lexer chroma.Lexer, text string) {
	shown := o.coloured(lexer, text)
	o.add(ClassPlain, text[shown:])
}

// coloured shows the beginning of text in colours, and says how much of it. A lexer that gives up, by a panic of its rules even, or that makes something else
// of the text, ends it: the text is a stranger's.
func (o *opener) coloured(lexer chroma.Lexer, text string) (shown int) {
	if !utf8.ValidString(text) {
		return 0
	}
	defer func() { _ = recover() }()
	begin, head := time.Now(), strings.ToValidUTF8(text[:min(len(text), maxColoured)], "")
	tokens, err := lexer.Tokenise(&chroma.TokeniseOptions{State: "root"}, head)
	if err != nil {
		return 0
	}
	for t := range tokens.Stdlib() {
		if !strings.HasPrefix(text[shown:], t.Value) || o.full() || time.Since(begin) > maxColour {
			break
		}
		o.add(classOf(t.Type), t.Value)
		shown += len(t.Value)
	}
	return shown
}

// classOf is the class of chroma's token.
func classOf(t chroma.TokenType) Class {
	switch {
	case t == chroma.KeywordConstant:
		return ClassLiteral
	case t.InCategory(chroma.Keyword):
		return ClassKeyword
	case t == chroma.NameTag:
		return ClassTag
	case t == chroma.NameAttribute || t == chroma.NameProperty || t == chroma.NameFunction || t == chroma.NameClass:
		return ClassAttribute
	case t.InSubCategory(chroma.LiteralNumber):
		return ClassNumber
	case t.InSubCategory(chroma.LiteralString):
		return ClassString
	case t.InCategory(chroma.Comment):
		return ClassComment
	case t.InCategory(chroma.Punctuation) || t.InCategory(chroma.Operator):
		return ClassPunct
	}
	return ClassPlain
}
