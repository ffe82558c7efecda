package view

import (
	"bytes"
	"cmp"
	"errors"
	"io"
	"mime/multipart"
	"slices"
	"strings"

	"github.com/adit-tunnel/adit/inspect"
)

// form decodes URL-encoded fields in order. An escape that is none stays as it came.
func (o *opener) form(c *Content, data []byte) {
	c.Kind = Form
	for pair := range strings.SplitSeq(strings.TrimRight(string(data), "\r\n"), "&") {
		if pair == "" || o.full() {
			continue
		}
		name, value, has := strings.Cut(pair, "=")
		o.span(ClassKey, Sanitize(unescape(name)))
		if has {
			o.span(ClassPunct, " = ")
			o.span(ClassString, Sanitize(unescape(value)))
		}
		o.end()
	}
}

// multipart lays out the parts, as far as they are there.
func (o *opener) multipart(c *Content, boundary string, data []byte) {
	c.Kind = Multipart
	r := multipart.NewReader(bytes.NewReader(data), boundary)
	for !o.full() {
		if len(c.Parts) == maxParts {
			c.say("further parts are not shown")
			return
		}
		p, err := r.NextRawPart()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			o.broken(c, err)
			return
		}
		content, err := io.ReadAll(p)
		part := o.part(p.FormName(), p.Header.Get("Content-Type"), content)
		part.Filename = Sanitize(p.FileName())
		part.Fields = partFields(p)
		c.Parts = append(c.Parts, part)
		if err != nil {
			o.broken(c, err)
			return
		}
	}
}

// broken says why there are no further parts: what was cut off is no mistake of who sent it.
func (o *opener) broken(c *Content, err error) {
	if o.cut {
		c.say("the last part is cut off")
		return
	}
	c.say("not valid multipart content: " + err.Error())
}

// partFields are the fields of a part, sorted by name: their order is not known any more.
func partFields(p *multipart.Part) (fs []inspect.Field) {
	for name, values := range p.Header {
		for _, v := range values {
			fs = append(fs, Safe(inspect.Field{Name: name, Value: v}))
		}
	}
	slices.SortFunc(fs, func(a, b inspect.Field) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Value, b.Value))
	})
	return fs
}
