package view

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/adit-tunnel/adit/inspect"
)

// Mask hides secrets in what a face shows. The zero value hides those that names give away: Authorization, Cookie and Set-Cookie, and all that has a token, a
// secret, a password or an API key in its name, be it a header field, a field of a form or a query, or a text within JSON. Numbers stay: max_tokens is none.
type Mask struct {
	All   bool               // hides every value, and content that has none
	Paths []inspect.JSONPath // these values within JSON content, and all that is within them
	Off   bool               // hides nothing
}

// Masked stands for what is hidden, however long that is.
const Masked = "••••••••"

// secretWords are what names of secrets have in them, in lower case and without "-" and "_".
var secretWords = []string{"token", "secret", "passw", "apikey", "authorization", "cookie", "credential", "privatekey", "jwt"}

// IsSecret says that a name is one of a secret.
func IsSecret(name string) bool {
	name = strings.ToLower(withoutHyphens.Replace(name))
	return slices.ContainsFunc(secretWords, func(word string) bool { return strings.Contains(name, word) })
}

var withoutHyphens = strings.NewReplacer("-", "", "_", "")

// Field hides the value of a header field, if it is a secret, and what is one within others, as in a URL's query. Of credentials the scheme stays, of cookies the names.
func (m *Mask) Field(f inspect.Field) (_ inspect.Field, hidden bool) {
	switch scheme, rest, _ := strings.Cut(f.Value, " "); {
	case m.Off || f.Value == "":
		return f, false
	case !m.All && !IsSecret(f.Name):
		shown := withoutPairs(f.Value) // such as a query
		hidden = shown != f.Value
		f.Value = shown
		return f, hidden
	case m.All:
		f.Value = Masked
	case strings.EqualFold(f.Name, "Cookie"):
		f.Value = maskCookies(f.Value)
	case strings.EqualFold(f.Name, "Set-Cookie"):
		cookie, attributes, more := strings.Cut(f.Value, ";")
		if f.Value = maskCookies(cookie); more {
			f.Value += ";" + attributes
		}
	case strings.HasSuffix(strings.ToLower(f.Name), "authorization") && rest != "":
		f.Value = scheme + " " + Masked
	default:
		f.Value = Masked
	}
	return f, true
}

func maskCookies(list string) string {
	cookies := strings.Split(list, "; ")
	for i, c := range cookies {
		if name, _, ok := strings.Cut(c, "="); ok {
			cookies[i] = name + "=" + Masked
		} else {
			cookies[i] = Masked
		}
	}
	return strings.Join(cookies, "; ")
}

// Head hides the secrets in a head as it passed; lines without any stay byte for byte.
func (m *Mask) Head(head []byte) []byte {
	start, rest, _ := bytes.Cut(head, []byte("\n"))
	text := bytes.TrimRight(start, "\r")
	out := append([]byte(m.Target(string(text))), head[len(text):len(head)-len(rest)]...)
	return append(out, m.Trailers(rest)...)
}

// Trailers is Head without a start line.
func (m *Mask) Trailers(lines []byte) []byte {
	var out bytes.Buffer
	for line := range bytes.Lines(lines) {
		text := bytes.TrimRight(line, "\r\n")
		name, value, isField := strings.Cut(string(text), ":")
		f, hidden := m.Field(inspect.Field{Name: name, Value: strings.TrimSpace(value)})
		switch {
		case isField && hidden:
			out.WriteString(f.Name + ": " + f.Value)
		case isField:
			out.Write(text)
		default: // it is no field, but who knows what is in it
			out.WriteString(m.Text(string(text)))
		}
		out.Write(line[len(text):])
	}
	return out.Bytes()
}

