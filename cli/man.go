package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

// manCommand is for packages: it writes the pages that they bring along.
func (a *app) manCommand() *cobra.Command {
	return &cobra.Command{
		Use:    "man <dir>",
		Short:  "Write the manual pages",
		Hidden: true,
		Long: `Write a manual page for each command. The date on them is that of SOURCE_DATE_EPOCH, if
set.`,
		Example: `  adit man /usr/local/share/man/man1`,
		Args:    exactly("the directory", "/usr/local/share/man/man1"),
		RunE: func(c *cobra.Command, args []string) error {
			if err := os.MkdirAll(args[0], 0o755); err != nil {
				return usage("the manual pages: %w", err)
			}
			root := c.Root()
			root.DisableAutoGenTag = true
			forMan(root)
			header := &doc.GenManHeader{Section: "1", Source: "adit " + Version, Manual: "adit"}
			if err := doc.GenManTree(root, header, args[0]); err != nil {
				return fmt.Errorf("the manual pages: %w", err)
			}
			pages, err := filepath.Glob(filepath.Join(args[0], "adit*.1"))
			if err != nil {
				return err
			}
			fmt.Fprintf(a.Out, "%d pages in %s\n", len(pages), args[0])
			return nil
		},
	}
}

// inMarkdown keeps what the pages' maker would take for markup.
var inMarkdown = strings.NewReplacer("<", `\<`, "*", `\*`, "_", `\_`)

// forMan turns the texts of c and of all commands below it into the Markdown that the pages are made of: lines that are indented stay lines.
func forMan(c *cobra.Command) {
	c.Use = inMarkdown.Replace(c.Use)
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
			line = inMarkdown.Replace(line)
		}
		b.WriteString(line)
	}
	if inside {
		b.WriteString("\n```\n")
	}
	c.Long = b.String()
	for _, sub := range c.Commands() {
		forMan(sub)
	}
}
