package web

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/rerun"
)

// script is a Replayer of a service that answers as it did, but for what the target says.
type script struct {
	*agent
	reader inspect.Reader
	keep   func(*inspect.Exchange)
	n      int
}

func (s *script) Replay(ctx context.Context, id inspect.ID, o inspect.Resend) (inspect.ID, error) {
	s.agent.mu.Lock()
	defer s.agent.mu.Unlock()
	s.resends, s.replayed = append(s.resends, o), append(s.replayed, id)
	it, err := s.reader.Get(ctx, id)
	if err != nil {
		return "", err
	}
	x := *it.Exchange
	s.n++
	x.ID, x.ReplayOf = inspect.ID(fmt.Sprint("again-", s.n)), id
	switch {
	case o.To == "nowhere":
		return "", &inspect.EditError{Key: "to", Text: "is no address"}
	case x.Request.Target == "/hang":
		x.State = inspect.Open
	case x.Request.Target == "/changed":
		s.keep(exchange(x, "GET", "/changed", 200, "Content-Type: application/json\r\n", `{"n":2}`))
		return x.ID, nil
	case x.Request.Target == "/gone":
		return "", &inspect.Failure{Text: "Its endpoint is gone."}
	}
	s.keep(&x)
	return x.ID, nil
}

func serveRuns(t *testing.T) *api {
	a := serve(t, func(o *Options) {
		o.Replayer = &script{agent: o.Replayer.(*agent), reader: o.Reader, keep: o.Reader.(inspect.Recorder).Record}
	})
	for _, target := range []string{"/same", "/changed", "/gone", "/hang"} {
		a.store.Record(exchange(inspect.Exchange{ID: inspect.ID(target[1:])}, "GET", target, 200, "Content-Type: application/json\r\n", `{"n":1}`))
	}
	return a
}

func TestRun(t *testing.T) {
	a := serveRuns(t)
	const path = "/api/v1/runs"
	d := readDocument(t, openAPI)
	for _, c := range []struct{ in, want, table string }{
		{`{"ids":["changed","same","gone"],"times":2}`, "changed:differs same:passed gone:not sent changed:differs same:passed gone:not sent", `{"planned":6,"done":6,"passed":2,"differ":2,"failed":2}`},
		{`{"filter":"path:/changed","ignore":["$.n"],"rate":1000}`, "changed:passed", `{"planned":1,"done":1,"passed":1,"differ":0,"failed":0}`},
		{`{"ids":["hang"],"timeout_ms":20}`, "hang:failed", `{"planned":1,"done":1,"passed":0,"differ":0,"failed":1}`},
		{`{"filter":"status:404"}`, "", `{"planned":0,"done":0,"passed":0,"differ":0,"failed":0}`},
	} {
		res, body := a.do("POST", path, c.in, "Content-Type", asJSON)
		lines := strings.Split(strings.TrimSpace(body), "\n")
		var all []string
		for _, line := range lines[:len(lines)-1] {
			var o outcomeJSON
			if err := json.Unmarshal([]byte(line), &o); err != nil {
				t.Fatal(err)
			}
			d.valid("Outcome", line)
			all = append(all, fmt.Sprint(o.Original, ":", o.Verdict))
		}
		last := lines[len(lines)-1]
		d.valid("RunEnd", last)
		if got := strings.Join(all, " "); got != c.want || last != `{"table":`+c.table+`,"error":null}` || res.Header.Get("Content-Type") != "application/x-ndjson" {
			t.Errorf("%s: %s %s\n%s", c.in, res.Status, got, body)
		}
	}
	a.do("POST", path, `{"ids":["same"],"to":"3001","resign":true,"edit":{"method":"PUT"}}`, "Content-Type", asJSON)
	if o := a.agent.resends[len(a.agent.resends)-1]; o.To != "3001" || !o.Resign || o.Edit == nil || o.Edit.Method != "PUT" {
		t.Errorf("%+v", o)
	}
	for in, code := range map[string]string{
		`{}`: "bad_request", `{"ids":[],"filter":""}`: "bad_request", `{"filter":"stats:5"}`: "invalid_filter", `{"ids":["same"],"ignore":["x"]}`: "invalid_rule",
		`{"ids":["same"],"times":-1}`: "bad_request", `{"ids":["same"],"times":10001}`: "bad_request", `{"ids":["same"],"rate":1e9}`: "bad_request",
		`{"ids":["same"],"timeout_ms":1e300}`: "bad_request", `{"ids":["same"],"to":"nowhere"}`: "invalid_edit", `{"ids":["same"],"edit":{"headers":[[]]}}`: "invalid_edit",
		`{"ids":["same"],"edits":1}`: "bad_request",
	} {
		a.wantOurs("POST", path, in, 400, code)
	}
}

// Who goes away ends the run, and a server that ends does not wait for one.
func TestRunEnds(t *testing.T) {
	a := serveRuns(t)
	begin := func() (*bufio.Reader, func()) {
		ctx, cancel := context.WithCancel(t.Context())
		req, err := http.NewRequestWithContext(ctx, "POST", a.base+"/api/v1/runs", strings.NewReader(`{"ids":["same","hang","same"],"times":100,"timeout_ms":60000}`))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", asJSON)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		out := bufio.NewReader(res.Body)
		if line, err := out.ReadString('\n'); err != nil || !strings.Contains(line, `"passed"`) {
			t.Fatalf("%q, %v", line, err)
		}
		return out, func() { cancel(); _ = res.Body.Close() }
	}
	sent := func() int {
		a.agent.mu.Lock()
		defer a.agent.mu.Unlock()
		return len(a.agent.replayed)
	}
	_, leave := begin()
	for sent() < 2 {
		time.Sleep(time.Millisecond)
	}
	leave()
	out, leave := begin()
	defer leave()
	a.stop()
	line, err := out.ReadString('\n')
	if err == nil && strings.Contains(line, rerun.ErrStopped.Error()) { // when the server has waited long enough for it to be told
		line, err = out.ReadString('\n')
	}
	if err == nil {
		t.Errorf("the run went on: %s", line)
	}
	if n := sent(); n > 4 {
		t.Errorf("%d were sent", n)
	}
}
