package store

import (
	"bytes"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/adit-tunnel/adit/inspect"
)

// The table words has the words of each exchange: head is Item.HeadText, body the content of both sides as text, marks the tags and the note. SQLite takes
// ASCII apart as inspect.Words does, and all other characters for letters; so a text with others is given to it as the words that inspect.Words finds.
// Words stand in a row as in the text, with a boundary between texts that no phrase can span.
const (
	boundary = " \u2029 "

	// oddly stands with content in which the words of a JSON string may be others than those of what it says: "\u0061" says "a".
	oddly = "\u2028"
)

// wordsOf writes a text for the table.
func wordsOf(text []byte) string {
	if !ascii(text) {
		return strings.Join(inspect.Words(string(text)), " ")
	}
	return string(text)
}

// ascii says that text has plain characters only. NUL is none: it ends texts in places.
func ascii[T string | []byte](text T) bool {
	for i := range len(text) {
		if c := text[i]; c >= utf8.RuneSelf || c == 0 {
			return false
		}
	}
	return true
}

// bodyWords writes the contents of both sides.
func bodyWords(request, response []byte) string {
	var parts []string
	for _, text := range [][]byte{request, response} {
		if len(text) == 0 {
			continue
		}
		parts = append(parts, wordsOf(text))
		if isOdd(text) {
			parts = append(parts, oddly)
		}
	}
	return strings.Join(parts, boundary)
}

// isOdd says that oddly belongs to text: it has an escape other than of signs, or the letter that is i in lower case, but another word.
func isOdd(text []byte) bool {
	for rest := text; ; {
		i := bytes.IndexByte(rest, '\\')
		if i < 0 {
			return bytes.Contains(text, []byte("İ"))
		}
		if rest = rest[i+1:]; len(rest) == 0 || bytes.IndexByte([]byte(`"\/`), rest[0]) < 0 {
			return true
		}
		rest = rest[1:]
	}
}

// markWords writes tags and note.
func markWords(it inspect.Item) string {
	parts := make([]string, 0, len(it.Tags)+1)
	for _, tag := range append(slices.Clip(it.Tags), it.Note) {
		if tag != "" {
			parts = append(parts, wordsOf([]byte(tag)))
		}
	}
	return strings.Join(parts, boundary)
}

// plain says that SQL compares the names of an exchange as Match does, which folds all letters: SQL knows A to Z.
func plain(x *inspect.Exchange) bool {
	return ascii(x.Request.Method) && ascii(x.Request.Target) && ascii(x.Request.Host) && ascii(x.Endpoint) // as tags are
}

// words is the SQL of a term that is about words, or for which the words say which rows can match.
func (w *where) words(t *inspect.Term) (sql string, exact bool) {
	match, exact := phrase(t)
	_, prefix := t.Words()
	if _, soon := w.known[t]; match == "" || prefix && !soon { // too many words begin so for the index to go through them at each step
		return "1", false
	}
	w.worded = true
	if w.sparse {
		return "EXISTS (SELECT 1 FROM words WHERE words MATCH " + w.arg(match) + " AND rowid = e.seq)", exact
	}
	return "e.seq IN (SELECT rowid FROM words WHERE words MATCH " + w.arg(match) + " AND rowid >= ?1 AND rowid < ?2)", exact
}

// phrase is what to ask words for all rows that can match t; "": they can not say. exact says that those rows do match.
func phrase(t *inspect.Term) (match string, exact bool) {
	if words, prefix := t.Words(); words != nil {
		match = quoted(words)
		if prefix {
			match += " *"
		}
		if t.Field == inspect.KeyBody {
			match = "body : " + match
		}
		return match, true
	}
	switch name := inspect.Words(t.Name); {
	case t.Field == inspect.KeyHeader && len(name) > 0:
		return "head : " + quoted(name), false
	case t.Field == inspect.KeyBody && t.Name != "":
		return jsonPhrases(t), false
	}
	return "", false
}

// jsonPhrases asks for the names on the way and for the value, which stands behind its name.
func jsonPhrases(t *inspect.Term) string {
	var all []string
	var value []string
	if pieces := t.Pieces(); len(pieces) == 1 {
		value = inspect.Words(pieces[0])
	}
	if path := t.Name; !strings.ContainsAny(path, `"\`) {
		if i := strings.LastIndexAny(path, ".["); i >= 0 && path[i] == '.' && path[i:] != ".*" {
			path, value = path[:i], append(inspect.Words(path[i:]), value...)
		}
		for _, name := range strings.FieldsFunc(path, func(r rune) bool { return strings.ContainsRune("$.[]*", r) }) {
			if words := inspect.Words(name); len(words) > 0 && strings.Trim(name, "0123456789") != "" { // a number may count elements
				all = append(all, quoted(words))
			}
		}
	}
	if len(value) > 0 {
		all = append(all, quoted(value))
	}
	if len(all) == 0 {
		return ""
	}
	return "body : ((" + strings.Join(all, " AND ") + ") OR " + quoted([]string{oddly}) + ")"
}

// quoted is a phrase for MATCH: words have no quotes.
func quoted(words []string) string { return `"` + strings.Join(words, " ") + `"` }
