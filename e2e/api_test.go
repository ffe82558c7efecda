package e2e

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
)

// api is the local API of a running agent.
func (p *process) api() string {
	p.t.Helper()
	return p.waitFor(p.stdout, `^ready .*inspect=(http://\S+)`)[1]
}

func decode(t *testing.T, text string, v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), v); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
}

type requests struct {
	Requests []struct {
		ID      string
		Request struct {
			Method, URI string
		}
		Response *struct {
			StatusCode int `json:"status_code"`
		}
	}
}

func TestReplayThroughTheAPI(t *testing.T) {
	var hits atomic.Int64
	port := service(t, http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		hits.Add(1)
		hello(w, q)
	}))
	p := start(t, nil, "http", port, "--no-tui", "--web-addr", "127.0.0.1:0")
	url, api := p.ready(), p.api()
	q, _ := http.NewRequest("POST", url+"/hook", strings.NewReader(`{"a":1}`))
	q.Header.Set("Content-Type", "application/json")
	if status, _ := fetch(t, q); status != 200 {
		t.Fatalf("status %d", status)
	}
	var list requests
	eventually(t, "the exchange is recorded with its answer", func() bool {
		_, body := get(t, api+"/api/requests/http")
		list = requests{}
		decode(t, body, &list)
		return len(list.Requests) == 1 && list.Requests[0].Response != nil
	})
	replay := func() int {
		q, _ := http.NewRequest("POST", api+"/api/requests/http", strings.NewReader(`{"id":"`+list.Requests[0].ID+`"}`))
		q.Header.Set("Content-Type", "application/json")
		status, _ := fetch(t, q)
		return status
	}
	if status := replay(); status != 204 {
		t.Errorf("replay answers %d", status)
	}
	eventually(t, "the replay reaches the service", func() bool { return hits.Load() == 2 })
	eventually(t, "the replay is a new exchange", func() bool {
		_, body := get(t, api+"/api/requests/http")
		var now requests
		decode(t, body, &now)
		return len(now.Requests) == 2 && now.Requests[0].Request.URI == "/hook" && now.Requests[0].ID != list.Requests[0].ID
	})
	var status struct {
		Status       string
		AgentVersion string `json:"agent_version"`
	}
	_, body := get(t, api+"/api/status")
	decode(t, body, &status)
	if status.Status != "online" || status.AgentVersion == "" {
		t.Errorf("status %s", body)
	}
}

// A web page that the developer visits must not reach the captures or start a replay.
func TestHostilePage(t *testing.T) {
	p := start(t, nil, "http", service(t, http.HandlerFunc(hello)), "--no-tui", "--web-addr", "127.0.0.1:0")
	p.ready()
	api := p.api()
	for name, change := range map[string]func(*http.Request){
		"foreign host":   func(q *http.Request) { q.Host = "evil.example" },
		"foreign origin": func(q *http.Request) { q.Header.Set("Origin", "http://evil.example") },
		"cross site":     func(q *http.Request) { q.Header.Set("Sec-Fetch-Site", "cross-site") },
		"form":           func(q *http.Request) { q.Header.Set("Content-Type", "application/x-www-form-urlencoded") },
		"plain text":     func(q *http.Request) { q.Header.Set("Content-Type", "text/plain") },
	} {
		q, _ := http.NewRequest("POST", api+"/api/requests/http", strings.NewReader(`{"id":"x"}`))
		q.Header.Set("Content-Type", "application/json")
		change(q)
		if status, body := fetch(t, q); status < 400 || status == 404 {
			t.Errorf("%s: %d %s", name, status, body)
		}
	}
	q, _ := http.NewRequest("GET", api+"/api/requests/http", nil)
	q.Host = "rebound.example:4040"
	if status, _ := fetch(t, q); status < 400 {
		t.Errorf("a rebound host reads captures: %d", status)
	}
}
