package view

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/decode"
)

// Plain is content without its content codings.
type Plain struct {
	Media  string // media type without parameters, in lower case
	Coding string // the content codings it came in: "gzip"; "" for none
	Data   []byte // raw
	Text   bool   // Data reads as text
	More   bool   // there is more of it than the limit, or than is in memory
	Note   string // why it is not decoded, or not to its end; "" when all is well. Safe to show
	Coded  bool   // Data is still in its coding, since it could not be decoded at all
}

// Decoded reads the content of a message without its content codings, at most limit bytes of it. body reads the Kept bytes (inspect.Reader.Body); nil: what is
// in memory is all there is.
func Decoded(m *inspect.Message, body io.ReaderAt, limit int) Plain {
	codings := decode.Codings(m.Head)
	p := Plain{Coding: Sanitize(strings.Join(codings, ", "))}
	p.Media, _ = mediaType(Get(Headers(m.Head), "Content-Type"))
	data, err := decode.Content(codings, m.Content(body), int64(limit))
	failed, elsewhere := (*decode.CodingError)(nil), body == nil && int64(len(m.Body)) < m.Kept
	p.More = elsewhere
	switch {
	case errors.Is(err, decode.ErrLimit):
		p.More = true
	case errors.As(err, &failed) && len(data) == 0:
		p.Note = Sanitize("encoded with " + p.Coding + ", shown as it passed: " + err.Error())
		p.Coded = true
		data, _ = io.ReadAll(io.LimitReader(m.Content(body), int64(limit)))
	case errors.As(err, &failed) && m.Complete() && !elsewhere:
		p.Note = Sanitize("what is behind cannot be decoded: " + err.Error())
	case errors.As(err, &failed): // what is here ends within the coding
	case err != nil:
		p.Note = Sanitize("reading what was kept failed: " + err.Error())
	}
	p.Data, p.Text = data, !p.Coded && decode.IsText(data)
	return p
}

// IsJSON says that content is JSON, by how it reads.
func (p *Plain) IsJSON() bool {
	return p.Text && looksLikeJSON(p.Data) && checkJSON(p.Data, false) == nil
}

func looksLikeJSON(data []byte) bool {
	data = bytes.TrimLeft(data, " \t\r\n")
	return len(data) > 0 && (data[0] == '{' || data[0] == '[')
}

// IsText says that data reads as text, by its first 64 KiB.
func IsText(data []byte) bool { return decode.IsText(data) }
