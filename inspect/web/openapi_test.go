package web

import (
	"bytes"
	"encoding/json"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/adit-tunnel/adit/inspect"
)

// document is the description of the API with its schemas compiled.
type document struct {
	t     *testing.T
	c     *jsonschema.Compiler
	paths map[string]map[string]struct{ Responses map[string]json.RawMessage }
	seen  map[string]bool // answers that came: "GET /path 200"
}

func readDocument(t *testing.T, text []byte) *document {
	t.Helper()
	d := &document{t: t, c: jsonschema.NewCompiler(), seen: map[string]bool{}}
	var doc struct {
		Paths map[string]map[string]struct{ Responses map[string]json.RawMessage }
	}
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	d.paths = doc.Paths
	parsed, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	d.c.AssertFormat()
	if err := d.c.AddResource("openapi.json", parsed); err != nil {
		t.Fatal(err)
	}
	return d
}

// describe checks an answer against what the document says of it.
func (d *document) describe(method, pattern string, status int, kind, body string) {
	d.t.Helper()
	name := method + " " + pattern + " " + strconv.Itoa(status)
	d.seen[name] = true
	code := strconv.Itoa(status)
	said, ok := d.paths[pattern][strings.ToLower(method)].Responses[code]
	if !ok && status < 400 {
		d.t.Errorf("%s is not documented", name)
		return
	}
	if kind != "application/json" || ok && !strings.Contains(string(said), `"application/json"`) {
		if ok && kind != "" && !strings.Contains(string(said), strconv.Quote(strings.Split(kind, ";")[0])) {
			d.t.Errorf("%s: %s is not documented: %s", name, kind, said)
		}
		return
	}
	at := "openapi.json#/paths/" + strings.ReplaceAll(pattern, "/", "~1") + "/" + strings.ToLower(method) + "/responses/" + code + "/content/application~1json/schema"
	if !ok {
		at = "openapi.json#/components/responses/NgrokError/content/application~1json/schema"
		if isOurs(pattern) {
			at = "openapi.json#/components/responses/Error/content/application~1json/schema"
		}
	}
	schema, err := d.c.Compile(at)
	if err != nil {
		d.t.Fatal(err)
	}
	v, err := jsonschema.UnmarshalJSON(strings.NewReader(body))
	if err == nil {
		err = schema.Validate(v)
	}
	if err != nil {
		d.t.Errorf("%s: %v: %.1000s", name, err, body)
	}
}

// valid checks a line of JSON against a schema of the document.
func (d *document) valid(schema, line string) {
	d.t.Helper()
	s, err := d.c.Compile("openapi.json#/components/schemas/" + schema)
	if err != nil {
		d.t.Fatal(err)
	}
	v, err := jsonschema.UnmarshalJSON(strings.NewReader(line))
	if err == nil {
		err = s.Validate(v)
	}
	if err != nil {
		d.t.Errorf("%s: %v: %s", schema, err, line)
	}
}

