package web

import (
	"net/http"
	"regexp"
	"testing"

	"github.com/adit-tunnel/adit/inspect"
)

// eachRoute calls f with every path and method, names in paths filled in.
func eachRoute(f func(method, path, pattern string)) {
	name := regexp.MustCompile(`{[a-z]+}`)
	for pattern, methods := range New(Options{}).everything() {
		path := name.ReplaceAllString(regexp.MustCompile(`{\$}$`).ReplaceAllString(pattern, ""), "a")
		for method := range methods {
			f(method, path, pattern)
		}
	}
}

// TestEveryRouteIsGuarded: none of them answers a page elsewhere, or whoever does not know the password, and nothing is done.
func TestEveryRouteIsGuarded(t *testing.T) {
	a := serve(t, func(o *Options) { o.Password = "Pässword" })
	a.agent.status.Endpoints = []inspect.Endpoint{{Name: "a", URL: "https://x.example.dev"}}
	a.record("a")
	knows := []string{"Authorization", "Basic YW55Ym9keTpQw6Rzc3dvcmQ="}
	for _, c := range []struct {
		name   string
		want   int
		header []string
	}{
		{"a rebound name", 403, append(knows, "Host", "evil.example:4040", "Content-Type", asJSON)},
		{"a rebound name that is its own origin", 403, append(knows, "Host", "evil.example", "Origin", "http://evil.example", "Sec-Fetch-Site", "same-origin", "Content-Type", asJSON)},
		{"a foreign origin", 403, append(knows, "Origin", "https://evil.example", "Content-Type", asJSON)},
		{"a sandboxed origin", 403, append(knows, "Origin", "null", "Content-Type", asJSON)},
		{"a foreign site", 403, append(knows, "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "no-cors", "Content-Type", asJSON)},
		{"another port", 403, append(knows, "Sec-Fetch-Site", "same-site", "Content-Type", asJSON)},
		{"a foreign frame", 403, append(knows, "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "iframe", "Content-Type", asJSON)},
		{"no password", 401, []string{"Content-Type", asJSON}},
		{"a wrong password", 401, []string{"Content-Type", asJSON, "Authorization", "Basic YTpi"}},
		{"an empty password", 401, []string{"Content-Type", asJSON, "Authorization", "Basic Og=="}},
		{"another scheme", 401, []string{"Content-Type", asJSON, "Authorization", "Bearer UMOkc3N3b3Jk"}},
	} {
		eachRoute(func(method, path, _ string) {
			res, body := a.do(method, path, `{}`, c.header...)
			if res.StatusCode != c.want || (c.want == 401) != (res.Header.Get("WWW-Authenticate") != "") {
				t.Errorf("%s, %s %s: %s %v %s", c.name, method, path, res.Status, res.Header, body)
			}
		})
	}
	eachRoute(func(method, path, _ string) {
		if method == http.MethodGet {
			return
		}
		for _, kind := range []string{"text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""} {
			if res, _ := a.do(method, path, `{}`, append(knows, "Content-Type", kind)...); res.StatusCode != 415 {
				t.Errorf("%s %s as %q: %s", method, path, kind, res.Status)
			}
		}
	})
	if items, _ := inspect.Collect(a.store.List(t.Context(), inspect.Query{})); len(items) != 1 || len(a.agent.replayed)+len(a.agent.defined)+len(a.agent.stopped) > 0 {
		t.Error("refused, and done")
	}
	if res, body := a.do("GET", "/api/v1/exchanges/a", "", knows...); res.StatusCode != 200 {
		t.Errorf("with the password: %s %s", res.Status, body)
	}
}
