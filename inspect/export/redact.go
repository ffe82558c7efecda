package export

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/view"
)

// hidden stands for a secret that is left out.
const hidden = "[redacted]"

// Redacted is an exchange without the secrets that their names give away (view.IsSecret): values of header fields and trailers, of queries and forms, and
// all within such members of JSON. All of it is in memory then: content is decoded, at most 16 MiB of each side. What cannot be looked through is left out:
// content that is larger or in an unknown coding, and what followed an upgrade. Binary content stays. request and response are as with HAR.Add.
func Redacted(it inspect.Item, request, response io.ReaderAt) inspect.Item {
	x := *it.Exchange
	x.Request.Target = reworded(mask.Target(x.Request.Target))
	redact(&x.Request.Message, request, x.Upgraded)
	if x.Response != nil {
		answer := *x.Response
		redact(&answer.Message, response, x.Upgraded)
		x.Response = &answer
	}
	it.Exchange = &x
	return it
}

// mask knows secrets by their names.
var mask view.Mask

// reworded is masked text with our word for what is hidden.
func reworded[T ~string | ~[]byte](masked T) T {
	return T(strings.ReplaceAll(string(masked), view.Masked, hidden))
}

// redact does it for one message, which is the caller's own.
func redact(m *inspect.Message, body io.ReaderAt, upgraded bool) {
	head := m.Head
	m.Head, m.Trailers = reworded(mask.Head(head)), reworded(mask.Trailers(m.Trailers))
	m.Redacted = m.Redacted || !bytes.Equal(head, m.Head)
	if m.Kept == 0 {
		return
	}
	p := view.Decoded(m, body, maxHAR)
	switch data := redactText(p.Data); {
	case upgraded, p.More && m.Kept == m.Size, p.Coded, p.Text && p.Note != "":
		m.Body, m.Tail, m.Kept, m.Dropped, m.Withheld = nil, nil, 0, true, true
	case p.Text && !bytes.Equal(data, p.Data):
		m.Head = withoutField(m.Head, "Content-Encoding")
		m.Size += int64(len(data)) - m.Kept
		m.Body, m.Tail, m.Kept, m.Redacted = data, nil, int64(len(data)), true
	case m.Kept > int64(len(m.Body)):
		m.Body, _ = io.ReadAll(m.Content(body)) // Decoded has read it
		m.Kept = int64(len(m.Body))
	}
}

func withoutField(head []byte, name string) []byte {
	var b bytes.Buffer
	for line := range bytes.Lines(head) {
		if !hasName(bytes.TrimRight(line, "\r\n"), name) {
			b.Write(line)
		}
	}
	return b.Bytes()
}

// redactText hides secrets in text: in JSON member by member, in the rest by the names before them.
func redactText(data []byte) []byte {
	if out, err := redactJSON(data); err == nil {
		return out
	}
	return []byte(reworded(mask.Text(string(data))))
}

// redactJSON writes JSON again, byte for byte but for the texts within members whose names are those of secrets, and for what names within the other texts give
// away. Numbers stay (max_tokens is none).
func redactJSON(data []byte) ([]byte, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var out bytes.Buffer
	var open []level
	for at := int64(0); ; {
		token, err := d.Token()
		if err == io.EOF {
			if len(open) > 0 || out.Len() == 0 {
				return nil, fmt.Errorf("JSON: %w", io.ErrUnexpectedEOF)
			}
			out.Write(data[at:])
			return out.Bytes(), nil
		}
		if err != nil {
			return nil, fmt.Errorf("JSON: %w", err)
		}
		written := data[at:d.InputOffset()]
		at = d.InputOffset()
		from := bytes.IndexByte(written, '"')
		switch _, isText := token.(string); {
		case step(&open, token):
			written = append(written[:from:from], `"`+hidden+`"`...)
		case isText:
			written = append(written[:from:from], reworded(mask.Literal(string(written[from:])))...)
		}
		out.Write(written)
	}
}

// level is an object or array that is open.
type level struct {
	object bool
	key    bool // the next token is a member's name
	secret bool // what comes next is one, or all that is within
	within bool // of a secret
}

// step takes a token, and says whether it is a text to be hidden.
func step(open *[]level, token json.Token) bool {
	n := len(*open)
	if d, ok := token.(json.Delim); ok && (d == '}' || d == ']') {
		*open = (*open)[:n-1]
		return false
	}
	secret := false
	if n > 0 {
		top := &(*open)[n-1]
		name, isText := token.(string)
		if top.object && top.key && isText {
			top.key, top.secret = false, top.within || view.IsSecret(name)
			return false
		}
		top.key, secret = top.object, top.secret || top.within
	}
	if d, ok := token.(json.Delim); ok {
		*open = append(*open, level{object: d == '{', key: d == '{', within: secret, secret: secret})
		return false
	}
	_, isText := token.(string)
	return secret && isText
}
