package web

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/view"
)

// overviewPanel is what there is to say about an exchange besides its messages.
type overviewPanel struct {
	Failure *inspect.Failure
	Verdict inspect.Verdict
	Facts   []view.Fact
	Tags    []string
	Note    string
}

func (s *Server) overviewPanel(r *http.Request, it inspect.Item, _ string) (any, error) {
	facts, mask := view.Facts(it), s.maskOf(r)
	for i, f := range facts {
		if f.Label == "Request" {
			facts[i].Value = mask.Target(f.Value)
		}
	}
	if mask.All {
		facts = slices.DeleteFunc(facts, func(f view.Fact) bool { return f.Label == "Token" })
	}
	if it.Failure != nil { // it has a place of its own
		facts = slices.DeleteFunc(facts, func(f view.Fact) bool { return f.Label == "Failure" || f.Label == "What to do" })
	}
	if it.IsConnection() { // nobody signs it
		return &overviewPanel{it.Failure, inspect.Verdict{}, facts, it.Tags, it.Note}, nil
	}
	verdict, err := s.replayer.Verdict(r.Context(), it.ID)
	return &overviewPanel{it.Failure, verdict, facts, it.Tags, it.Note}, err
}

// timingRow is how high a phase's row in the plot is, in pixels.
const timingRow = 34

// timingPanel is an exchange's time as bars.
type timingPanel struct {
	Height int
	Bars   []timingBar
	Total  time.Duration
	Took   string // what Total is called
}

type timingBar struct {
	view.Phase
	From, Width float64 // percent of the whole
	Y           int
}

func (s *Server) timingPanel(_ *http.Request, it inspect.Item, _ string) (any, error) {
	x := it.AsOf(time.Now())
	p := &timingPanel{Total: x.Duration, Took: view.Took(x)}
	scale := 100 / float64(max(x.Duration, 1))
	for i, phase := range view.Timing(x) {
		p.Bars = append(p.Bars, timingBar{phase, float64(phase.After) * scale, max(float64(phase.Took)*scale, 0.3), i * timingRow})
	}
	p.Height = max(len(p.Bars), 1) * timingRow
	return p, nil
}

// mostMessages of a stream are shown at once.
const mostMessages = 100

// messagesPanel is what passed on a stream.
type messagesPanel struct {
	Messages []messageRow
	Next     *further
}

type messageRow struct {
	view.Message
	Number  int
	Content view.Content
}

func (s *Server) messagesPanel(r *http.Request, it inspect.Item, t string) (any, error) {
	bodies := s.contents(r, it)
	defer bodies.Close()
	p, from, number, mask := &messagesPanel{}, int(min(fromOf(r), 1<<30)), 0, s.maskOf(r)
	for m := range view.Messages(it.Exchange, bodies.At(inspect.RequestSide), bodies.At(inspect.ResponseSide)) {
		if number++; number <= from {
			continue
		}
		if len(p.Messages) == mostMessages {
			p.Next = furtherOf(r, it.ID, t, url.Values{"from": {strconv.Itoa(number - 1)}})
			break
		}
		row := messageRow{m, number, m.Open(view.Limits{Bytes: 32 << 10, Lines: 200})}
		mask.Content(&row.Content)
		if mask.All && row.ID != "" {
			row.ID = view.Masked
		}
		if fit(&row.Content); row.Content.More {
			row.Content.Notes = append(row.Content.Notes, "shown in part")
		}
		p.Messages = append(p.Messages, row)
	}
	return p, r.Context().Err()
}
