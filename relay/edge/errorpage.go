package edge

import (
	"bytes"
	"encoding/json"
	"html"
	"strconv"
	"strings"

	"github.com/adit-tunnel/adit/wire"
)

// format is what an error page is written as.
type format uint8

const (
	formatText format = iota
	formatHTML
	formatJSON
)

// formatOf reads an Accept field (RFC 9110, 12.5.1): of HTML, JSON and text the one with the highest weight, the first among equals. Wildcards say
// nothing: curl and most libraries send them, and a person in front of them reads text best.
func formatOf(accept []byte) format {
	best, weight := formatText, 0
	for len(accept) > 0 {
		var item []byte
		item, accept, _ = bytes.Cut(accept, []byte(","))
		kind, params, _ := bytes.Cut(item, []byte(";"))
		var f format
		switch kind = bytes.TrimSpace(kind); {
		case bytes.EqualFold(kind, []byte("text/html")), bytes.EqualFold(kind, []byte("application/xhtml+xml")):
			f = formatHTML
		case bytes.EqualFold(kind, []byte("application/json")), bytes.HasSuffix(kind, []byte("+json")):
			f = formatJSON
		case bytes.EqualFold(kind, []byte("text/plain")):
		default:
			continue
		}
		if w := weightOf(params); w > weight {
			best, weight = f, w
		}
	}
	return best
}

// weightOf reads ";q=0.8" as 800; no q is 1000.
func weightOf(params []byte) int {
	i := bytes.Index(params, []byte("q="))
	if i < 0 {
		return 1000
	}
	q, err := strconv.ParseFloat(string(bytes.TrimSpace(bytes.SplitN(params[i+2:], []byte(";"), 2)[0])), 64)
	if err != nil || !(q >= 0 && q <= 1) {
		return 0
	}
	return int(q * 1000)
}

// refuse answers what was no request.
func (c *conn) refuse(t *turn, err error) {
	t.q.ID, t.q.Start, t.q.Client = newID(c.s.now()), c.s.now(), c.peer
	t.minor, t.close, t.picked = 1, true, true
	if bytes.Contains(c.in.bytes(), []byte("text/html")) { // its fields were not read; that much is seen without
		t.format = formatHTML
	}
	c.answerError(t, err)
	c.record(t)
}

// answerError answers a request that was not sent on.
func (c *conn) answerError(t *turn, err error) {
	code, text := codeOf(err)
	if c.errorPage(t, code, text) == endGone {
		t.close, t.linger = true, false
	}
}

// errorPage writes the page for a code in the answer's place. Afterwards the connection goes on if the request's content has been read.
func (c *conn) errorPage(t *turn, code wire.Code, text string) ending {
	if !c.uploading() {
		c.joinUpload(t)
	}
	if t.up.running || t.up.result != upWhole {
		t.close, t.linger = true, true
	}
	if c.s.stopping.Load() {
		t.close = true
	}
	t.code = code
	t.pickFormat()
	t.appendPage(newProblem(t, code, text))
	if c.flush(t) != nil {
		return c.gone(t)
	}
	return endPage
}

// problem is what a page says.
type problem struct {
	Number int    `json:"number"`
	Name   string `json:"name"`
	Status int    `json:"status"`
	Hop    string `json:"hop"` // which part failed: visitor, relay, link, agent, service
	Text   string `json:"text"`
	Detail string `json:"detail,omitempty"`
	Remedy string `json:"remedy"`
	Who    string `json:"who"`
	ID     string `json:"id"`
}

func newProblem(t *turn, code wire.Code, detail string) problem {
	info := code.Info()
	p := problem{
		Number: int(code), Name: info.Name, Status: info.Status, Hop: hopOf(code), Text: info.Text, Remedy: info.Remedy, Who: info.Who,
		Detail: printable(detail), ID: string(appendID(nil, t.q.ID)),
	}
	if p.Status == 0 {
		p.Status = 502
	}
	if code == wire.CodeNoEndpoint && len(t.host) > 0 {
		// ngrok's client libraries look for these words.
		p.Detail = "Tunnel " + string(t.host) + " not found"
	}
	return p
}

// Hops a request takes, in order; link is between relay and agent.
const (
	hopVisitor = "visitor"
	hopRelay   = "relay"
	hopLink    = "link"
	hopAgent   = "agent"
	hopService = "service"
)

// hopOf says where the failure is; the ranges are those of the table of codes.
func hopOf(code wire.Code) string {
	switch code {
	case wire.CodeRelayStopping, wire.CodeRelayBusy, wire.CodeInternal:
		return hopRelay
	case wire.CodeAgentStopping, wire.CodeAgentAborted, wire.CodeNoEndpoint, wire.CodeAgentGone, wire.CodeTooManyStreams, wire.CodeBadFraming:
		return hopAgent
	case wire.CodeDelivery:
		return hopLink
	}
	switch code / 1000 {
	case 2:
		return hopService
	case 3:
		return hopRelay
	case 4:
		return hopVisitor
	}
	return hopLink
}

