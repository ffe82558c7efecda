package agent

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"strconv"
	"strings"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/wire"
)

// accept is the form in which a visitor wants an error.
type accept uint8

const (
	acceptText accept = iota
	acceptHTML
	acceptJSON
)

// acceptOf reads an Accept value (RFC 9110, 12.5.1): of HTML, JSON and text the one with the highest weight, the first among equals. Wildcards
// say nothing: curl and most libraries send them, and a person in front of them reads text best.
func acceptOf(value []byte) accept {
	best, weight := acceptText, 0.0
	for len(value) > 0 {
		var item []byte
		item, value, _ = bytes.Cut(value, []byte(","))
		kind, params, _ := bytes.Cut(item, []byte(";"))
		kind = bytes.TrimSpace(kind)
		var a accept
		switch {
		case bytes.EqualFold(kind, []byte("text/html")), bytes.EqualFold(kind, []byte("application/xhtml+xml")):
			a = acceptHTML
		case bytes.EqualFold(kind, []byte("application/json")), bytes.HasSuffix(kind, []byte("+json")):
			a = acceptJSON
		case !bytes.EqualFold(kind, []byte("text/plain")):
			continue
		}
		if q := weightOf(params); q > weight {
			best, weight = a, q
		}
	}
	return best
}

// weightOf reads q=0.8 among parameters; without one it is 1.
func weightOf(params []byte) float64 {
	_, q, ok := bytes.Cut(params, []byte("q="))
	if !ok {
		return 1
	}
	q, _, _ = bytes.Cut(q, []byte(";"))
	f, err := strconv.ParseFloat(string(bytes.TrimSpace(q)), 64)
	if err != nil || !(f >= 0 && f <= 1) {
		return 0
	}
	return f
}

// answerFailure answers in the local service's place. wait: the caller is goroutine B.
func (l *lane) answerFailure(x *exchange, wait bool, p *problem) error {
	p.ID = string(exchangeID(x.id))
	kind, page := p.page(x.accept)
	reason := http.StatusText(p.Status)
	head := fmt.Appendf(nil, "HTTP/1.1 %d %s\r\nAdit-Error: %s\r\nContent-Type: %s\r\nContent-Length: %d\r\nCache-Control: no-store\r\n"+
		"X-Content-Type-Options: nosniff\r\nContent-Security-Policy: default-src 'none'; style-src 'unsafe-inline'\r\n\r\n",
		p.Status, reason, wire.Code(p.Number), kind, len(page))
	x.tap.ResponseHead(p.Status, reason, head, true, 0, x.connect, int(x.tries))
	r := wire.Resp{Seq: x.seq, Flags: wire.RespMade, Body: wire.BodyLength, Length: uint64(len(page)), Connect: x.connect, Tries: x.tries, Head: head}
	if x.head {
		r.Body, r.Length, page = wire.BodyNone, 0, nil
	}
	x.tap.ResponseBody(page)
	x.tap.ResponseEnd(nil)
	x.fail(p.failure())
	o := outgoing{p: r.Append(nil, 0)}
	if len(page) > 0 {
		o.head, o.last, o.cost = len(o.p), len(o.p), len(page)+wire.FrameCost
		o.p = append(wire.AppendHeader(o.p, wire.Data, 0, len(page)), page...)
	}
	_, err := l.finish(nil, x, false, wait, o)
	return err
}

// problem is what a page says; as JSON it has the shape of the relay's own.
type problem struct {
	Number int    `json:"number"`
	Name   string `json:"name"`
	Status int    `json:"status"`
	Hop    string `json:"hop"` // which part failed: the service
	Text   string `json:"text"`
	Detail string `json:"detail"` // the local service's address, and what exactly went wrong
	Remedy string `json:"remedy"`
	Who    string `json:"who"`
	ID     string `json:"id"`
}

func newProblem(code wire.Code, detail string) *problem {
	i := code.Info()
	return &problem{Number: int(code), Name: i.Name, Status: i.Status, Hop: "service", Text: i.Text, Detail: detail, Remedy: i.Remedy, Who: i.Who}
}

func (p *problem) failure() *inspect.Failure { return failure(wire.Code(p.Number), p.Detail) }

// page words the problem. Everything in it is escaped: it may hold what the local service or a resolver said.
func (p *problem) page(a accept) (kind string, page []byte) {
	switch a {
	case acceptJSON:
		b, err := json.Marshal(map[string]*problem{"error": p})
		if err == nil { // strings and numbers: it always is
			return "application/json", append(b, '\n')
		}
	case acceptHTML:
		esc := html.EscapeString
		return "text/html; charset=utf-8", []byte(strings.NewReplacer(
			"{status}", strconv.Itoa(p.Status), "{reason}", http.StatusText(p.Status), "{code}", wire.Code(p.Number).String(), "{text}", esc(p.Text),
			"{detail}", esc(p.Detail), "{remedy}", esc(p.Remedy), "{who}", esc(p.Who), "{id}", p.ID,
		).Replace(madeHTML))
	}
	return "text/plain; charset=utf-8", fmt.Appendf(nil,
		"%s\n\n%s\n%s\n\nWhere:  you -> relay -> agent -> [local service]\nMend:   %s (%s)\nId:     %s\n",
		wire.Code(p.Number), p.Text, p.Detail, p.Remedy, p.Who, p.ID)
}

const madeHTML = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="robots" content="noindex">
<meta name="color-scheme" content="light dark">
<title>{status} {reason} · {code}</title>
<style>
:root{--bg:#f6f7f9;--card:#fff;--ink:#1c2330;--soft:#5d6778;--line:#dfe3ea;--bad:#c62f3b;--badbg:#fdeff0}
@media(prefers-color-scheme:dark){:root{--bg:#0f1318;--card:#171d25;--ink:#e6eaf1;--soft:#97a2b3;--line:#2a333f;--bad:#ff7a82;--badbg:#2b1a1e}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:24px;background:var(--bg);color:var(--ink);font:16px/1.55 system-ui,sans-serif}
main{width:100%;max-width:640px;background:var(--card);border:1px solid var(--line);border-radius:14px;padding:32px;overflow-wrap:anywhere}
code,.code,.detail{font:14px/1.5 ui-monospace,monospace}
.code{margin:0;color:var(--bad);font-weight:600}
h1{margin:6px 0 0;font-size:24px;line-height:1.3;font-weight:650}
.detail{margin:14px 0 0;padding:10px 14px;border-radius:8px;background:var(--bg)}
.way{margin:28px 0;font-size:14px;color:var(--soft)}
.way b{padding:4px 10px;border:1px solid var(--bad);border-radius:99px;background:var(--badbg);color:var(--bad)}
dl{display:grid;grid-template-columns:auto 1fr;gap:8px 18px;margin:0;padding-top:20px;border-top:1px solid var(--line);font-size:15px}
dt,dd code{color:var(--soft)}dd{margin:0}
</style>
<main>
<p class=code>{status} · {code}</p>
<h1>{text}</h1>
<p class=detail>{detail}</p>
<p class=way>you → relay → agent → <b>local service</b></p>
<dl>
<dt>What to do</dt><dd>{remedy}</dd>
<dt>Who can</dt><dd>{who}</dd>
<dt>Request</dt><dd><code>{id}</code></dd>
</dl>
</main>
</html>
`
