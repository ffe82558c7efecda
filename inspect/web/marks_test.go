package web

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
)

func TestFilteredList(t *testing.T) {
	a := serve(t)
	for _, id := range []string{"a", "b", "c"} {
		a.record(id)
	}
	a.do("PATCH", "/api/v1/exchanges/b", `{"add_tags":["mine"]}`, "Content-Type", asJSON)
	for filter, want := range map[string]string{
		"tag:mine": "b", "not tag:mine": "c a", "status:5xx path:/hook": "c b a", "status:200": "", " ": "c b a", "body:hello": "c b a", "hello": "c b a", "goodbye": "",
	} {
		var p page
		if a.get("/api/v1/exchanges?filter="+url.QueryEscape(filter), &p); p.ids() != want {
			t.Errorf("%q: %s, want %s", filter, p.ids(), want)
		}
	}
	if e := a.wantOurs("GET", "/api/v1/exchanges?filter="+url.QueryEscape("method:post and )"), "", 400, "invalid_filter"); e.At == nil || *e.At != 16 || e.Hint == "" {
		t.Errorf("%+v", e)
	}
}

func TestMark(t *testing.T) {
	a := serve(t)
	a.record("a")
	patch := func(in string) (it itemJSON) {
		t.Helper()
		res, body := a.do("PATCH", "/api/v1/exchanges/a", in, "Content-Type", asJSON)
		if err := json.Unmarshal([]byte(body), &it); err != nil || res.StatusCode != 200 {
			t.Fatalf("%s: %s %s", in, res.Status, body)
		}
		return it
	}
	patch(`{"pinned":true,"note":"look <here>","add_tags":["b","a"]}`)
	if it := patch(`{"del_tags":["b"]}`); !it.Pinned || it.Note != "look <here>" || strings.Join(it.Tags, " ") != "a" {
		t.Errorf("%+v", it)
	}
	if it := patch(`{"pinned":false,"note":""}`); it.Pinned || it.Note != "" || len(it.Tags) != 1 {
		t.Errorf("%+v", it)
	}
	for _, bad := range []string{`{"pined":true}`, `{"add_tags":["a b"]}`, `{"pinned":1}`, `[]`, ``} {
		a.wantOurs("PATCH", "/api/v1/exchanges/a", bad, 400, "bad_request")
	}
	a.wantOurs("PATCH", "/api/v1/exchanges/none", `{}`, 404, "not_found")
}

// TestPurge: nothing is deleted that nobody asked to.
func TestPurge(t *testing.T) {
	a := serve(t)
	for _, id := range []string{"a", "b", "c", "pinned"} {
		a.record(id)
	}
	a.do("PATCH", "/api/v1/exchanges/pinned", `{"pinned":true}`, "Content-Type", asJSON)
	a.do("PATCH", "/api/v1/exchanges/b", `{"add_tags":["old"]}`, "Content-Type", asJSON)
	for query, code := range map[string]string{
		"": "filter_missing", "?filter=": "filter_missing", "?filter=%20": "filter_missing", "?run=all": "filter_missing", "?filter=(": "invalid_filter", "?all=yes": "bad_request", "?fliter=tag:old&all=1": "bad_request",
	} {
		a.wantOurs("DELETE", "/api/v1/exchanges"+query, "", 400, code)
	}
	for _, c := range [][3]string{{"?filter=tag:old", `{"deleted":1}`, "pinned c a"}, {"?all=1", `{"deleted":2}`, "pinned"}, {"?filter=pinned:", `{"deleted":1}`, ""}} {
		res, body := a.do("DELETE", "/api/v1/exchanges"+c[0], "")
		var p page
		if a.get("/api/v1/exchanges", &p); res.StatusCode != 200 || strings.TrimSpace(body) != c[1] || p.ids() != c[2] {
			t.Errorf("%s: %s %s, left: %s", c[0], res.Status, body, p.ids())
		}
	}
}

