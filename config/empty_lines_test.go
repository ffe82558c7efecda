package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestUpgradeKeepsEmptyLines: they part the new file as they parted the old one.
func TestUpgradeKeepsEmptyLines(t *testing.T) {
	for name, x := range map[string][2]string{
		"none":     {"version: 2\nauthtoken: x\ntunnels:\n  a:\n    addr: 1\n", "version: 3\nagent:\n  authtoken: x\nendpoints:\n  - name: a\n    upstream:\n      url: 1\n"},
		"sections": {"version: 2\n\nauthtoken: x\n\n\ntunnels:\n  a:\n    addr: 1\n", "version: 3\n\nagent:\n  authtoken: x\n\nendpoints:\n  - name: a\n    upstream:\n      url: 1\n"},
		"above a comment": {"version: 2\nauthtoken: x\n\n# one\n# two\nlog: \"false\"\n# three\n\n# four\nlog_level: info\n",
			"version: 3\nagent:\n  authtoken: x\n\n  # one\n  # two\n  log: \"false\"\n  # three\n\n  # four\n  log_level: info\n"},
		"the first of a section goes without": {"tunnels:\n\n  a:\n\n    addr: 1\n", "version: 3\nendpoints:\n  - name: a\n\n    upstream:\n      url: 1\n"},
		"between endpoints": {"version: 2\ntunnels:\n  a:\n    addr: 1\n\n  # the second\n  b:\n    addr: 2\n    basic_auth: ['user:password1']\n\n    inspect: false\n",
			"version: 3\nendpoints:\n  - name: a\n    upstream:\n      url: 1\n\n  # the second\n  - name: b\n    upstream:\n      url: 2\n    basic_auth: ['user:password1']\n\n    inspect: false\n"},
		"what stays": {"version: 2\ntunnels:\n  a:\n    addr: 1\n\n    oauth:\n      provider: google\n\n      scopes:\n        - a\n\n        - b\n",
			"version: 3\ntunnels:\n  a:\n    addr: 1\n\n    oauth:\n      provider: google\n\n      scopes:\n        - a\n\n        - b\n"},
		"of texts": {"version: 2\nmetadata: |\n  a\n\n  b\n\nlog_level: info\n", "version: 3\nagent:\n  metadata: |\n    a\n\n    b\n\n  log_level: info\n"},
		"below a text that keeps its own": {"version: 2\nmetadata: |+\n  a\n\nlog_level: info\n\nauthtoken: x\n",
			"version: 3\nagent:\n  metadata: |+\n    a\n\n  log_level: info\n\n  authtoken: x\n"},
		"other line ends":   {"version: 2\r\n\r\nauthtoken: x\r\n\r\nlog_level: info\r\n", "version: 3\r\n\r\nagent:\r\n  authtoken: x\r\n\r\n  log_level: info\r\n"},
		"in braces":         {"version: 2\ntunnels: {a: {addr: 1},\n\n  b: {addr: 2}}\n", "version: 3\nendpoints:\n  - name: a\n    upstream:\n      url: 1\n\n  - name: b\n    upstream:\n      url: 2\n"},
		"a comment as ours": {"version: 2\n\n" + emptyLine + "\nauthtoken: x\n", "version: 3\nagent:\n  " + emptyLine + "\n  authtoken: x\n"},
	} {
		after, _, err := Upgrade("f", []byte(x[0]))
		if diff := cmp.Diff(x[1], string(after)); err != nil || diff != "" {
			t.Errorf("%s: %v; want -, got +:\n%s", name, err, diff)
		}
	}
}

// TestWithoutSecretsKeepsEmptyLines: what is shown of an upgrade looks as what is written.
func TestWithoutSecretsKeepsEmptyLines(t *testing.T) {
	text := "version: 3\n\nagent:\n  log_level: info\n\n  # mine\n  authtoken: hunter2\n"
	shown, err := WithoutSecrets("f", []byte(text))
	if diff := cmp.Diff(strings.Replace(text, "hunter2", mask, 1), string(shown)); err != nil || diff != "" {
		t.Errorf("%v; want -, got +:\n%s", err, diff)
	}
}
