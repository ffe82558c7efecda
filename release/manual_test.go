package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/adit-tunnel/adit/cli"
)

// TestManual: every command that help shows has a page with its arguments and its examples, and the pages carry the release's version and date.
func TestManual(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "man1")
	if err := writeManual(dir, "1.2.3", date); err != nil {
		t.Fatal(err)
	}
	pages := 0
	var visit func(c *cobra.Command)
	visit = func(c *cobra.Command) {
		if !c.IsAvailableCommand() {
			return
		}
		pages++
		text, err := os.ReadFile(filepath.Join(dir, strings.ReplaceAll(c.CommandPath(), " ", "-")+".1"))
		if err != nil {
			t.Error(err)
		}
		page := string(text)
		if !strings.Contains(page, `"1" "Jan 2026" "adit 1.2.3" "adit"`) {
			t.Errorf("%s: %.120s", c.CommandPath(), page)
		}
		for _, line := range append(strings.Split(c.Example, "\n"), c.UseLine()) {
			if !strings.Contains(unescaped.Replace(page), unescaped.Replace(strings.TrimSpace(line))) {
				t.Errorf("the page of %s does not say %q:\n%s", c.CommandPath(), line, page)
			}
		}
		for _, sub := range c.Commands() {
			visit(sub)
		}
	}
	visit(cli.Tree())
	if all, err := os.ReadDir(dir); err != nil || len(all) != pages || pages < 15 {
		t.Errorf("%d pages for %d commands, %v", len(all), pages, err)
	}
}

// unescaped takes out what the pages' own language puts before characters.
var unescaped = strings.NewReplacer(`\`, "", " ", "")
