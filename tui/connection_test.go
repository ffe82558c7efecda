package tui

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/capture"
	"github.com/adit-tunnel/adit/inspect/store"
)

// connection is the nth connection as the tap records it.
func connection(n int, kind inspect.Kind, state inspect.State, in, out int64) *inspect.Exchange {
	x := &inspect.Exchange{
		ID: inspect.ID(fmt.Sprintf("018f-%04d", n)), Kind: kind, Endpoint: "ssh", Start: start.Add(time.Duration(n) * time.Second), Connect: 400 * time.Microsecond,
		Duration: 192 * time.Second, Tries: 1, State: state, Client: netip.MustParseAddrPort("203.0.113.7:52144"),
		Request:  inspect.Request{Message: inspect.Message{Size: in}},
		Response: &inspect.Response{Message: inspect.Message{Size: out}},
	}
	if kind == inspect.TLS {
		x.Endpoint, x.Request.Host = "db", "db.example.com"
	}
	return x
}

// putConnections are connections in each of their states.
func (b *bench) putConnections() {
	b.now = start.Add(200 * time.Second)
	st := online()
	st.Proof = b.now
	st.Endpoints = []inspect.Endpoint{
		{Name: "ssh", URL: "tcp://relay.example.com:20022", Upstream: "localhost:22", Proof: b.now},
		{Name: "db", URL: "tls://db.example.com", Upstream: "localhost:5432", Proof: b.now},
	}
	st.Conns = inspect.Meters{Count: 5, Open: 1, Rate1: 0.02, Rate5: 0.01, P50: 3 * time.Second, P90: 192 * time.Second}
	st.Requests = inspect.Meters{}
	b.f.set(st)
	refused := connection(1, inspect.TCP, inspect.Failed, 0, 0)
	refused.Response, refused.Connect, refused.Duration, refused.Tries = nil, 0, 2*time.Millisecond, 0
	refused.Failure = &inspect.Failure{
		Code: 2001, Name: "LOCAL_REFUSED", Text: "Nothing listens at localhost:22.", Remedy: "Start the local service, or give the port that it listens on.",
	}
	cut := connection(3, inspect.TLS, inspect.Failed, 1834, 99)
	cut.Failure = &inspect.Failure{Code: 2004, Name: "LOCAL_RESET", Text: "The local service has broken the connection off.", Remedy: "Look into its log."}
	gone := connection(4, inspect.TCP, inspect.Interrupted, 100, 5000)
	gone.Duration = 5 * time.Second
	b.put(refused, connection(2, inspect.TLS, inspect.Done, 12595, 4<<20), cut, gone, connection(5, inspect.TCP, inspect.Open, 12595, 4<<20))
}

// A connection's bytes are seen while they pass, and what needs a request says that there is none.
func TestConnections(t *testing.T) {
	b := newBench(t, 120, 40)
	b.putConnections()
	b.put(connection(5, inspect.TCP, inspect.Open, 1<<20, 5<<20))
	if screen := b.screen(); !strings.Contains(screen, "203.0.113.7:52144 · 1 MiB ↑ 5 MiB ↓") || !strings.Contains(screen, "tcp://relay.example.com:20022 -> localhost:22") {
		t.Error(screen)
	}
	b.f.verdict = inspect.Verdict{State: inspect.Unchecked, Text: "only its line was kept"}
	b.press("up", "enter")
	if screen := b.screen(); strings.Contains(screen, "signature") {
		t.Error(screen)
	}
	b.press("esc")
	for _, key := range []string{"r", "R", "e", "D"} {
		b.press(key)
		if screen := b.screen(); !strings.Contains(screen, "a tcp connection is no request: adit counts its bytes and keeps none of them") {
			t.Errorf("%s says nothing:\n%s", key, screen)
		}
		b.press("esc")
	}
	if len(b.f.replays) > 0 {
		t.Error("a connection was replayed")
	}
	for tab := range "123456789" {
		b.press(fmt.Sprint(tab + 1))
		if screen := b.screen(); strings.Contains(screen, "HTTP/1.1") || strings.Contains(screen, "panic") {
			t.Errorf("tab %d:\n%s", tab+1, screen)
		}
	}
}

