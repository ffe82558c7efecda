package web

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/adit-tunnel/adit/inspect"
)

// mostListed is how many exchanges, or messages, one answer may have, and how many a request may name.
const mostListed = 1000

// listQuery reads what a list is asked with.
func (s *Server) listQuery(r *http.Request) (q inspect.Query, problem *apiError) {
	p, problem := paramsOf(r, "filter", "before", "limit", "run")
	if problem != nil {
		return q, problem
	}
	if q, problem = s.query(p); problem != nil {
		return q, problem
	}
	if q.Before, problem = p.number("before", 0); problem != nil {
		return q, problem
	}
	q.Limit, problem = p.limit()
	return q, problem
}

// query reads which exchanges are meant.
func (s *Server) query(p params) (q inspect.Query, problem *apiError) {
	if q.Filter, problem = p.filter(); problem != nil {
		return q, problem
	}
	q.Run, problem = s.runOf(p)
	return q, problem
}

// runOf reads run=current or run=all, which is the default.
func (s *Server) runOf(p params) (int64, *apiError) {
	switch p.Get("run") {
	case "", "all":
		return 0, nil
	case "current":
		return s.reader.Run(), nil
	}
	return 0, badRequest("run", "want current or all")
}

// params are the parameters of a URL.
type params struct{ url.Values }

// paramsOf reads the parameters; any but the known ones is a mistake, since what would be left out might be a filter.
func paramsOf(r *http.Request, known ...string) (params, *apiError) {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return params{}, badRequest("invalid query", err.Error())
	}
	for name, all := range values {
		if !slices.Contains(known, name) {
			return params{}, badRequest("unknown parameter", strconv.Quote(name)).saying("", "known here: "+cmp.Or(strings.Join(known, ", "), "none"))
		}
		if len(all) > 1 {
			return params{}, badRequest(name, "it is there twice")
		}
	}
	return params{values}, nil
}

// number reads a whole number, 0 or more.
func (p params) number(name string, otherwise uint64) (uint64, *apiError) {
	text := p.Get(name)
	if text == "" {
		return otherwise, nil
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0, badRequest(name, "want a number, not "+strconv.Quote(text))
	}
	return n, nil
}

// filter reads a filter; nil: there is none.
func (p params) filter() (*inspect.Filter, *apiError) { return filterOf(p.Get("filter")) }

func filterOf(text string) (*inspect.Filter, *apiError) {
	f, err := inspect.ParseFilter(text)
	var wrong *inspect.FilterError
	switch {
	case errors.As(err, &wrong):
		problem := badRequest("filter", wrong.Text).saying("invalid_filter", "docs/filter.md describes the language")
		problem.at = &wrong.At
		return nil, problem
	case err != nil:
		return nil, badRequest("filter", err.Error())
	}
	return f, nil
}

// ids reads which exchanges are meant by their names, with commas between them; nil: none is named.
func (p params) ids() (ids []inspect.ID, problem *apiError) {
	if !p.Has("ids") {
		return nil, nil
	}
	for id := range strings.SplitSeq(p.Get("ids"), ",") {
		if id == "" {
			return nil, badRequest("ids", "a name is empty")
		}
		ids = append(ids, inspect.ID(id))
	}
	switch {
	case len(ids) > mostListed:
		return nil, badRequest("ids", "at most "+strconv.Itoa(mostListed))
	case p.Has("filter") || p.Has("all") || p.Has("run"):
		return nil, badRequest("ids", "they say which exchanges are meant: nothing else may")
	}
	return ids, nil
}

// redact reads whether secrets are to be left out.
func (p params) redact() (bool, *apiError) {
	switch p.Get("redact") {
	case "":
		return false, nil
	case "1":
		return true, nil
	}
	return false, badRequest("redact", "want 1")
}

// limit reads how many are wanted at most.
func (p params) limit() (int, *apiError) {
	n, problem := p.number("limit", 100)
	if problem == nil && (n < 1 || n > mostListed) {
		problem = badRequest("limit", "want a number from 1 to "+strconv.Itoa(mostListed))
	}
	return int(n), problem
}
