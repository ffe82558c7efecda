package store

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/decode"
)

// words of which the exchanges of these tests are made: folding, accents and what SQLite takes for letters differ in them.
var someWords = []string{
	"alpha", "Beta", "GAMMA", "invoice", "paid", "invoice.paid", "ch_123", "push", "straße", "İstanbul", "ıslak", "ΣΑΣ", "σας", "naïve", "nai\u0308ve", "日本",
	"\u212Aelvin", "kelvin", "été", "x\x00y", "ſharp", "it", "42", "a/b", "100%",
}

func pick[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }

// someExchange is the ith exchange: most fields are drawn from few values, so that filters find some but not all.
func someExchange(r *rand.Rand, i int, now time.Time) *inspect.Exchange {
	word := func() string { return pick(r, someWords...) }
	x := &inspect.Exchange{
		ID: inspect.ID(fmt.Sprintf("0190a0b0-%04x", i)), Endpoint: pick(r, "api", "Api", "web", "ÉTÉs"), Start: now.Add(-time.Duration(r.IntN(40)) * 7 * time.Minute),
		Duration: time.Duration(r.IntN(3000)) * time.Millisecond, State: pick(r, inspect.Pending, inspect.Open, inspect.Failed, inspect.Done, inspect.Done, inspect.Done),
		Client: pick(r, netip.MustParseAddrPort("10.1.2.3:80"), netip.MustParseAddrPort("10.200.0.1:9"), netip.MustParseAddrPort("192.0.2.7:1"),
			netip.MustParseAddrPort("[::ffff:10.1.2.30]:7"), netip.MustParseAddrPort("[2001:db8::7%eth0]:8"), netip.AddrPort{}),
	}
	if i > 0 && r.IntN(8) == 0 {
		x.ReplayOf = inspect.ID(fmt.Sprintf("0190a0b0-%04x", r.IntN(i)))
	}
	if r.IntN(5) == 0 {
		return someConnection(r, x)
	}
	x.Request = inspect.Request{Method: pick(r, "GET", "POST", "post", "DELETE"), Host: pick(r, "api.example.com", "API.example.com", "shop.test:8080", "\u212Aelvin.test", "")}
	x.Request.Target = pick(r, "/hook/", "/Hook/", "/", "/a_b/") + word() + pick(r, "", "?id=7", "?q="+word())
	x.Request.Message = someMessage(r, "POST "+x.Request.Target+" HTTP/1.1")
	if x.State != inspect.Pending && x.State != inspect.Failed {
		status := pick(r, 200, 200, 201, 301, 404, 500, 503)
		x.Response = &inspect.Response{Status: status, Reason: "Reason " + word(), Message: someMessage(r, fmt.Sprintf("HTTP/1.1 %d Reason", status))}
	}
	if x.State == inspect.Failed {
		x.Failure = &inspect.Failure{Code: 2001, Name: "LOCAL_REFUSED", Text: "refused"}
	}
	return x
}

// someConnection makes x a connection.
func someConnection(r *rand.Rand, x *inspect.Exchange) *inspect.Exchange {
	x.Kind, x.ReplayOf, x.Request.Size = pick(r, inspect.TCP, inspect.TLS), "", int64(r.IntN(200))
	if x.Kind == inspect.TLS {
		x.Request.Host = pick(r, "api.example.com", "db.example.com")
	}
	switch x.State {
	case inspect.Open, inspect.Done:
		x.Response = &inspect.Response{Message: inspect.Message{Size: int64(r.IntN(200))}}
	case inspect.Failed:
		x.Failure = &inspect.Failure{Code: 2001, Name: "LOCAL_REFUSED", Text: "refused"}
	}
	return x
}

func someMessage(r *rand.Rand, start string) inspect.Message {
	word := func() string { return pick(r, someWords...) }
	head := start + "\r\n" + pick(r, "X-Event", "x-event", "X-Other") + ": " + word() + "\r\n"
	body := []byte(pick(r, "", "", word()+" "+word()+", "+word(), `{"data":{"id":"`+pick(r, "ch_123", "CH_123", `ch\u005f123`, word())+`","n":[1,{"k":"`+word()+`"}]}}`,
		"\x00\x01\x02"+word(), `["`+word()+`\n`+word()+`"]`))
	if r.IntN(100) == 0 {
		body = []byte(strings.Repeat("pad ", decode.MaxText/4-1) + word()) // which is cut off
	}
	if len(body) > 0 && r.IntN(4) == 0 {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		z.Write(body)
		z.Close()
		head, body = head+"Content-Encoding: gzip\r\n", b.Bytes()
	}
	return inspect.Message{Head: []byte(head + "\r\n"), Body: body, Kept: int64(len(body)), Size: int64(len(body)), Whole: true}
}

