package web

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"strconv"
	"time"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/rerun"
)

// Exchange and Detail are what /api/v1 tells of an exchange, in lists and alone, for who writes the same elsewhere or reads it.
type (
	Exchange = itemJSON
	Detail   = detailJSON
)

// Outcome and RunEnd are the lines that a run answers with.
type (
	Outcome = outcomeJSON
	RunEnd  = endJSON
)

// OutcomeOf is the line of one request.
func OutcomeOf(o rerun.Outcome, t rerun.Table) Outcome { return toldOf(o, t) }

// RunEndOf is the last line; err is why nothing more could be sent, or nil.
func RunEndOf(t rerun.Table, err error) RunEnd {
	end := RunEnd{Table: tableJSON(t)}
	if err != nil {
		end.Error = validText(err)
	}
	return end
}

// ExchangeOf is what lists show.
func ExchangeOf(it inspect.Item) Exchange { return itemOf(it) }

// DetailOf is what is shown of one exchange.
func DetailOf(it inspect.Item) Detail { return detailOf(it) }

// Item is the exchange as far as a list tells it: without heads.
func (x itemJSON) Item() (inspect.Item, error) {
	it := inspect.Item{
		Nth: x.Nth, Committed: x.Committed, Summary: x.Summary, Label: x.Label, Pinned: x.Pinned, Tags: x.Tags, Note: x.Note,
		Exchange: &inspect.Exchange{
			ID: x.ID, Endpoint: x.Endpoint, Duration: durationOf(x.DurationMS), Wait: durationOf(x.WaitMS), Failure: x.Failure.failure(),
			Edited: x.Edited, Resigned: x.Resigned, To: x.To, Upgraded: x.Upgraded,
			Request: inspect.Request{Method: x.Method, Target: x.Target, Host: x.Host, Message: inspect.Message{Size: x.RequestSize}},
		},
	}
	if x.Status != nil {
		it.Response = &inspect.Response{Status: *x.Status, Reason: x.Reason, Message: inspect.Message{Size: x.ResponseSize}}
	}
	kind, err := kindOf(x.Kind)
	if it.Kind = kind; kind != inspect.HTTP && (x.ResponseSize > 0 || x.State == inspect.Open.String() || x.State == inspect.Done.String()) {
		it.Response = &inspect.Response{Message: inspect.Message{Size: x.ResponseSize}}
	}
	if x.ReplayOf != nil {
		it.ReplayOf = *x.ReplayOf
	}
	if x.Client != "" {
		it.Client, _ = netip.ParseAddrPort(x.Client) // what is none is not shown
	}
	var errs [5]error
	it.Seq, errs[0] = strconv.ParseUint(x.Seq, 10, 64)
	it.Version, errs[1] = strconv.ParseUint(x.Version, 10, 64)
	it.Run, errs[2] = strconv.ParseInt(x.Run, 10, 64)
	it.Start, errs[3] = time.Parse(time.RFC3339Nano, x.Start)
	it.State, errs[4] = stateOf(x.State)
	if err := cmp.Or(append(errs[:], err)...); err != nil || x.ID == "" {
		return it, fmt.Errorf("what was told of exchange %q cannot be understood: %w", x.ID, cmp.Or(err, errors.New("it has no ID")))
	}
	return it, nil
}

// Item is the exchange without its content.
func (d detailJSON) Item() (inspect.Item, error) {
	it, err := d.itemJSON.Item()
	if err != nil {
		return it, err
	}
	it.Connect, it.Tries = durationOf(d.ConnectMS), d.Tries
	d.Request.into(&it.Request.Message)
	if d.Response != nil && it.Response != nil {
		d.Response.into(&it.Response.Message)
		it.Response.Made = d.Response.Made
	}
	return it, nil
}

func (h headJSON) into(m *inspect.Message) {
	m.Head, m.Size, m.Kept, m.Tail, m.Whole = h.Head, h.Size, h.Kept, h.Tail, h.Whole
	m.Dropped, m.Withheld, m.Redacted = h.Dropped, h.Withheld, h.Redacted
	for _, p := range h.Passed {
		m.Passed = append(m.Passed, inspect.Passed{Offset: int64(p[0]), After: durationOf(p[1])})
	}
	for _, f := range h.Trailers {
		m.Trailers = append(m.Trailers, f[0]+": "+f[1]+"\r\n"...)
	}
}

func (f *failureJSON) failure() *inspect.Failure {
	if f == nil {
		return nil
	}
	return &inspect.Failure{Code: f.Code, Name: f.Name, Text: f.Text, Remedy: f.Remedy}
}

func durationOf(ms float64) time.Duration {
	return time.Duration(math.Round(ms * float64(time.Millisecond)))
}

// kindOf reads a kind. Agents of before connections were recorded tell none.
func kindOf(text string) (inspect.Kind, error) {
	for k := inspect.HTTP; k <= inspect.TLS; k++ {
		if k.String() == text || text == "" {
			return k, nil
		}
	}
	return 0, fmt.Errorf("%q is no kind", text)
}

func stateOf(text string) (inspect.State, error) {
	for s := inspect.Pending; s <= inspect.Interrupted; s++ {
		if s.String() == text {
			return s, nil
		}
	}
	return 0, fmt.Errorf("%q is no state", text)
}
