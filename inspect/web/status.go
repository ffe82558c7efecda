package web

import (
	"hash/fnv"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/adit-tunnel/adit/inspect"
)

type statusJSON struct {
	Status       string      `json:"status"`
	AgentVersion string      `json:"agent_version"`
	Session      sessionJSON `json:"session"`
	URI          string      `json:"uri"`
}

type sessionJSON struct {
	Legs  []legJSON `json:"legs"`
	Proof string    `json:"proof,omitempty"` // the oldest of the tunnels'
}

type legJSON struct {
	Region  string `json:"region"`
	Latency string `json:"latency,omitempty"` // not there until it has been measured
}

func (s *Server) status(w http.ResponseWriter, _ *http.Request) *apiError {
	st := s.observer.Status()
	out := statusJSON{Status: string(st.State), AgentVersion: st.Version, URI: "/api/status"}
	out.Session.Legs = []legJSON{}
	for _, rtt := range st.Legs {
		leg := legJSON{Region: st.Region}
		if rtt > 0 {
			leg.Latency = strconv.FormatInt(rtt.Round(time.Millisecond).Milliseconds(), 10) + "ms"
		}
		out.Session.Legs = append(out.Session.Legs, leg)
	}
	if at, ok := st.Proven(); ok {
		out.Session.Proof = proofOf(at)
	}
	writeJSON(w, http.StatusOK, out)
	return nil
}

type tunnelJSON struct {
	Name      string       `json:"name"`
	ID        string       `json:"ID"`
	URI       string       `json:"uri"`
	PublicURL string       `json:"public_url"`
	Proto     string       `json:"proto"`
	Proof     string       `json:"proof,omitempty"` // when something last came the whole way; not there until it has
	Config    configJSON   `json:"config"`
	Metrics   tunnelMeters `json:"metrics"`
}

type configJSON struct {
	Addr    string `json:"addr"`
	Inspect bool   `json:"inspect"`
}

type tunnelMeters struct {
	Conns connsJSON `json:"conns"`
	HTTP  meterJSON `json:"http"`
}

type connsJSON struct {
	Count int64 `json:"count"`
	Gauge int64 `json:"gauge"`
	ratesJSON
}

type meterJSON struct {
	Count int64 `json:"count"`
	ratesJSON
}

// ratesJSON are events per second and durations in nanoseconds.
type ratesJSON struct {
	Rate1  float64 `json:"rate1"`
	Rate5  float64 `json:"rate5"`
	Rate15 float64 `json:"rate15"`
	P50    int64   `json:"p50"`
	P90    int64   `json:"p90"`
	P95    int64   `json:"p95"`
	P99    int64   `json:"p99"`
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
	name := r.PathValue("name")
	for _, e := range s.observer.Status().Endpoints {
		if e.URL != "" && e.Name == name {
			writeJSON(w, http.StatusOK, tunnelOf(e))
			return nil
		}
	}
	return notFound("no tunnel named " + strconv.Quote(name))
}

func tunnelOf(e inspect.Endpoint) tunnelJSON {
	proto, _, _ := strings.Cut(e.URL, "://")
	return tunnelJSON{
		Name:      e.Name,
		ID:        tunnelID(e),
		URI:       "/api/tunnels/" + url.PathEscape(e.Name),
		PublicURL: e.URL,
		Proto:     proto,
		Proof:     proofOf(e.Proof),
		Config:    configJSON{Addr: e.Upstream, Inspect: e.Inspect},
		Metrics: tunnelMeters{
			Conns: connsJSON{e.Conns.Count, e.Conns.Open, ratesOf(e.Conns)},
			HTTP:  meterJSON{e.Requests.Count, ratesOf(e.Requests)},
		},
	}
}

// proofOf words the time of a proof; "" for none.
func proofOf(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.Format(time.RFC3339Nano)
}

// tunnelID is the same as long as name and URL are.
func tunnelID(e inspect.Endpoint) string {
	h := fnv.New64a()
	_, _ = h.Write([]byte(e.Name + "\n" + e.URL))
	return strconv.FormatUint(h.Sum64(), 16)
}

func ratesOf(m inspect.Meters) ratesJSON {
	return ratesJSON{
		Rate1: m.Rate1, Rate5: m.Rate5, Rate15: m.Rate15,
		P50: m.P50.Nanoseconds(), P90: m.P90.Nanoseconds(), P95: m.P95.Nanoseconds(), P99: m.P99.Nanoseconds(),
	}
}
