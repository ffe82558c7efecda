package web

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/view"
)

// TestSecretsAreMasked: no tab shows a secret until it is asked for.
func TestSecretsAreMasked(t *testing.T) {
	a := serve(t)
	fields := "Content-Type: application/json\r\nAuthorization: Bearer hunter2\r\nCookie: a=hunter2; b=hunter2\r\nSet-Cookie: a=hunter2; Path=/\r\n"
	a.store.Record(exchange(inspect.Exchange{ID: "one"}, "POST", "/one?access_token=hunter2&n=1", 200, fields, `{"password":"hunter2","n":1}`))
	a.store.Record(exchange(inspect.Exchange{ID: "two", ReplayOf: "one"}, "POST", "/one?access_token=hunter2b&n=1", 200, strings.ReplaceAll(fields, "hunter2", "hunter2b"), `{"password":"hunter2b","n":2}`))
	for _, tab := range tabs {
		for _, path := range []string{"/exchanges/two/" + tab.name, "/exchanges/two?tab=" + tab.name} {
			_, body := a.do("GET", path, "", "Accept", "text/html")
			if i := strings.Index(body, "hunter2"); i >= 0 {
				t.Errorf("%s shows it: %s", path, body[max(i-200, 0):i+20])
			}
		}
		if tab.name == "timing" || tab.name == "messages" || tab.name == "replays" {
			continue // there is nothing of a message in them
		}
		if _, body := a.do("GET", "/exchanges/two/"+tab.name+"?reveal=1", ""); !strings.Contains(body, "hunter2b") {
			t.Errorf("%s does not show it: %s", tab.name, body)
		}
	}
	if _, body := a.do("GET", "/", "", "Accept", "text/html"); strings.Contains(body, "hunter2") || !strings.Contains(body, "access_token") {
		t.Errorf("the list without script: %s", body)
	}
}

// TestScriptKnowsSecrets: rows and previews are masked by the script, by the same words.
func TestScriptKnowsSecrets(t *testing.T) {
	script, err := pageFiles.ReadFile("page/static/words.js")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`const secret = /(.*)/;`).FindSubmatch(script)
	if found == nil {
		t.Fatal("words.js has no list of them")
	}
	secret := regexp.MustCompile(string(found[1]))
	for name := range strings.FieldsSeq(string(bytes.ReplaceAll(found[1], []byte("|"), []byte(" "))) +
		" Authorization Cookie Set-Cookie X-Api-Key access_token client-secret password Passwd credentials private_key id-jwt Host Content-Type max key Stripe-Signature") {
		if plain := strings.ToLower(strings.NewReplacer("-", "", "_", "").Replace(name)); secret.MatchString(plain) != view.IsSecret(name) {
			t.Errorf("%s is a secret to one of both", name)
		}
	}
}

// TestSecretsAreMaskedFurtherDown: a part of long content begins somewhere within it.
func TestSecretsAreMaskedFurtherDown(t *testing.T) {
	a := serve(t)
	var members strings.Builder
	for i := range 3000 {
		fmt.Fprintf(&members, `"n%d":%d,`, i, i)
	}
	a.store.Record(exchange(inspect.Exchange{ID: "one"}, "POST", "/one", 200, "Content-Type: application/json\r\n", `{"deep":[{`+members.String()+`"token":"hunter2","tokens":["hunter2"]}]}`))
	if _, body := a.do("GET", "/exchanges/one/request?from=2000", ""); strings.Contains(body, "hunter2") || !strings.Contains(body, "token") {
		t.Errorf("%.3000s", body)
	}
	if _, body := a.do("GET", "/exchanges/one/request?reveal=1", ""); !strings.Contains(body, "from=2000&amp;reveal=1") {
		t.Error("the next part forgets that secrets are shown")
	}
}
