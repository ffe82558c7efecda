package web

import (
	"net/http"
	"slices"
	"strconv"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/diff"
)

// memoList reads which list is meant.
func memoList(r *http.Request) (inspect.MemoList, *apiError) {
	list := inspect.MemoList(r.PathValue("list"))
	if !slices.Contains([]inspect.MemoList{inspect.TypedFilters, inspect.DiffIgnores}, list) {
		return "", notFound("list "+strconv.Quote(string(list))).saying("", "the lists are filters and diff-ignores")
	}
	return list, nil
}

// memos tells what is on a list, newest first.
func (s *Server) memos(w http.ResponseWriter, r *http.Request) *apiError {
	list, problem := memoList(r)
	if problem != nil {
		return problem
	}
	all, err := s.keeper.Memos(r.Context(), list)
	if err != nil {
		return internal("read the list", err)
	}
	writeJSON(w, http.StatusOK, map[string]any{"list": list, "texts": append([]string{}, all...)})
	return nil
}

// addMemo puts a text on a list, and answers with the list.
func (s *Server) addMemo(w http.ResponseWriter, r *http.Request) *apiError {
	list, problem := memoList(r)
	if problem != nil {
		return problem
	}
	var in struct {
		Text string `json:"text"`
	}
	if problem := readStrict(r, &in); problem != nil {
		return problem
	}
	if problem := checkMemo(list, in.Text); problem != nil {
		return problem
	}
	if err := s.keeper.AddMemo(r.Context(), list, in.Text); err != nil {
		return notChanged("memo", err)
	}
	return s.memos(w, r)
}

// checkMemo says what is wrong with a text for that list.
func checkMemo(list inspect.MemoList, text string) *apiError {
	if list == inspect.TypedFilters {
		_, problem := filterOf(text)
		return problem
	}
	if _, err := diff.ParseRule(text); err != nil {
		return badRequest("rule", err.Error()).saying("invalid_rule", "docs/api.md describes them")
	}
	return nil
}

func (s *Server) deleteMemo(w http.ResponseWriter, r *http.Request) *apiError {
	p, problem := paramsOf(r, "text")
	if problem != nil {
		return problem
	}
	list, problem := memoList(r)
	if problem != nil {
		return problem
	}
	if err := s.keeper.DeleteMemo(r.Context(), list, p.Get("text")); err != nil {
		return notChanged("memo", err)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// rules are what comparisons leave out. When they cannot be read, more differs, and is seen.
func (s *Server) rules(r *http.Request) diff.Rules {
	rules, err := diff.KeptRules(r.Context(), s.keeper)
	if err != nil {
		s.log.Warn("read what comparisons leave out", "err", err)
	}
	return rules
}
