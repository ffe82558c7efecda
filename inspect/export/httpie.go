package export

import (
	"io"
	"strings"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/view"
)

// HTTPie is a command for a POSIX shell that sends a request again with HTTPie 3: the same method, target, fields and content. HTTPie orders and spells
// fields as it likes. to, body and the error are as with Curl.
func HTTPie(x *inspect.Exchange, body io.ReaderAt, to string) (string, error) {
	r := &x.Request
	data, err := content(x, body)
	if err != nil {
		return "", err
	}
	c := command{lines: []string{"http --path-as-is " + word([]byte(r.Method)) + " " + word([]byte(base(x, to)+r.Target))}}
	fs := view.Headers(r.Head)
	for _, name := range []string{"User-Agent", "Accept", "Accept-Encoding"} {
		if view.Get(fs, name) == "" {
			c.add("'" + name + ":'")
		}
	}
	for _, f := range fs {
		if strings.EqualFold(f.Name, "Content-Length") || strings.EqualFold(f.Name, "Transfer-Encoding") {
			continue // it says so by itself
		}
		separator := ": "
		if f.Value == "" {
			separator = ";"
		}
		c.add(word([]byte(strings.ReplaceAll(f.Name, `\`, `\\`) + separator + f.Value)))
	}
	if len(data) == 0 {
		c.lines[0] = strings.Replace(c.lines[0], "http ", "http --ignore-stdin ", 1)
	} else {
		c.content("--raw", "", data)
	}
	return c.String(), nil
}
