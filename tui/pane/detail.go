package pane

import (
	"strconv"
	"strings"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/view"
)

// Detail is one exchange, drawn: the overview stays on top, the lines below it scroll.
type Detail struct {
	Overview []string
	Lines    []string
	Sections []int // where in Lines the request and the response begin
}

// Detail draws an exchange. origin is the exchange it is a replay of, nil when it is none or when the original is no longer kept.
func (l Look) Detail(x *inspect.Exchange, origin *inspect.Exchange) Detail {
	d := Detail{Overview: l.overview(x, origin)}
	d.section(l.message("Request", &x.Request.Message))
	switch {
	case x.Response != nil:
		title := "Response"
		if x.Response.Made {
			title = "Response (made by adit)"
		}
		d.section(l.message(title, &x.Response.Message))
	case x.State == inspect.Failed:
		d.section([]string{l.Title.Render(Clip("Response", l.Width)), l.Quiet.Render(Clip("none came", l.Width))})
	default:
		d.section([]string{l.Title.Render(Clip("Response", l.Width)), l.Quiet.Render(Clip("waiting for the local service …", l.Width))})
	}
	return d
}

func (d *Detail) section(lines []string) {
	if len(d.Lines) > 0 {
		d.Lines = append(d.Lines, "")
	}
	d.Sections = append(d.Sections, len(d.Lines))
	d.Lines = append(d.Lines, lines...)
}

// overview draws what happened in a few lines: request and outcome, the facts, what it is a replay of, what went wrong.
func (l Look) overview(x, origin *inspect.Exchange) []string {
	r := RowOf(inspect.Item{Exchange: x})
	outcome := r.Status
	switch {
	case x.Upgraded && r.Live:
		outcome += ", open"
	case r.Live && x.Response != nil:
		outcome += ", still coming"
	case r.Live:
		outcome = "pending"
	case r.Failed:
		outcome += " after " + view.Duration(x.Duration)
	default:
		outcome += " in " + view.Duration(x.Duration)
	}
	style := l.Status(r.Code)
	if r.Failed {
		style = l.Bad
	}
	lines := []string{Ends(l.Title.Render(r.Method+" "+r.Path), style.Render(outcome), l.Width)}
	lines = append(lines, l.words(l.facts(x), l.Quiet.Render)...)
	if x.ReplayOf != "" {
		lines = append(lines, l.words(l.originText(x, origin), l.Note.Render)...)
	}
	if x.Failure != nil {
		lines = append(lines, l.words(view.Sanitize(FailureText(*x.Failure)), l.Bad.Render)...)
		if x.Failure.Remedy != "" {
			lines = append(lines, l.words(view.Sanitize(x.Failure.Remedy), l.Plain.Render)...)
		}
	}
	return append(lines, "")
}

func (l Look) facts(x *inspect.Exchange) string {
	facts := []string{l.Clock(x.Start)}
	if x.Endpoint != "" {
		facts = append(facts, view.Sanitize(x.Endpoint))
	}
	if x.Client.IsValid() {
		facts = append(facts, "from "+view.Sanitize(x.Client.String()))
	}
	if w := view.WebhookOf(x.Request.Head); w.Provider != "" {
		facts = append(facts, strings.TrimSpace(w.Provider+" "+w.Event))
	}
	if x.Connect > 0 {
		facts = append(facts, "connected in "+view.Duration(x.Connect))
	}
	if x.Wait > 0 {
		facts = append(facts, "answered after "+view.Duration(x.Wait))
	}
	if x.Tries > 1 {
		facts = append(facts, strconv.Itoa(x.Tries)+" tries")
	}
	return strings.Join(facts, " · ")
}

func (l Look) originText(x, origin *inspect.Exchange) string {
	if origin == nil {
		return "↻ replay of " + view.Sanitize(string(x.ReplayOf)) + ", no longer kept"
	}
	return "↻ replay of " + l.Clock(origin.Start) + " " + safe(origin.Request.Method+" "+origin.Request.Target, pathLimit)
}

// message draws a head, its content and trailers under a title. Content is laid out as inspect/view has it.
func (l Look) message(title string, m *inspect.Message) []string {
	body := view.Open(m, nil, view.Limits{})
	about := ""
	if m.Size > 0 {
		about = l.Quiet.Render(strings.TrimSpace(view.Size(m.Size) + " " + body.Media))
	}
	lines := []string{Ends(l.Title.Render(title), about, l.Width)}
	if start := view.StartLine(m.Head); start != "" {
		lines = append(lines, Break(view.Sanitize(start), l.Width)...)
	}
	lines = append(lines, l.fields(view.Headers(m.Head))...)
	if content := l.content(&body); len(content) > 0 {
		lines = append(append(lines, ""), content...)
	}
	if len(m.Trailers) > 0 {
		lines = append(lines, "", l.Quiet.Render(Clip("Trailers", l.Width)))
		lines = append(lines, l.fields(view.Trailers(m.Trailers))...)
	}
	return lines
}

// content draws content with its notes, and its parts one after the other.
func (l Look) content(c *view.Content) []string {
	var lines []string
	if c.Title != "" {
		lines = append(lines, l.words(c.Title, l.Note.Render)...)
	}
	for _, n := range c.Notes {
		lines = append(lines, l.words("("+n+")", l.Quiet.Render)...)
	}
	for _, line := range c.Lines {
		lines = append(lines, Break(line.String(), l.Width)...)
	}
	for i := range c.Parts {
		p := &c.Parts[i]
		name := strings.Join(strings.Fields(p.Name+" "+p.Filename), " ")
		lines = append(lines, l.Note.Render(Clip(name+" · "+strings.TrimSpace(view.Size(p.Size)+" "+p.Media), l.Width)))
		lines = append(lines, l.content(&p.Content)...)
	}
	return lines
}

// fields draws header or trailer fields, each whole, on as many lines as it takes.
func (l Look) fields(fs []inspect.Field) []string {
	var lines []string
	for _, f := range fs {
		f = view.Safe(f)
		for i, part := range Break(f.Name+": "+f.Value, l.Width) {
			if i == 0 && len(f.Name) < len(part) {
				part = l.Note.Render(f.Name+":") + part[len(f.Name)+1:]
			}
			lines = append(lines, part)
		}
	}
	return lines
}

func (l Look) words(text string, render func(...string) string) []string {
	var lines []string
	for _, part := range Words(text, l.Width) {
		lines = append(lines, render(part))
	}
	return lines
}
