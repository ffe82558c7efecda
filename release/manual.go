package main

import (
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"github.com/adit-tunnel/adit/cli"
)

// writeManual writes a page for each command that help shows into dir.
func writeManual(dir, version string, date time.Time) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	root := cli.Tree()
	root.DisableAutoGenTag = true
	inMarkdown(root)
	return doc.GenManTree(root, &doc.GenManHeader{Section: "1", Source: "adit " + version, Manual: "adit", Date: &date}, dir)
}

// manual makes the pages in dir and reads them.
func manual(dir, version string, date time.Time) ([]file, error) {
	if err := writeManual(dir, version, date); err != nil {
		return nil, err
	}
	pages, err := filepath.Glob(filepath.Join(dir, "*.1"))
	if err != nil {
		return nil, err
	}
	var files []file
	for _, page := range pages {
		data, err := os.ReadFile(page)
		if err != nil {
			return nil, err
		}
		files = append(files, file{"man/man1/" + filepath.Base(page), data, 0o644})
	}
	return files, nil
}

// markup is what the pages' maker would take for more than text.
var markup = strings.NewReplacer("<", `\<`, "*", `\*`, "_", `\_`)

// inMarkdown turns the texts of c and of all commands below it into the Markdown that the pages are made of: lines that are indented stay lines.
func inMarkdown(c *cobra.Command) {
	c.Use = markup.Replace(c.Use)
	var b strings.Builder
	inside := false
	for line := range strings.Lines(c.Long) {
		indented := strings.HasPrefix(line, "  ")
		switch {
		case indented && !inside:
			b.WriteString("\n```\n")
		case !indented && inside:
			b.WriteString("```\n")
		}
		if inside = indented; !indented {
			line = markup.Replace(line)
		}
		b.WriteString(line)
	}
	if inside {
		b.WriteString("\n```\n")
	}
	c.Long = b.String()
	for _, sub := range c.Commands() {
		inMarkdown(sub)
	}
}
