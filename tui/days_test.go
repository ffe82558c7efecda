package tui

import (
	"strings"
	"time"

	"github.com/adit-tunnel/adit/inspect"
)

// What the scenes and stories have in common: days of an agent.

// busy is online with figures.
func busy() inspect.Status {
	st := online()
	st.Conns = inspect.Meters{Count: 12, Open: 2, Rate1: 0.15, Rate5: 0.08, P50: 5150 * time.Millisecond, P90: 140020 * time.Millisecond}
	st.Requests = inspect.Meters{Count: 123456, Open: 1, Rate1: 1204.5, Rate5: 98.76, P50: 12 * time.Millisecond, P90: 61 * time.Millisecond}
	return st
}

// putDay records one of each kind.
func (b *bench) putDay() {
	b.now = start.Add(20 * time.Second)
	st := busy()
	st.Proof, st.Endpoints[0].Proof = b.now, b.now.Add(-7*time.Second)
	b.f.set(st)
	socket := exchange(7, "GET", "/socket", 101, "Switching Protocols")
	socket.State, socket.Upgraded = inspect.Open, true
	socket.Response.Head = []byte("HTTP/1.1 101 Switching Protocols\r\nupgrade: WebSocket\r\nConnection: Upgrade\r\n\r\n")
	pending := exchange(8, "PATCH", "/api/v1/orders/4711", 200, "OK")
	pending.State, pending.Response, pending.Start = inspect.Pending, nil, b.now.Add(-200*time.Millisecond)
	slow := exchange(6, "GET", "/events/2026", 200, "OK")
	slow.Duration, slow.Wait = 83*time.Second, 82*time.Second
	slow.Response.Head = []byte("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n\r\n")
	again := exchange(9, "POST", "/webhooks/github", 200, "OK")
	again.ReplayOf = "018f-0001"
	b.put(
		exchange(1, "POST", "/webhooks/github", 200, "OK"),
		exchange(2, "GET", "/api/v1/orders?limit=100&cursor=eyJpZCI6MTIzNDU2Nzg5MH0&sort=created", 304, "Not Modified"),
		exchange(3, "DELETE", "/api/v1/orders/4711", 404, "Not Found"),
		exchange(4, "OPTIONS", "/webhooks/stripe", 500, "Internal Server Error"),
		failed(5, "POST", "/webhooks/twilio"),
		slow, socket, pending, again,
	)
}

// evil is what a stranger may send to get at the terminal: a clear screen, the title, the clipboard, a C1 sequence, a mirrored text, a
// newline, marks that pile up, and characters of two cells and of none.
const evil = "\x1b[2J\x1b]0;owned\x07\x1b]52;c;ZXZpbA==\x07\u009b31m\u202egnp\r\nZ\u0300\u0301\u0302\u0303\u0304\u0305\u0306日本\u200b👍🏽❤️क्षि\xff"

func (b *bench) putHostile() {
	st := online()
	st.Account, st.Plan, st.Region, st.Notice = "acme"+evil, "free"+evil, "eu"+evil, "Hello"+evil
	st.Endpoints[0].Upstream = "http://localhost:8000" + evil
	b.f.set(st)
	x := exchange(1, "PO"+evil, "/webhooks/"+evil, 200, "OK"+evil)
	x.Request.Head = []byte("POST /" + evil + " HTTP/1.1\r\nX-" + evil + ": " + evil + "\r\n\r\n")
	x.Request.Body = []byte("text " + evil)
	x.Response.Body = []byte(`{"a":"` + evil + `"}`)
	x.Response.Trailers = []byte("X-T: " + evil + "\r\n")
	x.Failure = &inspect.Failure{Name: "N" + evil, Text: "T" + evil, Remedy: "R" + evil}
	x.Endpoint, x.ReplayOf, x.State = "e"+evil, "r"+evil, inspect.Failed
	b.put(x)
}

// putPair records a webhook with secrets whose signature is old, and its replay, which was answered otherwise; a stream; and a failure.
func (b *bench) putPair() {
	b.f.verdict = inspect.Verdict{Provider: "github", State: inspect.Stale, Signed: start.Add(-time.Hour), Text: "signed 1 h before it came; receivers take 5 min", CanSign: true}
	was, again, events := hook(1), hook(2), exchange(3, "GET", "/events", 200, "OK")
	says(was, 200, `{"id":1,"state":"paid","items":[{"sku":"a-1","price":12.5}]}`)
	says(again, 200, `{"id":2,"state":"open","items":[{"sku":"a-1","price":12.5}]}`)
	again.ReplayOf, again.Edited, again.To = was.ID, true, "http://localhost:9000"
	setBody(&events.Response.Message, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n", "event: tick\ndata: {\"n\":1}\n\nid: 7\ndata: two\n\n")
	events.Response.Passed = []inspect.Passed{{After: 20 * time.Millisecond}}
	b.put(was, again, events, failed(4, "POST", "/webhooks/twilio"))
}

// openPair opens the webhook of putPair at a tab.
func (b *bench) openPair(tab string) {
	b.putPair()
	b.press("g", "enter", tab)
}

// putTwo begins a day with two endpoints that have figures of their own.
func (b *bench) putTwo() {
	st := busy()
	st.Endpoints[0].Requests = inspect.Meters{Count: 123_000, Rate1: 1200, Rate5: 98, P50: 11 * time.Millisecond, P90: 60 * time.Millisecond}
	st.Endpoints = append(st.Endpoints, inspect.Endpoint{
		Name: "api", URL: "https://api.example.com", Upstream: "http://localhost:9000", Inspect: true, Proof: start,
		Requests: inspect.Meters{Count: 456, Open: 1, Rate1: 4.5, Rate5: 0.76, P50: 2 * time.Second, P90: 3 * time.Second, Errors: 5},
	})
	b.f.set(st)
	b.sync()
	for n := range 8 {
		b.beats(beatsPerInterval, int64(n*n))
	}
}

// putLarge records a response that is larger than what is laid out at once.
func (b *bench) putLarge() {
	content := &endless{size: 20 << 20}
	x := exchange(1, "GET", "/large", 200, "OK")
	setBody(&x.Response.Message, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n", strings.Repeat("line 0000000000\n", 1<<10))
	x.Response.Kept, x.Response.Size = content.size, content.size
	b.f.content = content
	b.put(x)
}
