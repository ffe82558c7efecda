// Package diff compares two exchanges: start lines, header fields and content, each in the way that fits it. It has no look: a face draws the changes, and
// Unified writes them as text.
//
//	d := diff.Of(older, newer, diff.Options{Rules: rules})
//	for _, c := range d.Response.Content { … }
//
// Rules are lines that a person adds, and that are kept as memos (inspect.DiffIgnores): what they mean is told all the same, but does not matter.
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
	Volatile bool   // it does not matter: of a field that is another one each time (Date), or left out by a rule
	Rule     string // leaves it out, or would: see RuleFor
}

// Message is what differs between two requests, or between two responses.
type Message struct {
	Start   []Change // the start line, if it differs
	Fields  []Change // header and trailer fields, in the newer one's order
	Content []Change
	How     How      // how the content was compared
	Notes   []string // what was not compared, and why

	quiet int // notes that do not matter
}

// Equal says that nothing differs that matters.
func (m *Message) Equal() bool {
	return count(m.Start)+count(m.Fields)+count(m.Content) == 0 && len(m.Notes) == m.quiet
}

// count is how many changes matter.
func count(changes []Change) (n int) {
	for _, c := range changes {
		if c.Kind != Same && !c.Volatile {
			n++
		}
	}
	return n
}

// How content was compared.
type How string

// The ways to compare content.
const (
	Bytes How = "bytes" // equal, or by hash and size, and from which offset on it differs
	JSON  How = "json"  // path by path: order of keys and layout do not matter
	Text  How = "text"  // line by line
)

// Diff is what differs between two exchanges.
type Diff struct {
	Old, New          int // statuses; 0: no response
	Request, Response Message
}

// Equal says that nothing differs that matters.
func (d *Diff) Equal() bool { return d.Request.Equal() && d.Response.Equal() }
