package web

import (
	"strconv"
	"strings"
	"testing"

	"github.com/adit-tunnel/adit/inspect"
)

// TestMessages: an event stream is paged through, oldest first.
func TestMessages(t *testing.T) {
	a := serve(t)
	var b strings.Builder
	for i := range 5 {
		b.WriteString("event: e" + strconv.Itoa(i) + "\ndata: <" + strconv.Itoa(i) + ">\n\n")
	}
	a.keep("sse", "Content-Type: text/event-stream\r\n", []byte(b.String()))
	var got struct {
		Messages []messageJSON
		Next     *string
	}
	var names []string
	for path := "/api/v1/exchanges/sse/messages?limit=2"; path != ""; {
		got.Next = nil
		a.get(path, &got)
		for _, m := range got.Messages {
			names = append(names, strconv.Itoa(m.Nth)+m.Name+*m.Text)
			if m.Side != "response" || m.Kind != "event" || m.Payload != nil {
				t.Errorf("%+v", m)
			}
		}
		if path = ""; got.Next != nil {
			path = "/api/v1/exchanges/sse/messages?limit=2&after=" + *got.Next
		}
	}
	if s := strings.Join(names, " "); s != "1e0<0> 2e1<1> 3e2<2> 4e3<3> 5e4<4>" {
		t.Error(s)
	}
	x := &inspect.Exchange{ID: "socket", State: inspect.Done, Upgraded: true, Response: &inspect.Response{Status: 101, Message: inspect.Message{
		Head: []byte("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"), Body: []byte("\x82\x02\x00\xff"), Kept: 4, Size: 4,
	}}}
	a.store.Record(x)
	a.get("/api/v1/exchanges/socket/messages", &got)
	if m := got.Messages; len(m) != 1 || m[0].Kind != "binary" || m[0].Text != nil || string(m[0].Payload) != "\x00\xff" {
		t.Errorf("%+v", m)
	}
	a.record("none")
	if a.get("/api/v1/exchanges/none/messages", &got); got.Messages == nil || len(got.Messages) != 0 {
		t.Errorf("no stream: %+v", got)
	}
	for _, bad := range []string{"limit=0", "after=x", "side=request"} {
		a.wantOurs("GET", "/api/v1/exchanges/sse/messages?"+bad, "", 400, "bad_request")
	}
	a.wantOurs("GET", "/api/v1/exchanges/nowhere/messages", "", 404, "not_found")
}