// The footer offers to replay what can be replayed.
func TestFooterAtConnections(t *testing.T) {
	b := newBench(t, 120, 40)
	b.putConnections()
	st := online()
	st.Endpoints = append(st.Endpoints, inspect.Endpoint{Name: "ssh", URL: "tcp://relay.example.com:20022"})
	b.f.set(st)
	b.put(exchange(6, "POST", "/hook", 200, "OK"))
	offers := func(at, want string) {
		t.Helper()
		lines := strings.Split(strings.TrimSpace(b.screen()), "\n")
		_, got, offered := strings.Cut(lines[len(lines)-1], "r replay")
		got, _, _ = strings.Cut(got, "  ")
		if offered != (want != "") || "replay"+got != want && offered {
			t.Errorf("%s: the footer is %q", at, lines[len(lines)-1])
		}
	}
	offers("at the live end", "replay")
	b.press("up")
	offers("at a request", "replay")
	b.press("up")
	offers("at a connection", "")
	b.press("enter")
	offers("in an open connection", "")
	b.press("esc", "*")
	offers("with all marked", "replay 1")
}

// What is open tells how long it has lasted, also when nothing passes.
func TestConnectionLasts(t *testing.T) {
	b := newBench(t, 120, 40)
	b.putConnections()
	b.press("up", "enter")
	for tab, want := range map[string]string{"1": "open for 42 s", "5": "so far      42.0 s"} {
		b.now = start.Add(5 * time.Second)
		x := connection(5, inspect.TCP, inspect.Open, 12595, 4<<20)
		x.Duration = time.Second // when it was told of last
		b.put(x)
		b.press(tab)
		b.now = b.now.Add(42 * time.Second)
		b.send(beat{b.f.Status()})
		b.fill()
		if screen := b.screen(); !strings.Contains(screen, want) {
			t.Errorf("tab %s: no %q in\n%s", tab, want, screen)
		}
	}
}

// TestPlainConnections: the headless face has a line when a connection stands, and one when it has ended; of what is over at once, and of requests, only the last.
func TestPlainConnections(t *testing.T) { synctest.Test(t, testPlainConnections) }

func testPlainConnections(t *testing.T) {
	m := store.NewMemory(store.Options{})
	var out strings.Builder
	p := newPlain(Source{Reader: m, Observer: &fake{}}, &out)
	catchUp := func() {
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if err := p.catchUp(); err != nil {
			t.Fatal(err)
		}
	}
	begin := func(id inspect.ID, kind inspect.Kind, host string) *capture.Link {
		l := capture.NewBudget(0, 0).Connect(m, capture.Connection{
			ID: id, Endpoint: "db", Kind: kind, Start: time.Now(), Client: netip.MustParseAddrPort("203.0.113.7:52144"), Host: host,
		})
		l.Stands(time.Millisecond)
		l.Passed(inspect.RequestSide, 10)
		return l
	}
	long := begin("a", inspect.TLS, "db.example.com")
	catchUp()
	begin("b", inspect.TCP, "").Fail(&inspect.Failure{Name: "LOCAL_RESET", Text: "it broke off"})
	long.Passed(inspect.ResponseSide, 7)
	catchUp()
	catchUp()
	long.Done()
	catchUp()
	var got []string
	for line := range strings.Lines(out.String()) {
		_, line, _ = strings.Cut(strings.TrimSpace(line), " ")
		before, rest, _ := strings.Cut(line, " ms=")
		_, rest, _ = strings.Cut(rest, " ")
		got = append(got, before+" "+rest)
	}
	want := []string{
		"id=a endpoint=db kind=tls host=db.example.com state=open in=10 out=0 client=203.0.113.7:52144",
		`id=b endpoint=db kind=tcp state=failed in=10 out=0 client=203.0.113.7:52144 err=LOCAL_RESET reason="it broke off"`,
		"id=a endpoint=db kind=tls host=db.example.com state=done in=10 out=7 client=203.0.113.7:52144",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("written:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
