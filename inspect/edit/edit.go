// Package edit is a recorded request as text that a person changes in an editor, and the way there and back. Faces run the editor; what is written and read is
// the same for all of them.
//
//	s, err := edit.Begin(edit.Text(x, body), os.Getenv)
//	defer s.End()
//	for again := true; again; {
//		… // run s.Command() with the terminal
//		change, again, err = s.Read()
//	}
//
// The text is the request line, the fields, an empty line and the content, as in HTTP but with plain line ends, and one more line end behind the content, which
// editors like to have there. Lines above the empty one that begin with "//" say what is to be known.
package edit

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/view"
)

// maxText is how much content a person is given to change, in bytes.
const maxText = 1 << 20

// What stands in comments.
const (
	comment  = "//"
	guide    = comment + " Change what you like, save, and close the editor. Content-Length follows the content. Nothing is sent when nothing is changed, or all is deleted."
	stays    = comment + " The content stays as it was recorded: "
	instead  = ". Delete this line to send what you write below instead."
	mistaken = comment + " Mistake: "
)

// Text writes a recorded request. body is all of its content; when it is not, or is no text, the content stays out and is sent as it was.
func Text(x *inspect.Exchange, body []byte) []byte {
	var b bytes.Buffer
	b.WriteString(guide + "\n")
	reason := notText(&x.Request.Message, body)
	if reason != "" {
		b.WriteString(stays + reason + instead + "\n")
		body = nil
	}
	version := "HTTP/1.1"
	if line := strings.Split(view.StartLine(x.Request.Head), " "); len(line) == 3 {
		version = line[2]
	}
	fmt.Fprintf(&b, "%s %s %s\n", x.Request.Method, x.Request.Target, version)
	for _, f := range view.Headers(x.Request.Head) {
		b.WriteString(f.Name + ": " + f.Value + "\n")
	}
	b.WriteByte('\n')
	b.Write(body)
	if len(body) > 0 {
		b.WriteByte('\n')
	}
	return b.Bytes()
}

// notText says why the content stays out of the text; "" when it is in it.
func notText(m *inspect.Message, body []byte) string {
	size := view.Size(m.Size)
	switch coding := strings.TrimSpace(view.Get(view.Headers(m.Head), "Content-Encoding")); {
	case m.Size == 0:
		return ""
	case m.Kept < m.Size || int64(len(body)) != m.Kept:
		return size + ", not kept whole"
	case coding != "" && !strings.EqualFold(coding, "identity"):
		return size + ", encoded with " + view.Sanitize(coding)
	case len(body) > maxText:
		return size + ", more than an editor is given"
	case !utf8.Valid(body) || bytes.IndexByte(body, 0) >= 0:
		return size + " that are no text"
	}
	return ""
}
