package cli

import (
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
)

// TestAskAll: agents behind the first one are not shown the password, and those that ask for one are told of rather than left out.
func TestAskAll(t *testing.T) {
	agent := func(password string) string {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, given, _ := r.BasicAuth()
			if given != "" && given != "ours" {
				t.Errorf("shown %q", given)
			}
			if given != password {
				w.Header().Set("WWW-Authenticate", `Basic realm="adit", charset="UTF-8"`)
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			_, _ = w.Write([]byte(`{"status":"online","agent_version":"1"}`))
		}))
		t.Cleanup(s.Close)
		return strings.TrimPrefix(s.URL, "http://")
	}
	first, open, same, other := agent("ours"), agent(""), agent("ours"), agent("theirs")
	a := &app{}
	a.guard = newGuard(a)
	found, closed := a.askAll(t.Context(), []string{first, open, same, other}, "ours")
	var at []string
	for _, r := range found {
		at = append(at, strings.TrimPrefix(r.API, "http://"))
	}
	if !reflect.DeepEqual(at, []string{first, open}) || !reflect.DeepEqual(closed, []string{same, other}) {
		t.Errorf("found %v of %v, closed %v", at, []string{first, open, same, other}, closed)
	}
}
