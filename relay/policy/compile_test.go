package policy_test

import (
	"net/netip"
	"strings"
	"testing"
	"unicode"

	"github.com/adit-tunnel/adit/http1"
	"github.com/adit-tunnel/adit/relay/policy"
)

// rule is a policy of one rule with one action.
func rule(phase, typ, config string) string {
	return `{"` + phase + `":[{"actions":[{"type":"` + typ + `","config":` + config + `}]}]}`
}

func auth(config string) string { return rule("on_http_request", "basic-auth", config) }
func ips(config string) string  { return rule("on_tcp_connect", "restrict-ips", config) }

func TestCompileErrors(t *testing.T) {
	long := strings.Repeat("x", 129)
	for _, tt := range []struct{ text, want string }{
		{"", "the policy is empty"},
		{"# nothing", "the policy is empty"},
		{"[", "this is neither YAML nor JSON"},
		{"a: {}\n---\nb: {}", "line 2: a policy is one document"},
		{"[]", "this must hold keys and values"},
		{"on_http_reqest: []", "on_http_reqest: no such phase"},
		{"on_http_response: []", "on_http_response: this phase is not yet offered"},
		{"on_http_request: []\n\t}", "line 2: this is neither YAML nor JSON"},
		{"inbound: []", "inbound: the phase is called on_http_request now"},
		{"on_http_request: {}", "on_http_request: this must be a list"},
		{"on_http_request: []\non_http_request: []", "line 2: on_http_request: this key stands here already"},
		{"on_http_request: [{}]", "on_http_request, rule 1: the rule has no actions"},
		{"on_http_request:\n- actions: [{type: restrict-ips, config: {deny: [10.0.0.0/8]}}]\n- name: x\n  expressions: ['true']\n  actions: []",
			"line 4: on_http_request, rule 2, expressions: expressions are not yet offered"},
		{`{"on_http_request":[{"actions":[{"type":"add-headers"}]}]}`, `on_http_request, rule 1, action 1 ("add-headers"): this action is not yet offered`},
		{`{"on_http_request":[{"actions":[{"type":"basic_auth"}]}]}`, `action 1 ("basic_auth"): no such action`},
		{`{"on_http_request":[{"actions":[{"type":"basic-auth"}]}]}`, `action 1 ("basic-auth"): the action has no config`},
		{`{"on_http_request":[{"actions":[{"config":{}}]}]}`, "rule 1, action 1: the action has no type"},
		{`{"on_http_request":[{"when":1}]}`, "rule 1, when: no such key"},
		{rule("on_tcp_connect", "basic-auth", `{"credentials":["u:12345678"]}`), "cannot stand in on_tcp_connect, only in on_http_request"},
		{auth(`{}`), "no credentials"},
		{auth(`{"credentials":[]}`), "no credentials"},
		{auth(`{"credentials":"u:12345678"}`), "credentials: this must be a list"},
		{auth(`{"credentials":["secret-a","x"]}`), `credentials, entry 1: there is no ":" in it`},
		{auth(`{"credentials":["u:1234567"]}`), "entry 1: the password has 7 characters; it must have 8 to 128"},
		{auth(`{"credentials":["u:` + long + `"]}`), "the password has 129 characters"},
		{auth(`{"credentials":["` + long + `:12345678"]}`), "the user name has 129 characters"},
		{auth(`{"credentials":["u:1234\n5678"]}`), "a control character"},
		{"on_http_request: [{actions: [{type: basic-auth, config: {credentials: [u: secret-b]}}]}]", `entry 1: this must be a text: "user:password", in quotes`},
		{auth(`{"credentials":[` + strings.Repeat(`"u:12345678",`, 10) + `"u:12345678"]}`), "11 entries; at most 10"},
		{auth(`{"credentials":["u:12345678"],"realm":"ü"}`), "realm: a realm is at most 128 printable ASCII"},
		{auth(`{"credentials":["u:12345678"],"enforce":"no"}`), "enforce: this must be true or false"},
		{auth(`{"credentials":["u:12345678"],"users":[]}`), "users: no such key"},
		{ips(`{}`), "there is nothing in allow and deny"},
		{ips(`{"allow":[],"deny":null}`), "there is nothing in allow and deny"},
		{ips(`{"allow":["10.0.0.0/33"]}`), `allow, entry 1: "10.0.0.0/33" is no address and no network`},
		{ips(`{"allow":["::ffff:10.0.0.0/8"]}`), "is no address and no network"},
		{ips(`{"allow":["fe80::1%eth0"]}`), "is no address and no network"},
		{ips(`{"allow":["localhost"]}`), "is no address and no network"},
		{ips(`{"deny":["10.0.0.1"],"ip_policies":["x"]}`), "ip_policies: lists that are kept elsewhere are not yet offered"},
		{"on_tcp_connect: [{actions: [*secret-c]}]", "this is neither YAML nor JSON"},
	} {
		_, err := policy.Compile(tt.text)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s:\n%v\nwant %s", tt.text, err, tt.want)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: the error tells a secret: %v", tt.text, err)
		}
	}
}