// Target hides the secrets in the query of a request's target, or of a line that has one.
func (m *Mask) Target(target string) string {
	path, query, ok := strings.Cut(target, "?")
	switch {
	case !ok || m.Off:
		return target
	case m.All:
		query, rest, more := strings.Cut(query, " ")
		pairs := strings.Split(query, "&")
		for i, p := range pairs {
			name, _, _ := strings.Cut(p, "=")
			pairs[i] = name + "=" + Masked
		}
		if path += "?" + strings.Join(pairs, "&"); more {
			path += " " + rest
		}
		return path
	}
	return path + "?" + m.Text(query)
}

// secretName is part of an expression: the words, with signs between them.
const secretName = `(?:token|secret|passw|api[-_]?key|authorization|cookie|credential|private[-_]?key|jwt)`

// pairs finds names of secrets with the text that belongs to them: name=value, "name": "value", Name: Bearer value, <name>value. In a text that is itself a text
// within JSON the quotes have backslashes, \"name\":\"value\": up to the closing one, which is left. Further in, where there are more of them, it may be more than the
// value, but never more than the text within which that is, so that JSON stays JSON.
// In a query or a form quotes, ":" and "=" may be written %22, %3A and %3D.
var pairs = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)([\w.-]*` + secretName + `[\w.-]*(?:\\*["']|%22)?\s*(?:[:=>]|%3[ad])\s*(?:(?:bearer|basic|token)\s+)?)` +
		`("(?:[^"\\]|\\.)*"?|(?:\\\\)*\\"(?:[^"\\]|(?:\\\\)+(?:\\"|[^"\\]))*|'[^']*'?|(?:[^\s&,;"'<>{}\[\]\\]|\\[^"'])+)`)
})

// parts finds parts of a form, as they pass, whose names are those of secrets: fields, content, and where the part ends.
var parts = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?im)^(content-disposition:\s*form-data\b.*\bname="[^"\n]*` + secretName + `[^"\n]*".*\n(?:.*[^\r\n].*\n)*\r?\n)((?s:.+?))(\r?\n--|\z)`)
})

// hints are what each match of pairs has in it, in lower case. Looking for them is much faster than the expression.
var hints = []string{"token", "secret", "passw", "key", "authorization", "cookie", "credential", "jwt"}

func hasHint(text string) bool {
	text = strings.ToLower(text)
	return slices.ContainsFunc(hints, func(hint string) bool { return strings.Contains(text, hint) })
}

// Text hides secrets in text of any kind, by the names before them in a line. Where it is JSON, from its beginning on, it hides what Paths lead to as well.
func (m *Mask) Text(text string) string {
	switch {
	case m.Off || text == "":
		return text
	case m.All:
		return Masked
	}
	return withoutPairs(m.withoutPaths(text))
}

// withoutPairs hides what pairs finds, and parts.
func withoutPairs(text string) string {
	if !hasHint(text) {
		return text
	}
	if strings.Contains(text, "form-data") {
		text = parts().ReplaceAllString(text, "${1}"+Masked+"${3}")
	}
	var b strings.Builder
	for line := range strings.Lines(text) {
		if hasHint(line) {
			line = pairs().ReplaceAllStringFunc(line, maskPair)
		}
		b.WriteString(line)
	}
	return b.String()
}

// withoutPaths hides what Paths lead to.
func (m *Mask) withoutPaths(text string) string {
	if len(m.Paths) == 0 {
		return text
	}
	data := []byte(text)
	var hidden [][]byte // parts of data
	for _, p := range m.Paths {
		hidden = slices.AppendSeq(hidden, p.Values(data))
	}
	for _, value := range hidden {
		for i := range value {
			value[i] = noText
		}
	}
	var b strings.Builder
	for i, c := range data {
		switch {
		case c != noText:
			b.WriteByte(c)
		case i == 0 || data[i-1] != noText:
			b.WriteString(Masked)
		}
	}
	return b.String()
}

// noText is a byte that no text has.
const noText = 0xff

// maskPair hides the value of one match of pairs.
func maskPair(pair string) string {
	at := pairs().FindStringSubmatchIndex(pair)
	name, value := pair[:at[3]], pair[at[4]:]
	switch {
	case isNumber(value):
		return pair
	case value[0] == '"':
		return name + `"` + Masked + `"`
	case strings.HasPrefix(strings.TrimLeft(value, `\`), `"`):
		return name + value[:strings.IndexByte(value, '"')+1] + Masked
	}
	return name + Masked
}

