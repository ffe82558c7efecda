package config

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestSetAgent: only the wanted lines differ.
func TestSetAgent(t *testing.T) {
	for name, x := range map[string][2]string{
		"nothing":              {"", "version: 3\nagent:\n  authtoken: new\n"},
		"comments alone":       {"# mine", "# mine\nversion: 3\nagent:\n  authtoken: new\n"},
		"document mark":        {"---\n# mine\n", "---\n# mine\nversion: 3\nagent:\n  authtoken: new\n"},
		"version alone":        {"version: 3\n", "version: 3\nagent:\n  authtoken: new\n"},
		"no line end":          {"version: 3", "version: 3\nagent:\n  authtoken: new\n"},
		"agent empty":          {"version: 3\nagent:\n\nendpoints: []\n", "version: 3\nagent:\n  authtoken: new\n\nendpoints: []\n"},
		"agent empty, comment": {"version: 3\nagent: # me\n  # relay: x", "version: 3\nagent: # me\n  authtoken: new\n  # relay: x"},
		"agent last":           {"version: 3\nagent:", "version: 3\nagent:\n  authtoken: new\n"},
		"agent braces":         {"version: 3\nagent: {} # none\n", "version: 3\nagent: {authtoken: new} # none\n"},
		"agent null":           {"agent: ~ # none\nversion: 3\n", "agent: {authtoken: new} # none\nversion: 3\n"},
		"agent flow":           {"{version: 3, agent: {relay: \"é\"}}", "{version: 3, agent: {authtoken: new, relay: \"é\"}}"},
		"flow without agent":   {"{version: 3}\n", "{agent: {authtoken: new}, version: 3}\n"},
		"beside another": {
			"# head\nversion: 3 # three\n\nagent:\n    # where it is\n    relay: a:1\n\n# tail\n",
			"# head\nversion: 3 # three\n\nagent:\n    authtoken: new\n    # where it is\n    relay: a:1\n\n# tail\n",
		},
		"plain":      {"version: 3\nagent:\n  authtoken: old   # mine\n  relay: x\n", "version: 3\nagent:\n  authtoken: new   # mine\n  relay: x\n"},
		"quoted":     {"version: 3\nagent:\n  authtoken: \"o\\\"l#d\"   # mine\n", "version: 3\nagent:\n  authtoken: new   # mine\n"},
		"apostrophe": {"version: 3\nagent:\n  authtoken: 'it''s'\n", "version: 3\nagent:\n  authtoken: new\n"},
		"two lines":  {"version: 3\nagent:\n  authtoken: \"ol\n    d\" # mine\n", "version: 3\nagent:\n  authtoken: new # mine\n"},
		"block": {
			"version: 3\nagent:\n  authtoken: |\n    old\n\n    older\n\n  # the relay\n  relay: x\n",
			"version: 3\nagent:\n  authtoken: new\n\n  # the relay\n  relay: x\n",
		},
		"block at the end": {"version: 3\nagent:\n  authtoken: >-\n    old", "version: 3\nagent:\n  authtoken: new\n"},
		"empty value":      {"version: 3\nagent:\n  authtoken: # none yet\n", "version: 3\nagent:\n  authtoken: new # none yet\n"},
		"null value":       {"version: 3\nagent:\n  authtoken: null # none yet\n", "version: 3\nagent:\n  authtoken: new # none yet\n"},
		"alias":            {"version: 3\nagent:\n  relay: &r x\n  authtoken: *r # oh\n", "version: 3\nagent:\n  relay: &r x\n  authtoken: new # oh\n"},
		"flow, letters":    {"{é: ö, agent: {authtoken: old}, version: 3}", "{é: ö, agent: {authtoken: new}, version: 3}"},
		"other line ends":  {"version: 3\r\nagent:\r\n  relay: x\r\n", "version: 3\r\nagent:\r\n  authtoken: new\r\n  relay: x\r\n"},
		"lone CRs":         {"version: 3\r# mine\ragent:\r  authtoken: old # c\r  relay: x\r", "version: 3\r# mine\ragent:\r  authtoken: new # c\r  relay: x\r"},
		"breaks in texts, around it": {
			"description: \"a\u2028b\u0085c\u2029d\"\nversion: 3\nagent:\n  authtoken: >\n    old\nmetadata: \"a\u2028b\"\n",
			"description: \"a\u2028b\u0085c\u2029d\"\nversion: 3\nagent:\n  authtoken: new\nmetadata: \"a\u2028b\"\n",
		},
		"byte order mark": {"\ufeffversion: 3\nagent:\n  authtoken: old\n", "\ufeffversion: 3\nagent:\n  authtoken: new\n"},
		"no version": {
			"# head\n\n# the agent\nagent:\n  relay: x\n", "# head\n\nversion: 3\n# the agent\nagent:\n  authtoken: new\n  relay: x\n",
		},
		"version null":   {"version:\nagent:\n  relay: x\n", "version: 3\nagent:\n  authtoken: new\n  relay: x\n"},
		"indented":       {"  version: 3\n", "  version: 3\n  agent:\n    authtoken: new\n"},
		"second version": {"version: \"2\"\nregion: us # near\n", "version: \"2\"\nregion: us # near\nauthtoken: new\n"},
		"second, there":  {"authtoken: old\nversion: 2\ntunnels:\n  authtoken:\n    addr: 1\n", "authtoken: new\nversion: 2\ntunnels:\n  authtoken:\n    addr: 1\n"},
		"before it":      {"authtoken: old\n", "version: 2\nauthtoken: new\n"},
		"below a list":   {"version: 3\nendpoints:\n- name: a\n  upstream:\n    url: 1\n", "version: 3\nendpoints:\n- name: a\n  upstream:\n    url: 1\nagent:\n  authtoken: new\n"},
	} {
		t.Run(name, func(t *testing.T) {
			d, err := ParseDocument("adit.yml", []byte(x[0]))
			if err != nil {
				t.Fatal(err)
			}
			if err := d.SetAgent("authtoken", "new"); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(x[1], string(d.Bytes())); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
			if d.Agent("authtoken") != "new" {
				t.Errorf("reads back %q", d.Agent("authtoken"))
			}
		})
	}
}

