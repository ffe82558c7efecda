package view

import (
	"encoding/json"
	"net/netip"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/adit-tunnel/adit/inspect"
)

func TestAppendExchange(t *testing.T) {
	x := &inspect.Exchange{
		ID: "0199", Endpoint: "command_line", Start: time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC), Duration: 12345 * time.Microsecond,
		Client: netip.MustParseAddrPort("192.0.2.1:5678"), State: inspect.Done, ReplayOf: "0198", To: "http://localhost:1",
		Request:  inspect.Request{Method: "POST", Target: "/hook a\x1b[2J?b=c", Message: inspect.Message{Size: 7, Head: []byte("POST / HTTP/1.1\r\nStripe-Signature: x\r\n\r\n")}},
		Response: &inspect.Response{Status: 200, Reason: "OK", Message: inspect.Message{Size: 9}},
	}
	want := `t=2026-01-02T03:04:05.678Z id=0199 endpoint=command_line method=POST path="/hook a\u001b[2J" status=200 ms=12.35 ` +
		`in=7 out=9 client=192.0.2.1:5678 provider=Stripe replay_of=0198 to=http://localhost:1`
	if got := string(AppendExchange(nil, x)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	y := &inspect.Exchange{ID: "1", State: inspect.Failed, Failure: &inspect.Failure{Name: "LOCAL_REFUSED", Text: `it said "no"`, Remedy: "Ask again."}}
	y.Request.Method = "GET"
	want = `t=0001-01-01T00:00:00.000Z id=1 endpoint="" method=GET path="" state=failed ms=0 in=0 err=LOCAL_REFUSED reason="it said \"no\"" remedy="Ask again."`
	if got := string(AppendExchange(nil, y)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestLogfmtQuoting(t *testing.T) {
	for in, want := range map[string]string{
		"plain/path?x&y": `v=plain/path?x&y`,
		"a=b":            `v="a=b"`,
		"":               `v=""`,
		"it's":           `v="it's"`,
		`back\slash`:     `v="back\\slash"`,
		"\xff":           `v="\\xff"`,
		"\u202e":         `v="\u202e"`,
		"\U000e0041":     `v="\udb40\udc41"`,
		"a\nb":           `v="a\nb"`,
		"ü世界":            `v=ü世界`,
		"no\u00a0break":  "v=\"no\u00a0break\"",
	} {
		if got := Logfmt(Pair{"v", in}); got != want {
			t.Errorf("%q: %s, want %s", in, got, want)
		}
	}
	if got := Logfmt(Pair{"a", "1"}, Pair{"b", "2 3"}); got != `a=1 b="2 3"` {
		t.Error(got)
	}
}

// A quoted value is a JSON string and gives back what was written; one without quotes stands for itself.
func FuzzLogfmt(f *testing.F) {
	for _, s := range []string{"", "a b", `"\`, "\x1b\n\t\r", "\u202e\U000e0041", "\xff", "a=b", "'"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		line := Logfmt(Pair{"v", s})
		checkSafe(t, line)
		value := strings.TrimPrefix(line, "v=")
		got := value
		if strings.HasPrefix(value, `"`) {
			if err := json.Unmarshal([]byte(value), &got); err != nil {
				t.Fatalf("%s: %v", value, err)
			}
		} else if value == "" || strings.ContainsAny(value, " =\"'\\") {
			t.Fatalf("without quotes: %s", value)
		}
		if utf8.ValidString(s) && got != s {
			t.Fatalf("%q came back as %q", s, got)
		}
	})
}
