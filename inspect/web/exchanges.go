package web

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/view"
)

// exchanges lists what a filter asks for, newest first, and sends it as it is found.
func (s *Server) exchanges(w http.ResponseWriter, r *http.Request) *apiError {
	q, problem := s.listQuery(r)
	if problem != nil {
		return problem
	}
	cursor := s.cursor() // before the list: what changes meanwhile comes twice rather than never
	w.Header().Set("Content-Type", "application/json")
	if r.Method == http.MethodHead {
		return nil
	}
	out := s.newList(w, "exchanges")
	limit, next := q.Limit, (*string)(nil)
	q.Limit++ // one more says whether there is a next page
	var last string
	for it, err := range s.reader.List(r.Context(), q) {
		if err != nil {
			s.cut("list exchanges", err)
		}
		if limit--; limit < 0 {
			next = &last
			break
		}
		item := itemOf(s.labelled(r.Context(), it))
		if last = item.Seq; !out.add(item) {
			return nil
		}
	}
	out.end(map[string]any{"next": next, "cursor": cursor})
	return nil
}

func (s *Server) exchange(w http.ResponseWriter, r *http.Request) *apiError {
	it, problem := s.item(r, r.PathValue("id"))
	if problem == nil {
		writeJSON(w, http.StatusOK, detailOf(it))
	}
	return problem
}

// item reads the exchange of an ID.
func (s *Server) item(r *http.Request, id string) (inspect.Item, *apiError) {
	it, err := s.reader.Get(r.Context(), inspect.ID(id))
	if err != nil {
		return it, missing("exchange "+strconv.Quote(id), err)
	}
	return it, nil
}

// requestItem is item of what must be a request.
func (s *Server) requestItem(r *http.Request, id string) (inspect.Item, *apiError) {
	it, problem := s.item(r, id)
	if problem == nil {
		problem = needRequest(it)
	}
	return it, problem
}

// needRequest refuses what is a connection.
func needRequest(it inspect.Item) *apiError {
	if err := it.NeedRequest(); err != nil {
		return fail(codeFailed, http.StatusConflict, "not a request", err.Error()).saying("not_a_request", "its figures are all there is: GET the exchange itself")
	}
	return nil
}

// labelled is an item of a list with its label: what is not stored yet has none, and a label may need the content, which lists do without.
func (s *Server) labelled(ctx context.Context, it inspect.Item) inspect.Item {
	if it.Label != "" || it.Version == 0 {
		return it
	}
	if whole, err := s.reader.Get(ctx, it.ID); err == nil {
		it.Label = view.Label(whole.Exchange)
	}
	return it
}

// missing words why the store gave nothing.
func missing(what string, err error) *apiError {
	if errors.Is(err, inspect.ErrNotFound) {
		return notFound(what + " is not kept, or no longer")
	}
	return internal("read "+what, err)
}
