package web

import (
	"net/http"
	"strconv"
	"time"
)

type statusJSON struct {
	Status       string        `json:"status"`
	AgentVersion string        `json:"agent_version"`
	Session      sessionJSON   `json:"session"`
	Refused      []refusedJSON `json:"refused,omitempty"` // not among the tunnels: clients take those to have an URL
	URI          string        `json:"uri"`
}

type sessionJSON struct {
	Legs    []legJSON `json:"legs"`
	Proof   string    `json:"proof,omitempty"` // the oldest of the tunnels'
	Relay   string    `json:"relay,omitempty"` // HOST:PORT; not there when it is embedded
	Account string    `json:"account,omitempty"`
	Plan    string    `json:"plan,omitempty"`
	Reason  string    `json:"reason,omitempty"`   // why there is none
	NextTry string    `json:"next_try,omitempty"` // when there may be one
}

// refusedJSON is an endpoint that the relay has refused.
type refusedJSON struct {
	Name     string `json:"name"`
	Upstream string `json:"upstream"`
	Error    string `json:"error"`   // stable, as in docs/errors.md
	Details  string `json:"details"` // for people
}

type legJSON struct {
	Region  string `json:"region"`
	Latency string `json:"latency,omitempty"` // not there until it has been measured
}

func (s *Server) status(w http.ResponseWriter, _ *http.Request) *apiError {
	st := s.observer.Status()
	out := statusJSON{Status: string(st.State), AgentVersion: st.Version, URI: "/api/status"}
	out.Session = sessionJSON{
		Legs: []legJSON{}, Relay: st.Relay, Account: st.Account, Plan: st.Plan, Reason: st.Reason, NextTry: timeOf(st.NextTry),
	}
	for _, rtt := range st.Legs {
		leg := legJSON{Region: st.Region}
		if rtt > 0 {
			leg.Latency = strconv.FormatInt(rtt.Round(time.Millisecond).Milliseconds(), 10) + "ms"
		}
		out.Session.Legs = append(out.Session.Legs, leg)
	}
	for _, e := range st.Endpoints {
		if e.Failure != nil {
			out.Refused = append(out.Refused, refusedJSON{e.Name, e.Upstream, e.Failure.Name, e.Failure.Error()})
		}
	}
	if at, ok := st.Proven(); ok {
		out.Session.Proof = timeOf(at)
	}
	writeJSON(w, http.StatusOK, out)
	return nil
}

// timeOf words a time; "" for none.
func timeOf(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.Format(time.RFC3339Nano)
}