func isNumber(text string) bool {
	return strings.Trim(text, "0123456789.-+") == "" || text == "true" || text == "false" || text == "null"
}

// Content hides secrets in content, that of its parts too.
func (m *Mask) Content(c *Content) {
	if m.Off {
		return
	}
	switch c.Kind {
	case JSON, NDJSON, Token:
		m.json(c.Lines)
	case Form:
		m.form(c.Lines)
	default:
		c.Lines = m.lines(c.Lines)
	}
	for i := range c.Parts {
		p := &c.Parts[i]
		if m.All && p.Filename != "" {
			p.Filename = Masked
		}
		if IsSecret(p.Name) || m.All && len(p.Parts) == 0 && p.Kind != JSON {
			p.Lines = []Line{{{ClassString, Masked}}}
			continue
		}
		m.Content(&p.Content)
	}
}

// lines hides secrets in lines of any kind; those of ours between them are plain then.
func (m *Mask) lines(lines []Line) []Line {
	if m.All && len(lines) > 0 {
		return []Line{{{ClassString, Masked}}}
	}
	for i, l := range lines {
		text := l.String()
		if shown := m.Text(text); shown != text {
			lines[i] = Line{{ClassPlain, shown}}
		}
	}
	return lines
}

func (m *Mask) form(lines []Line) {
	for _, l := range lines {
		switch {
		case len(l) != 3:
		case m.All || IsSecret(l[0].Text):
			l[2].Text = Masked
		default:
			l[2].Text = withoutPairs(l[2].Text)
		}
	}
}

// json hides the texts of members that are secrets, and all texts within such members; and in the other texts what the names in them give away.
func (m *Mask) json(lines []Line) {
	var w jsonWalk
	secret := 0 // how many levels are open where one began; 0: in none
	for _, l := range lines {
		w.next(l)
		depth := len(w.open)
		if secret > 0 && depth < secret {
			secret = 0
		}
		if w.value == nil {
			continue
		}
		all := m.All || m.named(&w)
		hide := all || secret > 0 || IsSecret(w.key())
		if hide && w.opened && secret == 0 {
			secret = depth
		}
		m.texts(w.value, hide, all)
	}
}

// named says that a path leads to where the walk is.
func (m *Mask) named(w *jsonWalk) bool { return len(m.Paths) > 0 && m.HidesPath(w.path()) }

// texts hides the texts in a line, and with all the numbers and literals; or else what is within the texts.
func (m *Mask) texts(l Line, hide, all bool) {
	for i := range l {
		switch class := l[i].Class; {
		case class == ClassString && hide:
			l[i].Text = `"` + Masked + `"`
		case class == ClassString:
			l[i].Text = m.Literal(l[i].Text)
		case all && (class == ClassNumber || class == ClassLiteral):
			l[i].Text = Masked
		}
	}
}

// Literal hides what the names within a text of JSON give away, which may be JSON itself, a query or a log. It begins with its quote, and
// ends with one unless it is cut off; these stay.
func (m *Mask) Literal(text string) string {
	if m.Off || !hasHint(text) {
		return text
	}
	inner, closed := strings.CutSuffix(text[1:], `"`)
	if inner = withoutPairs(inner); closed {
		inner += `"`
	}
	return `"` + inner
}

// HidesPath says that the values at a path within JSON are hidden.
func (m *Mask) HidesPath(path string) bool {
	at, err := inspect.ParseJSONPath(path)
	if m.Off || err != nil {
		return false
	}
	return m.All || slices.ContainsFunc(m.Paths, func(p inspect.JSONPath) bool { return p.Covers(at) })
}
