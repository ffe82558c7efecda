package capture

import (
	"bytes"
	"compress/gzip"
	"io"
	"slices"
	"strings"

	"github.com/adit-tunnel/adit/inspect"
)

// pass is how content comes past the redaction.
type pass uint8

const (
	free    pass = iota // it is recorded as it passes
	looked              // it is free unless its first bytes look like JSON
	held                // it is recorded when it is whole and has been read
	refused             // it is not recorded
)

// neverJSON are the types of content, or their beginnings, that are not decoded to look for JSON. What is not encoded is looked at whatever it is called.
var neverJSON = []string{"image/", "audio/", "video/", "font/", "text/css", "text/javascript", "application/javascript"}

// requestPass says how the content of a request comes through.
func (r *Redaction) requestPass(head []byte) pass {
	if r.reads() && field(head, "upgrade") != nil {
		return refused
	}
	return r.passOf(head)
}

// responsePass says how the content of a response comes through.
func (r *Redaction) responsePass(head []byte) pass {
	if r.reads() && isMedia(head, "text/event-stream") {
		return refused
	}
	return r.passOf(head)
}

func (r *Redaction) passOf(head []byte) pass {
	if !r.reads() {
		return free
	}
	kind := strings.ToLower(string(media(head)))
	never := slices.ContainsFunc(neverJSON, func(n string) bool { return strings.HasPrefix(kind, n) })
	switch encoded := coding(head) != ""; {
	case strings.Contains(kind, "json"), encoded && !never:
		return held
	case encoded:
		return free
	}
	return looked
}

// coding is the content's coding; "" for none.
func coding(head []byte) string {
	c := strings.ToLower(string(field(head, "content-encoding")))
	if c == "identity" {
		return ""
	}
	return c
}

// look decides by the first bytes.
func (b *body) look(p []byte) {
	if looksLikeJSON(p) {
		b.pass = held
	} else {
		b.pass = free
	}
}

// looksLikeJSON says that text may be an object or an array. White space alone may be in front of one, and so may the beginning of a mark.
func looksLikeJSON(text []byte) bool {
	if bytes.HasPrefix([]byte(byteOrderMark), text) {
		return true
	}
	text = bytes.TrimLeft(bytes.TrimPrefix(text, []byte(byteOrderMark)), " \t\r\n")
	return len(text) == 0 || text[0] == '{' || text[0] == '['
}

// release records content that is whole, when it could be read.
func (b *body) release(t *tap, m *inspect.Message) {
	b.pass = free
	text, ok := b.bytes, true
	if c := coding(m.Head); c != "" {
		text, ok = decoded(c, text)
	}
	switch {
	case !ok, len(m.Head) == 0: // there was no room for the head, which says what the content is
		b.refuse()
		return
	case !looksLikeJSON(text) && !strings.Contains(strings.ToLower(string(media(m.Head))), "json"):
		return
	}
	clean, changed, err := t.redact.json(text)
	switch {
	case err != nil, changed && coding(m.Head) != "", changed && !t.take(len(clean)):
		b.refuse()
	case changed:
		b.bytes, b.size, m.Redacted = clean, int64(len(clean)), true
	}
}

// maxDecoded is up to where encoded content is read.
const maxDecoded = 4 << 20

// decoded is content without its coding. Only gzip is known here, so that programs with an agent in them stay small: what is encoded otherwise is not recorded.
func decoded(coding string, content []byte) (text []byte, ok bool) {
	if coding != "gzip" && coding != "x-gzip" {
		return nil, false
	}
	z, err := gzip.NewReader(bytes.NewReader(content))
	if err != nil {
		return nil, len(content) == 0
	}
	text, err = io.ReadAll(io.LimitReader(z, maxDecoded+1))
	return text, err == nil && len(text) <= maxDecoded
}
