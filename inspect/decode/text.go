package decode

import (
	"bytes"
	"mime"
	"mime/multipart"
	"net/url"
	"strings"
	"unicode/utf8"
)

// MaxText is the most that Text returns, in bytes, but for a rest of a character.
const MaxText = 256 << 10

// Text is what a message says, for filters and the index: its content without codings, in UTF-8, cut at MaxText. nil: there is none, or it is not text.
// Forms are read as their fields, parts that are text are taken out of multipart content, and JSON is written without needless escapes, so that words are
// found; it is not for showing.
//
// head is the message's own head and content as much of its content as there is. For a connection that was upgraded, answer is the head of the 101
// response: the text messages of a WebSocket are the text then. It is nil otherwise.
func Text(head, answer, content []byte) []byte {
	switch {
	case len(content) == 0:
		return nil
	case answer != nil:
		return socketText(answer, content)
	}
	// Damaged content is text up to the damage.
	data, _ := Content(Codings(head), bytes.NewReader(content), MaxText)
	media, params, err := mime.ParseMediaType(fieldOf(head, "Content-Type"))
	if err != nil {
		media, _, _ = strings.Cut(fieldOf(head, "Content-Type"), ";")
		media = strings.ToLower(strings.TrimSpace(media))
	}
	if strings.HasPrefix(media, "multipart/") {
		return multipartText(data, params["boundary"])
	}
	data = ToUTF8(data, params["charset"])
	if len(data) == 0 || !IsText(data) {
		return nil
	}
	switch first := bytes.TrimLeft(data, " \t\r\n"); {
	case media == "application/x-www-form-urlencoded":
		return formText(data)
	case strings.HasSuffix(media, "json") || len(first) > 0 && (first[0] == '{' || first[0] == '['):
		return plainJSON(data)
	}
	return data
}

// IsText says that data, in UTF-8, reads as text: without NUL, and with hardly a byte that text has not, be it a control character or of an older
// character set. A character that is cut off at the end does no harm. It looks at the first 64 KiB.
func IsText(data []byte) bool {
	data = data[:min(len(data), 64<<10)]
	odd := 0
	for i := 0; i < len(data); {
		r, size := utf8.DecodeRune(data[i:])
		switch {
		case r == 0:
			return false
		case r == utf8.RuneError && size == 1:
			if !utf8.FullRune(data[i:]) {
				return i > 0
			}
			odd++
		case r < ' ' && r != '\n' && r != '\r' && r != '\t' && r != '\f' && r != '\x1b', r == '\x7f':
			odd++
		}
		i += size
	}
	return odd <= len(data)/20
}

// formText writes the fields of a form as lines.
func formText(data []byte) []byte {
	var b bytes.Buffer
	for pair := range strings.SplitSeq(string(data), "&") {
		if plain, err := url.QueryUnescape(pair); err == nil {
			pair = plain
		}
		b.WriteString(pair)
		b.WriteByte('\n')
	}
	return b.Bytes()
}

// multipartText joins the parts that are text, each below its name.
func multipartText(data []byte, boundary string) []byte {
	var b bytes.Buffer
	parts := multipart.NewReader(bytes.NewReader(data), boundary)
	for boundary != "" {
		part, err := parts.NextRawPart()
		if err != nil {
			break
		}
		b.WriteString(part.FormName() + " " + part.FileName() + "\n")
		start := b.Len()
		_, err = b.ReadFrom(part)
		if !IsText(b.Bytes()[start:]) {
			b.Truncate(start)
		}
		b.WriteByte('\n')
		if err != nil {
			break
		}
	}
	return b.Bytes()
}

// plainJSON takes escapes out of JSON that hide words: A\u00e9 becomes Aé, and \n a space, since "a\nb" would read as the word nb. Quotes and backslashes
// stay escaped, so that it is JSON still.
func plainJSON(data []byte) []byte {
	if bytes.IndexByte(data, '\\') < 0 {
		return data
	}
	out := make([]byte, 0, len(data))
	for i := 0; i < len(data); {
		if data[i] != '\\' || i+1 == len(data) {
			out = append(out, data[i])
			i++
			continue
		}
		switch c := data[i+1]; c {
		case 'n', 'r', 't', 'b', 'f':
			out = append(out, ' ')
		case '/':
			out = append(out, '/')
		case 'u':
			r, n := escapedRune(data[i:])
			if n == 0 {
				out = append(out, '\\', 'u')
				break
			}
			out = utf8.AppendRune(out, r)
			i += n
			continue
		default:
			out = append(out, '\\', c)
		}
		i += 2
	}
	return out
}
