package web

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"

	"github.com/adit-tunnel/adit/inspect"
)

// requestsOnly leaves connections out.
var requestsOnly = &inspect.Filter{Root: &inspect.Term{Field: inspect.KeyKind, Value: inspect.HTTP.String()}}

// requests lists captured requests, newest first. They are written one by one: all of them together may be larger than what the store holds,
// since raw bytes are in base64.
func (s *Server) requests(w http.ResponseWriter, r *http.Request) *apiError {
	q := r.URL.Query()
	query := inspect.Query{Filter: requestsOnly, Endpoint: q.Get("tunnel_name"), Run: s.reader.Run()}
	if v := q.Get("limit"); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil || n < 1 {
			return badRequest("invalid limit", v)
		}
		query.Limit = n
	}
	w.Header().Set("Content-Type", "application/json")
	if r.Method == http.MethodHead {
		return nil
	}
	out := s.newList(w, "requests")
	for it, err := range s.reader.List(r.Context(), query) {
		if err == nil {
			it, err = s.reader.Get(r.Context(), it.ID)
		}
		switch {
		case errors.Is(err, inspect.ErrNotFound):
			continue // gone meanwhile
		case err != nil:
			s.cut("list captured requests", err)
		}
		if !out.add(exchangeOf(it.Exchange)) {
			return nil // the reader has gone
		}
	}
	out.end(map[string]any{"uri": "/api/requests/http"})
	return nil
}

func (s *Server) request(w http.ResponseWriter, r *http.Request) *apiError {
	it, problem := s.itemOfThisRun(r, r.PathValue("id"))
	if problem == nil {
		writeJSON(w, http.StatusOK, exchangeOf(it.Exchange))
	}
	return problem
}

// itemOfThisRun reads a request as long as this agent runs: what ngrok's API shows does not outlast its agent, and connections are none of it.
func (s *Server) itemOfThisRun(r *http.Request, id string) (inspect.Item, *apiError) {
	it, problem := s.item(r, id)
	if problem == nil && it.Run != s.reader.Run() {
		problem = notFound("request " + strconv.Quote(id) + " is of another run")
	}
	if problem == nil && it.IsConnection() {
		problem = notFound(it.NeedRequest().Error())
	}
	return it, problem
}

// replayJSON is what a replay is asked with. Unknown keys are ignored: clients send more.
type replayJSON struct {
	ID         string `json:"id"`
	TunnelName string `json:"tunnel_name"`
	Camel      string `json:"tunnelName"` // what npm's ngrok sends
}

// replay sends a captured request again, to where it went before and nowhere else.
func (s *Server) replay(w http.ResponseWriter, r *http.Request) *apiError {
	var in replayJSON
	if problem := readJSON(r, &in); problem != nil {
		return problem
	}
	if in.ID == "" {
		return badRequest("invalid request", "id is missing")
	}
	it, problem := s.itemOfThisRun(r, in.ID)
	if problem != nil {
		return problem
	}
	for _, name := range []string{in.TunnelName, in.Camel} {
		if name != "" && name != it.Endpoint {
			return badRequest("invalid tunnel name", "the request came through "+strconv.Quote(it.Endpoint)+" and is replayed only there")
		}
	}
	ctx, cancel := context.WithTimeout(r.Context(), replayTimeout)
	defer cancel()
	if _, err := s.replayer.Replay(ctx, it.ID, inspect.Resend{}); err != nil {
		return fail(codeFailed, http.StatusBadGateway, "failed to replay request", err.Error())
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (s *Server) clear(w http.ResponseWriter, r *http.Request) *apiError {
	if err := s.reader.Clear(r.Context()); err != nil {
		return fail(codeFailed, http.StatusInternalServerError, "failed to clear requests", err.Error())
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// wanted names what should stand where something else does.
func wanted(e *json.UnmarshalTypeError) string {
	if e.Field == "" {
		return "an object"
	}
	return "a " + e.Type.String() + " as " + e.Field
}

// readJSON reads one JSON value and nothing behind it.
func readJSON(r *http.Request, into any) *apiError { return readFrom(json.NewDecoder(r.Body), into) }

// readStrict is readJSON of an object whose keys are all known.
func readStrict(r *http.Request, into any) *apiError {
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	return readFrom(d, into)
}

func readFrom(d *json.Decoder, into any) *apiError {
	err := d.Decode(into)
	if err == nil {
		if _, err = d.Token(); errors.Is(err, io.EOF) {
			return nil
		}
	}
	var large *http.MaxBytesError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &kind):
		return badRequest("invalid JSON", "want "+wanted(kind)+", not "+kind.Value)
	case errors.As(err, &large):
		return fail(codeBadRequest, http.StatusRequestEntityTooLarge, "content is too large", largest)
	case err == nil:
		return badRequest("invalid JSON", "something follows the value")
	}
	return badRequest("invalid JSON", err.Error())
}
