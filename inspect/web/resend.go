package web

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/view"
)

// waysJSON is how a request is sent again, beside what is changed of it.
type waysJSON struct {
	To          string `json:"to"` // instead of where its endpoint leads
	Resign      bool   `json:"resign"`
	DropCookies bool   `json:"drop_cookies"`
}

// resendJSON is how one request is sent again.
type resendJSON struct {
	editJSON
	waysJSON
}

func (w *waysJSON) with(e *editJSON) (inspect.Resend, *apiError) {
	edit, problem := e.edit()
	return inspect.Resend{Edit: edit, To: w.To, Resign: w.Resign, DropCookies: w.DropCookies}, problem
}

// resendOf reads how the request of r's path is sent again. Without content that is as it was.
func (s *Server) resendOf(r *http.Request) (id inspect.ID, o inspect.Resend, problem *apiError) {
	var in resendJSON
	if r.ContentLength != 0 {
		if problem = readStrict(r, &in); problem != nil {
			return "", o, problem
		}
	}
	if o, problem = in.with(&in.editJSON); problem != nil {
		return "", o, problem
	}
	it, problem := s.requestItem(r, r.PathValue("id"))
	if problem != nil {
		return "", o, problem
	}
	return it.ID, o, nil
}

// sendAgain replays an exchange, edited or as it was.
func (s *Server) sendAgain(w http.ResponseWriter, r *http.Request) *apiError {
	id, o, problem := s.resendOf(r)
	if problem != nil {
		return problem
	}
	ctx, cancel := context.WithTimeout(r.Context(), replayTimeout)
	defer cancel()
	made, err := s.replayer.Replay(ctx, id, o)
	if err != nil {
		return notReplayed(string(id), err)
	}
	w.Header().Set("Location", uriOf(made))
	writeJSON(w, http.StatusAccepted, map[string]any{"id": made, "uri": uriOf(made)})
	return nil
}

// preparedJSON is a request that is ready to be sent.
type preparedJSON struct {
	To        string      `json:"to"`
	StartLine string      `json:"start_line"`
	Headers   [][2]string `json:"headers"`
	Head      []byte      `json:"head"` // the exact bytes
	Size      int64       `json:"size"` // of the content
}

// prepare says what sendAgain would send.
func (s *Server) prepare(w http.ResponseWriter, r *http.Request) *apiError {
	id, o, problem := s.resendOf(r)
	if problem != nil {
		return problem
	}
	ctx, cancel := context.WithTimeout(r.Context(), replayTimeout)
	defer cancel()
	p, err := s.replayer.Prepare(ctx, id, o)
	if err != nil {
		return notReplayed(string(id), err)
	}
	writeJSON(w, http.StatusOK, preparedJSON{p.To, view.StartLine(p.Head), pairsOf(view.Headers(p.Head)), p.Head, p.Size})
	return nil
}

// verdictJSON is what a webhook's signature is worth.
type verdictJSON struct {
	Provider string  `json:"provider"`
	State    string  `json:"state"`
	Signed   *string `json:"signed"`
	Text     string  `json:"text"`
	CanSign  bool    `json:"can_sign"`
}

func (s *Server) signature(w http.ResponseWriter, r *http.Request) *apiError {
	id := r.PathValue("id")
	if it, err := s.reader.Get(r.Context(), inspect.ID(id)); err == nil && it.IsConnection() {
		return needRequest(it)
	}
	v, err := s.replayer.Verdict(r.Context(), inspect.ID(id))
	if err != nil {
		return missing("exchange "+strconv.Quote(id), err)
	}
	out := verdictJSON{Provider: v.Provider, State: string(v.State), Text: v.Text, CanSign: v.CanSign}
	if !v.Signed.IsZero() {
		at := v.Signed.Format(time.RFC3339Nano)
		out.Signed = &at
	}
	writeJSON(w, http.StatusOK, out)
	return nil
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
