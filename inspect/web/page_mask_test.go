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

// TestEverythingIsMasked: for who presents, nothing that was captured can be read, whatever it is, and nothing leads to where it could be.
func TestEverythingIsMasked(t *testing.T) {
	a := serve(t, func(o *Options) { o.Mask.All = true })
	for i, c := range []struct{ kind, body string }{
		{"application/json", `{"n":4711,"s":"hunter2","deep":[{"hunter":"hunter2"}]}`},
		{"application/x-www-form-urlencoded", "n=4711&s=hunter2"},
		{"text/plain", "4711 hunter2\n" + strings.Repeat("hunter2 4711\n", 5000)},
		{"text/html", "<p>hunter2</p>4711"},
		{"multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=s; filename=hunter2\r\n\r\nhunter2 4711\r\n--b--\r\n"},
		{"text/event-stream", "id: hunter2\ndata: hunter2 4711\n\n"},
		{"image/png", "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x02\x00\x00\x00hunter2 4711"},
		{"application/octet-stream", "\x00hunter2\x00 4711"},
		{"text/plain", token},
	} {
		id, replay := inspect.ID(fmt.Sprintf("one%d", i)), inspect.ID(fmt.Sprintf("two%d", i))
		fields := "X-Plain: hunter2\r\nX-Token: " + token + "\r\nContent-Type: " + c.kind + "\r\n"
		a.store.Record(exchange(inspect.Exchange{ID: id}, "POST", "/one?plain=hunter2&4711=1", 200, fields, c.body))
		a.store.Record(exchange(inspect.Exchange{ID: replay, ReplayOf: id}, "POST", "/one?plain=hunter2b", 200, strings.ReplaceAll(fields, "hunter2", "hunter2b"), strings.ReplaceAll(c.body, "hunter2", "hunter2b")))
		for _, tab := range tabs {
			for _, path := range []string{"/exchanges/%s/%s?reveal=1", "/exchanges/%s?reveal=1&tab=%s", "/exchanges/%s/%s?from=2000&reveal=1", "/exchanges/%s/%s?from=40000&side=request"} {
				_, body := a.do("GET", fmt.Sprintf(path, replay, tab.name), "", "Accept", "text/html")
				for _, shown := range []string{"hunter2", "ada", "HS256", "reveal=1&amp;tab", "preview=image"} {
					if at := strings.Index(body, shown); at >= 0 {
						t.Errorf("%s, %s as %s shows %s: %.300s", tab.name, path, c.kind, shown, body[max(at-200, 0):])
					}
				}
				if at := strings.Index(body, "4711"); at >= 0 && !strings.HasPrefix(body[at:], "4711="+view.Masked) { // there it is a name
					t.Errorf("%s as %s shows a number: %.300s", tab.name, c.kind, body[max(at-200, 0):])
				}
			}
		}
	}
	if _, body := a.do("GET", "/", "", "Accept", "text/html"); strings.Contains(body, "hunter2") || !strings.Contains(body, "plain="+view.Masked) || !strings.Contains(body, "all masked") {
		t.Errorf("the list without script: %s", body)
	}
	if _, body := a.do("GET", "/api/v1/exchanges/one0", ""); !strings.Contains(body, "hunter2") {
		t.Error("the API, which is for programs, is masked as well")
	}
}

// TestPathsAreMasked: what a configured path leads to is hidden like a secret, on all tabs and however far down it stands.
func TestPathsAreMasked(t *testing.T) {
	a := serve(t, func(o *Options) {
		var err error
		if o.Mask.Paths, err = inspect.ParseJSONPaths([]string{"$.card"}); err != nil {
			t.Fatal(err)
		}
	})
	many := strings.Repeat(`"other",`, 5000)
	for id, body := range map[inspect.ID]string{"short": `{"n":1,"card":{"number":"hunter2","of":[4711]}}`, "long": `{"card":[` + many + `"hunter2"],"n":1}`, "late": `{"list":[` + many + `1],"card":"hunter2"}`} {
		a.store.Record(exchange(inspect.Exchange{ID: id}, "POST", "/one", 200, "Content-Type: application/json\r\n", body))
		a.store.Record(exchange(inspect.Exchange{ID: "again-" + id, ReplayOf: id}, "POST", "/one", 200, "Content-Type: application/json\r\n", strings.Replace(body, "hunter2", "hunter2b", 1)))
		for _, tab := range []string{"request", "response", "raw", "edit", "diff"} {
			revealed := ""
			for _, from := range []string{"", "from=2000&side=request", "from=4000&side=request", "from=32768&side=request"} {
				path := fmt.Sprintf("/exchanges/again-%s/%s?%s", id, tab, from)
				if _, body := a.do("GET", path, ""); strings.Contains(body, "hunter2") || strings.Contains(body, "4711") {
					t.Errorf("%s shows it", path)
				}
				_, body := a.do("GET", path+"&reveal=1", "")
				revealed += body
			}
			if !strings.Contains(revealed, "hunter2") {
				t.Errorf("%s of %s does not show it when it is asked for", tab, id)
			}
		}
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
