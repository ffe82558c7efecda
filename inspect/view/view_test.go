package view

import (
	"testing"
	"time"

	"github.com/adit-tunnel/adit/inspect"
)

func TestDuration(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Second:           "0 ms",
		0:                      "0 ms",
		1:                      "1 µs",
		850 * time.Microsecond: "850 µs",
		999999:                 "999 µs",
		12*time.Millisecond + 900*time.Microsecond: "12 ms",
		999999999:                               "999 ms",
		1420 * time.Millisecond:                 "1.42 s",
		9999 * time.Millisecond:                 "9.99 s",
		10 * time.Second:                        "10.0 s",
		59999 * time.Millisecond:                "59.9 s",
		125 * time.Second:                       "2 min 5 s",
		3*time.Hour + 20*time.Minute:            "3 h 20 min",
		9*24*time.Hour + 4*time.Hour:            "9 d 4 h",
		time.Duration(1<<63 - 1):                "106751 d 23 h",
		time.Hour - time.Nanosecond:             "59 min 59 s",
		24*time.Hour - time.Nanosecond:          "23 h 59 min",
		time.Minute:                             "1 min 0 s",
		time.Millisecond + 999*time.Microsecond: "1 ms",
	} {
		if got := Duration(d); got != want {
			t.Errorf("Duration(%d) = %q, want %q", d, got, want)
		}
	}
}

func TestSize(t *testing.T) {
	for n, want := range map[int64]string{
		-1: "0 B", 0: "0 B", 512: "512 B", 1023: "1023 B", 1024: "1 KiB", 1229: "1.2 KiB", 1536: "1.5 KiB",
		64 << 20: "64 MiB", 1<<20 - 1: "1 MiB", 5 << 30: "5 GiB", 1<<63 - 1: "8 EiB", 1023 << 10: "1023 KiB", 492_100: "481 KiB", 1<<20 - 400: "1 MiB",
	} {
		if got := Size(n); got != want {
			t.Errorf("Size(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestStatus(t *testing.T) {
	refused := &inspect.Failure{Name: "LOCAL_REFUSED"}
	for _, c := range []struct {
		x    inspect.Exchange
		want string
	}{
		{inspect.Exchange{}, ""},
		{inspect.Exchange{Response: &inspect.Response{Status: 200, Reason: "OK"}}, "200 OK"},
		{inspect.Exchange{Response: &inspect.Response{Status: 202}}, "202 Accepted"},
		{inspect.Exchange{Response: &inspect.Response{Status: 799}}, "799"},
		{inspect.Exchange{Response: &inspect.Response{Status: 200, Reason: "\x1b]0;x\a"}}, `200 \x1b]0;x\x07`},
		{inspect.Exchange{State: inspect.Failed, Failure: refused}, "LOCAL_REFUSED"},
		{inspect.Exchange{State: inspect.Failed, Failure: refused, Response: &inspect.Response{Status: 502, Made: true}}, "LOCAL_REFUSED"},
		{inspect.Exchange{State: inspect.Failed, Failure: refused, Response: &inspect.Response{Status: 200}}, "200 OK"},
	} {
		if got := Status(&c.x); got != c.want {
			t.Errorf("Status(%+v) = %q, want %q", c.x, got, c.want)
		}
	}
}

func TestFields(t *testing.T) {
	head := []byte("GET /a:b HTTP/1.1\r\nHost: example.com\r\nx-Odd:  two words \r\nX-ODD:\r\nX-Evil: \x1b[2J\r\n\r\n")
	want := []inspect.Field{{Name: "Host", Value: "example.com"}, {Name: "x-Odd", Value: "two words"}, {Name: "X-ODD"}, {Name: "X-Evil", Value: "\x1b[2J"}}
	got := Headers(head)
	if len(got) != len(want) {
		t.Fatalf("%q", got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("field %d is %q, want %q", i, got[i], want[i])
		}
	}
	if s := Safe(got[3]); s.Value != `\x1b[2J` {
		t.Errorf("safe: %q", s)
	}
	if v := Get(got, "X-odd"); v != "two words" {
		t.Errorf("Get: %q", v)
	}
	if StartLine(head) != "GET /a:b HTTP/1.1" {
		t.Errorf("start line: %q", StartLine(head))
	}
	if fs := Trailers([]byte("X-Sum: 1\r\nX-End:2\r\n")); len(fs) != 2 || fs[1].Value != "2" {
		t.Errorf("trailers: %q", fs)
	}
	if Headers(nil) != nil || StartLine(nil) != "" {
		t.Error("there is something in nothing")
	}
}

func TestWebhookOf(t *testing.T) {
	for head, want := range map[string]Webhook{
		"X-GitHub-Event: push\r\nX-Hub-Signature-256: sha256=00\r\n": {"GitHub", "push"},
		"x-github-event: p\x1b\r\nX-Gitea-Event: push\r\n":           {"Gitea", "push"},
		"X-GITHUB-EVENT: p\x1b\r\n":                                  {"GitHub", `p\x1b`},
		"Stripe-Signature: t=1,v1=2\r\n":                             {"Stripe", ""},
		"X-Twilio-Signature: x\r\n":                                  {"Twilio", ""},
		"X-Slack-Signature: v0=x\r\n":                                {"Slack", ""},
		"X-Shopify-Topic: orders/create\r\nX-Shopify-Hmac-Sha256: x": {"Shopify", "orders/create"},
		"X-Hub-Signature-256: sha256=00\r\n":                         {"Meta", ""},
		"Host: example.com\r\n":                                      {},
	} {
		if got := WebhookOf([]byte("POST / HTTP/1.1\r\n" + head + "\r\n")); got != want {
			t.Errorf("%q is %v, want %v", head, got, want)
		}
	}
}