// someFilter is a random filter of the language.
func someFilter(r *rand.Rand, depth int) string {
	if depth > 0 {
		a, b := someFilter(r, depth-1), someFilter(r, depth-1)
		return pick(r, a, "("+a+") ("+b+")", "("+a+") or ("+b+")", "not ("+a+")")
	}
	word := strings.ReplaceAll(pick(r, someWords...), "\x00", " ")
	quoted := inspect.Quote(word)
	return pick(r, quoted, quoted, quoted, "inv*", "p*", "body:"+quoted, "body:"+inspect.Quote(word+" "+pick(r, "alpha", "paid")), "body:*ph*", "body:", "alpha beta",
		"method:post", "method:=GET", "method:*e*", "method:"+quoted, "path:/hook/*", "path:hook", "path:"+quoted, "path:?id", "path:=/", "path:/a_b", "path:*%*", "path:k",
		"status:200", "status:5xx", "status:>=400", "status:200..299", "status:open", "status:failed", "status:", "host:", "host:api", "host:=shop.test:8080", "host:=kelvin.test", "host:*.COM",
		"header.x-event:"+quoted, "header.X-Event:=push", "header.x-event:", "header.content-encoding:gzip", "header.x-none:",
		"body.$.data.id:ch_123", "body.$.data.id:", "body.$.data.n[1].k:"+quoted, "body.$.data.n[*]:1", "body.$.data.*:*a*", "body.$[0]:alpha*",
		"dur:>1s", "dur:<=500ms", "dur:=2s", "size:>100", "size:<10b", "age:<30m", "age:>1h", "age:>=0s", "replay:", "replay:no", "replay:0190a0b0-00", "pinned:", "pinned:no",
		"tag:", "tag:bug", "tag:B*", "endpoint:api", "endpoint:=web", "endpoint:étés", "endpoint:*s", "ip:10.0.0.0/8", "ip:10.1.2.3", "ip:2001:db8::/32", "ip:", "ip:0.0.0.0/0", "refused",
		"kind:tcp", "kind:tls", "kind:http", "kind:", "tls", "192.0.2.7", "2001", "db.example.com")
}

// filled is a store with exchanges that were written, but are not in its words yet.
func filled(t testing.TB, o Options, n int, next func(i int) *inspect.Exchange) (*Store, *writer) {
	t.Helper()
	if o.pace = unhurried; o.Dir == "" {
		o.Dir = t.TempDir()
	}
	o.Label = func(x *inspect.Exchange) string { return "stripe · " + string(x.ID[len(x.ID)-2:]) }
	s, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	w := &writer{s: s, meter: newMeter(s.o.pace), spares: newMeter(s.o.pace)}
	t.Cleanup(func() {
		w.close()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	for i := range n {
		x := next(i)
		s.Record(x)
		if i%9 == 0 {
			if _, err := s.Mark(t.Context(), x.ID, inspect.Marks{Pinned: new(true), Note: new("see " + someWords[i%len(someWords)]), AddTags: []string{"bug", "Beta-" + x.Request.Method}}); err != nil {
				t.Fatal(err)
			}
		}
		if i%batch == batch-1 || i == n-1 {
			write(t, w)
		}
	}
	return s, w
}

func write(t testing.TB, w *writer) {
	t.Helper()
	err := w.open()
	for more := true; err == nil && more; {
		more, err = w.write()
	}
	if err != nil {
		t.Fatal(err)
	}
}

// indexAll puts all that has ended into the words.
func indexAll(t testing.TB, s *Store, w *writer) {
	t.Helper()
	for more := true; more; {
		var err error
		if more, err = s.index(t.Context(), w.conn, abandoned); err != nil {
			t.Fatal(err)
		}
	}
}

// TestSearchFindsWhatMatchTakes: the database answers as the filter itself does, whatever of it is in the index.
func TestSearchFindsWhatMatchTakes(t *testing.T) {
	for how, few := range map[string]int{"led by an index": 0, "walking": 20} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			findsWhatMatchTakes(t, few)
		})
	}
}

func findsWhatMatchTakes(t *testing.T, few int) {
	const exchanges, filters = 120, 12
	r, now := rand.New(rand.NewPCG(7, uint64(few))), time.Now()
	s, w := filled(t, Options{few: few}, exchanges, func(i int) *inspect.Exchange { return someExchange(r, i, now) })
	compare := func(when string) {
		all := keptIn(t, s, -1)
		sameAnswer(t, s, all, when, `"bug see"`, inspect.Query{}) // the end of a tag and the beginning of the note
		for range filters {
			q := inspect.Query{Limit: pick(r, -1, -1, 7), Endpoint: pick(r, "", "", "", "api"), Before: pick(r, 0, 0, all[r.IntN(10)].Seq), After: pick(r, 0, 0, all[110].Seq)}
			sameAnswer(t, s, all, when, someFilter(r, r.IntN(3)), q)
		}
	}
	compare("nothing indexed")
	indexAll(t, s, w)
	compare("all indexed")
	for i := range exchanges / 10 {
		id := inspect.ID(fmt.Sprintf("0190a0b0-%04x", i*10))
		if _, err := s.Mark(t.Context(), id, inspect.Marks{Note: new("now " + pick(r, someWords...)), AddTags: []string{"late"}}); err != nil {
			t.Fatal(err)
		}
	}
	compare("marks not indexed")
	indexAll(t, s, w)
	compare("marks indexed")
}

