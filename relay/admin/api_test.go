package admin

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/relay/control"
	"github.com/adit-tunnel/adit/wire/wiretest"
)

const secret = "adit_admin_of_the_test"

// owner is who calls the API.
type owner struct {
	t     *testing.T
	url   string
	store control.Store
	log   *wiretest.Log
}

func newOwner(t *testing.T) *owner {
	t.Helper()
	store, _, err := control.Open(filepath.Join(t.TempDir(), "control.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	log := &wiretest.Log{}
	url := serve(t, Source{
		Store: store, Token: secret, Name: "Relay.internal", Log: slog.New(slog.NewTextHandler(log, nil)),
		Ready: func() bool { return true }, Gather: func(func(string, float64)) {},
	})
	return &owner{t, url, store, log}
}

// send sends a request as it is made ready by f.
func (o *owner) send(method, path, body string, f func(*http.Request)) (int, string) {
	o.t.Helper()
	q, err := http.NewRequestWithContext(o.t.Context(), method, o.url+path, strings.NewReader(body))
	if err != nil {
		o.t.Fatal(err)
	}
	q.Header.Set("Authorization", "Bearer "+secret)
	if body != "" {
		q.Header.Set("Content-Type", "application/json")
	}
	if f != nil {
		f(q)
	}
	c := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 10 * time.Second}
	a, err := c.Do(q)
	if err != nil {
		o.t.Fatal(err)
	}
	defer a.Body.Close()
	b, err := io.ReadAll(a.Body)
	if err != nil {
		o.t.Fatal(err)
	}
	return a.StatusCode, string(b)
}

// must demands the status, and reads the answer as v.
func (o *owner) must(want int, method, path, body string, v any) {
	o.t.Helper()
	status, text := o.send(method, path, body, nil)
	if status != want {
		o.t.Fatalf("%s %s %s: %d %s, want %d", method, path, body, status, text, want)
	}
	if v != nil {
		if err := json.Unmarshal([]byte(text), v); err != nil {
			o.t.Fatalf("%s %s: %v in %s", method, path, err, text)
		}
	}
}

// fails demands the status, and these words in the error.
func (o *owner) fails(want int, words, method, path, body string) {
	o.t.Helper()
	var p problem
	o.must(want, method, path, body, &p)
	if !strings.Contains(p.Error, words) {
		o.t.Errorf("%s %s %s: %q, want %q in it", method, path, body, p.Error, words)
	}
}

func TestAPI(t *testing.T) {
	o := newOwner(t)
	var plan control.Plan
	o.must(200, "PUT", "/api/plans/pro", `{"endpoints":3,"rate":5}`, &plan)
	if plan.Name != "pro" || plan.Endpoints != 3 || plan.Rate != 5 {
		t.Errorf("%+v", plan)
	}
	var plans []control.Plan
	if o.must(200, "GET", "/api/plans", "", &plans); len(plans) != 2 || plans[1] != plan {
		t.Errorf("%+v", plans)
	}
	var acc control.Account
	if o.must(201, "POST", "/api/accounts", `{"name":"acme","plan":"pro"}`, &acc); acc.Name != "acme" || acc.Plan != "pro" || acc.Proof == "" {
		t.Errorf("%+v", acc)
	}
	o.must(204, "PATCH", "/api/accounts/acme", `{"plan":"free"}`, nil)
	var accounts []control.Account
	if o.must(200, "GET", "/api/accounts", "", &accounts); len(accounts) != 1 || accounts[0].Plan != "free" {
		t.Errorf("%+v", accounts)
	}
	o.must(204, "DELETE", "/api/plans/pro", "", nil)

	var made control.Secret
	o.must(201, "POST", "/api/tokens", `{"account":"acme","note":"ci","names":["App-*"],"from":["10.1.2.3/8","::ffff:192.0.2.1"]}`, &made)
	g, err := o.store.Authenticate(made.Secret)
	if err != nil || g.Account != "acme" || g.Scopes.Names[0] != "app-*" || fmt.Sprint(g.Scopes.From) != "[10.0.0.0/8 192.0.2.1/32]" {
		t.Errorf("%+v %v", g, err)
	}
	status, text := o.send("GET", "/api/tokens?account=acme", "", nil)
	if status != 200 || !strings.Contains(text, made.ID) || strings.Contains(text, made.Secret) {
		t.Errorf("%d %s", status, text)
	}
	o.must(204, "DELETE", "/api/tokens/"+made.ID, "", nil)
	if _, err := o.store.Authenticate(made.Secret); err == nil {
		t.Error("the revoked token is known")
	}

	o.must(201, "POST", "/api/domains", `{"name":"WWW.example.com.","account":"acme"}`, nil)
	if who, err := o.store.Owner("www.example.com"); who != "acme" || err != nil {
		t.Errorf("%q %v", who, err)
	}
	o.must(204, "DELETE", "/api/domains/WWW.example.com.", "", nil)
	o.must(204, "DELETE", "/api/accounts/acme", "", nil)
	log := o.log.String()
	if n := strings.Count(log, "changed over the admin API"); n != 9 || strings.Contains(log, made.Secret) || strings.Contains(log, secret) {
		t.Errorf("%d changes in the log:\n%s", n, log)
	}
}

func TestAPIMistakes(t *testing.T) {
	o := newOwner(t)
	o.fails(404, `there is no plan "none"`, "POST", "/api/accounts", `{"name":"acme","plan":"none"}`)
	o.fails(400, "may hold letters", "POST", "/api/accounts", `{"name":"a b"}`)
	o.must(201, "POST", "/api/accounts", `{"name":"acme"}`, nil)
	o.fails(409, "already", "POST", "/api/accounts", `{"name":"acme"}`)
	o.fails(409, "accounts have the plan", "DELETE", "/api/plans/free", "")
	o.fails(400, `wanted: unknown field "endpoint"`, "PUT", "/api/plans/free", `{"endpoint":3}`)
	o.fails(400, `from: "10.0.0.0/99" is neither an address nor a CIDR`, "POST", "/api/tokens", `{"account":"acme","from":["10.0.0.0/99"]}`)
	o.fails(400, "rate", "PUT", "/api/plans/free", `{"rate":-3}`)
	o.fails(400, "JSON", "PUT", "/api/plans/free", `{"rate":`)
	o.fails(400, "follows", "PUT", "/api/plans/free", `{"rate":1} {"rate":2}`)
	o.fails(400, "too large", "PUT", "/api/plans/free", strings.Repeat(" ", maxBody)+`{"rate":1}`)
	o.fails(404, "no account", "POST", "/api/tokens", `{"account":"nobody"}`)
	o.fails(400, "JSON", "POST", "/api/tokens", `{"account":"acme","from":["10.0.0.0/99"]}`)
	o.fails(404, "no token", "DELETE", "/api/tokens/tok_none", "")
	o.fails(400, "no whole host name", "POST", "/api/domains", `{"name":"*.*.example.com","account":"acme"}`)
	o.fails(400, "JSON object", "PUT", "/api/plans/free", `null`) // would take all limits away
	o.fails(400, "JSON object that is wanted: it is a JSON array", "PUT", "/api/plans/free", `[]`)
	o.fails(400, "rate", "PUT", "/api/plans/free", `{"rate":"many"}`)
	o.fails(400, "session length", "PUT", "/api/plans/free", `{"session_seconds":99999999999999}`)
	o.fails(400, "the plan is missing", "PATCH", "/api/accounts/acme", `{}`)
	o.fails(405, "GET", "POST", "/api/plans", "{}")
	o.fails(405, "PUT", "POST", "/api/plans/free", "{}")
	o.fails(404, "/api/none", "GET", "/api/none", "")
}

// TestAPIGuard: neither a page in a browser on the relay's machine nor another user of it comes in.
func TestAPIGuard(t *testing.T) {
	o := newOwner(t)
	header := func(name string, values ...string) func(*http.Request) {
		return func(q *http.Request) { q.Header[name] = values }
	}
	host := func(name string) func(*http.Request) { return func(q *http.Request) { q.Host = name } }
	for _, c := range []struct {
		what   string
		change func(*http.Request)
		want   int
	}{
		{"as it should be", nil, 200},
		{"localhost", host("LocalHost:4480"), 200},
		{"the listener's name", host("relay.internal:4480"), 200},
		{"an IPv6 address", host("[::1]:4480"), 200},
		{"a rebound name", host("evil.example:4480"), 403},
		{"a name that ends like it", host("evil.localhost.example"), 403},
		{"no token", header("Authorization"), 401},
		{"an empty one", header("Authorization", "Bearer "), 401},
		{"a wrong one", header("Authorization", "Bearer "+secret+"x"), 401},
		{"the wrong scheme", header("Authorization", "Basic "+secret), 401},
		{"two", header("Authorization", "Bearer "+secret, "Bearer x"), 401},
		{"a form", func(q *http.Request) {
			q.Method, q.URL.Path = "POST", "/api/accounts"
			q.Header.Set("Content-Type", "text/plain")
			q.Body = io.NopCloser(strings.NewReader(`{"name":"evil"}`))
		}, 415},
		{"a browser's question", func(q *http.Request) { q.Method = "OPTIONS"; q.Header.Del("Authorization") }, 401},
	} {
		if status, text := o.send("GET", "/api/accounts", "", c.change); status != c.want || status != 200 && !strings.Contains(text, `"error"`) {
			t.Errorf("%s: %d %s, want %d", c.what, status, text, c.want)
		}
	}
	if all, err := o.store.Accounts(); err != nil || len(all) != 0 {
		t.Errorf("%+v %v", all, err)
	}
	if status, _, _ := do(t, "GET", o.url+"/healthz"); status != 200 {
		t.Errorf("health wants a token: %d", status)
	}
}
