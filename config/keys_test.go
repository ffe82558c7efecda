package config

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// Other keys of the dashboard are a setting that has changed; the same ones written elsewhere are none.
func TestKeysChange(t *testing.T) {
	load := func(keys string) *Config {
		path := filepath.Join(t.TempDir(), "adit.yml")
		if err := os.WriteFile(path, []byte("version: 3\nagent:\n  dashboard: {keys: {"+keys+"}}\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := Load(Sources{Files: []string{path}})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	c := load("replay: [r, f5], quit: []")
	if got := c.Dashboard.Keys; len(got) != 2 || !slices.Equal(got["replay"], []string{"r", "f5"}) || len(got["quit"]) != 0 {
		t.Errorf("keys: %q", got)
	}
	for keys, want := range map[string]bool{"quit: [], replay: [r, f5]": false, "replay: [r, f5]": true, "replay: [r, f5], quit: q": true, "": true} {
		if got := load(keys).Changed(c); slices.Contains(got, "dashboard-keys") != want || len(got) > 1 {
			t.Errorf("%s: changed %v", keys, got)
		}
	}
}
