package tui

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/adit-tunnel/adit/docs/written"
)

// TestKeysPage: the tables of docs/keys.md are the table of actions.
func TestKeysPage(t *testing.T) {
	written.Part(t, "../docs/keys.md", "actions", keysPage(), *update)
}

func keysPage() string {
	table, _ := Keys{}.table()
	vim, _ := Keys{Profile: "vim"}.table()
	emacs, _ := Keys{Profile: "emacs"}.table()
	sections := map[string][]string{}
	var titles []string
	for i, a := range table {
		title := a.group(a.on)
		if a.on != onPanes && title == bothPanes {
			title = a.on.title()
		}
		if sections[title] == nil {
			titles = append(titles, title)
		}
		sections[title] = append(sections[title], fmt.Sprintf("| %s | %s | %s | %s | %s |\n", ticks(a.keys), strings.TrimSpace(ticks(a.id)+" "+a.arg), a.does,
			otherwise(a, vim[i]), otherwise(a, emacs[i])))
	}
	slices.SortStableFunc(titles, func(a, b string) int { return cmp.Compare(rankOf(a), rankOf(b)) })
	var b strings.Builder
	for _, title := range titles {
		fmt.Fprintf(&b, "\n### %s\n\n| keys | name | what | vim | emacs |\n| --- | --- | --- | --- | --- |\n%s", title, strings.Join(sections[title], ""))
	}
	return b.String() + "\n"
}

// rankOf puts the panes first, and what works everywhere behind them.
func rankOf(title string) int {
	if i := slices.Index([]string{"List", "Request", bothPanes, everywhere}, title); i >= 0 {
		return i
	}
	return 4
}

func otherwise(a, b action) string {
	if a.keys == b.keys {
		return ""
	}
	return ticks(b.keys)
}

// ticks sets words as code; a table needs its bars escaped.
func ticks(words string) string {
	fields := strings.Fields(strings.ReplaceAll(words, "|", `\|`))
	if len(fields) == 0 {
		return ""
	}
	return "`" + strings.Join(fields, "` `") + "`"
}
