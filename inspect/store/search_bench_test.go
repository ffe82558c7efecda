package store

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/inspect"
)

const benchRows = 100_000

// usual is an exchange as webhooks are: some 2 KiB of heads and JSON.
func usual(r *rand.Rand, i int) *inspect.Exchange {
	status := 200
	switch n := r.IntN(5000); {
	case n == 0:
		status = 500
	case n < 200:
		status = 404
	}
	x := &inspect.Exchange{
		ID: inspect.ID(fmt.Sprintf("0190a0b0-0000-7000-8000-%012d", i)), Endpoint: pick(r, "api", "web", "hooks"), State: inspect.Done,
		Start: time.Now().Add(time.Duration(i-benchRows) * time.Second), Duration: time.Duration(r.IntN(200_000)) * time.Microsecond,
		Client: netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, byte(r.IntN(4)), byte(r.IntN(250)), 7}), 5000),
	}
	if r.IntN(2000) == 0 {
		x.Duration += 3 * time.Second
	}
	target := fmt.Sprintf("/hook/%s/%d?id=%d", pick(r, "orders", "users", "stripe"), r.IntN(1000), i)
	body := fmt.Sprintf(`{"id":"evt_%x","type":"%s","data":{"object":{"id":"ch_%d","amount":%d,"customer":"cus_%x","lines":[`,
		r.Uint64(), pick(r, "invoice.paid", "charge.failed", "order.created"), i, r.IntN(10000), r.Uint32())
	for range 12 {
		body += fmt.Sprintf(`{"sku":"word%d","quantity":%d,"description":"some more text of the line %d"},`, r.IntN(5000), r.IntN(9), r.IntN(50))
	}
	body += `null]}}}`
	head := "POST " + target + " HTTP/1.1\r\nHost: api.example.com\r\nUser-Agent: Stripe/1.0 (+https://stripe.com/docs/webhooks)\r\nAccept: */*\r\nContent-Type: application/json\r\n" +
		fmt.Sprintf("X-Request-Id: %x\r\nStripe-Signature: t=%d,v1=%x%x%x%x\r\nX-Forwarded-For: 10.1.2.3\r\nContent-Length: %d\r\n\r\n", r.Uint64(), i, r.Uint64(), r.Uint64(), r.Uint64(), r.Uint64(), len(body))
	whole := func(head, body string) inspect.Message {
		return inspect.Message{Head: []byte(head), Body: []byte(body), Kept: int64(len(body)), Size: int64(len(body)), Whole: true}
	}
	x.Request = inspect.Request{Method: pick(r, "POST", "POST", "GET"), Target: target, Host: "api.example.com", Message: whole(head, body)}
	x.Response = &inspect.Response{Status: status, Reason: "OK", Message: whole(fmt.Sprintf("HTTP/1.1 %d OK\r\nContent-Type: application/json\r\nServer: nginx\r\n\r\n", status), `{"ok":true}`)}
	return x
}

// BenchmarkSearch asks for the first page of 100,000 exchanges, by filters of every kind, and reports the median and the 99th percentile. It counts by
// itself: run it with -benchtime 1x.
func BenchmarkSearch(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	s, w := filled(b, Options{}, benchRows, func(i int) *inspect.Exchange { return usual(r, i) })
	indexAll(b, s, w)
	for _, text := range []string{
		"", // the list
		"status:>=500", "status:2xx", "status:404", "method:get", "endpoint:web", "dur:>1s", "dur:<100ms", "age:<10m", "age:>1d", "size:>1kb", "size:>1mb", "pinned:", "tag:bug",
		"ip:10.2.0.0/16", "ip:10.2.3.7", "replay:", "status:open",
		"stripe", "word4999", "invoice.paid", `"more text of the line 7"`, `"text more"`, "nowhere", "word49*", "w*", "body:word123", "body:json",
		"stripe status:>=500", "word4999 status:200", "stripe word4999", "not stripe", "not status:200", "word4999 or status:>=500", "stripe or status:404", "charge.failed status:404 method:get",
		"path:/hook/orders/*", "path:nowhere", "path:/hook/users/17?id=5*", "host:example", "header.content-type:json", "header.x-none:1",
		"body:*quantity*", "body.$.data.object.id:ch_77777", "body.$.type:invoice.paid", "body.$.data.object.amount:7",
	} {
		f := parse(b, text)
		b.Run(strings.ReplaceAll(text, "/", "|"), func(b *testing.B) {
			var took []time.Duration
			n := 0
			for begun := time.Now(); len(took) < 100 && time.Since(begun) < 3*time.Second; {
				start := time.Now()
				found, err := inspect.Collect(s.search(b.Context(), s.db.Load(), inspect.Query{Filter: f}))
				if err != nil {
					b.Fatal(err)
				}
				took, n = append(took, time.Since(start)), len(found)
			}
			slices.Sort(took)
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
			b.ReportMetric(float64(n), "rows")
		})
	}
}
