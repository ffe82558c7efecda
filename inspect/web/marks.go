package web

import (
	"errors"
	"net/http"
	"strconv"

	"github.com/adit-tunnel/adit/inspect"
)

// marksJSON is a change of marks; what is not there stays.
type marksJSON struct {
	Pinned  *bool    `json:"pinned"`
	Note    *string  `json:"note"`
	AddTags []string `json:"add_tags"`
	DelTags []string `json:"del_tags"`
}

// mark changes the marks of an exchange and answers with it.
func (s *Server) mark(w http.ResponseWriter, r *http.Request) *apiError {
	var in marksJSON
	if problem := readStrict(r, &in); problem != nil {
		return problem
	}
	id := r.PathValue("id")
	it, err := s.keeper.Mark(r.Context(), inspect.ID(id), inspect.Marks(in))
	if err != nil {
		return notChanged("exchange "+strconv.Quote(id), err)
	}
	writeJSON(w, http.StatusOK, itemOf(s.labelled(r.Context(), it)))
	return nil
}

// purge deletes those that are named, or what the filter asks for, and everything only when that is said.
func (s *Server) purge(w http.ResponseWriter, r *http.Request) *apiError {
	p, problem := paramsOf(r, "ids", "filter", "all", "run")
	if problem != nil {
		return problem
	}
	ids, problem := p.ids()
	if problem != nil {
		return problem
	}
	if ids != nil {
		n, err := s.keeper.Delete(r.Context(), ids...)
		return deleted(w, n, err)
	}
	q, problem := s.query(p)
	if problem != nil {
		return problem
	}
	switch all := p.Get("all"); {
	case all != "" && all != "1":
		return badRequest("all", "want 1")
	case q.Filter == nil && all == "":
		return badRequest("nothing says what to delete", "the filter is empty").saying("filter_missing", "give a filter, or all=1 to delete every exchange that is not pinned")
	}
	n, err := s.keeper.Purge(r.Context(), q)
	return deleted(w, n, err)
}

// deleted answers with how many are gone.
func deleted(w http.ResponseWriter, n int, err error) *apiError {
	if err != nil {
		return notChanged("what is kept", err)
	}
	writeJSON(w, http.StatusOK, map[string]int{"deleted": n})
	return nil
}

// viewJSON is a saved filter.
type viewJSON struct {
	Name   string `json:"name"`
	Filter string `json:"filter"`
}

func (s *Server) views(w http.ResponseWriter, r *http.Request) *apiError {
	all, err := s.keeper.Views(r.Context())
	if err != nil {
		return internal("read the views", err)
	}
	list := []viewJSON{}
	for _, v := range all {
		list = append(list, viewJSON(v))
	}
	writeJSON(w, http.StatusOK, map[string]any{"views": list})
	return nil
}

// saveView gives a filter a name; one of that name is replaced.
func (s *Server) saveView(w http.ResponseWriter, r *http.Request) *apiError {
	var in struct {
		Filter string `json:"filter"`
	}
	if problem := readStrict(r, &in); problem != nil {
		return problem
	}
	if _, problem := filterOf(in.Filter); problem != nil {
		return problem
	}
	v := inspect.View{Name: r.PathValue("name"), Filter: in.Filter}
	if err := s.keeper.SaveView(r.Context(), v); err != nil {
		return notChanged("view "+strconv.Quote(v.Name), err)
	}
	writeJSON(w, http.StatusOK, viewJSON(v))
	return nil
}

func (s *Server) deleteView(w http.ResponseWriter, r *http.Request) *apiError {
	name := r.PathValue("name")
	if err := s.keeper.DeleteView(r.Context(), name); err != nil {
		return notChanged("view "+strconv.Quote(name), err)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// notChanged words why the store has not changed something.
func notChanged(what string, err error) *apiError {
	var wrong *inspect.InputError
	switch {
	case errors.As(err, &wrong):
		return badRequest("invalid "+what, wrong.Text)
	case errors.Is(err, inspect.ErrNotFound):
		return missing(what, err)
	}
	return internal("change "+what, err)
}
