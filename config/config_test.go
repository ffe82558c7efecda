package config

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
)

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "adit.yml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestLayers(t *testing.T) {
	path := write(t, "version: 3\nagent:\n  relay: file.example:1\n  authtoken: from-file\n  give_up: 5m\n")
	c, err := Load(Sources{
		Files:   []string{path},
		Environ: []string{"ADIT_AUTHTOKEN=from-env", "ADIT_LOG_LEVEL=debug", "HOME=/nowhere"},
		Flags:   map[string][]string{"log-level": {"warn"}, "unrelated": {"x"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct{ name, got, want, origin string }{
		{"relay", c.Relay, "file.example:1", "file " + path + ":3"},
		{"authtoken", c.Authtoken, "from-env", "env ADIT_AUTHTOKEN"},
		{"log-level", c.LogLevel, "warn", "flag --log-level"},
		{"web-addr", c.WebAddr, "127.0.0.1:4040", "default"},
	} {
		if x.got != x.want || c.Origin(x.name) != x.origin {
			t.Errorf("%s = %q from %q, want %q from %q", x.name, x.got, c.Origin(x.name), x.want, x.origin)
		}
	}
	if c.GiveUp != 5*time.Minute {
		t.Errorf("give-up = %v", c.GiveUp)
	}
	if c.NoTUI != Unset {
		t.Errorf("no-tui = %v, want it left open", c.NoTUI)
	}
}

// TestNothingWritten: a key without a value is as good as none, and so is a section whose lines are all comments.
func TestNothingWritten(t *testing.T) {
	for _, text := range []string{"version: 3\nagent:\n  # relay: x\n", "version: 3\nagent:\n  relay: ~\n  web_addr:\n  log_level: null\n"} {
		c, err := Load(Sources{User: write(t, text)})
		if err != nil {
			t.Errorf("%q: %v", text, err)
		}
		if c.Relay != "" || c.WebAddr != "127.0.0.1:4040" || c.LogLevel != "info" || c.Origin("web-addr") != "default" {
			t.Errorf("%q: %+v", text, c)
		}
	}
}

func TestRelayDefaultPort(t *testing.T) {
	for in, want := range map[string]string{
		"tunnel.example.com":       "tunnel.example.com:4443",
		"tunnel.example.com:9000":  "tunnel.example.com:9000",
		"[::1]":                    "[::1]:4443",
		"[::1]:7":                  "[::1]:7",
		"WSS://tunnel.example.com": "WSS://tunnel.example.com",
	} {
		c, err := Load(Sources{Flags: map[string][]string{"relay": {in}}})
		if err != nil || c.Relay != want {
			t.Errorf("relay %q: %q, %v; want %q", in, c.Relay, err, want)
		}
	}
}

func TestMistakes(t *testing.T) {
	for name, x := range map[string]struct {
		file string
		s    Sources
		want []string
	}{
		"unknown key":      {file: "version: 3\nagent:\n  authtokn: x\n", want: []string{`:3: unknown key "authtokn"`, `did you mean "authtoken"?`}},
		"unknown top":      {file: "version: 3\nagents:\n", want: []string{`:2: unknown key "agents"`, `did you mean "agent"?`}},
		"no version":       {file: "agent: {}\n", want: []string{`the line "version: 3" is missing`}},
		"other version":    {file: "version: 4\n", want: []string{`:1: version "4"`}},
		"twice":            {file: "version: 3\nagent:\n  relay: a:1\n  relay: b:1\n", want: []string{":4: relay stands already in line 3"}},
		"not yaml":         {file: "version: 3\n\t- x\n", want: []string{":2: found a tab"}},
		"a list":           {file: "- 1\n", want: []string{":1: the file must hold keys and values"}},
		"bad value":        {file: "version: 3\nagent:\n  log_level: loud\n", want: []string{":3: log_level", "debug, info, warn, error"}},
		"all at once":      {s: Sources{Environ: []string{"ADIT_WEB_ADDR=4040"}, Flags: map[string][]string{"give-up": {"soon"}}}, want: []string{"env ADIT_WEB_ADDR: ", "flag --give-up"}},
		"missing file":     {s: Sources{Files: []string{"/does/not/exist.yml"}}, want: []string{"configuration file", "exist.yml"}},
		"pin without":      {s: Sources{Flags: map[string][]string{"relay-pin": {"sha256:" + strings.Repeat("a", 64)}}}, want: []string{"flag --relay-pin", "without --relay"}},
		"bad pin":          {s: Sources{Flags: map[string][]string{"relay": {"a:1"}, "relay-pin": {"sha256:abc"}}}, want: []string{"64 hexadecimal digits"}},
		"relay is an URL":  {s: Sources{Flags: map[string][]string{"relay": {"https://a"}}}, want: []string{"HOST:PORT"}},
		"relay's port":     {s: Sources{Flags: map[string][]string{"relay": {"a:http"}}}, want: []string{"no port number"}},
		"web on all hosts": {s: Sources{Flags: map[string][]string{"web-addr": {":4040"}}}, want: []string{"name the host"}},
	} {
		t.Run(name, func(t *testing.T) {
			if x.file != "" {
				x.s.User = write(t, x.file)
			}
			_, err := Load(x.s)
			if err == nil {
				t.Fatal("no error")
			}
			for _, w := range x.want {
				if !strings.Contains(err.Error(), w) {
					t.Errorf("error %q does not say %q", err, w)
				}
			}
		})
	}
}

// TestWrongRelay: a relay that is wrong is not one that is missing.
func TestWrongRelay(t *testing.T) {
	_, err := Load(Sources{Flags: map[string][]string{"relay": {"a/b"}, "relay-pin": {"sha256:" + strings.Repeat("a", 64)}}})
	if err == nil || !strings.HasPrefix(err.Error(), "flag --relay: ") || strings.Contains(err.Error(), "\n") {
		t.Errorf("%v", err)
	}
}

// TestMergeBomb: a few lines that would make millions of keys are refused, once.
func TestMergeBomb(t *testing.T) {
	text := "version: 2\ntunnels:\n  a: &a {addr: 80, proto: http, inspect: false, metadata: x}\n"
	for i := range 2000 {
		text += fmt.Sprintf("  b%d: {<<: [%s*a]}\n", i, strings.Repeat("*a, ", 20))
	}
	_, err := Load(Sources{User: write(t, text)})
	if err == nil || strings.Count(err.Error(), "more than 10000 keys are merged in this file") != 1 {
		t.Errorf("got %.300v", err)
	}
}

func TestUnknownVariableIsANotice(t *testing.T) {
	c, err := Load(Sources{Environ: []string{"ADIT_AUTHTOKN=x"}})
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Notices) != 1 || !strings.Contains(c.Notices[0], "ADIT_AUTHTOKEN") {
		t.Errorf("notices: %q", c.Notices)
	}
	for _, n := range c.Notices {
		if strings.Contains(n, "x\"") {
			t.Errorf("a notice shows a value: %q", n)
		}
	}
}

func TestPlaces(t *testing.T) {
	env := func(m map[string]string) Env { return func(n string) string { return m[n] } }
	for _, x := range []struct {
		goos        string
		env         map[string]string
		file, state string
	}{
		{"linux", map[string]string{"HOME": "/h"}, "/h/.config/adit/adit.yml", "/h/.local/state/adit"},
		{"linux", map[string]string{"HOME": "/h", "XDG_CONFIG_HOME": "/c", "XDG_STATE_HOME": "/s"}, "/c/adit/adit.yml", "/s/adit"},
		{"linux", map[string]string{"HOME": "/h", "STATE_DIRECTORY": "/var/lib/adit"}, "/h/.config/adit/adit.yml", "/var/lib/adit"},
		{"darwin", map[string]string{"HOME": "/h"}, "/h/Library/Application Support/adit/adit.yml", "/h/Library/Application Support/adit"},
		{"windows", map[string]string{"LOCALAPPDATA": "/l"}, "/l/adit/adit.yml", "/l/adit"},
	} {
		f, err1 := File(x.goos, env(x.env))
		s, err2 := StateDir(x.goos, env(x.env))
		if f != x.file || s != x.state || err1 != nil || err2 != nil {
			t.Errorf("%s %v: %q %q (%v, %v)", x.goos, x.env, f, s, err1, err2)
		}
	}
	if _, err := StateDir("linux", env(nil)); err == nil || !strings.Contains(err.Error(), "--state-dir") {
		t.Errorf("without HOME: %v", err)
	}
}

// FuzzFile: whatever stands in a file, Load returns; what it takes it can show, and what it shows it takes again.
func FuzzFile(f *testing.F) {
	f.Add([]byte("version: 3\nagent:\n  relay: a:1\n"))
	f.Add([]byte("? {a: b}\n: &x [*x]\n"))
	f.Add([]byte("a: &a [*a]"))
	f.Add([]byte("version: 2\ntunnels: &t\n  <<: *t\n  web: {addr: 80, <<: [*t, *t]}\n"))
	goldens, err := filepath.Glob("testdata/files/*.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range goldens {
		a, err := txtar.ParseFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(a.Files[0].Data)
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, data []byte) {
		first, wrong := readFile("adit.yml", data)
		c, err := Load(Sources{User: save(t, dir, "1.yml", data)})
		if len(wrong) > 0 && err == nil {
			t.Fatalf("mistakes are lost: %v", wrong)
		}
		if err != nil {
			return
		}
		if len(c.Endpoints) != len(first.endpoints) {
			t.Fatalf("%d endpoints are described, %d are there", len(first.endpoints), len(c.Endpoints))
		}
		for _, e := range c.Endpoints {
			if len(e.NotYet) == 0 && e.Address == "" {
				t.Errorf("%q has neither an address nor a reason", e.Name)
			}
		}
		shown := c.Show(false)
		again, err := Load(Sources{User: save(t, dir, "2.yml", []byte(shown))})
		if err != nil || again.Show(false) != shown {
			t.Errorf("what is shown is read differently: %v\n%s\n%s", err, shown, again.Show(false))
		}
	})
}

func save(t *testing.T, dir, name string, data []byte) string {
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
