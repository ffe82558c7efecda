package web

import (
	"encoding/json"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/adit-tunnel/adit/inspect"
)

// page is an answer with exchanges.
type page struct {
	Exchanges []itemJSON `json:"exchanges"`
	Next      *string    `json:"next"`
	Cursor    string     `json:"cursor"`
}

func (p page) ids() string {
	var ids []string
	for _, x := range p.Exchanges {
		ids = append(ids, string(x.ID))
	}
	return strings.Join(ids, " ")
}

// wantOurs checks an error in our own shape.
func (a *api) wantOurs(method, path, body string, status int, code string, header ...string) errorJSON {
	a.t.Helper()
	res, text := a.do(method, path, body, append(header, "Content-Type", asJSON)...)
	var e struct{ Error errorJSON }
	if err := json.Unmarshal([]byte(text), &e); err != nil || res.StatusCode != status || e.Error.Code != code || e.Error.Message == "" {
		a.t.Errorf("%s %s: %s %s, want %d with code %s", method, path, res.Status, text, status, code)
	}
	return e.Error
}

// TestPages: the pages of a list make up the whole, though more comes meanwhile.
func TestPages(t *testing.T) {
	a := serve(t)
	var p page
	if a.get("/api/v1/exchanges", &p); p.Exchanges == nil || p.ids() != "" || p.Next != nil {
		t.Errorf("nothing recorded: %+v", p)
	}
	for i := range 7 {
		a.record(strconv.Itoa(i))
	}
	var all []string
	for path := "/api/v1/exchanges?limit=3&run=current"; path != ""; {
		a.get(path, &p)
		all = append(all, p.ids())
		if path = ""; p.Next != nil {
			path = "/api/v1/exchanges?limit=3&before=" + *p.Next
		}
		a.record("late" + strconv.Itoa(len(all)))
	}
	if got := strings.Join(all, "|"); got != "6 5 4|3 2 1|0" {
		t.Error(got)
	}
	if a.get("/api/v1/exchanges?limit=1000", &p); len(p.Exchanges) != 10 || p.Next != nil {
		t.Errorf("%s, next %v", p.ids(), p.Next)
	}
}

func TestBadQueries(t *testing.T) {
	a := serve(t)
	for _, query := range []string{"limit=0", "limit=1001", "limit=x", "limit=1&limit=2", "before=-1", "before=99999999999999999999", "run=mine", "fitler=x", "%zz", "a;b"} {
		a.wantOurs("GET", "/api/v1/exchanges?"+query, "", 400, "bad_request")
	}
	a.wantOurs("GET", "/api/v1/exchanges/none", "", 404, "not_found")
	a.wantOurs("GET", "/api/v1/nowhere", "", 404, "not_found")
	a.wantOurs("PUT", "/api/v1/exchanges", "{}", 405, "method_not_allowed")
	a.wantOurs("GET", "/api/v1/status", "", 403, "forbidden", "Host", "evil.example")
	a.wantOurs("GET", "/api/v1/status?x=1", "", 400, "bad_request")
}

// TestDetail: what is shown of an exchange, with bytes that are no text.
func TestDetail(t *testing.T) {
	a := serve(t)
	x := *a.record("0199-a")
	x.ID, x.ReplayOf, x.Edited, x.Resigned, x.To, x.Upgraded, x.State = "0199-b", "0199-a", true, true, "http://localhost:1", true, inspect.Failed
	x.Failure = &inspect.Failure{Code: 2001, Name: "LOCAL_REFUSED", Text: "What.", Remedy: "Do."}
	x.Request.Head = []byte("GET /\xff HTTP/1.1\r\nHost: \xfe\r\nx: 1\r\nX: 2\r\n\r\n")
	x.Request.Target, x.Request.Kept, x.Request.Body = "/\xff", 0, nil
	x.Request.Dropped, x.Request.Withheld, x.Request.Redacted = true, true, true
	a.store.Record(&x)
	var got detailJSON
	a.get("/api/v1/exchanges/0199-b", &got)
	if got.ID != "0199-b" || got.Target != "/\ufffd" || *got.ReplayOf != "0199-a" || !got.Edited || !got.Resigned || got.To != "http://localhost:1" || !got.Upgraded || got.State != "failed" || got.Failure.Name != "LOCAL_REFUSED" ||
		*got.Status != 502 || got.Nth != 2 || got.DurationMS != 3.893202 || got.Client != "192.168.100.25:5000" || got.Tags == nil || got.RequestSize != 2 || got.ResponseSize != 5 {
		t.Errorf("%+v", got.itemJSON)
	}
	if q := got.Request; string(q.Head) != string(x.Request.Head) || q.StartLine != "GET /\ufffd HTTP/1.1" || q.Headers[0] != [2]string{"Host", "\ufffd"} ||
		q.Headers[1] != [2]string{"x", "1"} || q.BodyURL != nil || q.Size != 2 || q.Kept != 0 {
		t.Errorf("request: %+v", q)
	}
	it, err := got.Item()
	if q := it.Request; err != nil || !q.Dropped || !q.Withheld || !q.Redacted || it.Response.Redacted {
		t.Errorf("read again: %+v, %v", q, err)
	}
	if r := got.Response; r.Trailers[0] != [2]string{"X-Sum", "1"} || *r.BodyURL != "/api/v1/exchanges/0199-b/response/body" || r.Kept != 5 || !r.Whole || r.Made {
		t.Errorf("response: %+v", r)
	}
	a.store.Record(&inspect.Exchange{ID: "p", State: inspect.Pending})
	if _, body := a.do("GET", "/api/v1/exchanges/p", ""); !strings.Contains(body, `"status":null`) || !strings.Contains(body, `"response":null`) || !strings.Contains(body, `"failure":null`) {
		t.Error(body)
	}
}

// TestDetailIsReadBack: who reads the API, as the shell does, has the exchange as the store has it.
func TestDetailIsReadBack(t *testing.T) {
	a := serve(t)
	x := *a.record("0199-a")
	x.ID, x.Upgraded, x.Wait, x.Connect, x.Tries = "0199-b", true, 1234567, 89, 2
	x.Request.Redacted, x.Request.Tail, x.Request.Dropped, x.Request.Size = true, []byte("end"), true, 9
	x.Request.Passed = []inspect.Passed{{Offset: 0, After: 1}, {Offset: 1 << 40, After: 3893201}}
	r := *x.Response
	r.Made, r.Passed, x.Response = true, []inspect.Passed{{Offset: 3, After: time.Hour + 1}}, &r
	a.store.Record(&x)
	want, err := inspect.Collect(a.store.List(t.Context(), inspect.Query{Limit: 1}))
	if err != nil {
		t.Fatal(err)
	}
	x.Request.Body, r.Body = nil, nil
	var d Detail
	a.get("/api/v1/exchanges/0199-b", &d)
	got, err := d.Item()
	if err != nil {
		t.Fatal(err)
	}
	want[0].Exchange = &x
	sameAddr := cmp.Comparer(func(a, b netip.AddrPort) bool { return a == b })
	if diff := cmp.Diff(want[0], got, cmpopts.EquateEmpty(), sameAddr); diff != "" {
		t.Error(diff)
	}
}
