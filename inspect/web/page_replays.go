package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/adit-tunnel/adit/inspect"
)

// mostReplays of one exchange are shown.
const mostReplays = 200

// related is an exchange that has to do with the one that is shown.
type related struct {
	inspect.Item
	Relation string // "original", "replay", "edited replay"
	Other    bool   // it is not the one that is shown
	Compare  string // where they are compared
}

// replaysPanel is the original and all replays of it, newest first; empty when there is one exchange only.
func (s *Server) replaysPanel(r *http.Request, it inspect.Item, _ string) (any, error) {
	all, err := s.family(r.Context(), it)
	if err != nil || len(all) < 2 {
		return []related(nil), err
	}
	return all, nil
}

// family is an exchange with its original and that one's replays, newest first.
func (s *Server) family(ctx context.Context, it inspect.Item) ([]related, error) {
	root := it
	if it.ReplayOf != "" {
		original, err := s.reader.Get(ctx, it.ReplayOf)
		switch {
		case err == nil:
			root = original
		case !errors.Is(err, inspect.ErrNotFound):
			return nil, err
		}
	}
	var all []related
	add := func(o inspect.Item, relation string) {
		all = append(all, related{o, relation, o.ID != it.ID, "/exchanges/" + url.PathEscape(string(it.ID)) + "?tab=diff&with=" + url.QueryEscape(string(o.ID))})
	}
	replays, err := asked(&inspect.Term{Field: inspect.KeyReplay})
	if err != nil {
		return nil, err
	}
	q := inspect.Query{Filter: replays, Endpoint: it.Endpoint, After: root.Seq, Limit: -1}
	for o, err := range s.reader.List(ctx, q) {
		if err != nil {
			return nil, err
		}
		if o.ReplayOf != root.ID && o.ID != it.ID {
			continue
		}
		if add(o, map[bool]string{false: "replay", true: "edited replay"}[o.Edited]); len(all) == mostReplays {
			break
		}
	}
	if root.ReplayOf == "" {
		add(root, "original")
	}
	return all, nil
}
