package export

import (
	"bytes"
	"io"
	"strconv"
	"strings"

	"github.com/adit-tunnel/adit/inspect"
)

// Raw writes a message as it goes over a wire: its head, then the content that was kept. Content that the head declares as chunked is framed as one
// chunk, with the trailers, so that what reads HTTP can read it; the end is left out when it was not recorded. body reads the Kept bytes; nil: what is in
// memory is all there is.
func Raw(w io.Writer, m *inspect.Message, body io.ReaderAt) error {
	_, err := io.Copy(w, raw(m, body))
	return err
}

func raw(m *inspect.Message, body io.ReaderAt) io.Reader {
	head, content := bytes.NewReader(m.Head), m.Content(body)
	if !chunked(m.Head) {
		return io.MultiReader(head, content)
	}
	size := m.Kept
	if body == nil {
		size = int64(len(m.Body))
	}
	begin, end := "", ""
	if size > 0 {
		begin, end = strconv.FormatInt(size, 16)+"\r\n", "\r\n"
	}
	if m.Complete() && size == m.Size {
		end += "0\r\n" + string(m.Trailers) + "\r\n"
	}
	return io.MultiReader(head, strings.NewReader(begin), content, strings.NewReader(end))
}
