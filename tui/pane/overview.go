package pane

import (
	"cmp"
	"strings"
	"time"

	"github.com/charmbracelet/lipgloss"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/view"
)

// Subject is the exchange that the detail pane shows, with all that its tabs are drawn from and that has been read for the open one.
type Subject struct {
	inspect.Item
	Origin  *inspect.Exchange // it is a replay of; nil: of none, or it is no longer kept
	Verdict inspect.Verdict   // about its signature
	Mask    view.Mask
	Bodies  [2]view.Content // of the request and the response, laid out and masked
}

// aboutLines is how many lines of content an overview shows.
const aboutLines = 6

// labelCells is the width of the overview's labels, with the blanks behind them.
const labelCells = 12

// outcome words how an exchange came out, and the style for it.
func (l Look) outcome(r Row) (string, lipgloss.Style) {
	style := l.outcomeStyle(&r)
	upgraded := r.Kind == "WebSocket" || r.Code == 101
	switch {
	case r.Cut:
		return r.Status, style
	case r.Live && !r.IsRequest() && r.Duration >= time.Second:
		return cmp.Or(r.Status, "pending") + " for " + strings.TrimSuffix(l.took(&r, r.Start.Add(r.Duration)), " …"), style
	case r.Live && !r.IsRequest():
		return cmp.Or(r.Status, "pending"), style
	case !r.Failed && !r.IsRequest():
		return r.Status + " after " + view.Duration(r.Duration), style
	case r.Live && upgraded:
		return r.Status + ", open", style
	case r.Live && r.Code > 0:
		return r.Status + ", still coming", style
	case r.Live:
		return "pending", style
	case r.Failed:
		return r.Status + " after " + view.Duration(r.Duration), style
	}
	return r.Status + " in " + view.Duration(r.Duration), style
}

// outcomeStyle is the style of what came of an exchange. The words say it as well.
func (l Look) outcomeStyle(r *Row) lipgloss.Style {
	switch {
	case r.Failed:
		return l.Bad
	case r.Cut:
		return l.Warn
	case r.IsRequest():
		return l.Status(r.Code)
	case r.Live:
		return l.Note
	}
	return l.Quiet
}

// Overview draws what happened: the facts, what went wrong, and how both contents begin.
func (l Look) Overview(s *Subject) []Text {
	x := s.Exchange
	lines := l.wrong(x)
	fact := func(label, value, key string, class view.Class) {
		lines = append(lines, l.fact(label, value, key, class)...)
	}
	r := RowOf(s.Item)
	outcome, _ := l.outcome(r)
	fact("outcome", outcome, "", classBold)
	lines[len(lines)-1].Of = &Thing{Key: "status", Value: statusTerm(x)}
	if x.IsConnection() {
		fact("kind", x.Kind.String()+" connection", "", "")
		lines[len(lines)-1].Of = &Thing{Key: "kind", Value: x.Kind.String()}
		fact("server name", x.Request.Host, "host", "")
	} else {
		fact("request", s.Mask.Target(x.Request.Method+" "+x.Request.Target), "", "")
		fact("host", x.Request.Host, "host", "")
	}
	lines = append(lines, l.sender(s)...)
	fact("endpoint", x.Endpoint, "endpoint", "")
	if x.Client.IsValid() {
		fact("client", x.Client.String(), "", "")
		lines[len(lines)-1].Of = &Thing{Key: "ip", Value: x.Client.Addr().String()}
	}
	fact("started", x.Start.In(l.Zone).Format("2006-01-02 15:04:05.000"), "", "")
	lines = append(lines, l.family(s)...)
	fact("tags", strings.Join(s.Tags, ", "), "", classNote)
	fact("note", s.Note, "", classNote)
	if s.Pinned {
		fact("pinned", "it is kept when older requests make room", "", classNote)
	}
	if s.Summary {
		fact("kept", "only this line: requests came faster than the store may write them", "", classWarn)
	}
	upgraded := x.Upgraded && x.Response != nil // then the content is frames, not to be read as it is
	if upgraded {
		fact("said", view.Size(x.Request.Size)+" by the client, "+view.Size(x.Response.Size)+" by the service: see the tab "+Messages.String(), "", "")
	}
	if x.IsConnection() {
		fact("passed", view.Passed(x), "", "")
		fact("content", x.Kind.NotKept(), "", classQuiet)
	}
	fact("id", string(x.ID), "", classQuiet)
	if upgraded || x.IsConnection() {
		return lines
	}
	lines = append(lines, l.beginning("Request", &x.Request.Message, &s.Bodies[0])...)
	if x.Response != nil {
		title := "Response"
		if x.Response.Made {
			title += " (made by adit)"
		}
		lines = append(lines, l.beginning(title, &x.Response.Message, &s.Bodies[1])...)
	}
	return lines
}

