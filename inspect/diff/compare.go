package diff

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/view"
)

// Bounds of what is compared and told.
const (
	maxContent = 1 << 20 // bytes of each content, decoded
	maxChanges = 2000    // of one content
	maxValue   = 512     // bytes of a value that are shown
)

// Bodies read the Kept bytes of the contents (inspect.Reader.Body); nil: what is in memory is all there is.
type Bodies struct {
	OldRequest, OldResponse, NewRequest, NewResponse io.ReaderAt
}

// BodiesOf are those of two exchanges.
func BodiesOf(older, newer *inspect.Contents) Bodies {
	return Bodies{older.At(inspect.RequestSide), older.At(inspect.ResponseSide), newer.At(inspect.RequestSide), newer.At(inspect.ResponseSide)}
}

// Options say what a comparison reads, and what it leaves out. The zero value stands for what is in memory, and nothing.
type Options struct {
	Bodies
	Rules Rules
}

// Of compares an older exchange with a newer one, say an original with its replay. Content is compared without its codings, at most 1 MiB of each side; what
// is larger and byte for byte the same is found to be so.
func Of(older, newer *inspect.Exchange, o Options) Diff {
	d := Diff{Old: status(older), New: status(newer)}
	d.Request = messages(side{Message: &older.Request.Message, body: o.OldRequest}, side{Message: &newer.Request.Message, body: o.NewRequest}, o.Rules)
	switch before, after := older.Message(inspect.ResponseSide), newer.Message(inspect.ResponseSide); {
	case before != nil && after != nil:
		d.Response = messages(side{Message: before, body: o.OldResponse}, side{Message: after, body: o.NewResponse}, o.Rules)
		if d.Old == d.New { // version and reason say nothing more
			quiet(d.Response.Start, "")
		}
	case before != nil || after != nil:
		d.Response.Start = []Change{changed("", view.Status(older), view.Status(newer))}
		d.Response.Notes = []string{"only one of both has a response"}
	case view.Status(older) != view.Status(newer):
		d.Response.Start = []Change{changed("", view.Status(older), view.Status(newer))}
	}
	return d
}

func status(x *inspect.Exchange) int {
	if x.Response == nil {
		return 0
	}
	return x.Response.Status
}

func messages(older, newer side, rules Rules) Message {
	var m Message
	if a, b := view.StartLine(older.Head), view.StartLine(newer.Head); a != b {
		m.Start = []Change{changed("", a, b)}
	}
	m.Fields = fields(allFields(older.Message), allFields(newer.Message))
	rules.markFields(m.Fields)
	m.content(&older, &newer, rules)
	rules.markContent(m.How, m.Content)
	if rules.has(contentRule) {
		m.quiet = len(m.Notes)
	}
	if older.Size > 0 || newer.Size > 0 { // the content says more than its framing does
		quiet(m.Fields, "Content-Length")
		quiet(m.Fields, "Transfer-Encoding")
	}
	return m
}

// quiet makes changes of the fields of that name such that do not matter.
func quiet(changes []Change, name string) {
	for i := range changes {
		if strings.EqualFold(changes[i].Where, name) {
			changes[i].Volatile = true
		}
	}
}

func allFields(m *inspect.Message) []inspect.Field {
	return append(view.Headers(m.Head), view.Trailers(m.Trailers)...)
}

// content compares the contents by what both are.
func (m *Message) content(older, newer *side, rules Rules) {
	older.plain = view.Decoded(older.Message, older.body, maxContent)
	newer.plain = view.Decoded(newer.Message, newer.body, maxContent)
	a, b := &older.plain, &newer.plain
	m.How = Bytes
	if (a.More || b.More) && sameBytes(older, newer) {
		return
	}
	m.incomplete("older", older)
	m.incomplete("newer", newer)
	switch equal := string(a.Data) == string(b.Data); {
	case equal && (a.More || b.More):
		m.Content = []Change{digests(older, newer)}
	case equal:
	case m.json(a, b, rules):
	case m.laid(view.Open(older.Message, older.body, view.Limits{Bytes: maxContent}), view.Open(newer.Message, newer.body, view.Limits{Bytes: maxContent})):
	case a.Text && b.Text || len(a.Data) == 0 && b.Text || len(b.Data) == 0 && a.Text:
		m.How, m.Content = Text, texts(a.Data, b.Data)
	default:
		m.Content = []Change{digests(older, newer), bytesChange(a, b)}
	}
	if len(m.Content) > maxChanges {
		m.Content = m.Content[:maxChanges]
		m.Notes = append(m.Notes, "further differences are not shown")
	}
}

// incomplete notes what could not be compared.
func (m *Message) incomplete(which string, s *side) {
	switch p := &s.plain; {
	case p.Note != "":
		m.Notes = append(m.Notes, "the "+which+" content: "+p.Note)
	case s.Kept < s.Size:
		m.Notes = append(m.Notes, fmt.Sprintf("of the %s content %s of %s were kept", which, view.Size(s.Kept), view.Size(s.Size)))
	case p.More:
		m.Notes = append(m.Notes, fmt.Sprintf("of the %s content the first %s are compared", which, view.Size(maxContent)))
	}
}

// volatile are fields that are others each time, or of one connection.
var volatile = map[string]bool{
	"connection": true, "keep-alive": true,
	"date": true, "age": true, "expires": true, "server-timing": true, "x-runtime": true, "x-response-time": true, "x-request-id": true,
	"x-correlation-id": true, "request-id": true, "traceparent": true, "tracestate": true, "x-amzn-trace-id": true, "x-amz-cf-id": true, "cf-ray": true,
	"x-amzn-requestid": true, "x-cloud-trace-context": true, "x-github-delivery": true, "report-to": true,
}

// fields compares fields without regard to their order and the case of their names. Those of one name are compared one by one, cookies
// that are set with those of their own names.
func fields(older, newer []inspect.Field) (changes []Change) {
	before := map[string][]string{}
	for _, f := range older {
		name := fieldKey(f)
		before[name] = append(before[name], f.Value)
	}
	for _, f := range newer {
		name := fieldKey(f)
		if values := before[name]; len(values) == 0 {
			changes = append(changes, added(f.Name, f.Value))
		} else if before[name] = values[1:]; values[0] != f.Value {
			changes = append(changes, changed(f.Name, values[0], f.Value))
		}
	}
	for i := len(older) - 1; i >= 0; i-- { // what is left over are the last ones of a name
		f := older[i]
		name := fieldKey(f)
		if values := before[name]; len(values) > 0 {
			before[name] = values[:len(values)-1]
			changes = append(changes, removed(f.Name, values[len(values)-1]))
		}
	}
	slices.SortStableFunc(changes, func(a, b Change) int { return cmp.Compare(order(a.Kind), order(b.Kind)) })
	return changes
}

// fieldKey is by what a field is found in the other message.
func fieldKey(f inspect.Field) string {
	name := strings.ToLower(f.Name)
	if name == "set-cookie" {
		cookie, _, _ := strings.Cut(f.Value, "=")
		name += " " + cookie
	}
	return name
}

// order puts what changed first, then what was removed, then what was added.
func order(k Kind) int { return slices.Index([]Kind{Changed, Removed, Added}, k) }

func added(where, now string) Change {
	return Change{Kind: Added, Where: view.Sanitize(where), New: []Span{{Text: short(now)}}}
}

func removed(where, was string) Change {
	return Change{Kind: Removed, Where: view.Sanitize(where), Old: []Span{{Text: short(was)}}}
}
