package web

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/adit-tunnel/adit/inspect"
)

func TestSendAgain(t *testing.T) {
	a := serve(t)
	a.record("a")
	fields := func(f ...inspect.Field) []inspect.Field { return f }
	for in, want := range map[string]*inspect.Edit{
		``: nil, `{}`: nil, `{"headers":null}`: nil,
		`{"method":"PUT","target":"/x?y"}`:        {Method: "PUT", Target: "/x?y"},
		`{"headers":[["A","1"],["a",""]]}`:        {Fields: fields(inspect.Field{Name: "A", Value: "1"}, inspect.Field{Name: "a"})},
		`{"headers":[]}`:                          {Fields: []inspect.Field{}},
		`{"body":""}`:                             {Body: []byte{}},
		`{"body":"\u00fc"}`:                       {Body: []byte("ü")},
		`{"body_base64":"AP8="}`:                  {Body: []byte{0, 0xff}},
		`{"method":"GET","body_base64":""}`:       {Method: "GET", Body: []byte{}},
		`{"method":null,"target":"*","body":"b"}`: {Target: "*", Body: []byte("b")},
	} {
		res, body := a.do("POST", "/api/v1/exchanges/a/replay", in, "Content-Type", asJSON)
		if res.StatusCode != 202 || strings.TrimSpace(body) != `{"id":"new","uri":"/api/v1/exchanges/new"}` || res.Header.Get("Location") != "/api/v1/exchanges/new" {
			t.Fatalf("%s: %s %s", in, res.Status, body)
		}
		got := a.agent.resends[len(a.agent.resends)-1].Edit
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, want %+v", in, got, want)
		}
	}
	a.do("POST", "/api/v1/exchanges/a/replay", `{"to":"3001","resign":true,"drop_cookies":true,"method":"PUT"}`, "Content-Type", asJSON)
	want := inspect.Resend{To: "3001", Resign: true, DropCookies: true, Edit: &inspect.Edit{Method: "PUT"}}
	if got := a.agent.resends[len(a.agent.resends)-1]; !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	n := len(a.agent.replayed)
	for in, code := range map[string]string{
		`{"body":"a","body_base64":"YQ=="}`: "invalid_edit", `{"headers":[["a"]]}`: "invalid_edit", `{"headers":[["a","b","c"]]}`: "invalid_edit", `{"headers":[null]}`: "invalid_edit",
		`{"headers":{"a":"b"}}`: "bad_request", `{"path":"/"}`: "bad_request", `[]`: "bad_request", `{} {}`: "bad_request", `{"body_base64":"!"}`: "bad_request",
	} {
		a.wantOurs("POST", "/api/v1/exchanges/a/replay", in, 400, code)
	}
	a.wantOurs("POST", "/api/v1/exchanges/none/replay", "{}", 404, "not_found")
	if len(a.agent.replayed) != n {
		t.Errorf("%d were sent", len(a.agent.replayed)-n)
	}
}

// TestNotSentAgain: who is at fault, and why.
func TestNotSentAgain(t *testing.T) {
	a := serve(t)
	a.record("a")
	for _, c := range []struct {
		err    error
		status int
		code   string
	}{
		{&inspect.EditError{Key: "target", Text: "must begin with a slash"}, 400, "invalid_edit"},
		{&inspect.Failure{Text: "It was not recorded whole.", Remedy: "Raise the limit."}, 409, "not_replayable"},
		{inspect.ErrNotFound, 404, "not_found"},
		{errors.New("nobody listens"), 502, "failed"},
	} {
		a.agent.fails = c.err
		if e := a.wantOurs("POST", "/api/v1/exchanges/a/replay", "", c.status, c.code); c.status == 409 && e.Hint != "Raise the limit." {
			t.Errorf("%+v", e)
		}
	}
	a.agent.fails = &inspect.EditError{Key: "fields", Text: "\"a b\" is no name"}
	if e := a.wantOurs("POST", "/api/v1/exchanges/a/replay", "", 400, "invalid_edit"); e.Message != `invalid edit: headers: "a b" is no name` {
		t.Errorf("%+v", e)
	}
}

func TestPrepared(t *testing.T) {
	a := serve(t)
	a.record("a")
	_, body := a.do("POST", "/api/v1/exchanges/a/replay/preview", `{"to":"3000","body":"hi"}`, "Content-Type", asJSON)
	const want = `{"to":"http://localhost:3000","start_line":"GET / HTTP/1.1","headers":[["A","\ufffd"]],"head":"R0VUIC8gSFRUUC8xLjENCkE6IP8NCg0K","size":7}`
	if strings.TrimSpace(body) != want || string(a.agent.resends[0].Edit.Body) != "hi" || a.agent.resends[0].To != "3000" || len(a.agent.replayed) > 0 {
		t.Errorf("%s, of %+v", body, a.agent.resends)
	}
	a.agent.fails = &inspect.EditError{Key: "to", Text: "that is no address"}
	a.wantOurs("POST", "/api/v1/exchanges/a/replay/preview", "", 400, "invalid_edit")
}

func TestSignature(t *testing.T) {
	a := serve(t)
	_, body := a.do("GET", "/api/v1/exchanges/a/signature", "")
	if strings.TrimSpace(body) != `{"provider":"stripe","state":"stale","signed":"1970-01-01T00:00:00Z","text":"too old","can_sign":true}` {
		t.Error(body)
	}
	a.wantOurs("GET", "/api/v1/exchanges/none/signature", "", 404, "not_found")
}
