package web

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/diff"
	"github.com/adit-tunnel/adit/inspect/view"
)

const (
	mostAlike   = 10  // exchanges of the same kind that are offered for a comparison
	mostChanges = 500 // changes of one message that are shown
)

// diffPanel is an exchange compared with another one: with its original, its newest replay, or one that was asked for.
type diffPanel struct {
	Others   []related // to compare with
	With     *related
	Diff     diff.Diff
	Messages []diffMessage
	Rules    []string // kept, of what is left out
	Gone     bool     // the one asked for is no longer kept
}

// diffMessage is what differs between two requests or two responses.
type diffMessage struct {
	Side string
	diff.Message
	More  int    // changes of the content that are not shown
	Whole string // the rule that leaves out the content, when none is about a part of it
}

func (s *Server) diffPanel(r *http.Request, it inspect.Item, _ string) (any, error) {
	others, err := s.comparable(r.Context(), it)
	if err != nil {
		return nil, err
	}
	p := &diffPanel{Others: others}
	other, err := s.otherOf(r, p)
	if p.Gone = errors.Is(err, inspect.ErrNotFound); p.Gone || err != nil {
		return p, ifNot(p.Gone, err)
	}
	if p.With == nil {
		return p, nil
	}
	older, newer := other, it
	if older.Seq > newer.Seq {
		older, newer = newer, older
	}
	p.Diff = s.diffOf(r, older, newer, s.rules(r))
	p.Messages = []diffMessage{shownOf(inspect.RequestSide, p.Diff.Request, s.maskOf(r)), shownOf(inspect.ResponseSide, p.Diff.Response, s.maskOf(r))}
	p.Rules, err = s.keeper.Memos(r.Context(), inspect.DiffIgnores)
	return p, err
}

func ifNot(handled bool, err error) error {
	if handled {
		return nil
	}
	return err
}

func shownOf(side inspect.Side, m diff.Message, mask *view.Mask) diffMessage {
	for _, changes := range [][]diff.Change{m.Start, m.Fields, m.Content} {
		maskChanges(changes, mask)
	}
	out := diffMessage{Side: side.String(), Message: m}
	if n := len(m.Content); n > mostChanges {
		out.Content, out.More = m.Content[:mostChanges], n-mostChanges
	}
	for _, c := range m.Content {
		if rule, ok := diff.RuleFor(c); ok && !c.Volatile && m.How != diff.JSON {
			out.Whole = rule
		}
	}
	return out
}

// otherOf reads the exchange to compare with, and sets p.With; there may be none.
func (s *Server) otherOf(r *http.Request, p *diffPanel) (inspect.Item, error) {
	id := inspect.ID(r.URL.Query().Get("with"))
	if id == "" && len(p.Others) > 0 {
		id = p.Others[0].ID
	}
	if id == "" {
		return inspect.Item{}, nil
	}
	other, err := s.reader.Get(r.Context(), id)
	if err != nil {
		return other, err
	}
	p.With = &related{Item: other, Relation: "chosen"}
	return other, nil
}

// comparable are the exchanges that somebody may want to compare with: the original first, its replays, then the last ones with the same method and target.
func (s *Server) comparable(ctx context.Context, it inspect.Item) ([]related, error) {
	family, err := s.family(ctx, it)
	if err != nil {
		return nil, err
	}
	var others []related
	seen := map[inspect.ID]bool{it.ID: true}
	for i := range family {
		o := family[(len(family)-1+i)%len(family)] // the original is the last
		if !seen[o.ID] {
			others = append(others, o)
		}
		seen[o.ID] = true
	}
	path, _, _ := strings.Cut(it.Request.Target, "?")
	alike, err := asked(inspect.And{
		&inspect.Term{Field: inspect.KeyMethod, Value: it.Request.Method, Exact: true},
		&inspect.Term{Field: inspect.KeyPath, Value: path, Exact: true},
	})
	if err != nil {
		return others, nil // such a target cannot be asked for
	}
	for o, err := range s.reader.List(ctx, inspect.Query{Filter: alike, Endpoint: it.Endpoint, Before: it.Seq, Limit: mostAlike}) {
		if err != nil {
			return nil, err
		}
		if !seen[o.ID] {
			others = append(others, related{Item: o, Relation: "before", Other: true})
		}
	}
	return others, nil
}

// asked is a filter of ours, as if somebody had written it: only the parser makes whole ones.
func asked(root inspect.Node) (*inspect.Filter, error) {
	f := inspect.Filter{Root: root}
	return inspect.ParseFilter(f.String())
}