// TestDelete: those that are named go, pinned or not, and no others.
func TestDelete(t *testing.T) {
	a := serve(t)
	for _, id := range []string{"a", "b", "c", "d"} {
		a.record(id)
	}
	a.do("PATCH", "/api/v1/exchanges/b", `{"pinned":true}`, "Content-Type", asJSON)
	for _, bad := range []string{"ids=", "ids=a,,b", "ids=a&filter=tag:x", "ids=a&all=1", "ids=a&run=all", "ids=a&ids=b", "ids=a" + strings.Repeat(",a", 1000)} {
		a.wantOurs("DELETE", "/api/v1/exchanges?"+bad, "", 400, "bad_request")
	}
	res, body := a.do("DELETE", "/api/v1/exchanges?ids=b,d,none", "")
	var p page
	if a.get("/api/v1/exchanges", &p); res.StatusCode != 200 || strings.TrimSpace(body) != `{"deleted":2}` || p.ids() != "c a" {
		t.Errorf("%s %s, left: %s", res.Status, body, p.ids())
	}
}

func TestMemos(t *testing.T) {
	a := serve(t)
	const rules, filters = "/api/v1/memos/diff-ignores", "/api/v1/memos/filters"
	want := func(path, want string) {
		t.Helper()
		if _, body := a.do("GET", path, ""); !strings.HasSuffix(strings.TrimSpace(body), `"texts":`+want+`}`) {
			t.Errorf("%s: %s, want %s", path, body, want)
		}
	}
	want(rules, "[]")
	for _, text := range []string{"$..id", "header.etag"} {
		if res, body := a.do("POST", rules, `{"text":"`+text+`"}`, "Content-Type", asJSON); res.StatusCode != 200 || !strings.Contains(body, `["`+text) {
			t.Errorf("%s %s", res.Status, body)
		}
	}
	a.do("POST", filters, `{"text":"status:5xx"}`, "Content-Type", asJSON)
	want(rules, `["header.etag","$..id"]`)
	want(filters, `["status:5xx"]`)
	if res, body := a.do("DELETE", rules+"?text=%24..id", ""); res.StatusCode != 204 {
		t.Errorf("%s %s", res.Status, body)
	}
	want(rules, `["header.etag"]`)
	a.wantOurs("DELETE", rules+"?text=%24..id", "", 404, "not_found")
	a.wantOurs("POST", rules, `{"text":"etag"}`, 400, "invalid_rule")
	a.wantOurs("POST", filters, `{"text":"stats:5"}`, 400, "invalid_filter")
	a.wantOurs("POST", filters, `{"text":""}`, 400, "bad_request")
	a.wantOurs("GET", "/api/v1/memos/passwords", "", 404, "not_found")
}

func TestViews(t *testing.T) {
	a := serve(t)
	const path = "/api/v1/views"
	var got struct{ Views []viewJSON }
	if a.get(path, &got); got.Views == nil {
		t.Error("null")
	}
	for _, in := range []string{`{"filter":"status:4xx"}`, `{"filter":"status:>=500"}`} {
		if res, body := a.do("PUT", path+"/my%2Ferrors%20%C3%BC", in, "Content-Type", asJSON); res.StatusCode != 200 {
			t.Errorf("%s %s", res.Status, body)
		}
	}
	if a.get(path, &got); len(got.Views) != 1 || got.Views[0] != (viewJSON{"my/errors ü", "status:>=500"}) {
		t.Errorf("%+v", got)
	}
	a.wantOurs("PUT", path+"/x", `{"filter":"stats:5"}`, 400, "invalid_filter")
	a.wantOurs("PUT", path+"/x", `{"text":""}`, 400, "bad_request")
	a.wantOurs("PUT", path+"/"+strings.Repeat("x", 200), `{"filter":""}`, 400, "bad_request")
	if res, _ := a.do("DELETE", path+"/my%2Ferrors%20%C3%BC", ""); res.StatusCode != 204 {
		t.Error(res.Status)
	}
	a.wantOurs("DELETE", path+"/x", "", 404, "not_found")
}
