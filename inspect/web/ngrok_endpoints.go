package web

import (
	"net/http"
	"net/url"
	"strconv"

	"github.com/adit-tunnel/adit/inspect"
)

// endpointJSON is an endpoint in the shape of ngrok's newer API.
type endpointJSON struct {
	Name        string       `json:"name"`
	URI         string       `json:"uri"`
	URL         string       `json:"url"`
	Upstream    upstreamJSON `json:"upstream"`
	Inspect     bool         `json:"inspect"`
	Pooling     bool         `json:"pooling_enabled"`
	Proof       string       `json:"proof,omitempty"`  // as in tunnelJSON
	Turned      int64        `json:"turned,omitempty"` // likewise
	Description string       `json:"description,omitempty"`
	Metrics     *metersJSON  `json:"metrics,omitempty"` // of one, not in the list
}

type upstreamJSON struct {
	URL      string `json:"url"`
	Protocol string `json:"protocol,omitempty"` // of requests
}

// endpoints lists what tunnels lists.
func (s *Server) endpoints(w http.ResponseWriter, _ *http.Request) *apiError {
	list := []endpointJSON{}
	for _, e := range s.observer.Status().Endpoints {
		if e.URL != "" {
			list = append(list, endpointOf(e))
		}
	}
	writeJSON(w, http.StatusOK, map[string]any{"endpoints": list, "uri": "/api/endpoints"})
	return nil
}

func (s *Server) endpoint(w http.ResponseWriter, r *http.Request) *apiError {
	e, ok := s.bound(r.PathValue("name"))
	if !ok {
		return notFound("no endpoint named " + strconv.Quote(r.PathValue("name")))
	}
	writeEndpoint(w, http.StatusOK, e)
	return nil
}

func (s *Server) startEndpoint(w http.ResponseWriter, r *http.Request) *apiError {
	e, problem := s.define(r, inspect.EndpointDefinition, "")
	if problem == nil {
		writeEndpoint(w, http.StatusCreated, e)
	}
	return problem
}

// putEndpoint starts an endpoint, in the place of one of the same name if there is one.
func (s *Server) putEndpoint(w http.ResponseWriter, r *http.Request) *apiError {
	status := http.StatusCreated
	if _, ok := s.bound(r.PathValue("name")); ok {
		status = http.StatusOK
	}
	e, problem := s.define(r, inspect.EndpointDefinition, r.PathValue("name"))
	if problem == nil {
		writeEndpoint(w, status, e)
	}
	return problem
}

func writeEndpoint(w http.ResponseWriter, status int, e inspect.Endpoint) {
	out, meters := endpointOf(e), metersOf(e)
	out.Metrics = &meters
	writeJSON(w, status, out)
}

func endpointOf(e inspect.Endpoint) endpointJSON {
	return endpointJSON{
		Name:        e.Name,
		URI:         "/api/endpoints/" + url.PathEscape(e.Name),
		URL:         e.URL,
		Upstream:    upstreamJSON{e.Upstream, e.Speaks},
		Inspect:     e.Inspect,
		Proof:       timeOf(e.Proof),
		Turned:      e.Turned,
		Description: e.Description,
	}
}
