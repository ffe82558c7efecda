package config

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// meaning is what a file says: its settings and endpoints, without where they stand.
func meaning(t *testing.T, text string) (settings map[string][]string, endpoints []Endpoint) {
	t.Helper()
	l, wrong := readFile("f", []byte(text))
	if len(wrong) > 0 {
		t.Fatalf("%q: %v", text, wrong)
	}
	settings = map[string][]string{}
	for _, v := range l.agent {
		settings[v.option.Name] = v.texts
	}
	for _, d := range l.endpoints {
		var m mistakes
		e := d.endpoint(&m)
		// Where and how it is written may differ. What must not is whether it may be started.
		if len(e.NotYet) > 0 {
			e.NotYet = []NotYet{{}}
		}
		e.Where, e.URL, e.Schemes, e.values = "", "", nil, nil
		endpoints = append(endpoints, e)
	}
	slices.SortFunc(endpoints, func(a, b Endpoint) int { return strings.Compare(a.Name, b.Name) })
	return settings, endpoints
}

func sameMeaning(t *testing.T, before, after string) {
	t.Helper()
	s1, e1 := meaning(t, before)
	s2, e2 := meaning(t, after)
	if diff := cmp.Diff(s1, s2, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%q -> %q: settings: %s", before, after, diff)
	}
	if diff := cmp.Diff(e1, e2, cmpopts.EquateEmpty(), cmpopts.IgnoreUnexported(Endpoint{})); diff != "" {
		t.Errorf("%q -> %q: endpoints: %s", before, after, diff)
	}
}

var versionTwo = []string{
	"version: 2\ncapture: # of all\n  max_size: 1gb\n  redact: {headers: [A], json: [$.b]}\nno_inspect: false\ntunnels: {a: {addr: 1}}\n",
	"version: 2\n\nauthtoken: x\n\n# a\n\n# b\ntunnels:\n\n  a:\n    addr: 1\n\n    metadata: |+\n      x\n\n  b: {addr: 2,\n\n    inspect: false}\n",
	"version: 2\n",
	"authtoken: x # kept\ntunnels:\n  web:\n    proto: http\n    addr: 80",
	"version: \"2\"\nauthtoken: x\nregion: us\n",
	"authtoken: x\nweb_addr: false\nroot_cas: trusted\nversion: 2\ntunnels:\n",
	"version: 2\ntunnels: {}\n",
	"version: 2\ntunnels: {web: {proto: http, addr: 80, hostname: a.example}, ssh: {proto: tcp, addr: 22}}\n",
	"version: 2\r\n# one\r\ntunnels:\r\n  # web\r\n  web:\r\n    addr: 80 # here\r\n",
	"version: 2\ntunnels:\n  a: &a\n    addr: 80\n    inspect: false\n  b:\n    <<: *a\n    subdomain: b\n  c:\n    addr: 3\n",
	"version: 2\ntunnels:\n  3:\n    addr: 3\n  true:\n    addr: 4\n  \"on\":\n    addr: 5\n    domain:\n",
	"version: 2\ntunnels:\n  a:\n    addr: 80\n    schemes:\n      - http # plain\n    metadata: |\n      two\n      lines\n    auth: user:password1\n",
	"version: 2\ntunnels:\n  a:\n    addr: 80\n    proto: tls\n    crt: a\n    key: a\n  b:\n    addr: 80\n    proto: tls\n    hostname: b\n    proxy_proto: \"2\"\n  c:\n    labels: [a=b]\n    addr: 1\n",
	"version: 2\ntunnels:\n  a:\n    addr: 80\n    host_header: rewrite\n    traffic_policy:\n      on_http_request:\n        - actions: [{type: deny}]\n    bind_tls: both\n",
}

// TestUpgrade: the file means what it meant, and every comment is there.
func TestUpgrade(t *testing.T) {
	for _, text := range versionTwo {
		after, _, err := Upgrade("f", []byte(text))
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		sameMeaning(t, string(dated([]byte(text))), string(after))
		for line := range strings.Lines(text) {
			if _, comment, ok := strings.Cut(line, "# "); ok && !strings.Contains(string(after), strings.TrimSpace(comment)) {
				t.Errorf("%q -> %q: lost %q", text, after, comment)
			}
		}
		if d, err := ParseDocument("f", after); err != nil || d.Get("version") != "3" {
			t.Errorf("%q -> %q: %v", text, after, err)
		}
		if strings.Count(text, "\r\n") > 0 && strings.Count(string(after), "\n") != strings.Count(string(after), "\r\n") {
			t.Errorf("%q -> %q: line ends", text, after)
		}
	}
}

