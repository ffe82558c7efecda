package tui

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/view"
	"github.com/adit-tunnel/adit/tui/pane"
)

// message is the tab of a request or a response. Text that is larger than what is laid out at once, and dumps, are read chunk by chunk.
func (r *reading) message() []chunk {
	side, title := inspect.RequestSide, "Request"
	if r.asked.tab == pane.Response {
		side, title = inspect.ResponseSide, "Response"
	}
	m := r.Exchange.Message(side)
	switch {
	case m == nil:
		return []chunk{{lines: r.look.None(r.noResponse())}}
	case side == inspect.ResponseSide && r.Exchange.Response.Made:
		title += " (made by adit)"
	}
	if r.asked.path != "" {
		return []chunk{{lines: r.selected(m, side)}}
	}
	body := r.content(side)
	c := view.Open(m, body, view.Limits{})
	if large(m, &c) {
		return r.largeMessage(title, m, side, &c)
	}
	r.mask.Content(&c)
	lines := r.look.Message(title, m, &c, &r.mask)
	if c.More {
		lines = append(lines, r.look.None("… there is more of it: the raw tab shows it as it passed")...)
	}
	return []chunk{{lines: lines}}
}

func (r *reading) noResponse() string {
	if r.Exchange.State == inspect.Failed {
		return "no response: none came"
	}
	return "waiting for the local service …"
}

// large says that content is shown as it came, chunk by chunk: it is not laid out anew, and there is more of it than is laid out at once.
func large(m *inspect.Message, c *view.Content) bool {
	charset := strings.ToLower(view.Charset(m))
	if c.Coding != "" || charset != "" && charset != "utf-8" && charset != "us-ascii" {
		return false
	}
	switch c.Kind {
	case view.Text, view.Events, view.HTML, view.CSS, view.Script:
		return c.More
	case view.Binary, view.Image:
		return m.Kept > int64(len(c.Lines)*view.HexRow)
	}
	return false
}

func (r *reading) largeMessage(title string, m *inspect.Message, side inspect.Side, c *view.Content) []chunk {
	opening := r.look.Opening(title, m, c, &r.mask)
	if c.Picture != nil {
		opening = append(opening, r.look.None(c.Picture.String())...)
	}
	if m.Kept < m.Size {
		opening = append(opening, r.look.None(fmt.Sprintf("(%s of %s were recorded)", view.Size(m.Kept), view.Size(m.Size)))...)
	}
	chunks := append([]chunk{{lines: opening}}, contentChunks(bodyOf(m, r.content(side)), m.Kept)...)
	end := view.Content{Parts: c.Parts} // the end of what was not kept whole
	r.mask.Content(&end)
	closing := append(r.look.Content(&end), r.look.Closing(m, &r.mask)...)
	if len(closing) > 0 {
		chunks = append(chunks, chunk{lines: closing})
	}
	return chunks
}

// queried is how much content is looked through for what a path leads to.
const queried = 16 << 20

// selected shows what the path leads to in the content.
func (r *reading) selected(m *inspect.Message, side inspect.Side) []pane.Text {
	path, err := inspect.ParseJSONPath(r.asked.path)
	if err != nil {
		return r.look.None(err.Error())
	}
	p := view.Decoded(m, r.content(side), queried)
	var values [][]byte
	for v := range path.Values(p.Data) {
		values = append(values, v)
	}
	title := fmt.Sprintf("%d values at %s", len(values), path)
	switch {
	case len(values) == 1:
		title = "1 value at " + path.String()
	case len(values) == 0 && !p.Text:
		title = "the content is no JSON: nothing is at " + path.String()
	case len(values) == 0:
		title = "nothing is at " + path.String()
	}
	c := view.Lay("application/x-ndjson", bytes.Join(values, []byte("\n")), view.Limits{Bytes: queried})
	if r.hides(path) {
		c = view.Content{Lines: []view.Line{{{Class: view.ClassString, Text: view.Masked}}}}
	}
	r.mask.Content(&c)
	lines := append(r.look.None(title), r.look.Content(&c)...)
	for i := range lines {
		lines[i].JSON = 0 // paths would be those of each value
	}
	if p.More || c.More {
		lines = append(lines, r.look.None("… there is more content: its first "+view.Size(int64(len(p.Data)))+" were looked through")...)
	}
	return lines
}

// raw is both messages as they passed.
func (r *reading) raw() (chunks []chunk) {
	for _, side := range []inspect.Side{inspect.RequestSide, inspect.ResponseSide} {
		m := r.Exchange.Message(side)
		if m == nil {
			continue
		}
		var head []pane.Text
		if len(chunks) > 0 {
			head = append(head, pane.Text{}, r.look.Line())
		}
		chunks = append(chunks, chunk{lines: append(head, pane.RawLines(r.mask.Head(m.Head))...)})
		chunks = append(chunks, contentChunks(bodyOf(m, r.content(side)), m.Kept)...)
		end := r.missing(m)
		end = append(end, pane.RawLines(r.mask.Trailers(m.Trailers))...)
		if len(end) > 0 {
			chunks = append(chunks, chunk{lines: end})
		}
	}
	return chunks
}

// missing says what of the content is not there, and shows its end if that was kept.
func (r *reading) missing(m *inspect.Message) (lines []pane.Text) {
	switch {
	case m.Withheld:
		lines = r.look.None("(" + view.Size(m.Size) + " were not recorded: " + view.Withheld + ")")
	case m.Kept < m.Size:
		lines = r.look.None("(" + view.Size(m.Size-m.Kept-int64(len(m.Tail))) + " are missing here)")
	}
	if len(m.Tail) > 0 {
		end := view.Tail(m)
		tail, _ := (&chunk{piece: &end}).read(&r.mask) // memory can be read
		lines = append(lines, tail...)
	}
	return lines
}

// hides says that what a path leads to is not shown: by its names, or since it may be, or be within or around, what is masked.
func (r *reading) hides(path inspect.JSONPath) bool {
	if r.mask.Off {
		return false
	}
	return view.IsSecret(path.String()) || slices.ContainsFunc(r.mask.Paths, func(p inspect.JSONPath) bool { return p.Covers(path) || path.Covers(p) })
}
