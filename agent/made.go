package agent

import (
	"cmp"

	"github.com/adit-tunnel/adit/errorpage"
	"github.com/adit-tunnel/adit/inspect/capture"
	"github.com/adit-tunnel/adit/wire"
)

// answerFailure answers in the local service's place. wait: the caller is goroutine B.
func (l *lane) answerFailure(x *exchange, wait bool, p *problem) error {
	page := errorpage.New(p.code, p.detail, string(exchangeID(x.id)))
	page.Remedy = cmp.Or(p.mend, page.Remedy)
	head, content := page.Response(x.format)
	head = append(head, "\r\n"...)
	x.tap.ResponseHead(capture.Head{Status: page.Status, Reason: page.Reason(), Bytes: head, Made: true, Connect: x.connect, Tries: int(x.tries)})
	r := wire.Resp{Seq: x.seq, Flags: wire.RespMade, Body: wire.BodyLength, Length: uint64(len(content)), Connect: x.connect, Tries: x.tries, Head: head}
	if x.head {
		r.Body, r.Length, content = wire.BodyNone, 0, nil
	}
	x.event.answered(page.Status)
	if l.ep.health.failed(p.code) {
		notify(l.eng.ailing)
	}
	x.tap.ResponseBody(content)
	x.tap.ResponseEnd(nil)
	p.detail = page.Detail // safe to show
	x.fail(p.failure())
	o := outgoing{p: r.Append(nil, 0)}
	if len(content) > 0 {
		o.head, o.last, o.cost = len(o.p), len(o.p), len(content)+wire.FrameCost
		o.p = append(wire.AppendHeader(o.p, wire.Data, 0, len(content)), content...)
	}
	_, err := l.finish(nil, x, false, wait, o)
	return err
}