// TestOpenAPI: what is documented is what answers, path by path in both directions, and the answers are as documented.
func TestOpenAPI(t *testing.T) {
	a := serve(t)
	a.fill()
	_, text := a.do("GET", "/api/v1/openapi.json", "")
	d := readDocument(t, []byte(text))
	var routes, documented []string
	eachRoute(func(method, _, pattern string) {
		if path := strings.TrimSuffix(pattern, "{$}"); strings.HasPrefix(path, "/api") {
			routes = append(routes, method+" "+path)
		}
	})
	for path, methods := range d.paths {
		for method := range methods {
			documented = append(documented, strings.ToUpper(method)+" "+path)
		}
	}
	slices.Sort(routes)
	slices.Sort(documented)
	if r, d := strings.Join(routes, "\n"), strings.Join(documented, "\n"); r != d {
		t.Fatalf("routes:\n%s\ndocumented:\n%s", r, d)
	}
	for _, c := range calls {
		method, path, _ := strings.Cut(c.what, " ")
		name := "shop"
		if strings.Contains(c.body, `"new"`) {
			name = "new"
		}
		url := strings.NewReplacer("{id}", "full", "{list}", "diff-ignores", "{name}", name).Replace(path)
		pattern, _, _ := strings.Cut(path, "?")
		if strings.HasSuffix(pattern, "/events") {
			a.follow("").next("status")
			d.describe(method, pattern, 200, "text/event-stream", "")
			continue
		}
		res, body := a.do(method, url, c.body, append(c.header, "Content-Type", asJSON)...)
		if res.StatusCode != c.want {
			t.Errorf("%s: %s %s", c.what, res.Status, body)
		}
		d.describe(method, pattern, res.StatusCode, res.Header.Get("Content-Type"), body)
	}
	for path, methods := range d.paths {
		for method, o := range methods {
			for status := range o.Responses {
				if name := strings.ToUpper(method) + " " + path + " " + status; status != "default" && !d.seen[name] {
					t.Errorf("%s is documented, and no call has had it", name)
				}
			}
		}
	}
}

// calls have each documented answer once, and some that are errors. Those that delete stand last.
var calls = []struct {
	what   string
	want   int
	body   string
	header []string
}{
	{"GET /api/v1/exchanges?limit=1", 200, "", nil},
	{"GET /api/v1/exchanges?filter=status:5xx", 200, "", nil},
	{"GET /api/v1/exchanges?filter=(", 400, "", nil},
	{"GET /api/v1/exchanges/{id}", 200, "", nil},
	{"GET /api/v1/exchanges/{id}?x=1", 400, "", nil},
	{"PATCH /api/v1/exchanges/{id}", 200, `{"pinned":true,"add_tags":["a"],"note":"n"}`, nil},
	{"PATCH /api/v1/exchanges/{id}", 400, `{"pin":true}`, nil},
	{"GET /api/v1/exchanges/{id}/request/body", 200, "", nil},
	{"GET /api/v1/exchanges/{id}/request/body", 206, "", []string{"Range", "bytes=0-0"}},
	{"GET /api/v1/exchanges/{id}/request/body", 416, "", []string{"Range", "bytes=9-"}},
	{"GET /api/v1/exchanges/{id}/response/body", 200, "", nil},
	{"GET /api/v1/exchanges/{id}/response/body", 206, "", []string{"Range", "bytes=0-0"}},
	{"GET /api/v1/exchanges/{id}/response/body", 416, "", []string{"Range", "bytes=9-"}},
	{"GET /api/v1/exchanges/{id}/response/body?preview=image", 415, "", nil},
	{"GET /api/v1/exchanges/{id}/messages", 200, "", nil},
	{"GET /api/v1/exchanges/{id}/diff?with=other", 200, "", nil},
	{"GET /api/v1/exchanges/{id}/diff?with=none", 404, "", nil},
	{"GET /api/v1/exchanges/{id}/export?format=curl", 200, "", nil},
	{"GET /api/v1/exchanges/{id}/export?format=har", 200, "", nil},
	{"GET /api/v1/exchanges/{id}/export?format=raw", 200, "", nil},
	{"GET /api/v1/exchanges/{id}/export", 400, "", nil},
	{"POST /api/v1/exchanges/{id}/replay", 202, `{"method":"PUT","headers":[["A","b"]]}`, nil},
	{"POST /api/v1/exchanges/{id}/replay", 400, `{"headers":[["A"]]}`, nil},
	{"POST /api/v1/exchanges/{id}/replay/preview", 200, `{"to":"3000","drop_cookies":true}`, nil},
	{"GET /api/v1/exchanges/{id}/signature", 200, "", nil},
	{"POST /api/v1/runs", 200, `{"ids":[]}`, nil},
	{"POST /api/v1/runs", 400, `{}`, nil},
	{"POST /api/v1/memos/{list}", 200, `{"text":"header.etag"}`, nil},
	{"GET /api/v1/memos/{list}", 200, "", nil},
	{"DELETE /api/v1/memos/{list}?text=header.etag", 204, "", nil},
	{"DELETE /api/v1/memos/{list}?text=header.etag", 404, "", nil},
	{"GET /api/v1/export?format=har", 200, "", nil},
	{"PUT /api/v1/views/{name}", 200, `{"filter":"status:4xx"}`, nil},
	{"GET /api/v1/views", 200, "", nil},
	{"DELETE /api/v1/views/{name}", 204, "", nil},
	{"DELETE /api/v1/views/{name}", 404, "", nil},
	{"GET /api/v1/events", 200, "", nil},
	{"GET /api/v1/status", 200, "", nil},
	{"GET /api/v1/endpoints", 200, "", nil},
	{"GET /api/v1/meters", 200, "", nil},
	{"GET /api/v1/openapi.json", 200, "", nil},
	{"GET /api", 200, "", nil},
	{"GET /api/", 200, "", nil},
	{"GET /api/status", 200, "", nil},
	{"GET /api/tunnels", 200, "", nil},
	{"POST /api/tunnels", 201, `{"name":"shop"}`, nil},
	{"POST /api/tunnels", 400, `{}`, nil},
	{"GET /api/tunnels/{name}", 200, "", nil},
	{"DELETE /api/tunnels/{name}", 204, "", nil},
	{"GET /api/endpoints", 200, "", nil},
	{"POST /api/endpoints", 201, `{"name":"shop"}`, nil},
	{"GET /api/endpoints/{name}", 200, "", nil},
	{"PUT /api/endpoints/{name}", 200, `{}`, nil},
	{"PUT /api/endpoints/{name}", 201, `{"name":"new"}`, nil},
	{"DELETE /api/endpoints/{name}", 204, "", nil},
	{"GET /api/requests/http", 200, "", nil},
	{"GET /api/requests/http/{id}", 200, "", nil},
	{"GET /api/requests/http/none", 404, "", nil},
	{"POST /api/requests/http", 204, `{"id":"full"}`, nil},
	{"DELETE /api/requests/http", 204, "", nil},
	{"DELETE /api/v1/exchanges?all=1", 200, "", nil},
}

