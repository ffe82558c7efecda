// Package diff compares two exchanges: start lines, header fields and content, each in the way that fits it. It has no look: a face draws the changes, and
// Unified writes them as text.
//
//	d := diff.Of(older, newer, diff.Bodies{})
//	for _, c := range d.Response.Content { … }
package diff

// Kind is what happened between the older and the newer exchange.
type Kind string

// The kinds of changes.
const (
	Same    Kind = "same" // a line around a change
	Added   Kind = "added"
	Removed Kind = "removed"
	Changed Kind = "changed"
)

// Span is a piece of text; Marked is what differs from the other side. Text is safe to show.
type Span struct {
	Text   string
	Marked bool
}

// Change is one difference. Everything in it is safe to show.
type Change struct {
	Kind     Kind
	Where    string // the field's name, the path within JSON content ("$.data[2].id"), or the line ("12"): of the newer side, if it is there
	Old, New []Span // what there was and what there is; nothing for what was added or removed
	Volatile bool   // of a field that is another one each time (Date): seldom what is looked for
}

// Message is what differs between two requests, or between two responses.
type Message struct {
	Start   []Change // the start line, if it differs
	Fields  []Change // header and trailer fields, in the newer one's order
	Content []Change
	How     How      // how the content was compared
	Notes   []string // what was not compared, and why
}

// Equal says that nothing differs that matters.
func (m *Message) Equal() bool {
	for _, c := range m.Fields {
		if !c.Volatile {
			return false
		}
	}
	return len(m.Start)+len(m.Content)+len(m.Notes) == 0
}

// How content was compared.
type How string

// The ways to compare content.
const (
	Bytes How = "bytes" // equal, or from which offset on it differs
	JSON  How = "json"  // path by path: order of keys and layout do not matter
	Text  How = "text"  // line by line
)

// Diff is what differs between two exchanges.
type Diff struct {
	Request, Response Message
}

// Equal says that nothing differs that matters.
func (d *Diff) Equal() bool { return d.Request.Equal() && d.Response.Equal() }
