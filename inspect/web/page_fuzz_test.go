package web

import (
	"errors"
	"fmt"
	"io"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/store"
)

// ours are the elements that a fragment of the page is made of.
var ours = strings.Fields("a article b button code dd del div dl dt fieldset form h2 h3 header img input ins kbd label legend li mark nav ol option p path section select span svg g rect text table tbody td textarea th thead time tr ul")

// FuzzPage: whatever was captured, it is text in the page: no element and no attribute is a stranger's.
func FuzzPage(f *testing.F) {
	f.Add("POST /x HTTP/1.1\r\nContent-Type: text/html\r\n\r\n", []byte("<script>alert(1)</script>"), 200)
	f.Add("GET /<img src=x onerror=alert(1)> HTTP/1.1\r\n\"><svg onload=alert(1)>: x\r\n\r\n", []byte("\x00\xff\u202e"), 500)
	f.Add("POST / HTTP/1.1\r\nContent-Type: multipart/form-data; boundary=b\r\n\r\n", []byte("--b\r\nContent-Disposition: form-data; name=\"</textarea>\"\r\n\r\nx\r\n--b--"), 0)
	f.Add("GET / HTTP/1.1\r\nContent-Type: text/event-stream\r\n\r\n", []byte("event: </ol>\ndata: {\"a\": 1}\n\n"), 101)
	f.Add("POST /graphql HTTP/1.1\r\nContent-Type: application/json\r\n\r\n", []byte(`{"query":"query <b> { a }","variables":{"b":"</li>"}}`), 302)
	f.Add("GET /?token=<b> HTTP/1.1\r\nCookie: a=</li>\r\n\r\n", []byte("password=<script>"), 200)
	m := store.NewMemory(store.Options{Exchanges: 10})
	a := &agent{}
	s := New(Options{Reader: m, Keeper: m, Replayer: a, Observer: a, Controller: a})
	n := 0
	f.Fuzz(func(t *testing.T, head string, body []byte, status int) {
		n++
		id := fmt.Sprintf("f%d", n)
		side := inspect.Message{Head: []byte(head), Body: body, Kept: int64(len(body)), Size: int64(len(body)), Whole: true}
		m.Record(&inspect.Exchange{
			ID: inspect.ID(id), Endpoint: head, State: inspect.Done, Upgraded: status == 101,
			Request: inspect.Request{Method: head, Target: head, Host: head, Message: side}, Response: &inspect.Response{Status: status, Reason: head, Message: side},
		})
		for _, tab := range tabs {
			r := httptest.NewRequest("GET", "http://localhost/exchanges/"+id+"/"+tab.name, nil)
			w := httptest.NewRecorder()
			s.handler.ServeHTTP(w, r)
			if w.Code != 200 {
				t.Fatalf("%s: %d %s", tab.name, w.Code, w.Body)
			}
			if what := strange(w.Body); what != "" {
				t.Errorf("%s: %s", tab.name, what)
			}
		}
	})
}

// strange is the first element or attribute that no template of ours has; "": there is none.
func strange(page io.Reader) string {
	z := html.NewTokenizer(page)
	for {
		switch z.Next() {
		case html.ErrorToken:
			if err := z.Err(); !errors.Is(err, io.EOF) {
				return err.Error()
			}
			return ""
		case html.CommentToken, html.DoctypeToken:
			return z.Token().String()
		case html.StartTagToken, html.SelfClosingTagToken:
			e := z.Token()
			if !slices.Contains(ours, e.Data) {
				return e.String()
			}
			for _, a := range e.Attr {
				if strings.HasPrefix(a.Key, "on") || a.Key == "style" || a.Key == "src" && !strings.HasPrefix(a.Val, "/api/v1/") || a.Key == "href" && !strings.HasPrefix(a.Val, "/") {
					return e.String()
				}
			}
		}
	}
}
