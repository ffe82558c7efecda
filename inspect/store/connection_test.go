package store

import (
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/capture"
)

// connect begins to record a connection as an agent does.
func connect(s *running, id inspect.ID, kind inspect.Kind, host string) *capture.Link {
	return capture.NewBudget(0, 0).Connect(s, capture.Connection{
		ID: id, Endpoint: "db", Kind: kind, Start: time.Unix(1700000000, 5), Client: netip.MustParseAddrPort("203.0.113.7:52144"), Host: host,
	})
}

// A connection is written while it is open, comes back as it was, and is found by what is known of it; one that is open when its agent is killed is interrupted.
func TestConnectionsAreKept(t *testing.T) {
	t.Parallel()
	s := run(t, Options{Dir: t.TempDir()})
	closed, refused, open := connect(s, "closed", inspect.TLS, "db.example.com"), connect(s, "refused", inspect.TCP, ""), connect(s, "open", inspect.TCP, "")
	for _, l := range []*capture.Link{closed, open} {
		l.Stands(time.Millisecond)
		l.Passed(inspect.RequestSide, 1500)
		l.Passed(inspect.ResponseSide, 1<<20)
	}
	closed.Done()
	refused.Fail(&inspect.Failure{Code: 2001, Name: "LOCAL_REFUSED", Text: "refused", Remedy: "start it"})
	defer open.Done()
	eventually(t, "the open one is written", func() bool { it, _ := s.window.peek("open"); return it.Committed && it.Response != nil })
	s.settled()

	dead := attach(t, s.killed())
	if it, err := dead.Get(t.Context(), "open"); err != nil || it.State != inspect.Interrupted || it.Kind != inspect.TCP {
		t.Errorf("open when its agent was killed: %+v, %v", it.Exchange, err)
	}
	for _, id := range []inspect.ID{"closed", "refused"} {
		want, _ := s.window.peek(id)
		got, err := dead.Get(t.Context(), id)
		if err != nil || got.Summary {
			t.Fatal(got, err)
		}
		if diff := cmp.Diff(want.Exchange, got.Exchange, cmpopts.EquateComparable(netip.AddrPort{}), cmpopts.IgnoreFields(inspect.Exchange{}, "Place")); diff != "" {
			t.Errorf("-recorded +kept\n%s", diff)
		}
	}
	for filter, want := range map[string][]string{
		"kind:tcp": {"open", "refused"}, "kind:tls": {"closed"}, "db.example.com": {"closed"}, "203.0.113.7": {"open", "refused", "closed"},
		"size:>1mb": {"open", "closed"}, "host:db.example": {"closed"}, "status:failed": {"refused"}, "local_refused kind:tcp": {"refused"}, "kind:http": nil, "body:": nil, "not body:": {"open", "refused", "closed"}, "status:<=999": nil,
	} {
		wantIDs(t, filter, list(t, dead, inspect.Query{Filter: parse(t, filter)}), want...)
	}
	if n, err := dead.Purge(t.Context(), inspect.Query{Filter: parse(t, "kind:tcp")}); n != 2 || err != nil {
		t.Errorf("%d purged, %v", n, err)
	}
	wantIDs(t, "what is left", list(t, dead, inspect.Query{}), "closed")
}
