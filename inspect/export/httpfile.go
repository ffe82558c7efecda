package export

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/view"
)

// acts is what the editors that read .http files act on: variables, and in content the next request, files that are read, scripts that are run.
var acts = regexp.MustCompile(`\{\{|(?m)^\s*(?:###|<(?:@\w*)?\s|<>|>|@|//|#)`)

// HTTPFile is a request as editors read it from a .http file (VS Code's REST Client, JetBrains' HTTP Client): the line with the URL, the fields, a blank
// line, the content. The format quotes nothing, so that the error says so when something of the request would be acted on rather than sent, or when its
// content is not text. to, body and the other errors are as with Curl.
func HTTPFile(x *inspect.Exchange, body io.ReaderAt, to string) (string, error) {
	r := &x.Request
	data, err := content(x, body)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	b.WriteString(r.Method + " " + base(x, to) + r.Target + " HTTP/1.1\n")
	for _, f := range view.Headers(r.Head) {
		if strings.EqualFold(f.Name, "Host") || strings.EqualFold(f.Name, "Content-Length") || strings.EqualFold(f.Name, "Transfer-Encoding") {
			continue // the editor says so by itself
		}
		b.WriteString(f.Name + ": " + f.Value + "\n")
	}
	if strings.Contains(b.String(), "{{") || !utf8.ValidString(b.String()) || acts.Match(data) {
		return "", errActs
	}
	if !utf8.Valid(data) || bytes.IndexByte(data, 0) >= 0 {
		return "", errors.New("content that is not text has no place in a .http file: take curl")
	}
	if len(data) > 0 {
		b.WriteString("\n" + string(data) + "\n")
	}
	return b.String(), nil
}

var errActs = errors.New("something of the request is what .http files act on (such as {{ or a line that begins with # or >): take curl")
