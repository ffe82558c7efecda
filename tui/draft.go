package tui

import (
	"strings"
	"unicode/utf8"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/edit"
	"github.com/adit-tunnel/adit/inspect/view"
	"github.com/adit-tunnel/adit/tui/pane"
)

// editMost is how much content is changed by hand, in bytes; typedMost how much of it in the dashboard itself.
const editMost, typedMost = 1 << 20, 64 << 10

// editing is a request that is being edited. What was changed is kept as a draft until it is sent.
type editing struct {
	row  pane.Row
	send bool              // it is to be sent
	x    *inspect.Exchange // nil: it has not been read yet
	body []byte            // all of its content; nil: it cannot be edited
}

// draft is what has been changed so far, or else the request as it was recorded.
func (m *model) draft(ed *editing) *inspect.Edit {
	if d := m.drafts[ed.row.ID]; d != nil {
		return d
	}
	r := &ed.x.Request
	return &inspect.Edit{Method: r.Method, Target: r.Target, Fields: view.Headers(r.Head)}
}

// untypable says why a body cannot be edited in the dashboard.
func untypable(ed *editing, body []byte) string {
	switch m := &ed.x.Request.Message; {
	case body == nil && m.Size > 0:
		return "it was not kept whole, or is larger than " + view.Size(editMost)
	case len(body) > typedMost:
		return view.Size(int64(len(body))) + " are for $EDITOR"
	case !typable(string(body)):
		return "it has characters that are not seen, or is no text"
	case view.Get(view.Headers(m.Head), "Content-Encoding") != "":
		return "it is encoded"
	}
	return ""
}

// typable says that a text stays what it is when it is typed in the dashboard: there the unseen is dropped, and tabs become spaces.
func typable(text string) bool {
	text = strings.ReplaceAll(text, "\n", "")
	return utf8.ValidString(text) && !strings.Contains(text, "\t") && view.Sanitize(text) == text
}

// applied is the request with what was changed, as a text for an editor.
func (m *model) applied(ed *editing) []byte {
	d := m.drafts[ed.row.ID]
	if d == nil {
		return edit.Text(ed.x, ed.body)
	}
	x, body := *ed.x, ed.body
	x.Request.Method, x.Request.Target = d.Method, d.Target
	var head strings.Builder
	head.WriteString(d.Method + " " + d.Target + " HTTP/1.1\r\n")
	for _, f := range d.Fields {
		head.WriteString(f.Name + ": " + f.Value + "\r\n")
	}
	x.Request.Head = []byte(head.String() + "\r\n")
	if d.Body != nil {
		body = d.Body
		x.Request.Size, x.Request.Kept = int64(len(body)), int64(len(body))
	}
	return edit.Text(&x, body)
}
