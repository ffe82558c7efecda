package cli

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/inspect"
)

// told is an exchange as an agent tells of it.
func told(id string, version int) string {
	return fmt.Sprintf(`{"id":%q,"seq":"%d","version":"%d","run":"7","start":%q,"state":"done","method":"GET","target":"/"}`,
		id, version, version, time.Now().Format(time.RFC3339Nano))
}

// An agent that has forgotten what changed is asked for its list: what is new there is told, and what was known is not told again.
func TestChangesAfterALag(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("/api/v1/events", func(w http.ResponseWriter, q *http.Request) {
		if since := q.FormValue("since"); since != "7.2.5" {
			t.Errorf("since %q", since)
		}
		fmt.Fprintf(w, ": hello\n\nevent: status\ndata: {}\n\nevent: exchange\nid: 7.3\ndata: %s\n\n", told("c", 3))
		fmt.Fprint(w, "event: lagged\nid: 7.9\ndata: {}\n\n")
		fmt.Fprintf(w, "event: exchange\nid: 7.10\ndata: %s\n\nevent: exchange\nid: 7.11\ndata: %s\n\n", told("gone", 10), told("f", 11))
	})
	mux.HandleFunc("/api/v1/exchanges", func(w http.ResponseWriter, q *http.Request) {
		if q.FormValue("run") != "current" {
			t.Errorf("the list of %q", q.FormValue("run"))
		}
		fmt.Fprintf(w, `{"exchanges":[%s,%s,%s],"next":null,"cursor":"7.9"}`, told("e", 9), told("d", 8), told("b", 2))
	})
	mux.HandleFunc("/api/v1/exchanges/{id}", func(w http.ResponseWriter, q *http.Request) {
		if q.PathValue("id") == "gone" {
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprint(w, `{"error":{"code":"not_found","message":"not kept"}}`)
			return
		}
		fmt.Fprint(w, strings.TrimSuffix(told(q.PathValue("id"), 1), "}"), `,"request":{"head":"R0VUIC8="}}`)
	})
	server := httptest.NewServer(mux)
	defer server.Close()
	agent := &agentAPI{base: server.URL}
	var ids []string
	for it, err := range agent.Changes(t.Context(), "7.2.5", nil) {
		if err != nil {
			if !strings.Contains(err.Error(), "has ended") {
				t.Error(err)
			}
			break
		}
		if ids = append(ids, string(it.ID)); len(it.Request.Head) == 0 {
			t.Errorf("%s is told without its head", it.ID)
		}
	}
	if want := []string{"c", "d", "e", "f"}; !slices.Equal(ids, want) {
		t.Errorf("told of %v, want %v", ids, want)
	}
}

// What an agent tells may be anything: it is an error or an exchange, and following it ends when the caller does.
func TestOutcomesEndWithTheCaller(t *testing.T) {
	began := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if strings.HasSuffix(q.URL.Path, "/events") {
			_ = http.NewResponseController(w).Flush()
			close(began)
			<-q.Context().Done()
		}
	}))
	defer server.Close()
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-began
		cancel()
	}()
	for _, err := range outcomes(ctx, &agentAPI{base: server.URL}, "7.1@1", nil, false) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("it ended with %v", err)
		}
	}
}

func TestRecentKnowsTheLast(t *testing.T) {
	var r recent
	for i := range 3 * remembered {
		id := inspect.ID(fmt.Sprint(i))
		if !r.add(id) || r.add(id) {
			t.Fatalf("the exchange %d", i)
		}
		if before := i - remembered + 1; before >= 0 && r.add(inspect.ID(fmt.Sprint(before))) {
			t.Fatalf("the exchange %d is forgotten after %d", before, i)
		}
	}
	if n := len(r.now) + len(r.before); n > 2*remembered {
		t.Errorf("%d are held", n)
	}
}

// Whatever comes as events, reading it ends, and each event that is told has a name.
func FuzzReadEvents(f *testing.F) {
	f.Add([]byte("retry: 1000\n\nevent: exchange\nid: 7.3\ndata: {}\n\n:\n\ndata\n\n"))
	f.Add([]byte("event: a\r\ndata:  b\r\n\r\nevent"))
	f.Fuzz(func(t *testing.T, text []byte) {
		n := 0
		err := readEvents(strings.NewReader(string(text)), func(e event) bool {
			if n++; e.name == "" {
				t.Errorf("an event without a name: %q", e.data)
			}
			return n < 3
		})
		if n > 3 || n == 3 && err != nil || n < 3 && err == nil {
			t.Errorf("%d events, then %v", n, err)
		}
	})
}
