package export

import (
	"io"
	"strings"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/view"
)

// HTTPie is a command for a POSIX shell that sends a request again with HTTPie 3: the same method, target, fields and content. HTTPie orders and spells
// fields as it likes. to, body and the error are as with Curl; a *MethodError says that HTTPie takes the method for something else.
func HTTPie(x *inspect.Exchange, body io.ReaderAt, to string) (string, error) {
	r := &x.Request
	data, err := content(x, body)
	if err != nil {
		return "", err
	}
	if strings.ContainsFunc(r.Method, func(c rune) bool { return c >= 0x80 || !isAlphanumeric(byte(c)) || c <= '9' }) {
		return "", &MethodError{Method: r.Method}
	}
	c := command{lines: []string{"http --path-as-is"}}
	if len(data) > 0 {
		c.content("--raw", "", data)
	}
	if c.before == "" { // in a script it would wait for its standard input, or take it for content
		c.lines[0] = "http --ignore-stdin --path-as-is"
	}
	c.add(word([]byte(r.Method)), word([]byte(base(x, to)+r.Target)))
	fs := view.Headers(r.Head)
	for _, name := range []string{"User-Agent", "Accept", "Accept-Encoding"} {
		if view.Get(fs, name) == "" {
			c.add("'" + name + ":'")
		}
	}
	items, dashed := httpieItems(fs)
	for _, item := range items {
		c.add(item)
	}
	if len(dashed) > 0 {
		c.add("--", strings.Join(dashed, " "))
	}
	return c.String(), nil
}

// httpieItems are the fields as HTTPie takes them. Those that begin with a dash would be options of its own before "--".
func httpieItems(fs []inspect.Field) (items, dashed []string) {
	for _, f := range fs {
		if strings.EqualFold(f.Name, "Content-Length") || strings.EqualFold(f.Name, "Transfer-Encoding") {
			continue // it says so by itself
		}
		separator := ": "
		if f.Value == "" {
			separator = ";"
		}
		item := word([]byte(strings.ReplaceAll(f.Name, `\`, `\\`) + separator + f.Value))
		if strings.HasPrefix(f.Name, "-") {
			dashed = append(dashed, item)
		} else {
			items = append(items, item)
		}
	}
	return items, dashed
}