// fill gives the API something of everything to tell.
func (a *api) fill() {
	x := *a.record("other")
	x.ID, x.ReplayOf, x.State = "full", "other", inspect.Failed
	x.Failure = &inspect.Failure{Code: 2001, Name: "LOCAL_REFUSED", Text: "What.", Remedy: "Do."}
	a.store.Record(&x)
	a.store.Record(&inspect.Exchange{ID: "pending", State: inspect.Pending})
	now := time.Date(2026, 3, 4, 5, 6, 7, 8, time.UTC)
	a.agent.set(inspect.Status{
		State: inspect.Reconnecting, Reason: "gone", NextTry: now, Account: "a", Plan: "p", Region: "r", Version: "1", Relay: "r:1", Latency: time.Second,
		Legs: []time.Duration{time.Second, 0}, Web: "http://localhost", Notice: "n",
		Endpoints: []inspect.Endpoint{
			{Name: "shop", URL: "https://shop.example.dev", Aliases: []string{"https://x.example.dev"}, Upstream: "http://localhost:80", Speaks: "http1", Inspect: true, Proof: now, Turned: 3, Description: "d",
				LastTurned: &inspect.Turned{At: now, Client: netip.MustParseAddr("192.0.2.1").String(), Method: "GET", Host: "h", Path: "/", Status: 403, Code: 1, Name: "N", Reason: "r"}},
			{Name: "refused", Upstream: "http://localhost:81", Failure: &inspect.Failure{Code: 3004, Name: "NAME_TAKEN", Text: "Taken.", Remedy: "Choose."}},
		},
	})
}
