// Package errorpage is what a visitor gets instead of an answer: who failed on the way, with which code, and what to do about it; as a page for
// browsers, as JSON for programs, as text for everybody else.
//
//	p := errorpage.New(wire.CodeNoEndpoint, "Tunnel shop.example.com not found", id)
//	head, content := p.Response(errorpage.FormatOf(accept))
//
// The relay's edge and the agent make them, so that both look the same.
package errorpage

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"strings"
	"sync"
	"unicode"

	"github.com/adit-tunnel/adit/wire"
)

// Page is what went wrong with one request. As JSON it stands under "error".
type Page struct {
	Number int    `json:"number"`
	Name   string `json:"name"`
	Status int    `json:"status"`
	Hop    Hop    `json:"hop"` // which part failed
	Text   string `json:"text"`
	Detail string `json:"detail,omitempty"` // what exactly; one line without control characters
	Remedy string `json:"remedy"`
	Who    string `json:"who"` // can do that
	ID     string `json:"id"`  // of the request, as in the log and on the dashboard
}

// New words a code. detail may hold what strangers said: it is made one line that is safe for terminals and logs.
func New(code wire.Code, detail, id string) *Page {
	i := code.Info()
	p := &Page{
		Number: int(code), Name: i.Name, Status: i.Status, Hop: hopOf(code), Text: i.Text, Detail: printable(detail), Remedy: i.Remedy, Who: i.Who, ID: id,
	}
	if p.Status == 0 {
		p.Status = http.StatusBadGateway
	}
	return p
}

// Code is the code with its name, "ADIT-2001 LOCAL_REFUSED", as in the field Adit-Error.
func (p *Page) Code() string { return wire.Code(p.Number).String() }

// Reason is the status line's reason phrase.
func (p *Page) Reason() string { return http.StatusText(p.Status) }

// Response is the whole answer: a head without the empty line at its end, which the caller writes behind further lines of its own, and content.
func (p *Page) Response(f Format) (head, content []byte) {
	kind, content := p.content(f)
	head = fmt.Appendf(nil, "HTTP/1.1 %d %s\r\nAdit-Error: %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n"+
		"Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n", p.Status, p.Reason(), p.Code(), kind, len(content))
	if p.Status == http.StatusServiceUnavailable || p.Status == http.StatusTooManyRequests {
		head = append(head, "Retry-After: 1\r\n"...)
	}
	if f == HTML {
		head = append(head, "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'\r\n"...)
	}
	return head, content
}

func (p *Page) content(f Format) (kind string, content []byte) {
	switch f {
	case JSON:
		b, _ := json.Marshal(map[string]*Page{"error": p}) // strings and integers always marshal
		return "application/json", append(b, '\n')
	case HTML:
		var b bytes.Buffer
		if err := parsed().Execute(&b, p); err == nil {
			return "text/html; charset=utf-8", b.Bytes()
		}
	}
	return "text/plain; charset=utf-8", []byte(p.text())
}

func (p *Page) text() string {
	var b strings.Builder
	b.WriteString(p.Code() + "\n\n" + p.Text + "\n")
	if p.Detail != "" {
		b.WriteString(p.Detail + "\n")
	}
	b.WriteString("\nWhere:  " + p.Where() + "\nMend:   " + p.Remedy + " (" + p.Who + ")\nId:     " + p.ID + "\n")
	return b.String()
}

// Where words the way, what failed in brackets.
func (p *Page) Where() string {
	var b strings.Builder
	for i, s := range p.Way() {
		switch {
		case s.Cut:
			b.WriteString(" -[broken link]-> ")
		case i > 0:
			b.WriteString(" -> ")
		}
		if s.Bad {
			b.WriteString("[" + s.Name + "]")
		} else {
			b.WriteString(s.Name)
		}
	}
	return b.String()
}

// The page has everything in it: the service behind the endpoint may be down, and no other host is asked for anything.
//
//go:embed page.html
var pageHTML string

var parsed = sync.OnceValue(func() *template.Template { return template.Must(template.New("page").Parse(pageHTML)) })

// printable makes a stranger's text fit for a terminal and a log: one line, no control characters, no signs that turn the writing around.
func printable(s string) string {
	s = strings.ToValidUTF8(s[:min(len(s), wire.MaxText)], "?")
	return strings.Map(func(r rune) rune {
		if unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) {
			return ' '
		}
		return r
	}, s)
}
