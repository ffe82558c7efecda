package view

import (
	"cmp"
	"strings"
)

// graphQL lays out a GraphQL request that came as JSON, false when it is none: an object with a query, or with the name or hash of one that the server
// knows.
func (o *opener) graphQL(c *Content, data []byte) bool {
	query := jsonText(jsonMember(data, "query"))
	if query == "" || !looksLikeGraphQL(query) {
		return false
	}
	c.Kind = GraphQL
	c.Title = Sanitize(operation(query, jsonText(jsonMember(data, "operationName"))))
	c.Parts = append(c.Parts, o.part("query", "application/graphql", []byte(query)))
	eachMember(data, func(key, value []byte) bool {
		if name := string(key); name != "query" && name != "operationName" && len(c.Parts) < maxParts {
			c.Parts = append(c.Parts, o.part(name, "application/json", value))
		}
		return !o.full()
	})
	return true
}

// looksLikeGraphQL says that text begins as a document does: not every member that is named query is one.
func looksLikeGraphQL(text string) bool {
	for at := 0; at < len(text); {
		class, n := graphQLToken(text[at:])
		word := text[at : at+n]
		at += n
		switch {
		case class == ClassPlain || class == ClassComment:
		case word == "{":
			return true
		default:
			return strings.Contains(text, "{") && (word == "query" || word == "mutation" || word == "subscription" || word == "fragment")
		}
	}
	return false
}

// operation names the operation of a GraphQL document, "query Viewer", or the one of that name in it. Without a document it is the name alone.
func operation(document, name string) string {
	kind, depth := "", 0
	for at := 0; at < len(document); {
		class, n := graphQLToken(document[at:])
		word := document[at : at+n]
		at += n
		switch {
		case class == ClassPlain || class == ClassComment:
			continue
		case word == "{":
			if depth == 0 && name == "" {
				return cmp.Or(kind, "query")
			}
			depth++
		case word == "}":
			depth--
		case depth > 0:
		case word == "query" || word == "mutation" || word == "subscription":
			kind = word
			continue
		case kind != "" && class == ClassAttribute && (name == "" || word == name):
			return kind + " " + word
		}
		kind = ""
	}
	return name
}

// layGraphQL gives a document that came on one line its lines; any other keeps its own.
func (o *opener) layGraphQL(text string) {
	text = strings.TrimSpace(text)
	own := strings.Contains(text, "\n")
	depth := 0
	for at := 0; at < len(text) && !o.full(); {
		class, n := graphQLToken(text[at:])
		word := text[at : at+n]
		at += n
		if own {
			o.add(class, word)
			continue
		}
		switch word {
		case "{":
			depth++
			o.add(class, word)
			o.indent(depth)
			at += len(text[at:]) - len(strings.TrimLeft(text[at:], " "))
		case "}":
			depth = max(depth-1, 0)
			o.indent(depth)
			o.add(class, word)
		default:
			o.add(class, word)
		}
	}
}

// indent begins a line at that depth.
func (o *opener) indent(depth int) {
	o.end()
	o.span(ClassPlain, indents[:2*min(depth, maxIndent)])
}

// graphQLToken is the class and the length of the token that s begins with; white space and commas are one, too.
func graphQLToken(s string) (Class, int) {
	switch c := s[0]; {
	case isSpace(c) || c == ',':
		return ClassPlain, prefix(s, func(c byte) bool { return isSpace(c) || c == ',' })
	case c == '#':
		return ClassComment, prefix(s, func(c byte) bool { return c != '\n' })
	case strings.HasPrefix(s, `"""`):
		if n := strings.Index(s[3:], `"""`); n >= 0 {
			return ClassString, n + 6
		}
		return ClassString, len(s)
	case c == '"':
		return ClassString, stringEnd(s)
	case c == '-' || c >= '0' && c <= '9':
		return ClassNumber, 1 + prefix(s[1:], func(c byte) bool { return isWord(c) || c == '.' || c == '+' || c == '-' })
	case c == '$' || c == '@':
		return ClassKey, 1 + prefix(s[1:], isWord)
	case isWord(c):
		n := prefix(s, isWord)
		switch s[:n] {
		case "query", "mutation", "subscription", "fragment", "on":
			return ClassKeyword, n
		case "true", "false", "null":
			return ClassLiteral, n
		}
		return ClassAttribute, n
	}
	return ClassPunct, 1
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

func isWord(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// prefix is how many bytes at the beginning of s are so.
func prefix(s string, so func(byte) bool) int {
	for i := range len(s) {
		if !so(s[i]) {
			return i
		}
	}
	return len(s)
}