// TestYAML: the same policy in YAML, with a name.
func TestYAML(t *testing.T) {
	p, err := policy.Compile(`
on_tcp_connect:
  - actions:
      - type: restrict-ips
        config: {enforce: true, allow: [203.0.113.0/24], deny: []}
on_http_request:
  - name: people
    expressions: []
    actions:
      - type: basic-auth
        config:
          realm: 'a "b" \'
          credentials: ["ann:correct horse", 'bob:battery:staple']
`)
	if err != nil {
		t.Fatal(err)
	}
	out, in := netip.MustParseAddr("198.51.100.1"), netip.MustParseAddr("203.0.113.9")
	check(t, p, out, "", "restrict-ips: the address is not among the allowed (on_tcp_connect, rule 1)")
	check(t, p, in, "", `basic-auth: no user name and password (on_http_request, rule 1 "people")`)
	check(t, p, in, basic("bob:battery:staple"), "")
	err = p.Request(facts(in, ""))
	if r, ok := err.(*policy.Rejection); !ok || r.Header != "WWW-Authenticate: Basic realm=\"a \\\"b\\\" \\\\\", charset=\"UTF-8\"\r\n" {
		t.Errorf("%+v", err)
	}
}

// TestNothingToEnforce: what enforces nothing lets everything pass, and so does no policy.
func TestNothingToEnforce(t *testing.T) {
	var none *policy.Policy
	check(t, none, netip.Addr{}, "", "")
	for _, text := range []string{
		"{}", "on_http_request: []", "on_http_request:",
		auth(`{"credentials":["u:12345678"],"enforce":false}`), ips(`{"deny":["0.0.0.0/0"],"enforce":false}`),
	} {
		check(t, compile(t, text), netip.MustParseAddr("203.0.113.9"), "", "")
	}
}

func TestSame(t *testing.T) {
	a, b, again := compile(t, "{}"), compile(t, "{} "), compile(t, "{}")
	var none *policy.Policy
	if !a.Same(again) || a.Same(b) || a.Same(none) || none.Same(a) || !none.Same(nil) {
		t.Error("Same is not about the text")
	}
}

func compile(t testing.TB, text string) *policy.Policy {
	t.Helper()
	p, err := policy.Compile(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return p
}

// facts are those of a request with these lines beside Host.
func facts(client netip.Addr, lines string) *policy.Facts {
	f := &policy.Facts{Client: client, Request: new(http1.Request)}
	if _, err := f.Request.Parse([]byte("GET /a HTTP/1.1\r\nHost: app.test\r\n" + lines + "\r\n")); err != nil {
		panic(err)
	}
	return f
}

// check runs p; want is the reason of the rejection, "" for none.
func check(t *testing.T, p *policy.Policy, client netip.Addr, lines, want string) {
	t.Helper()
	got := ""
	if err := p.Request(facts(client, lines)); err != nil {
		got = err.Error()
	}
	if got != want {
		t.Errorf("%v %q: %q, want %q", client, lines, got, want)
	}
}

// FuzzCompile: no text makes Compile or a policy fall over, and what is wrong is told in one line that is safe for a terminal.
func FuzzCompile(f *testing.F) {
	f.Add("on_http_request:\n- name: x\n  actions:\n  - type: basic-auth\n    config: {credentials: ['u:12345678'], realm: r, enforce: true}\n")
	f.Add(ips(`{"allow":["10.0.0.0/8","::1","::ffff:1.2.3.4/120"],"deny":["10.0.0.1"]}`))
	f.Add("a: &a [*a, *a]\n---\n? {b: c}\n: \"\\u009b\"")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := policy.Compile(text)
		if err != nil {
			if p != nil || strings.ContainsFunc(err.Error(), unicode.IsControl) {
				t.Errorf("%q", err)
			}
			return
		}
		switch r := p.Request(facts(netip.MustParseAddr("203.0.113.9"), "Authorization: Basic dTp4\r\n")).(type) {
		case nil:
		case *policy.Rejection:
			if r.Action == "" || strings.ContainsFunc(r.Reason, unicode.IsControl) || r.Header != "" && !strings.HasSuffix(r.Header, "\r\n") {
				t.Errorf("%+v", r)
			}
		default:
			t.Errorf("%T", r)
		}
	})
}