func TestUpgradeRefuses(t *testing.T) {
	if _, _, err := Upgrade("f", []byte("version: 3\n")); !errors.Is(err, ErrCurrent) {
		t.Errorf("of version 3: %v", err)
	}
	for text, want := range map[string]string{
		"# nothing":            "f: there is nothing",
		"version: 2\nregon: x": "f:2: unknown key",
		"version: 2\ntunnels:\n  a: {addr: &p 80}\n  b: {addr: *p}\nweb_addr: &w \"false\"\nlog: *w\n":   "",
		"version: 2\ntunnels:\n  a: {addr: 80, metadata: &m \"false\"}\n  b: {addr: 81}\nweb_addr: *m\n": "f: the file cannot be rebuilt, most likely because of anchors",
	} {
		_, _, err := Upgrade("f", []byte(text))
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

func TestImport(t *testing.T) {
	text := "version: 2\nauthtoken: hunter2\napi_key: hunter3\nregion: eu\ntunnels:\n  a:\n    addr: 1\n"
	in, err := Import("f", []byte(text), false)
	if err != nil || strings.Contains(string(in.Text), "hunter") || !in.Token || in.Endpoints != 1 || !slices.Equal(in.LeftOut, []string{"api_key", "region"}) {
		t.Errorf("%+v, %v: %s", in, err, in.Text)
	}
	in, err = Import("f", []byte(text), true)
	if err != nil || !strings.Contains(string(in.Text), "authtoken: hunter2") || in.Token {
		t.Errorf("with its token: %+v, %v: %s", in, err, in.Text)
	}
	for before, want := range map[string]string{
		"version: 2\n":              "must be of version 3",
		"version: 3\ntunnels: {}\n": "f:2: the file has tunnels already",
		"version: 3\nagnt: 1\n":     "unknown key",
		"{version: 3}\n":            "nothing can be added at the end here",
		"# mine":                    "",
		"version: 3\nagent:\n  log: |\n    false\n": "",
	} {
		d, err := ParseDocument("f", []byte(before))
		if err != nil {
			t.Fatal(err)
		}
		err = d.AddEndpoints(in.Text)
		if (err == nil) != (want == "") || err != nil && (!strings.Contains(err.Error(), want) || string(d.Bytes()) != before) {
			t.Errorf("%q: %v, want %q; became %q", before, err, want, d.Bytes())
		}
		if err == nil && (!strings.HasPrefix(string(d.Bytes()), before) || !strings.Contains(string(d.Bytes()), "- name: a")) {
			t.Errorf("%q became %q", before, d.Bytes())
		}
	}
}

func TestWithoutSecrets(t *testing.T) {
	text, err := WithoutSecrets("f", []byte(`version: 3
agent:
  authtoken: hunter2 # mine
  api_key: env:KEY
  proxy_url: "http://me:hunter2@proxy:3128"
endpoints:
  - name: a
    upstream: {url: 1}
    basic_auth: ["user:hunter2hunter2", "cmd:echo hunter2"]
    traffic_policy: {on_http_request: [{actions: [{type: basic-auth, config: {credentials: [user:hunter2hunter2]}}]}]}
tunnels:
  b: {addr: 2, oauth: {client_secret: hunter2, client_id: public}}
`))
	if err != nil || strings.Contains(string(text), "hunter2") || strings.Count(string(text), mask) != 4 {
		t.Errorf("%v: %s", err, text)
	}
	for _, kept := range []string{"# mine", "env:KEY", "user:", "client_id: public", "http://…@proxy:3128", "{url: 1}"} {
		if !strings.Contains(string(text), kept) {
			t.Errorf("lost %q: %s", kept, text)
		}
	}
}

// TestUpgradeOlderWords: a key that has another name now is no reason to stay behind.
func TestUpgradeOlderWords(t *testing.T) {
	after, notices, err := Upgrade("f", []byte("version: 2\ntunnels:\n  a:\n    addr: 1\n    auth: user:password1 # mine\n    bind_tls: false\n"))
	want := "version: 3\nendpoints:\n  - name: a\n    url: http://\n    upstream:\n      url: 1\n    basic_auth: user:password1 # mine\n"
	if diff := cmp.Diff(want, string(after)); err != nil || len(notices) > 0 || diff != "" {
		t.Errorf("%v, %v; want -, got +:\n%s", notices, err, diff)
	}
}

// FuzzUpgrade: a file that is upgraded means what it meant; no other input brings it down.
func FuzzUpgrade(f *testing.F) {
	for _, text := range versionTwo {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if after, _, err := Upgrade("f", text); err == nil {
			sameMeaning(t, string(dated(text)), string(after))
			if strings.Contains(string(after), emptyLine) && !strings.Contains(string(text), emptyLine) {
				t.Errorf("%q -> %q", text, after)
			}
		}
		if in, err := Import("f", text, false); err == nil {
			if _, wrong := readFile("f", in.Text); len(wrong) > 0 {
				t.Errorf("%q -> %q: %v", text, in.Text, wrong)
			}
		}
		if _, err := WithoutSecrets("f", text); err != nil && strings.Contains(err.Error(), "yaml:") {
			t.Errorf("%q: %v", text, err)
		}
	})
}
