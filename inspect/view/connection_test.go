package view

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/inspect"
)

func connection(state inspect.State) *inspect.Exchange {
	return &inspect.Exchange{
		ID: "c", Kind: inspect.TLS, Endpoint: "db", State: state, Start: time.Unix(1700000000, 0).UTC(), Duration: 192 * time.Second, Connect: 2 * time.Second, Tries: 1,
		Client:   netip.MustParseAddrPort("203.0.113.7:52144"),
		Request:  inspect.Request{Host: "db.example\x1b.com", Message: inspect.Message{Size: 12595}},
		Response: &inspect.Response{Message: inspect.Message{Size: 4 << 20}},
	}
}

func TestConnection(t *testing.T) {
	x := connection(inspect.Done)
	if what, of := Title(x); what != "TLS" || of != "db.example\x1b.com · 203.0.113.7:52144 · 12.3 KiB ↑ 4 MiB ↓" {
		t.Error(what, of)
	}
	var facts []string
	for _, f := range Facts(inspect.Item{Exchange: x}) {
		facts = append(facts, f.Label+": "+f.Value)
	}
	got := strings.Join(facts, "\n")
	for _, want := range []string{
		"Connection: tls\nServer name: db.example\\x1b.com\nState: closed\nEndpoint: db\nClient: 203.0.113.7:52144\n",
		"Took: 3 min 12 s\nPassed: 12.3 KiB from the visitor, 4 MiB from the service\nContent: adit counts the bytes of tls connections and keeps none of them\nID: c",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("facts:\n%s\nwant\n%s", got, want)
		}
	}
	if got := fmt.Sprint(Timing(x)); got != "[{connect 0s 2s dialling the local service} {open 2s 3m10s bytes both ways}]" {
		t.Error(got)
	}
	x.Response = nil
	if got := fmt.Sprint(Timing(x)); got != "[{connect 0s 3m12s dialling the local service}]" {
		t.Error(got)
	}
}

func TestConnectionStatus(t *testing.T) {
	for state, want := range map[inspect.State]string{inspect.Pending: "", inspect.Open: "open", inspect.Done: "closed", inspect.Interrupted: "interrupted"} {
		if got := Status(connection(state)); got != want {
			t.Errorf("%v: %q", state, got)
		}
	}
	x := connection(inspect.Failed)
	x.Failure = &inspect.Failure{Name: "LOCAL_RESET"}
	if got := Status(x); got != "LOCAL_RESET" {
		t.Error(got)
	}
}

func TestTry(t *testing.T) {
	for url, want := range map[string]string{
		"": "", "https://a.example.com": "curl https://a.example.com", "tcp://relay.example.com:20022": "nc relay.example.com 20022",
		"tls://db.example.com":        "openssl s_client -servername db.example.com -connect db.example.com:443",
		"tls://db.example.com:8443":   "openssl s_client -servername db.example.com -connect db.example.com:8443",
		"tcp://[2001:db8::1]:20022":   "nc 2001:db8::1 20022",
		"tcp://x\x1b]0;evil\a.com:22": `nc x\x1b]0;evil\x07.com:22`,
	} {
		if got := Try(url); got != want {
			t.Errorf("%q: %q, want %q", url, got, want)
		}
	}
}
