package web

import (
	"net/http"
	"strconv"
)

// stateJSON is the agent's state in our own API; events bring it, too. Meters and endpoints have paths of their own, since they change with every request.
type stateJSON struct {
	State     string      `json:"state"`
	Reason    string      `json:"reason"`   // why there is no session
	NextTry   *string     `json:"next_try"` // when there may be one
	Account   string      `json:"account"`
	Plan      string      `json:"plan"`
	Region    string      `json:"region"`
	Version   string      `json:"version"`
	Relay     string      `json:"relay"` // HOST:PORT; "" when it is embedded
	Embedded  bool        `json:"embedded"`
	LatencyMS float64     `json:"latency_ms"` // 0: not measured yet
	Proof     *string     `json:"proof"`
	Web       string      `json:"web"`
	Notice    string      `json:"notice"`
	Run       string      `json:"run"`
	Count     uint64      `json:"count"`   // exchanges of this run, kept or not
	Dropped   int64       `json:"dropped"` // those of which nothing was recorded
	Keeping   keepingJSON `json:"keeping"`
}

// keepingJSON is how the store is.
type keepingJSON struct {
	Place     string `json:"place"` // its file; "": in memory only
	Bytes     int64  `json:"bytes"`
	Stored    uint64 `json:"stored"`
	Summaries uint64 `json:"summaries"`
	NotStored uint64 `json:"not_stored"`
	Waiting   uint64 `json:"waiting"` // on the disk, but not in lists yet
	Problem   string `json:"problem"` // why nothing is written now, and what to do
	Notice    string `json:"notice"`  // what has happened to it, though it is written
}

func (s *Server) state(w http.ResponseWriter, _ *http.Request) *apiError {
	writeJSON(w, http.StatusOK, s.stateNow())
	return nil
}

func (s *Server) stateNow() stateJSON {
	st := s.observer.Status()
	out := stateJSON{
		State: string(st.State), Reason: st.Reason, NextTry: nullable(timeOf(st.NextTry)), Account: st.Account, Plan: st.Plan, Region: st.Region,
		Version: st.Version, Relay: st.Relay, Embedded: st.Embedded, LatencyMS: msOf(st.Latency), Web: st.Web, Notice: st.Notice,
		Keeping: keepingJSON(s.keeper.Keeping()),
		Run:     strconv.FormatInt(s.reader.Run(), 10), Count: s.reader.Count(), Dropped: st.Dropped,
	}
	if at, ok := st.Proven(); ok {
		out.Proof = nullable(timeOf(at))
	}
	return out
}

// nullable is nil for what is not there.
func nullable(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
