package web

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/view"
)

// Bounds of what is shown at once, so that a browser stays quick whatever was captured. More is a click away, all of it a download.
const (
	mostLines = 2000
	mostBytes = 256 << 10 // of text
	mostWide  = 16 << 10  // bytes of one line
)

// messagePanel is one side of an exchange.
type messagePanel struct {
	*inspect.Message
	Side     string
	Start    string
	Fields   []inspect.Field
	Trailing []inspect.Field
	Content  view.Content
	Next     *further
	Rest     string // where the rest is that is too much to be laid out, "": there is none
	Tokens   []view.JWT
	Preview  string // URL of a picture, "" shows none
	Download string // URL of what was kept, "": nothing was
	Made     bool   // adit has answered, not the local service
	Reveal   string // where the secrets are shown that are hidden, "": none is
}

func (s *Server) messagePanel(r *http.Request, it inspect.Item, t string) (any, error) {
	side := inspect.RequestSide
	if t == inspect.ResponseSide.String() {
		side = inspect.ResponseSide
	}
	p := &messagePanel{Side: side.String(), Message: it.Message(side)}
	if p.Message == nil {
		return p, nil
	}
	m := p.Message
	bodies := s.contents(r, it)
	defer bodies.Close()
	mask := s.maskOf(r)
	p.Start = view.Sanitize(mask.Target(view.StartLine(m.Head)))
	p.Fields, p.Trailing = safeFields(view.Headers(m.Head), mask), safeFields(view.Trailers(m.Trailers), mask)
	p.Made = side == inspect.ResponseSide && it.Response.Made
	p.Content = view.Open(m, bodies.At(side), view.Limits{})
	from := min(fromOf(r), int64(len(p.Content.Lines)))
	if from == 0 {
		p.Tokens = tokensOf(m, p.Content, mask)
	}
	mask.Content(&p.Content) // all of it: what a line is about may stand far above
	p.Content.Lines = p.Content.Lines[min(from, int64(len(p.Content.Lines))):]
	laid := len(p.Content.Lines)
	switch n := fit(&p.Content); {
	case n < laid:
		p.Next = furtherOf(r, it.ID, t, url.Values{"from": {strconv.FormatInt(from+int64(n), 10)}})
	case p.Content.More:
		p.Rest = "/exchanges/" + url.PathEscape(string(it.ID)) + "?tab=raw"
	}
	if hidesContent(&p.Content) || hidesValue(p.Fields) || hidesValue(p.Trailing) {
		p.Reveal = s.revealed(it.ID, t)
	}
	if m.Kept > 0 {
		p.Download = uriOf(it.ID) + "/" + p.Side + "/body"
		if p.Content.Picture != nil && !mask.All {
			p.Preview = p.Download + "?preview=image"
			p.Content.Lines, p.Next = nil, nil // its bytes are on the tab Raw
		}
	}
	return p, nil
}

// tokensOf are the JSON web tokens in a message, those of its content as far as it is laid out.
func tokensOf(m *inspect.Message, shown view.Content, mask *view.Mask) []view.JWT {
	if mask.All {
		return nil
	}
	var text strings.Builder
	for _, line := range shown.Lines {
		text.WriteString(line.String() + "\n")
	}
	found := view.JWTs(m, []byte(text.String()))
	for _, t := range found {
		mask.Content(&view.Content{Kind: view.Token, Lines: t.Lines})
	}
	return found
}

// fit makes c small enough for a page: lines that are too many are left out (More), lines and parts that are too long are cut and it is said. It returns
// how many lines are left.
func fit(c *view.Content) int {
	room, long := mostBytes, false
	for i, line := range c.Lines {
		c.Lines[i], long = cutLine(line, mostWide, long)
		if room -= len(c.Lines[i].String()); (room < 0 || i+1 == mostLines) && i+1 < len(c.Lines) {
			c.Lines, c.More = c.Lines[:i+1], true
			break
		}
	}
	if long {
		c.Notes = append(c.Notes, "long lines are cut after "+view.Size(mostWide))
	}
	for i := range c.Parts {
		part := &c.Parts[i].Content
		if fit(part); part.More {
			part.Notes, part.More = append(part.Notes, "shown in part"), false
		}
	}
	return len(c.Lines)
}

// cutLine cuts a line that is longer than most bytes.
func cutLine(line view.Line, most int, cut bool) (view.Line, bool) {
	for i, span := range line {
		if len(span.Text) <= most {
			most -= len(span.Text)
			continue
		}
		short := append(view.Line{}, line[:i]...)
		return append(short, view.Span{Class: span.Class, Text: fmt.Sprintf("%.*s…", most, span.Text)}), true
	}
	return line, cut
}
