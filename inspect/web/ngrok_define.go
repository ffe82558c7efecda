package web

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"

	"github.com/adit-tunnel/adit/inspect"
)

// define reads a definition and has the endpoint started. Client libraries send keys of their own along, so what is in the object is judged behind the
// Controller; here it only needs a name. within is the name in the path of a PUT, "" for a POST.
func (s *Server) define(r *http.Request, kind inspect.DefinitionKind, within string) (inspect.Endpoint, *apiError) {
	var object map[string]json.RawMessage
	if problem := readJSON(r, &object); problem != nil {
		return inspect.Endpoint{}, problem
	}
	name, problem := nameOf(object, kind, within)
	if problem != nil {
		return inspect.Endpoint{}, problem
	}
	text, err := json.Marshal(object)
	if err != nil {
		return inspect.Endpoint{}, invalid(kind, err.Error())
	}
	ctx, cancel := context.WithTimeout(r.Context(), startTimeout)
	defer cancel()
	e, err := s.controller.Start(ctx, inspect.Definition{Kind: kind, Name: name, JSON: text, Replace: within != ""})
	if err != nil {
		return inspect.Endpoint{}, notStarted(kind, name, err)
	}
	return e, nil
}

// nameOf finds the endpoint's name, which a PUT may say twice.
func nameOf(object map[string]json.RawMessage, kind inspect.DefinitionKind, within string) (string, *apiError) {
	name := within
	if raw, ok := object["name"]; ok {
		if err := json.Unmarshal(raw, &name); err != nil {
			return "", invalid(kind, "name: want a string")
		}
	}
	switch {
	case name == "":
		return "", invalid(kind, "name: it is missing; every "+string(kind)+" needs one of its own")
	case within != "" && name != within:
		return "", invalid(kind, "name: "+strconv.Quote(name)+" is not the one in the path, "+strconv.Quote(within))
	}
	return name, nil
}

// stop ends an endpoint, bound or not.
func (s *Server) stop(w http.ResponseWriter, r *http.Request) *apiError {
	ctx, cancel := context.WithTimeout(r.Context(), startTimeout)
	defer cancel()
	switch err := s.controller.Stop(ctx, r.PathValue("name")); {
	case errors.Is(err, inspect.ErrNoEndpoint):
		return notFound(err.Error())
	case err != nil:
		return fail(codeFailed, http.StatusBadGateway, "failed to stop tunnel", err.Error())
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// invalid is a definition with a mistake.
func invalid(kind inspect.DefinitionKind, detail string) *apiError {
	return badRequest("invalid "+string(kind)+" configuration", detail)
}

// notStarted words why an endpoint was not started, as ngrok's agent does: its clients look for the words, and try again where that can help.
func notStarted(kind inspect.DefinitionKind, name string, err error) *apiError {
	var wrong *inspect.DefinitionError
	var refused *inspect.Failure
	switch {
	case errors.As(err, &wrong), errors.Is(err, inspect.ErrExists):
		return invalid(kind, err.Error())
	case errors.Is(err, inspect.ErrNoSession):
		return fail(codeNotReady, http.StatusServiceUnavailable, "ngrok is not yet ready to start tunnels",
			"a successful ngrok tunnel session has not yet been established")
	case errors.As(err, &refused):
		return fail(codeFailed, http.StatusBadGateway, "failed to start "+string(kind), refusal(name, refused))
	case errors.Is(err, context.DeadlineExceeded):
		return fail(codeFailed, http.StatusBadGateway, "failed to start "+string(kind), "the relay has not answered in time")
	}
	return fail(codeFailed, http.StatusBadGateway, "failed to start "+string(kind), err.Error())
}

// refusal words what the relay said.
func refusal(name string, f *inspect.Failure) string {
	text := f.Error() + "\n\n" + f.CodeText()
	if f.Name == "NAME_TAKEN" || f.Name == "ALREADY_ONLINE" {
		text = "The tunnel " + strconv.Quote(name) + " is already bound to another tunnel session. " + text
	}
	return text
}