// statusTerm is the status as a filter has it: the code, or how far an exchange without one is.
func statusTerm(x *inspect.Exchange) string {
	if x.Response == nil || x.Response.Made || x.Response.Status < 100 || x.Response.Status > 999 {
		return x.State.String()
	}
	return number(x.Response.Status)
}

// wrong says what went wrong and what to do, before everything else.
func (l Look) wrong(x *inspect.Exchange) []Text {
	if x.Failure == nil {
		return nil
	}
	lines := l.prose(FailureText(*x.Failure), classBad)
	return append(append(lines, l.prose(x.Failure.Remedy, view.ClassPlain)...), plainText(""))
}

// fact is a label with a value that may take several lines; nothing without a value. key makes it a condition to filter by.
func (l Look) fact(label, value, key string, class view.Class) (lines []Text) {
	if value == "" {
		return nil
	}
	of := &Thing{Key: key, Value: value, Mask: strings.Contains(value, view.Masked)}
	pad := labelCells
	if l.Width < 3*labelCells {
		pad = min(pad, l.Width/3)
	}
	for i, part := range Words(view.Sanitize(value), max(l.Width-pad, 1)) {
		if i > 0 {
			label = ""
		}
		lines = append(lines, Text{Line: view.Line{{Class: classQuiet, Text: Pad(label, pad)}, {Class: class, Text: part}}, Indent: pad, Of: of})
	}
	return lines
}

// prose is words of ours, or of the relay, broken where it is good to read.
func (l Look) prose(text string, class view.Class) (lines []Text) {
	if text == "" {
		return nil
	}
	for _, part := range Words(view.Sanitize(text), l.Width) {
		lines = append(lines, ofClass(class, part))
	}
	return lines
}

// signatures says how each verdict is drawn.
var signatures = map[inspect.SignatureState]view.Class{
	inspect.Valid: classGood, inspect.Stale: classWarn, inspect.Wrong: classBad, inspect.NoSecret: classNote, inspect.Unchecked: classWarn,
}

// sender says who sent a webhook, and what its signature is worth.
func (l Look) sender(s *Subject) []Text {
	label := s.Label
	if label == "" {
		label = view.Label(s.Exchange)
	}
	lines := l.fact("from", label, "", classBold)
	if s.Verdict.State == inspect.Unsigned {
		return lines
	}
	text := s.Verdict.String()
	if !s.Verdict.Signed.IsZero() {
		text += " (signed " + s.Verdict.Signed.In(l.Zone).Format("2006-01-02 15:04:05") + ")"
	}
	return append(lines, l.fact("signature", text, "", signatures[s.Verdict.State])...)
}

// family says what an exchange is a replay of, and where it went.
func (l Look) family(s *Subject) []Text {
	x := s.Exchange
	if x.ReplayOf == "" {
		return nil
	}
	how := ""
	if x.Edited {
		how += ", edited"
	}
	if x.Resigned {
		how += ", signed anew"
	}
	text := string(x.ReplayOf) + ", no longer kept"
	if s.Origin != nil {
		text = l.Clock(s.Origin.Start) + " " + s.Mask.Target(s.Origin.Request.Method+" "+safe(s.Origin.Request.Target, pathLimit))
	}
	lines := l.fact("replay of", "↻ "+text+how, "", classNote)
	for i := range lines {
		lines[i].Of = &Thing{Key: "replay", Value: string(x.ReplayOf), Exchange: x.ReplayOf}
	}
	return append(lines, l.fact("sent to", x.To, "", classNote)...)
}

