package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestTrust: what a project's file asks counts when the person trusts it, and no more when it has changed.
func TestTrust(t *testing.T) {
	dir := t.TempDir()
	state, project := filepath.Join(dir, "state"), filepath.Join(dir, "src", ProjectFile)
	put := func(text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(project), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(project, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	load := func() (*Config, error) {
		return Load(Sources{Project: project, StateDir: filepath.Join(dir, "other"), Flags: map[string][]string{"state-dir": {state}}})
	}
	put("version: 3\nagent: {relay: a:1}\n")
	if c, err := load(); err == nil || c.Relay != "" || !strings.Contains(err.Error(), "adit trust "+project) {
		t.Fatalf("not trusted: relay %q, %v", c.Relay, err)
	}
	p, err := ReadProject(project, &Config{})
	if err != nil || len(p.Asks) != 1 || p.Asks[0] != "line 2: relay: a:1" {
		t.Fatalf("%+v, %v", p, err)
	}
	if err := p.Trust(project); err == nil || !strings.HasPrefix(err.Error(), "trust: mkdir ") { // a file is no directory, and the words say which was meant
		t.Errorf("in place of a file: %v", err)
	}
	if err := p.Trust(state); err != nil {
		t.Fatal(err)
	}
	if c, err := load(); err != nil || c.Relay != "a:1" {
		t.Fatalf("trusted: relay %q, %v", c.Relay, err)
	}
	put("version: 3\nagent: {relay: b:1}\n")
	if c, err := load(); err == nil || c.Relay != "" {
		t.Fatalf("changed: relay %q, %v", c.Relay, err)
	}
	put("version: 3\nagent: {relay: a:1}\n")
	if err := Distrust(state, project); err != nil {
		t.Fatal(err)
	}
	if _, err := load(); err == nil {
		t.Error("it is trusted though trust was taken back")
	}
	if err := Distrust(state, project); err != nil {
		t.Errorf("taken back twice: %v", err)
	}
	entries, err := os.ReadDir(filepath.Join(state, "trust"))
	if err != nil || len(entries) != 0 {
		t.Errorf("%v is left, %v", entries, err)
	}
}

// TestTrustIsOfThePlace: the same text elsewhere is another file, and a link leads to the one it is of.
func TestTrustIsOfThePlace(t *testing.T) {
	dir := t.TempDir()
	text := []byte("version: 3\nagent: {relay: a:1}\n")
	one, two, link := filepath.Join(dir, "one.yml"), filepath.Join(dir, "two.yml"), filepath.Join(dir, "link.yml")
	for _, p := range []string{one, two} {
		if err := os.WriteFile(p, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(one, link); err != nil {
		t.Skip("no symbolic links here:", err)
	}
	p, err := ReadProject(link, &Config{})
	if err != nil || p.Trust(dir) != nil {
		t.Fatal(err)
	}
	if !trusted(dir, one, text) || !trusted(dir, link, text) || trusted(dir, two, text) {
		t.Errorf("one %v, link %v, two %v", trusted(dir, one, text), trusted(dir, link, text), trusted(dir, two, text))
	}
}

// TestInside: a link in the repository that leads out of it is outside.
func TestInside(t *testing.T) {
	dir := t.TempDir()
	folder := filepath.Join(dir, "repo")
	for _, d := range []string{folder, filepath.Join(folder, "docs"), filepath.Join(dir, "home")} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(filepath.Join(dir, "home"), filepath.Join(folder, "out")); err != nil {
		t.Skip("no symbolic links here:", err)
	}
	for path, want := range map[string]bool{
		"docs": true, ".": true, folder: true, "out": false, "../home": false, filepath.Join(dir, "home"): false, "missing": false, "/": false,
		folder + "/docs/..": true, folder + "/../repo/docs": true,
	} {
		if got := inside(folder, path); got != want {
			t.Errorf("%s: %v", path, got)
		}
	}
}

func TestFindProject(t *testing.T) {
	root := t.TempDir()
	for _, d := range []string{"home/src/shop/.git", "home/src/shop/web/ui", "home/other", "home/a/adit.yml"} {
		if err := os.MkdirAll(filepath.Join(root, filepath.FromSlash(d)), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range []string{"home/adit.yml", "home/src/adit.yml", "home/src/shop/adit.yml", "home/src/shop/web/adit.yml"} {
		if err := os.WriteFile(filepath.Join(root, filepath.FromSlash(f)), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for dir, want := range map[string]string{
		"home/src/shop/web/ui": "home/src/shop/web/adit.yml", "home/src/shop": "home/src/shop/adit.yml", "home/src/shop/.git": "home/src/shop/adit.yml",
		"home/src": "home/src/adit.yml", "home/other": "", "home": "", "home/a": "",
	} {
		got := FindProject(filepath.Join(root, filepath.FromSlash(dir)), filepath.Join(root, "home")+string(filepath.Separator))
		if want != "" {
			want = filepath.Join(root, filepath.FromSlash(want))
		}
		if got != want {
			t.Errorf("%s: %q, want %q", dir, got, want)
		}
	}
	if err := os.Remove(filepath.Join(root, "home", "src", "shop", "adit.yml")); err != nil {
		t.Fatal(err)
	}
	if got := FindProject(filepath.Join(root, "home", "src", "shop"), ""); got != "" {
		t.Errorf("above the repository: %q", got)
	}
}

// TestPathsOfFiles: what a file names lies beside it, wherever adit is started; in somebody else's repository, say.
func TestPathsOfFiles(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "adit.yml")
	if err := os.WriteFile(file, []byte("version: 3\nagent: {relay: a:1, relay_ca: ca.pem, state_dir: state}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Load(Sources{User: file})
	if err != nil || c.RelayCA != filepath.Join(dir, "ca.pem") || c.StateDir != filepath.Join(dir, "state") {
		t.Errorf("%q, %q, %v", c.RelayCA, c.StateDir, err)
	}
	c, err = Load(Sources{Flags: map[string][]string{"relay": {"a:1"}, "relay-ca": {"ca.pem"}}})
	if err != nil || c.RelayCA != "ca.pem" {
		t.Errorf("of a flag: %q, %v", c.RelayCA, err)
	}
}

// TestPathsAreShown: a folder's name is somebody else's text, too.
func TestPathsAreShown(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a\x1b[2Jb")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Skip("no such names here:", err)
	}
	file := filepath.Join(dir, ProjectFile)
	for _, text := range []string{"version: 3\nagnt: {}\n", "version: 3\nagent: {relay: a:1}\n", "version: 3\nendpoints: [{name: a, upstream: {url: 1}}, {name: a}]\n"} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(Sources{Project: file}); err == nil || strings.Contains(err.Error(), "\x1b") {
			t.Errorf("%s%q", text, err)
		}
	}
	c, err := Load(Sources{Files: []string{file}})
	if err == nil || strings.Contains(c.Show(true), "\x1b") {
		t.Errorf("%v, %q", err, c.Show(true))
	}
}

// TestInShell: the line that is offered to be typed does nothing else.
func TestInShell(t *testing.T) {
	for path, want := range map[string]string{
		"/src/shop/adit.yml": "/src/shop/adit.yml", "/my src/adit.yml": "'/my src/adit.yml'", "/$(id)'s/adit.yml": `'/$(id)'\''s/adit.yml'`,
	} {
		if got := inShell(path); got != want {
			t.Errorf("%s: %s", path, got)
		}
	}
}
