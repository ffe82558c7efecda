package config

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

var someKeys = []string{"domain", "http", "log-level", "trust-forwarded"}

func isList(key string) bool { return key == "trust-forwarded" }

func TestSettings(t *testing.T) {
	got, err := parseSettings("r.yml", []byte(`
version: 1
domain: tunnel.example.com
http: ":80" # all addresses
log-level:
trust-forwarded: [10.0.0.0/8, 192.0.2.1]
`), someKeys, isList)
	if err != nil {
		t.Fatal(err)
	}
	want := []Setting{{"domain", []string{"tunnel.example.com"}, "r.yml:3"}, {"http", []string{":80"}, "r.yml:4"},
		{"trust-forwarded", []string{"10.0.0.0/8", "192.0.2.1"}, "r.yml:6"}}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v", got)
	}
	if one, err := parseSettings("r.yml", []byte("version: 1\ntrust-forwarded: ::1\n"), someKeys, isList); err != nil || !slices.Equal(one[0].Values, []string{"::1"}) {
		t.Errorf("a list of one: %v, %v", one, err)
	}
}

// TestSettingsMistakes: each mistake has its line, and all are told at once.
func TestSettingsMistakes(t *testing.T) {
	for text, want := range map[string]string{
		"":                                     `r.yml:1: the file is empty`,
		"# nothing\n":                          `r.yml:1: the file is empty`,
		"- a\n":                                `r.yml:1: must hold keys and values`,
		"domain: a\n":                          `r.yml:1: version: is missing; write "version: 1"`,
		"version: 2\n":                         `r.yml:1: version: "2" is no version that this program knows; it knows 1`,
		"version: 1\n\ndomian: a\n":            `r.yml:3: unknown key "domian" (did you mean "domain"?)`,
		"version: 1\nhttp: a\nhttp: b\n":       `r.yml:3: http stands already in line 2`,
		"version: 1\nhttp: [a]\n":              `r.yml:2: http: must be one value, and is a list`,
		"version: 1\nhttp: {a: b}\n":           `r.yml:2: http: must be one value`,
		"version: 1\ntrust-forwarded:\n- a\n-": `r.yml:4: trust-forwarded: an element of the list is empty`,
		"version: 1\nhttp: :80\n  x: y\n":      `r.yml:3: `,
		"version: 1\n---\nversion: 1\n":        `r.yml:2: a second document`,
		"version: 3\nfoo: 1\nhttp: []\n":       "r.yml:1: version: \"3\" is no version that this program knows; it knows 1\nr.yml:2: unknown key \"foo\"\nr.yml:3: http: must be one value, and is a list",
	} {
		if _, err := parseSettings("r.yml", []byte(text), someKeys, isList); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

// FuzzSettings: no text breaks the reader, and every setting that it returns is one that is known.
func FuzzSettings(f *testing.F) {
	f.Add([]byte("version: 1\ndomain: a\ntrust-forwarded: [b, c]\n"))
	f.Add([]byte("a: &a [*a]\nversion: 1\n<<: {domain: x}\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		all, err := parseSettings("r.yml", text, someKeys, isList)
		for _, s := range all {
			if !slices.Contains(someKeys, s.Key) || err == nil && len(s.Values) == 0 && !isList(s.Key) {
				t.Errorf("%+v", s)
			}
		}
	})
}
