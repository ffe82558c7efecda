package view

import (
	"bytes"
	"io"

	"github.com/adit-tunnel/adit/inspect"
)

// Plain is content without its codings.
type Plain struct {
	Media string // media type without parameters, in lower case
	Data  []byte // raw
	Text  bool   // Data reads as text
	More  bool   // there is more of it than the limit, or than could be decoded
	Note  string // why it is not decoded, or not to its end; "" when all is well
}

// Decoded reads the content of a message without its content codings, at most limit bytes of it. body reads the Kept bytes (inspect.Reader.Body); nil: what is
// in memory is all there is.
func Decoded(m *inspect.Message, body io.ReaderAt, limit int) Plain {
	fs := Headers(m.Head)
	p := Plain{}
	p.Media, _ = mediaType(Get(fs, "Content-Type"))
	var r io.Reader = bytes.NewReader(m.Body)
	if body != nil && m.Kept > int64(len(m.Body)) {
		r = io.NewSectionReader(body, 0, m.Kept)
	}
	data, err := io.ReadAll(io.LimitReader(r, int64(limit)+1))
	if err != nil {
		p.Note = Sanitize("reading what was kept failed: " + err.Error())
	}
	p.Data, p.More = data[:min(len(data), limit)], len(data) > limit
	if c := coding(fs); c != "" && len(data) > 0 {
		p.Note = "encoded with " + c + ", shown as it passed"
	}
	p.Text = isText(p.Data)
	return p
}

// IsJSON says that content is JSON, by its type or by how it reads.
func (p *Plain) IsJSON() bool {
	return p.Text && looksLikeJSON(p.Data) && checkJSON(p.Data, false) == nil
}
