package capture

import (
	"net/netip"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/adit-tunnel/adit/inspect"
)

func connection() Connection {
	return Connection{
		ID: "id-1", Endpoint: "db", Kind: inspect.TLS, Start: time.Unix(1, 0), Client: netip.MustParseAddrPort("192.0.2.1:5"), Host: "db.example.com",
	}
}

func TestLink(t *testing.T) { synctest.Test(t, testLink) }

func testLink(t *testing.T) {
	rec := &placing{}
	l := NewBudget(0, 0).Connect(rec, connection())
	settle := func() { time.Sleep(2 * moment); synctest.Wait() }
	settle()
	l.Stands(3 * time.Millisecond)
	settle()
	for range 1000 { // 10 s with bytes, 10 s without
		l.Passed(inspect.RequestSide, 2)
		l.Passed(inspect.ResponseSide, 30)
		time.Sleep(10 * time.Millisecond)
	}
	time.Sleep(10 * time.Second)
	synctest.Wait()
	flowed := rec.last()
	l.Done()
	l.Passed(inspect.RequestSide, 1)
	l.Stands(0)
	l.Fail(&inspect.Failure{})
	settle()

	var states []inspect.State
	for _, x := range rec.all {
		states = append(states, x.State)
		if x.Place != 1 || x.Kind != inspect.TLS || x.Request.Host != "db.example.com" || x.Client.Port() != 5 || x.Endpoint != "db" {
			t.Errorf("%+v", x)
		}
	}
	if states = slices.Compact(states); !slices.Equal(states, []inspect.State{inspect.Pending, inspect.Open, inspect.Done}) {
		t.Errorf("states %v", states)
	}
	if n := len(rec.all); n < 12 || n > 16 {
		t.Errorf("%d were published, want one a second and few more", n)
	}
	last := rec.last()
	if last.Request.Size != 2000 || last.Response.Size != 30_000 || last.Request.Kept != 0 || last.Connect != 3*time.Millisecond || last.Duration < 20*time.Second {
		t.Errorf("%+v %+v", last, last.Response)
	}
	if flowed.Request.Size != last.Request.Size || flowed.Response.Size != last.Response.Size {
		t.Error("what passed last was not published until the end")
	}
	if rec.all[0].Response != nil {
		t.Error("there is a response before the connection stands")
	}
}

func TestShortLinkIsToldOnce(t *testing.T) { synctest.Test(t, testShortLinkIsToldOnce) }

func testShortLinkIsToldOnce(t *testing.T) {
	rec := &recorder{}
	l := NewBudget(0, 0).Connect(rec, connection())
	l.Fail(&inspect.Failure{Name: "LOCAL_REFUSED"})
	time.Sleep(2 * moment)
	synctest.Wait()
	if x := rec.last(); len(rec.all) != 1 || x.State != inspect.Failed || x.Failure.Name != "LOCAL_REFUSED" || x.Response != nil {
		t.Errorf("%d published, the last is %+v", len(rec.all), x)
	}
}

func TestNoLink(t *testing.T) {
	for _, l := range []*Link{nil, NewBudget(0, 0).Connect(nil, connection()), (*Budget)(nil).Connect(&recorder{}, connection())} {
		if l != nil {
			t.Fatal("not nil")
		}
		l.Stands(0)
		l.Passed(inspect.RequestSide, 1)
		l.Fail(nil)
		l.Done()
	}
}

// What both sides count while others publish is all there in the end, and states reach the recorder in order.
func TestLinkBothSidesAtOnce(t *testing.T) {
	rec := &recorder{}
	l := NewBudget(0, 0).Connect(rec, connection())
	l.Stands(0)
	var sides sync.WaitGroup
	for side := range inspect.Side(2) {
		sides.Go(func() {
			for range 10_000 {
				l.Passed(side, 3)
			}
		})
	}
	sides.Go(func() {
		for range 100 {
			l.tell()
		}
	})
	sides.Wait()
	l.Done()
	var last int64
	for i, x := range rec.all {
		if x.Request.Size < last {
			t.Errorf("state %d has fewer bytes than the one before", i)
		}
		last = x.Request.Size
	}
	if x := rec.last(); x.Request.Size != 30_000 || x.Response.Size != 30_000 {
		t.Errorf("sizes %d and %d", x.Request.Size, x.Response.Size)
	}
}

func TestPassingIsCheap(t *testing.T) {
	l := NewBudget(0, 0).Connect(discard{}, connection())
	defer l.Done()
	l.Stands(0)
	l.Passed(inspect.RequestSide, 1)
	if n := testing.AllocsPerRun(1000, func() { l.Passed(inspect.RequestSide, 1) }); n > 0 {
		t.Errorf("%v allocations for bytes that pass", n)
	}
}