// printable makes an agent's text fit for a terminal and a log: one line, no control characters.
func printable(s string) string {
	s = strings.ToValidUTF8(s[:min(len(s), wire.MaxText)], "?")
	return strings.Map(func(r rune) rune {
		switch {
		case r < ' ' || r >= 0x7f && r < 0xa0, r >= 0x200b && r <= 0x200f, r >= 0x2028 && r <= 0x202e, r >= 0x2060 && r <= 0x2069, r == 0xfeff:
			return ' '
		}
		return r
	}, s)
}

// appendPage writes head and page into t.out.
func (t *turn) appendPage(p problem) {
	var kind, body string
	switch t.format {
	case formatHTML:
		kind, body = "text/html; charset=utf-8", p.html()
	case formatJSON:
		b, _ := json.Marshal(map[string]problem{"error": p}) // strings and integers always marshal
		kind, body = "application/json", string(b)+"\n"
	default:
		kind, body = "text/plain; charset=utf-8", p.text()
	}
	t.status = p.Status
	b := append(t.out, "HTTP/1.1 "...)
	b = append(strconv.AppendInt(b, int64(p.Status), 10), ' ')
	b = append(append(b, statusText[p.Status]...), "\r\nAdit-Error: "...)
	b = append(append(b, p.code()...), "\r\nContent-Type: "...)
	b = append(append(b, kind...), "\r\nContent-Length: "...)
	b = append(strconv.AppendInt(b, int64(len(body)), 10), "\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"...)
	if t.format == formatHTML {
		b = append(b, "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'\r\n"...)
	}
	if p.Status == 405 {
		b = append(b, "Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS\r\n"...)
	}
	switch {
	case t.close:
		b = append(b, "Connection: close\r\n"...)
	case t.keep:
		b = append(b, "Connection: keep-alive\r\n"...)
	}
	b = append(b, "\r\n"...)
	if !t.isHead {
		b = append(b, body...)
		t.sent = int64(len(body))
	}
	t.out = b
}

// statusText has a reason for every status of the table of codes.
var statusText = map[int]string{
	400: "Bad Request", 404: "Not Found", 405: "Method Not Allowed", 408: "Request Timeout", 431: "Request Header Fields Too Large",
	500: "Internal Server Error", 501: "Not Implemented", 502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout",
	505: "HTTP Version Not Supported",
}

func (p *problem) code() string { return "ADIT-" + strconv.Itoa(p.Number) + " " + p.Name }

func (p *problem) text() string {
	var b strings.Builder
	b.WriteString(p.code() + "\n\n" + p.Text + "\n")
	if p.Detail != "" {
		b.WriteString(p.Detail + "\n")
	}
	b.WriteString("\nWhere:  " + p.where() + "\nMend:   " + p.Remedy + " (" + p.Who + ")\nId:     " + p.ID + "\n")
	return b.String()
}

// where draws the way, the failed hop in brackets.
func (p *problem) where() string {
	var b strings.Builder
	for i, h := range hops {
		if i > 0 {
			b.WriteString(" -> ")
		}
		if h.id == p.Hop || h.id == hopAgent && p.Hop == hopLink {
			b.WriteString("[" + h.name + "]")
		} else {
			b.WriteString(h.name)
		}
	}
	return b.String()
}

var hops = [...]struct{ id, name string }{
	{hopVisitor, "you"}, {hopRelay, "relay"}, {hopAgent, "agent"}, {hopService, "local service"},
}

func (p *problem) html() string {
	esc := html.EscapeString
	var way strings.Builder
	for i, h := range hops {
		class := ""
		if h.id == p.Hop {
			class = " class=bad"
		}
		if i > 0 {
			bad := ""
			if h.id == hopAgent && p.Hop == hopLink {
				bad = " class=cut"
			}
			way.WriteString("<i" + bad + "></i>")
		}
		way.WriteString("<span" + class + ">" + h.name + "</span>")
	}
	detail := ""
	if p.Detail != "" {
		detail = "<p class=detail>" + esc(p.Detail) + "</p>"
	}
	return strings.NewReplacer(
		"{status}", strconv.Itoa(p.Status), "{reason}", statusText[p.Status], "{code}", p.code(), "{text}", esc(p.Text), "{detail}", detail,
		"{way}", way.String(), "{remedy}", esc(p.Remedy), "{who}", esc(p.Who), "{id}", p.ID,
	).Replace(pageHTML)
}