// TestSetAgentRefuses: what cannot be changed in place is left alone and said, with its line and without the value.
func TestSetAgentRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"version: 3\nagent: [1]\n":                                     "adit.yml:2: agent must hold keys and values",
		"version: 3\nagent:\n  authtoken: [old]\n":                     "adit.yml:3: authtoken holds more than one value",
		"version: 3\nagent:\n  authtoken: ol\n    d\n":                 "adit.yml:3: authtoken is written over several lines",
		"version: 3\nagent:\n  authtoken: | # mine\n   d\n":            "adit.yml:3: authtoken is written over several lines",
		"version: 3\nagent:\n  authtoken: &a old\n  x: *a":             "adit.yml:3: authtoken",
		"version: 3\nagent: &a {relay: x}\nb: *a\n":                    "adit.yml:2: authtoken cannot be added here",
		"version: 3\n---\nversion: 3\n":                                "adit.yml:4: agent.authtoken cannot be written in place here",
		"version: 3\nagent:\n  a: 1\n  authtoken: x\n  authtoken: y\n": "adit.yml:4: agent.authtoken",
	} {
		d, err := ParseDocument("adit.yml", []byte(text))
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		err = d.SetAgent("authtoken", "hunter2")
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "adit config edit") {
			t.Errorf("%q: error %v, want %q", text, err, want)
		}
		if string(d.Bytes()) != text || err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: became %q, error %v", text, d.Bytes(), err)
		}
	}
}

func TestScalar(t *testing.T) {
	for value, want := range map[string]string{
		"2abc_DEF-9": "2abc_DEF-9", "env:TOKEN": "env:TOKEN", "file:/a/b": "file:/a/b", "a:1": "a:1",
		"true": `"true"`, "123": `"123"`, "1e3": `"1e3"`, "": `""`, "null": `"null"`, "~": `"~"`, "a b": `"a b"`, "a, b": `"a, b"`, "2026-01-01": `"2026-01-01"`,
		"*x": `"*x"`, "a: b": `"a: b"`, "a #b": `"a #b"`, `it"s`: `"it\"s"`, "cmd:pass <x>": `"cmd:pass <x>"`, "a:": `"a:"`, "ü": `"ü"`,
	} {
		if got := scalar(value); got != want {
			t.Errorf("scalar(%q) = %s, want %s", value, got, want)
		}
	}
}

