package web

import (
	"net/http"
	"time"

	"github.com/adit-tunnel/adit/inspect"
)

// runningJSON is an endpoint in our own API, bound or not.
type runningJSON struct {
	Name        string       `json:"name"`
	URL         *string      `json:"url"` // null until it is bound
	Aliases     []string     `json:"aliases"`
	Upstream    string       `json:"upstream"`
	Inspect     bool         `json:"inspect"`
	Description string       `json:"description"`
	Failure     *failureJSON `json:"failure"` // why it is not bound
	Proof       *string      `json:"proof"`   // when something last came the whole way
	Health      healthJSON   `json:"health"`  // of the local service
	Turned      int64        `json:"turned"`  // visitors whom the relay has turned away
	LastTurned  *turnedJSON  `json:"last_turned"`
}

// healthJSON is how a local service is; state "" with nothing else: nothing is known yet.
type healthJSON struct {
	State  string  `json:"state"`
	Since  *string `json:"since"`
	Reason string  `json:"reason"`
}

// turnedJSON is a visitor who was turned away.
type turnedJSON struct {
	At     string `json:"at"`
	Client string `json:"client"`
	Method string `json:"method"`
	Host   string `json:"host"`
	Path   string `json:"path"`
	Status int    `json:"status"`
	Code   int    `json:"code"`
	Name   string `json:"name"`
	Reason string `json:"reason"`
}

func (s *Server) running(w http.ResponseWriter, _ *http.Request) *apiError {
	list := []runningJSON{}
	for _, e := range s.observer.Status().Endpoints {
		list = append(list, runningOf(e))
	}
	writeJSON(w, http.StatusOK, map[string]any{"endpoints": list})
	return nil
}

func runningOf(e inspect.Endpoint) runningJSON {
	out := runningJSON{
		Name: e.Name, URL: nullable(e.URL), Aliases: append([]string{}, e.Aliases...), Upstream: e.Upstream, Inspect: e.Inspect,
		Description: e.Description, Failure: failureOf(e.Failure), Proof: nullable(timeOf(e.Proof)), Turned: e.Turned,
		Health: healthJSON{string(e.Health.State), nullable(timeOf(e.Health.Since)), e.Health.Reason},
	}
	if t := e.LastTurned; t != nil {
		out.LastTurned = &turnedJSON{timeOf(t.At), t.Client, t.Method, t.Host, t.Path, t.Status, t.Code, t.Name, t.Reason}
	}
	return out
}

// figuresJSON are meters in our own API: events per second, and durations in milliseconds.
type figuresJSON struct {
	Count  int64   `json:"count"`
	Open   int64   `json:"open"`
	Errors int64   `json:"errors"` // 0 for connections
	Rate1  float64 `json:"rate1"`
	Rate5  float64 `json:"rate5"`
	Rate15 float64 `json:"rate15"`
	P50MS  float64 `json:"p50_ms"`
	P90MS  float64 `json:"p90_ms"`
	P95MS  float64 `json:"p95_ms"`
	P99MS  float64 `json:"p99_ms"`
}

func figuresOf(m inspect.Meters) figuresJSON {
	return figuresJSON{m.Count, m.Open, m.Errors, m.Rate1, m.Rate5, m.Rate15, msOf(m.P50), msOf(m.P90), msOf(m.P95), msOf(m.P99)}
}

// measuredJSON are the figures of public connections and of requests.
type measuredJSON struct {
	Conns    figuresJSON `json:"conns"`
	Requests figuresJSON `json:"requests"`
}

// namedJSON are those of one endpoint.
type namedJSON struct {
	Name string `json:"name"`
	measuredJSON
}

// meters answers with the figures of all endpoints together and of each.
func (s *Server) meters(w http.ResponseWriter, _ *http.Request) *apiError {
	st := s.observer.Status()
	list := []namedJSON{}
	for _, e := range st.Endpoints {
		list = append(list, namedJSON{e.Name, measuredJSON{figuresOf(e.Conns), figuresOf(e.Requests)}})
	}
	writeJSON(w, http.StatusOK, map[string]any{
		"at": timeOf(time.Now()), "total": measuredJSON{figuresOf(st.Conns), figuresOf(st.Requests)}, "endpoints": list,
	})
	return nil
}
