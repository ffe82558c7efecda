package cli

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/rerun"
)

// remembering is the local API of an agent with captures in memory only: no other one knows what it has.
func remembering(t *testing.T, id string) (agent runningAgent, sent func() []string) {
	var mu sync.Mutex
	var bodies []string
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/v1/exchanges/{id}", func(w http.ResponseWriter, q *http.Request) {
		if !strings.HasPrefix(q.PathValue("id"), id) {
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprint(w, `{"error":{"code":"not_found","message":"not kept"}}`)
			return
		}
		fmt.Fprint(w, strings.TrimSuffix(told(q.PathValue("id"), 1), "}"), `,"endpoint":"web","request":{"head":"R0VUIC8="}}`)
	})
	mux.HandleFunc("POST /api/v1/exchanges/{id}/replay", func(w http.ResponseWriter, q *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		var in resendJSON
		if err := json.NewDecoder(q.Body).Decode(&in); err != nil || q.PathValue("id") != id || in.Body == nil {
			t.Errorf("%s: replay of %s: %v", id, q.PathValue("id"), err)
			return
		}
		bodies = append(bodies, string(*in.Body))
		fmt.Fprintf(w, `{"id":"%s-%d"}`, id, len(bodies))
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return runningAgent{API: s.URL, Endpoints: []runningTunnel{{Name: "web"}}}, func() []string { return bodies }
}

// Of two agents with the same endpoint the one that has a request sends it, and is asked what came of it; what is read from standard input goes with each.
func TestReplayThroughWhoHasIt(t *testing.T) {
	first, _ := remembering(t, "aaaa")
	second, sent := remembering(t, "bbbb")
	in, out := pipes(t, "content")
	a := &app{Streams: Streams{in, out, out}}
	o := replayOptions{body: "@-", hasBody: true}
	s, err := newSender(a, o, []runningAgent{first, second}, func(r runningAgent) *agentAPI { return &agentAPI{base: r.API} })
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.find(t.Context(), "bbbb"); err != nil {
		t.Fatal(err)
	}
	plan := rerun.Plan{IDs: []inspect.ID{"bbbb"}, Times: 20, Rate: rerun.MaxRate, Timeout: 10 * time.Second}
	table, err := rerun.Run(t.Context(), s, plan, func(o rerun.Outcome, _ rerun.Table) {
		if o.Err != nil {
			t.Error(o.Err)
		}
	})
	if err != nil || table.Passed != 20 {
		t.Errorf("%s, %v", table, err)
	}
	if got := strings.Join(sent(), " "); got != strings.TrimSpace(strings.Repeat("content ", 20)) {
		t.Errorf("sent %s", got)
	}
}
