package web

import (
	"hash/fnv"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/adit-tunnel/adit/inspect"
)

type tunnelJSON struct {
	Name        string     `json:"name"`
	ID          string     `json:"ID"`
	URI         string     `json:"uri"`
	PublicURL   string     `json:"public_url"`
	Proto       string     `json:"proto"`
	Proof       string     `json:"proof,omitempty"`  // when something last came the whole way; not there until it has
	Turned      int64      `json:"turned,omitempty"` // visitors whom the relay has turned away because of the policy
	Description string     `json:"description,omitempty"`
	Config      configJSON `json:"config"`
	Metrics     metersJSON `json:"metrics"`
}

type configJSON struct {
	Addr    string `json:"addr"`
	Inspect bool   `json:"inspect"`
}

// tunnels lists the endpoints that are bound: those that are not have no URL that anybody could use.
func (s *Server) tunnels(w http.ResponseWriter, _ *http.Request) *apiError {
	list := []tunnelJSON{}
	for _, e := range s.observer.Status().Endpoints {
		if e.URL != "" {
			list = append(list, tunnelOf(e))
		}
	}
	writeJSON(w, http.StatusOK, map[string]any{"tunnels": list, "uri": "/api/tunnels"})
	return nil
}

func (s *Server) tunnel(w http.ResponseWriter, r *http.Request) *apiError {
	e, ok := s.bound(r.PathValue("name"))
	if !ok {
		return notFound("no tunnel named " + strconv.Quote(r.PathValue("name")))
	}
	writeJSON(w, http.StatusOK, tunnelOf(e))
	return nil
}

func (s *Server) startTunnel(w http.ResponseWriter, r *http.Request) *apiError {
	e, problem := s.define(r, inspect.TunnelDefinition, "")
	if problem == nil {
		writeJSON(w, http.StatusCreated, tunnelOf(e))
	}
	return problem
}

// bound finds an endpoint that has its URL.
func (s *Server) bound(name string) (inspect.Endpoint, bool) {
	for _, e := range s.observer.Status().Endpoints {
		if e.URL != "" && e.Name == name {
			return e, true
		}
	}
	return inspect.Endpoint{}, false
}

func tunnelOf(e inspect.Endpoint) tunnelJSON {
	proto, _, _ := strings.Cut(e.URL, "://")
	return tunnelJSON{
		Name:        e.Name,
		ID:          tunnelID(e),
		URI:         "/api/tunnels/" + url.PathEscape(e.Name),
		PublicURL:   e.URL,
		Proto:       proto,
		Proof:       timeOf(e.Proof),
		Config:      configJSON{Addr: addrOf(e.Upstream), Inspect: e.Inspect},
		Turned:      e.Turned,
		Description: e.Description,
		Metrics:     metersOf(e),
	}
}

// addrOf writes where a tunnel leads as ngrok does, for programs that look for it: without a scheme where connections are passed on.
func addrOf(upstream string) string { return strings.TrimPrefix(upstream, "tcp://") }

// tunnelID is the same as long as name and URL are.
func tunnelID(e inspect.Endpoint) string {
	h := fnv.New64a()
	_, _ = h.Write([]byte(e.Name + "\n" + e.URL))
	return strconv.FormatUint(h.Sum64(), 16)
}
