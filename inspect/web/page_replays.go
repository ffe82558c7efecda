package web

import (
	"context"
	"net/http"
	"net/url"

	"github.com/adit-tunnel/adit/inspect"
)

// mostReplays of one exchange are shown.
const mostReplays = 200

// related is an exchange that has to do with the one that is shown.
type related struct {
	inspect.Item
	Relation string // "original", "replay", "edited replay", "replay of this" where this is a replay itself
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

// family is an exchange with its original and the replays of both, newest first.
func (s *Server) family(ctx context.Context, it inspect.Item) ([]related, error) {
	f, err := inspect.FamilyOf(ctx, s.reader, it.Exchange, mostReplays)
	if err != nil {
		return nil, err
	}
	var all []related
	add := func(o inspect.Item, relation string) {
		all = append(all, related{o, relation, o.ID != it.ID, "/exchanges/" + url.PathEscape(string(it.ID)) + "?tab=diff&with=" + url.QueryEscape(string(o.ID))})
	}
	for _, o := range f.Replays {
		relation := "replay"
		if o.Edited {
			relation = "edited replay"
		}
		if it.ReplayOf != "" && o.ReplayOf == it.ID {
			relation += " of this"
		}
		add(o, relation)
	}
	if f.Origin != nil {
		add(*f.Origin, "original")
	}
	return all, nil
}
