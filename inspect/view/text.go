package view

import (
	"strings"
)

// text lays out what reads as text by its type, or by how it begins when the type says little.
func (o *opener) text(c *Content, data []byte) {
	declared := c.Media == "application/json" || c.Media == "text/json" || strings.HasSuffix(c.Media, "+json")
	guess := c.Media == "" || c.Media == "text/plain" || c.Media == "application/octet-stream"
	switch {
	case declared && looksLikeJSON(data) && o.graphQL(c, data):
	case declared && looksLikeJSON(data):
		o.json(c, data, false)
	case isNDJSON(c.Media):
		o.json(c, data, true)
	case c.Media == "application/graphql":
		c.Kind, c.Title = GraphQL, Sanitize(operation(string(data), ""))
		o.layGraphQL(string(data))
	case guess && looksLikeJSON(data) && checkJSON(data, false) == nil:
		o.json(c, data, false)
	default:
		c.Kind = Text
		o.add(ClassPlain, string(data))
	}
}

func isNDJSON(media string) bool {
	switch media {
	case "application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines", "application/json-seq", "application/stream+json":
		return true
	}
	return false
}