// beginning is how a message's content begins.
func (l Look) beginning(title string, m *inspect.Message, c *view.Content) []Text {
	about := view.Size(m.Size)
	if m.Size == 0 {
		about = "no content"
	}
	lines := []Text{plainText(""), l.heading(title, strings.TrimSpace(about+" "+c.Media))}
	content := l.Content(c)
	if len(content) > aboutLines {
		content = append(content[:aboutLines:aboutLines], Quiet("…"))
	}
	return append(lines, content...)
}

// heading is a title with something beside it.
func (l Look) heading(title, about string) Text {
	if room := l.Width - Width(title) - 2; room < Width(about) {
		about = Clip(about, max(room, 0))
	}
	return Text{Line: view.Line{{Class: classTitle, Text: Clip(title, l.Width)}, {Class: classQuiet, Text: "  " + view.Sanitize(about)}}}
}

// Notes draws what a person has written about an exchange.
func (l Look) Notes(s *Subject) []Text {
	if s.Note == "" && len(s.Tags) == 0 && !s.Pinned {
		return []Text{Quiet("nothing has been noted, tagged or pinned here")}
	}
	var lines []Text
	for _, tag := range s.Tags {
		lines = append(lines, l.fact("tag", tag, "tag", classNote)...)
	}
	if s.Pinned {
		lines = append(lines, l.fact("pinned", "it is kept when older requests make room", "", classNote)...)
	}
	if s.Note != "" && len(lines) > 0 {
		lines = append(lines, plainText(""))
	}
	for line := range strings.Lines(s.Note) {
		text := strings.TrimRight(line, "\r\n")
		if text == "" {
			lines = append(lines, plainText(""))
		}
		lines = append(lines, l.prose(text, view.ClassPlain)...)
	}
	return lines
}

// Timing draws how long each part took, as bars below each other.
func (l Look) Timing(s *Subject) []Text {
	x := s.Exchange
	lines := l.fact("started", x.Start.In(l.Zone).Format("2006-01-02 15:04:05.000"), "", "")
	lines = append(lines, l.fact(strings.ToLower(view.Took(x)), view.Duration(x.Duration), "", classBold)...)
	if x.Tries > 1 {
		lines = append(lines, l.fact("tries", number(x.Tries), "", classWarn)...)
	}
	phases := view.Timing(x)
	if len(phases) == 0 {
		return append(lines, plainText(""), Quiet("nothing was measured"))
	}
	lines = append(lines, plainText(""))
	for _, p := range phases {
		lines = append(lines, l.phase(p, x.Duration))
		if l.Width >= splitWords {
			lines = append(lines, Quiet(blank(labelCells)+Clip(p.Text, l.Width-labelCells)))
		}
	}
	return lines
}

// splitWords is from how many cells on a phase is explained.
const splitWords = 60

// phase is a bar that begins where the phase did.
func (l Look) phase(p view.Phase, whole time.Duration) Text {
	took := PadLeft(view.Duration(p.Took), 11)
	room := max(l.Width-labelCells-Width(took)-1, 1)
	scale := func(d time.Duration) int { return int(float64(room) * float64(d) / float64(max(whole, 1))) }
	from := min(scale(p.After), room-1)
	n := min(max(scale(p.After+p.Took)-from, 1), room-from)
	return Text{Line: view.Line{
		{Class: classQuiet, Text: Pad(p.Name, labelCells)},
		{Class: classNote, Text: blank(from) + strings.Repeat("█", n) + blank(room-from-n)},
		{Class: view.ClassPlain, Text: " " + took},
	}}
}
