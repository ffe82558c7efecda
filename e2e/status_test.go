package e2e

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestStatus: what a running agent is asked from another process, and the exit codes that scripts go by.
func TestStatus(t *testing.T) {
	t.Parallel()
	env := append(cleanEnv(t), "ADIT_WEB_PASSWORD=not for everybody")
	p := start(t, env, "http", service(t, http.HandlerFunc(hello)), "--no-tui", "--web-addr", "127.0.0.1:0")
	url, api := p.ready(), strings.TrimPrefix(p.api(), "http://")
	if status, _ := get(t, url); status != 200 {
		t.Fatalf("status %d", status)
	}
	ask := func(code int, args ...string) string {
		t.Helper()
		q := start(t, env, append(args, "--api", api)...)
		if c := q.code(); c != code {
			t.Errorf("%s: exit code %d, %s", args, c, q.stderr.text())
		}
		return q.stdout.text()
	}
	var got struct {
		Agents []struct {
			API, Status string
			Endpoints   []struct {
				Name      string
				PublicURL string `json:"public_url"`
				Metrics   struct{ HTTP struct{ Count int } }
			}
		}
	}
	eventually(t, "the request is counted", func() bool {
		got.Agents = nil
		decode(t, ask(0, "status", "--json"), &got)
		return len(got.Agents) == 1 && len(got.Agents[0].Endpoints) == 1 && got.Agents[0].Endpoints[0].Metrics.HTTP.Count == 1
	})
	if a := got.Agents[0]; a.API != "http://"+api || a.Status != "online" || a.Endpoints[0].Name != "command_line" || a.Endpoints[0].PublicURL != url {
		t.Errorf("status: %+v", a)
	}
	if text := ask(0, "status"); !strings.Contains(text, url+" → http://localhost:") || !strings.Contains(text, "Session    online") {
		t.Errorf("status: %s", text)
	}
	var list struct {
		Endpoints []struct{ Name, URL, Upstream, API string }
	}
	decode(t, ask(0, "endpoints", "--json"), &list)
	if len(list.Endpoints) != 1 || list.Endpoints[0].URL != url || list.Endpoints[0].API != "http://"+api {
		t.Errorf("endpoints: %+v", list)
	}
	if text := ask(0, "endpoints", "list"); !strings.Contains(text, "\ncommand_line  "+url) {
		t.Errorf("endpoints: %s", text)
	}
	for _, command := range []string{"status", "requests"} {
		q := start(t, nil, command, "--api", api)
		if q.code() != 1 || !strings.Contains(q.stderr.text(), "asks for a password\n  say it with ADIT_WEB_PASSWORD") {
			t.Errorf("%s without the password: %s", command, q.stderr.text())
		}
	}
	p.signal(syscall.SIGTERM)
	p.code()
	ask(1, "status")
}

// TestStatusOfRefused: an endpoint that the relay refuses is listed with the reason, and is no tunnel to the clients of the API.
func TestStatusOfRefused(t *testing.T) {
	t.Parallel()
	r := relay(t)
	file := filepath.Join(t.TempDir(), "adit.yml")
	text := fmt.Sprintf(`version: 3
agent: {relay: %q, relay_pin: %q, authtoken: %q, web_addr: "127.0.0.1:0"}
endpoints:
  - {name: foreign, url: "http://somebody.example", upstream: {url: 8000}}
  - {name: web, description: the shop, upstream: {url: 8000}}
`, r.agents, r.pin, r.token)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	p := start(t, nil, "start", "--all", "--config", file, "--no-tui")
	p.waitFor(p.stderr, `endpoint refused" endpoint=foreign`)
	p.waitFor(p.stdout, `^ready name=web `)
	api := p.api()
	for _, args := range [][]string{{"status"}, {"endpoints"}, {"status", "--json"}, {"endpoints", "--json"}} {
		q := start(t, nil, append(args, "--api", strings.TrimPrefix(api, "http://"))...)
		if c := q.code(); c != 0 || !strings.Contains(q.stdout.text(), "foreign") || !strings.Contains(q.stdout.text(), "DOMAIN_UNPROVEN") {
			t.Errorf("%s: exit code %d, %s%s", args, c, q.stdout.text(), q.stderr.text())
		}
	}
	if q := start(t, nil, "endpoints", "--api", strings.TrimPrefix(api, "http://")); q.code() != 0 || !strings.Contains(q.stdout.text(), "the shop") {
		t.Errorf("no description in %s", q.stdout.text())
	}
	for _, path := range []string{"/api/tunnels", "/api/endpoints"} {
		if _, list := get(t, api+path); strings.Contains(list, "foreign") || !strings.Contains(list, "web") || !strings.Contains(list, `"description":"the shop"`) {
			t.Errorf("%s: %s", path, list)
		}
	}
	p.signal(syscall.SIGTERM)
	p.code()
}

// TestStatusOfAnother: a program that answers on the port, but is no agent, is none.
func TestStatusOfAnother(t *testing.T) {
	t.Parallel()
	for name, h := range map[string]http.HandlerFunc{
		"404":        http.NotFound,
		"password":   func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) },
		"not JSON":   hello,
		"other JSON": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"status":"online"}`)) },
		"redirect":   func(w http.ResponseWriter, q *http.Request) { http.Redirect(w, q, "/api/tunnels", http.StatusFound) },
	} {
		q := start(t, nil, "status", "--api", "127.0.0.1:"+service(t, h))
		if c := q.code(); c != 1 || !strings.Contains(q.stderr.text(), "no agent answers") || q.stdout.text() != "" {
			t.Errorf("%s: exit code %d, %s", name, c, q.stderr.text())
		}
	}
}
