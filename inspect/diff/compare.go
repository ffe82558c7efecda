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

// Of compares an older exchange with a newer one, say an original with its replay. Content is compared without its codings, at most 1 MiB of each side.
func Of(older, newer *inspect.Exchange, b Bodies) Diff {
	d := Diff{Request: messages(&older.Request.Message, &newer.Request.Message, b.OldRequest, b.NewRequest)}
	switch before, after := older.Message(inspect.ResponseSide), newer.Message(inspect.ResponseSide); {
	case before != nil && after != nil:
		d.Response = messages(before, after, b.OldResponse, b.NewResponse)
	case before != nil || after != nil:
		d.Response.Start = []Change{changed("", view.Status(older), view.Status(newer))}
		d.Response.Notes = []string{"only one of both has a response"}
	case view.Status(older) != view.Status(newer):
		d.Response.Start = []Change{changed("", view.Status(older), view.Status(newer))}
	}
	return d
}

func messages(older, newer *inspect.Message, oldBody, newBody io.ReaderAt) Message {
	var m Message
	if a, b := view.StartLine(older.Head), view.StartLine(newer.Head); a != b {
		m.Start = []Change{changed("", a, b)}
	}
	m.Fields = fields(allFields(older), allFields(newer))
	m.content(older, newer, oldBody, newBody)
	return m
}

func allFields(m *inspect.Message) []inspect.Field {
	return append(view.Headers(m.Head), view.Trailers(m.Trailers)...)
}

// content compares the contents by what both are.
func (m *Message) content(older, newer *inspect.Message, oldBody, newBody io.ReaderAt) {
	a, b := view.Decoded(older, oldBody, maxContent), view.Decoded(newer, newBody, maxContent)
	m.incomplete("older", older, &a)
	m.incomplete("newer", newer, &b)
	m.How = Bytes
	switch equal := string(a.Data) == string(b.Data); {
	case equal:
	case m.json(&a, &b):
	case m.laid(view.Open(older, oldBody, view.Limits{Bytes: maxContent}), view.Open(newer, newBody, view.Limits{Bytes: maxContent})):
	case a.Text && b.Text || len(a.Data) == 0 && b.Text || len(b.Data) == 0 && a.Text:
		m.How, m.Content = Text, lines(splitLines(a.Data), splitLines(b.Data))
	default:
		m.Content = []Change{bytesChange(&a, &b)}
	}
	if len(m.Content) > maxChanges {
		m.Content = m.Content[:maxChanges]
		m.Notes = append(m.Notes, "further differences are not shown")
	}
}

// incomplete notes what could not be compared.
func (m *Message) incomplete(which string, msg *inspect.Message, p *view.Plain) {
	switch {
	case p.Note != "":
		m.Notes = append(m.Notes, "the "+which+" content: "+p.Note)
	case msg.Kept < msg.Size:
		m.Notes = append(m.Notes, fmt.Sprintf("of the %s content %s of %s were kept", which, view.Size(msg.Kept), view.Size(msg.Size)))
	case p.More:
		m.Notes = append(m.Notes, fmt.Sprintf("of the %s content the first %s are compared", which, view.Size(maxContent)))
	}
}

// volatile are fields that are others each time.
var volatile = map[string]bool{
	"date": true, "age": true, "expires": true, "server-timing": true, "x-runtime": true, "x-response-time": true, "x-request-id": true,
	"x-correlation-id": true, "request-id": true, "traceparent": true, "tracestate": true, "x-amzn-trace-id": true, "x-amz-cf-id": true, "cf-ray": true,
	"x-amzn-requestid": true, "x-cloud-trace-context": true, "x-github-delivery": true, "report-to": true,
}

// fields compares fields without regard to their order and the case of their names. Those of one name are compared one by one.
func fields(older, newer []inspect.Field) (changes []Change) {
	before := map[string][]string{}
	for _, f := range older {
		name := strings.ToLower(f.Name)
		before[name] = append(before[name], f.Value)
	}
	for _, f := range newer {
		name := strings.ToLower(f.Name)
		if values := before[name]; len(values) == 0 {
			changes = append(changes, added(f.Name, f.Value))
		} else if before[name] = values[1:]; values[0] != f.Value {
			changes = append(changes, changed(f.Name, values[0], f.Value))
		}
	}
	for i := len(older) - 1; i >= 0; i-- { // what is left over are the last ones of a name
		f := older[i]
		if values := before[strings.ToLower(f.Name)]; len(values) > 0 {
			before[strings.ToLower(f.Name)] = values[:len(values)-1]
			changes = append(changes, removed(f.Name, values[len(values)-1]))
		}
	}
	for i := range changes {
		changes[i].Volatile = volatile[strings.ToLower(changes[i].Where)]
	}
	slices.SortStableFunc(changes, func(a, b Change) int { return cmp.Compare(order(a.Kind), order(b.Kind)) })
	return changes
}

// order puts what changed first, then what was removed, then what was added.
func order(k Kind) int { return slices.Index([]Kind{Changed, Removed, Added}, k) }

func added(where, now string) Change {
	return Change{Kind: Added, Where: view.Sanitize(where), New: []Span{{Text: short(now)}}}
}

func removed(where, was string) Change {
	return Change{Kind: Removed, Where: view.Sanitize(where), Old: []Span{{Text: short(was)}}}
}

// bytesChange says where the bytes begin to differ.
func bytesChange(a, b *view.Plain) Change {
	at := 0
	for at < len(a.Data) && at < len(b.Data) && a.Data[at] == b.Data[at] {
		at++
	}
	about := func(p *view.Plain) []Span {
		bytes := Span{Text: fmt.Sprintf("% x", p.Data[at:min(at+16, len(p.Data))]), Marked: true}
		switch {
		case at == len(p.Data):
			return []Span{{Text: fmt.Sprintf("ends here, after %d bytes", at)}}
		case p.More: // how many there are is not known
			return []Span{bytes, {Text: " …"}}
		}
		return []Span{bytes, {Text: fmt.Sprintf(" … (%d bytes in all)", len(p.Data))}}
	}
	return Change{Kind: Changed, Where: fmt.Sprintf("byte %d", at), Old: about(a), New: about(b)}
}
