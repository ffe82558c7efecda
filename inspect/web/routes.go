package web

import (
	"maps"
	"net/http"
	"strings"

	"github.com/adit-tunnel/adit/inspect"
)

// handler answers a request, or returns what is wrong with it before anything was written.
type handler func(w http.ResponseWriter, r *http.Request) *apiError

// methods are the handlers of one path.
type methods map[string]handler

// plain is a handler that takes no parameters in the URL.
func plain(h handler) handler {
	return func(w http.ResponseWriter, r *http.Request) *apiError {
		if _, problem := paramsOf(r); problem != nil {
			return problem
		}
		return h(w, r)
	}
}

// table is all that programs are answered: paths and, for each, methods. GET stands for HEAD, too.
func (s *Server) table() map[string]methods {
	return map[string]methods{
		"/api":                    {"GET": s.root},
		"/api/{$}":                {"GET": s.root},
		"/api/status":             {"GET": s.status},
		"/api/tunnels":            {"GET": s.tunnels, "POST": s.startTunnel},
		"/api/tunnels/{name}":     {"GET": s.tunnel, "DELETE": s.stop},
		"/api/endpoints":          {"GET": s.endpoints, "POST": s.startEndpoint},
		"/api/endpoints/{name}":   {"GET": s.endpoint, "PUT": s.putEndpoint, "DELETE": s.stop},
		"/api/requests/http":      {"GET": s.inTurn(s.requests), "POST": s.replay, "DELETE": s.clear},
		"/api/requests/http/{id}": {"GET": s.request},

		"/api/v1/exchanges":                     {"GET": s.exchanges, "DELETE": s.purge},
		"/api/v1/exchanges/{id}":                {"GET": plain(s.exchange), "PATCH": plain(s.mark)},
		"/api/v1/exchanges/{id}/request/body":   {"GET": s.content(inspect.RequestSide)},
		"/api/v1/exchanges/{id}/response/body":  {"GET": s.content(inspect.ResponseSide)},
		"/api/v1/exchanges/{id}/messages":       {"GET": s.messages},
		"/api/v1/exchanges/{id}/diff":           {"GET": s.compare},
		"/api/v1/exchanges/{id}/export":         {"GET": s.export},
		"/api/v1/exchanges/{id}/replay":         {"POST": plain(s.sendAgain)},
		"/api/v1/exchanges/{id}/replay/preview": {"POST": plain(s.prepare)},
		"/api/v1/exchanges/{id}/signature":      {"GET": plain(s.signature)},
		"/api/v1/runs":                          {"POST": plain(s.run)},
		"/api/v1/export":                        {"GET": s.inTurn(s.exportAll)},
		"/api/v1/views":                         {"GET": plain(s.views)},
		"/api/v1/views/{name}":                  {"PUT": plain(s.saveView), "DELETE": plain(s.deleteView)},
		"/api/v1/memos/{list}":                  {"GET": plain(s.memos), "POST": plain(s.addMemo), "DELETE": s.deleteMemo},
		"/api/v1/events":                        {"GET": s.events},
		"/api/v1/status":                        {"GET": plain(s.state)},
		"/api/v1/endpoints":                     {"GET": plain(s.running)},
		"/api/v1/meters":                        {"GET": plain(s.meters)},
		"/api/v1/openapi.json":                  {"GET": plain(s.openAPI)},
	}
}

// everything is what programs and people are answered.
func (s *Server) everything() map[string]methods {
	all := s.table()
	maps.Copy(all, s.pages())
	return all
}

// routes answers by the tables. Errors, wrong methods and unknown paths have one shape each for ngrok's API and ours.
func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	for path, m := range s.everything() {
		mux.Handle(path, m)
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { notFound(r.URL.Path).write(w, r) })
	return mux
}

func (m methods) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	handle, ok := m[method]
	if !ok {
		var names []string
		for _, name := range []string{"GET", "POST", "PUT", "PATCH", "DELETE"} {
			if m[name] != nil {
				names = append(names, name)
			}
		}
		w.Header().Set("Allow", strings.Join(names, ", "))
		fail(codeMethod, http.StatusMethodNotAllowed, "method not allowed", r.Method).write(w, r)
		return
	}
	if problem := handle(w, r); problem != nil {
		problem.write(w, r)
	}
}

// pointer says where things are.
func (s *Server) pointer(w http.ResponseWriter, _ *http.Request) *apiError {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte("adit: the local API is at /api/ (status, tunnels, endpoints, requests/http)\n"))
	return nil
}

func (s *Server) root(w http.ResponseWriter, _ *http.Request) *apiError {
	writeJSON(w, http.StatusOK, map[string]string{
		"uri":           "/api/",
		"status_uri":    "/api/status",
		"tunnels_uri":   "/api/tunnels",
		"endpoints_uri": "/api/endpoints",
		"requests_uri":  "/api/requests/http",
		"openapi_uri":   "/api/v1/openapi.json",
	})
	return nil
}