func parse(t testing.TB, text string) *inspect.Filter {
	t.Helper()
	f, err := inspect.ParseFilter(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return f
}

// kept is an item with the text of its content.
type kept struct {
	inspect.Item
	text [2][]byte
}

// keptIn is what the window has, newest first.
func keptIn(t *testing.T, s *Store, limit int) (all []kept) {
	t.Helper()
	for _, it := range list(t, s.window, inspect.Query{Limit: limit}) {
		it, err := s.window.Get(t.Context(), it.ID)
		if err != nil {
			t.Fatal(err)
		}
		k := kept{Item: it}
		if it.Ended() {
			k.Label = s.o.Label(it.Exchange)
		}
		for side := range k.text {
			if m := it.Message(inspect.Side(side)); m != nil {
				k.text[side] = textOf(it.Exchange, inspect.Side(side), m.Body)
			}
		}
		all = append(all, k)
	}
	return all
}

// sameAnswer compares what is found in the database with what the filter takes of the window.
func sameAnswer(t *testing.T, s *Store, all []kept, when, text string, q inspect.Query) {
	t.Helper()
	f := parse(t, text)
	q.Filter = f
	found, err := inspect.Collect(s.search(t.Context(), s.db.Load(), q))
	if err != nil {
		t.Fatalf("%s, %s: %v", text, when, err)
	}
	var want []string
	for _, k := range all {
		in := (q.Endpoint == "" || k.Endpoint == q.Endpoint) && (q.Before == 0 || k.Seq < q.Before) && k.Seq > q.After && (q.Limit < 0 || len(want) < q.Limit)
		if in && f.Match(k.Item, time.Now(), func(side inspect.Side) []byte { return k.text[side] }) {
			want = append(want, string(k.ID))
		}
	}
	if got := ids(found); !slices.Equal(got, want) && len(got)+len(want) > 0 {
		t.Errorf("%s, %s: %d found, %d match\n found: %v\n match: %v", text, when, len(got), len(want), got, want)
	}
}

// TestSearchStandsInNobodysWay: while a reader of the results takes its time, nothing is held; when it goes away, the search ends.
func TestSearchStandsInNobodysWay(t *testing.T) {
	t.Parallel()
	r, now := rand.New(rand.NewPCG(1, 1)), time.Now()
	s, w := filled(t, Options{few: 16}, 200, func(i int) *inspect.Exchange { return someExchange(r, i, now) })
	indexAll(t, s, w)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	n := 0
	for it, err := range s.search(ctx, s.db.Load(), inspect.Query{Limit: -1, Filter: parse(t, "path:/ not nowhere")}) {
		if err != nil {
			if !errors.Is(err, context.Canceled) || n > page {
				t.Errorf("%d more and %v, want the end of ctx within a step", n, err)
			}
			return
		}
		if n++; n > 1 {
			continue
		}
		var busy, log, written int
		if err := s.db.Load().QueryRow("PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &log, &written); err != nil || busy != 0 || it.ID == "" {
			t.Errorf("writing back the log at %q: busy %d, %v", it.ID, busy, err)
		}
		cancel()
	}
	t.Errorf("%d exchanges and no word of the end of ctx", n)
}

// Filters that look alike to SQL and to Match and are not.
func TestSearchOfOddText(t *testing.T) {
	s, w := filled(t, Options{few: 4}, 0, nil)
	const usual = `{"a":"b\u0062"}`
	for _, c := range []struct{ text, body string }{
		{"alpha", usual}, {`body:"a b"`, usual}, {"path:*%*", usual}, {"body.$.a:b*", usual}, {`header.x-event:" not ("`, usual}, {"not (a* or tag:)", usual},
		{"status:5xx dur:>1s", usual},
		{"body.$:ab", `"\u0061b"`}, // no word of it is ab
		{"body.$.a:i", `{"a":"İ"}`},
	} {
		filter, err := inspect.ParseFilter(c.text)
		if err != nil {
			t.Fatal(err)
		}
		x := &inspect.Exchange{ID: inspect.ID(fmt.Sprint("odd-", s.Count())), State: inspect.Done, Start: time.Now().Add(-90 * time.Second), Client: netip.MustParseAddrPort("10.1.2.3:80")}
		x.Request = inspect.Request{Method: "POST", Target: "/alpha?b", Host: "a.test", Message: inspect.Message{Whole: true}}
		m := &x.Request.Message
		m.Head, m.Body = []byte("POST / HTTP/1.1\r\nX-Event: push\r\n\r\n"), []byte(c.body)
		m.Kept, m.Size = int64(len(c.body)), int64(len(c.body))
		s.Record(x)
		write(t, w)
		all := keptIn(t, s, 1)
		for _, when := range []string{"not indexed", "indexed"} {
			sameAnswer(t, s, all, when, filter.String(), inspect.Query{After: all[0].Seq - 1, Limit: -1})
			indexAll(t, s, w)
		}
	}
}
