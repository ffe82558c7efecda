package web

import (
	"context"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/capture"
)

// connect records a connection as an agent does; it stands, and some bytes have passed.
func (a *api) connect(id inspect.ID, kind inspect.Kind, host string) *capture.Link {
	l := capture.NewBudget(0, 0).Connect(a.store, capture.Connection{
		ID: id, Endpoint: "db", Kind: kind, Start: time.Now(), Client: netip.MustParseAddrPort("203.0.113.7:52144"), Host: host,
	})
	l.Stands(time.Millisecond)
	l.Passed(inspect.RequestSide, 12595)
	l.Passed(inspect.ResponseSide, 4<<20)
	return l
}

// TestConnections: the API tells of connections, ngrok's paths do not, and what needs a request refuses them and says why.
func TestConnections(t *testing.T) {
	a := serve(t)
	a.record("0199-a")
	a.connect("0199-b", inspect.TLS, "db.example.com").Done()
	a.connect("0199-c", inspect.TCP, "").Fail(&inspect.Failure{Code: 2001, Name: "LOCAL_RESET", Text: "What.", Remedy: "Do."})
	open := a.connect("0199-d", inspect.TCP, "")
	defer open.Done()
	a.eventually("the open one is told", func() bool {
		it, err := a.store.Get(t.Context(), "0199-d")
		return err == nil && it.State == inspect.Open
	})

	var all struct{ Exchanges []itemJSON }
	a.get("/api/v1/exchanges", &all)
	var kinds []string
	for _, x := range all.Exchanges {
		kinds = append(kinds, string(x.ID)+" "+x.Kind+" "+x.State)
	}
	if got := strings.Join(kinds, ", "); got != "0199-d tcp open, 0199-c tcp failed, 0199-b tls done, 0199-a http done" {
		t.Error(got)
	}
	if x := all.Exchanges[2]; x.Status != nil || x.Host != "db.example.com" || x.Client != "203.0.113.7:52144" || x.RequestSize != 12595 || x.ResponseSize != 4<<20 {
		t.Errorf("%+v", x)
	}
	if a.get("/api/v1/exchanges?filter=kind:tls", &all); len(all.Exchanges) != 1 {
		t.Errorf("kind:tls: %+v", all.Exchanges)
	}
	for _, id := range []inspect.ID{"0199-b", "0199-c"} {
		var d Detail
		a.get("/api/v1/exchanges/"+string(id), &d)
		got, err := d.Item()
		want, _ := a.store.Get(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		got.Committed = want.Committed
		if diff := cmp.Diff(want, got, cmpopts.EquateComparable(netip.AddrPort{}), cmpopts.IgnoreFields(inspect.Exchange{}, "Place"), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("-recorded +read back\n%s", diff)
		}
	}

	for _, path := range []string{"/export?format=curl", "/export?format=raw", "/export?format=har", "/request/body", "/response/body", "/diff?with=0199-a", "/signature"} {
		e := a.wantOurs("GET", "/api/v1/exchanges/0199-b"+path, "", 409, "not_a_request")
		if !strings.Contains(e.Message, "a tls connection is no request: adit counts its bytes") {
			t.Error(e.Message)
		}
	}
	a.wantOurs("GET", "/api/v1/exchanges/0199-a/diff?with=0199-b", "", 409, "not_a_request")
	a.wantOurs("POST", "/api/v1/exchanges/0199-b/replay", "{}", 409, "not_a_request")
	a.wantOurs("POST", "/api/v1/exchanges/0199-b/replay/preview", "{}", 409, "not_a_request")
	if len(a.agent.replayed)+len(a.agent.resends) > 0 {
		t.Error("the agent was asked to replay a connection")
	}
	if _, body := a.do("GET", "/api/v1/export?format=har", ""); !strings.Contains(body, `"comment":"left out: 3 connections, of which adit keeps no bytes"`) || strings.Count(body, `"startedDateTime"`) != 1 {
		t.Error(body)
	}
	if _, body := a.do("POST", "/api/v1/runs", `{"ids":["0199-b"]}`, "Content-Type", asJSON); !strings.Contains(body, "tls connection is no request") {
		t.Error(body)
	}

	if _, body := a.do("GET", "/api/requests/http", ""); strings.Count(body, `"tunnel_name"`) != 1 || strings.Contains(body, "0199-b") {
		t.Error(body)
	}
	res, body := a.do("GET", "/api/requests/http/0199-b", "")
	a.wantError(res, body, 404, codeNotFound)
	res, body = a.do("POST", "/api/requests/http", `{"id":"0199-b"}`, "Content-Type", asJSON)
	a.wantError(res, body, 404, codeNotFound)
}

// connectionsAreListed: a connection grows in the list while it is open, its page says what there is, and keys that need a request say why they do nothing.
func connectionsAreListed(t *testing.T, b context.Context) {
	a := servePage(t)
	w := show(t, b, a.base+"/", "light", wide)
	open := a.connect("0199-d", inspect.TCP, "")
	a.connect("0199-b", inspect.TLS, "db.example.com").Done()
	w.want(has("#x-0199-b", "db.example.com · 203.0.113.7:52144 · 12.3 KiB ↑ 4 MiB ↓"))
	w.want(has("#x-0199-b .outcome", "closed"))
	w.want(has("#x-0199-d .method", "TCP"))
	w.want(has("#x-0199-d .outcome", "open"))
	open.Passed(inspect.RequestSide, 1<<20)
	w.want(has("#x-0199-d .target", "1 MiB ↑") + ` && ` + has("#x-0199-d .size", "5 MiB"))
	w.want(has("#x-0199-d .num", " s …"))
	w.click("#x-0199-d a")
	w.want(has("#detail .facts", " s …"))
	w.want(has("#what", "TCP 203.0.113.7:52144"))
	w.want(has("#panel", "adit counts the bytes of tcp connections and keeps none of them"))
	w.want(`document.querySelectorAll("#detail .tabs a").length === 2 && !document.querySelector("#detail [data-do=replay]")`)
	w.want(`!document.querySelector("#panel .verdict")`)
	w.press("e")
	w.want(has("#toasts", "nothing to send again"))
	w.press("r")
	w.want(has("#toasts", "a tcp connection is no request"))
	open.Done()
	w.want(has("#detail .facts", "closed"))
}