func TestEditFile(t *testing.T) {
	dir := t.TempDir()
	set := func(d *Document) error { return d.SetAgent("authtoken", "new") }
	check := func(path, want string) {
		t.Helper()
		got, err := os.ReadFile(path)
		if err != nil || string(got) != want {
			t.Errorf("%s holds %q (%v), want %q", path, got, err, want)
		}
		if info, err := os.Stat(path); err == nil && runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
	}
	fresh := filepath.Join(dir, "a", "b", "adit.yml")
	if err := EditFile(fresh, set); err != nil {
		t.Fatal(err)
	}
	check(fresh, "version: 3\nagent:\n  authtoken: new\n")
	if info, err := os.Stat(filepath.Join(dir, "a")); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o700 {
		t.Errorf("the folder: %v, %v", info.Mode(), err)
	}

	target, link := filepath.Join(dir, "real.yml"), filepath.Join(dir, "a", "link.yml")
	if err := os.WriteFile(target, []byte("version: 3 # x\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("../real.yml", link); err != nil {
		t.Skip("no symbolic links here:", err)
	}
	if err := EditFile(link, set); err != nil {
		t.Fatal(err)
	}
	check(target, "version: 3 # x\nagent:\n  authtoken: new\n")
	if to, err := os.Readlink(link); err != nil || to != "../real.yml" {
		t.Errorf("the link became %q (%v)", to, err)
	}

	if err := os.WriteFile(target, []byte("version: 3\n\tagent:\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := EditFile(link, set); err == nil || !strings.Contains(err.Error(), "link.yml:2: ") {
		t.Errorf("a file that is no YAML: %v", err)
	}
	check(target, "version: 3\n\tagent:\n")
	if err := WriteFile(dir, []byte("x")); err == nil || !strings.Contains(err.Error(), "is no plain file") {
		t.Errorf("in place of a folder: %v", err)
	}
	left, err := filepath.Glob(filepath.Join(dir, "a", "*"))
	if err != nil || len(left) != 2 {
		t.Errorf("left behind: %v (%v)", left, err)
	}
}

// FuzzSet: whatever the file, a change that goes through keeps every byte before and behind one place, adds nothing that means
// something else, and reads back; one that does not leaves the file alone.
func FuzzSet(f *testing.F) {
	for _, s := range []string{
		"", "version: 3\nagent:\n  authtoken: old # c\n", "{version: 3, agent: {authtoken: 'x'}}", "agent: |\n  x\n", "? agent\n: authtoken: >\n   x\n",
		"version: 2\nauthtoken: &a x\nb: *a\n", "a: \"x\r\n y\"\r\nagent: !!map\n  authtoken:\n", "\ufeff---\nagent: \u2028 authtoken: x\n", "- a\n", "version: 3\nagent:\n  authtoken: - x\n",
		"? agent\r: authtoken: >\n   : >\n   8\n",
	} {
		f.Add([]byte(s), "tok:en")
	}
	f.Fuzz(func(t *testing.T, text []byte, value string) {
		d, err := ParseDocument("f", text)
		if err != nil {
			return
		}
		before := string(text)
		root := d.root
		if err := d.Set(value, "agent", "authtoken"); err != nil {
			if string(d.Bytes()) != before {
				t.Fatalf("refused, yet changed: %q -> %q", before, d.Bytes())
			}
			return
		}
		after := string(d.Bytes())
		d, err = ParseDocument("f", []byte(after))
		if err != nil || !changedOnly(root, d.root, []string{"agent", "authtoken"}, value) {
			t.Fatalf("%q -> %q: %v", before, after, err)
		}
		for _, line := range strings.Split(before, "\n") {
			comment := strings.TrimSpace(line)
			if strings.HasPrefix(comment, "#") && !strings.Contains(before, "authtoken") && !strings.Contains(after, comment) {
				t.Fatalf("%q -> %q: lost %q", before, after, comment)
			}
		}
	})
}
