package web

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"github.com/adit-tunnel/adit/inspect"
)

// editJSON is what is changed of a request before it is sent again. What is not there stays as it was recorded.
type editJSON struct {
	Method     string     `json:"method"`
	Target     string     `json:"target"`
	Headers    [][]string `json:"headers"` // name and value of all fields, in order
	Body       *string    `json:"body"`
	BodyBase64 *[]byte    `json:"body_base64"`
}

// sendAgain replays an exchange, edited or as it was.
func (s *Server) sendAgain(w http.ResponseWriter, r *http.Request) *apiError {
	edit, problem := editOf(r)
	if problem != nil {
		return problem
	}
	id := r.PathValue("id")
	if _, problem := s.item(r, id); problem != nil {
		return problem
	}
	ctx, cancel := context.WithTimeout(r.Context(), replayTimeout)
	defer cancel()
	made, err := s.replayer.Replay(ctx, inspect.ID(id), inspect.Resend{Edit: edit})
	if err != nil {
		return notReplayed(id, err)
	}
	w.Header().Set("Location", uriOf(made))
	writeJSON(w, http.StatusAccepted, map[string]any{"id": made, "uri": uriOf(made)})
	return nil
}

// editOf reads the edit; nil: there is none.
func editOf(r *http.Request) (*inspect.Edit, *apiError) {
	if r.ContentLength == 0 {
		return nil, nil
	}
	var in editJSON
	if problem := readStrict(r, &in); problem != nil {
		return nil, problem
	}
	e := inspect.Edit{Method: in.Method, Target: in.Target}
	if in.Headers != nil {
		e.Fields = []inspect.Field{}
	}
	for i, f := range in.Headers {
		if len(f) != 2 {
			return nil, badEdit("headers: number " + strconv.Itoa(i+1) + " is not [name, value]")
		}
		e.Fields = append(e.Fields, inspect.Field{Name: f[0], Value: f[1]})
	}
	switch {
	case in.Body != nil && in.BodyBase64 != nil:
		return nil, badEdit("body and body_base64: only one of them can be sent")
	case in.Body != nil:
		e.Body = []byte(*in.Body)
	case in.BodyBase64 != nil:
		e.Body = append([]byte{}, *in.BodyBase64...)
	case in.Method == "" && in.Target == "" && in.Headers == nil:
		return nil, nil
	}
	return &e, nil
}

func badEdit(detail string) *apiError {
	return badRequest("invalid edit", detail).saying("invalid_edit", "")
}

// notReplayed words why a request is not on its way again.
func notReplayed(id string, err error) *apiError {
	var edit *inspect.EditError
	var refused *inspect.Failure
	switch {
	case errors.As(err, &edit) && edit.Key == "fields":
		return badEdit("headers: " + edit.Text) // as the key is called here
	case errors.As(err, &edit):
		return badEdit(edit.Error())
	case errors.Is(err, inspect.ErrNotFound):
		return missing("exchange "+strconv.Quote(id), err)
	case errors.As(err, &refused):
		e := fail(codeFailed, http.StatusConflict, "the request can not be sent again", refused.Text)
		return e.saying("not_replayable", refused.Remedy)
	}
	return fail(codeFailed, http.StatusBadGateway, "the request was not sent again", err.Error())
}
